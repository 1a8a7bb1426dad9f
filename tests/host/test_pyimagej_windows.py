"""A Fiji with windows as the host: dialogs, quitting; each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from deepimagej import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.pyimagej,
    pytest.mark.gui,
    pytest.mark.skipif(
        not os.environ.get("DEEPIMAGEJ_TEST_FIJI"),
        reason="DEEPIMAGEJ_TEST_FIJI does not name the folder of a Fiji",
    ),
    pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="DISPLAY names no display"),
]
START = f"""
import sys, time
import deepimagej
from deepimagej import examples
ij = deepimagej.start({os.environ.get("DEEPIMAGEJ_TEST_FIJI")!r}, mode=sys.argv[1])
import jpype
J = jpype.JClass
IJ = J("ij.IJ")
"""
FAILING = 'run("DeepImageJ Run", "model=[no such model]");'


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def begin(started: list[subprocess.Popen[str]], mode: str, code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "DEEPIMAGEJ_MODELS": str(examples.path("nuclei").parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", START + code, mode],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    return process


def test_no_error_of_a_scripted_call_opens_a_dialog_that_blocks_it(
    started: list[subprocess.Popen[str]],
) -> None:
    process = begin(
        started,
        "interactive",
        f"failing = {FAILING!r}\n"
        "print(IJ.getInstance().isVisible())\n"
        "for macro in (failing, 'x = ;', 'exit(\"no\");', 'run(\"No such\");'):\n"
        "    print(IJ.runMacro(macro), ij.gateway.py.run_macro(macro).get('result'))\n"
        "    try:\n        ij.run_macro(macro)\n"
        "    except deepimagej.DeepImageJError as error:\n        print(error.message)\n"
        "try:\n    IJ.run('DeepImageJ Run', 'model=[no such model]')\n"
        "except Exception as error:\n    print(error)\n"
        "print([str(each.getTitle()) for each in J('java.awt.Dialog').getWindows()\n"
        "    if isinstance(each, J('java.awt.Dialog')) and each.isVisible()])\n"
        "sys.exit(3)\n",
    )
    out, err = process.communicate(timeout=240)
    assert process.returncode == 3, err
    lines = out.splitlines()
    assert lines[0] == "False"
    assert lines[-1] == "[]"
    assert any(line.startswith('There is no model "no such model"') for line in lines)
    assert "The macro stopped: no." in lines


RUN = """
ij.show(examples.path("images/nuclei.tif"))
ij.run_macro('run("DeepImageJ Run", "model=[Nuclei Probability]");')
print(ij.run_macro("return getTitle();"), flush=True)
"""


def test_quitting_after_a_run_leaves_no_process(
    started: list[subprocess.Popen[str]],
) -> None:
    process = begin(
        started,
        "gui",
        f"{RUN}"
        "for number in list(J('ij.WindowManager').getIDList()):\n"
        "    J('ij.WindowManager').getImage(number).changes = False\n"
        "input()\n"
        "IJ.getInstance().quit()\n"
        "time.sleep(60)\n",
    )
    assert process.stdout is not None
    title = process.stdout.readline().strip()
    assert title.startswith("nuclei"), process.communicate()[1]
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    began = time.monotonic()
    process.communicate("\n", timeout=60)
    assert time.monotonic() - began < 30
    assert process.returncode == 0
    assert not psutil.wait_procs(workers, timeout=10)[1]
