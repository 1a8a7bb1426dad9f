"""A Fiji with windows as the host: menu, dialogs, quitting; each in a process of its own."""

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


MENU = """
def item(menu, label):
    return next(menu.getItem(i) for i in range(menu.getItemCount())
                if str(menu.getItem(i).getLabel()) == label)
bar = J("ij.Menus").getMenuBar()
plugins = next(bar.getMenu(i) for i in range(bar.getMenuCount())
               if str(bar.getMenu(i).getLabel()) == "Plugins")
command = item(item(plugins, "DeepImageJ"), "DeepImageJ Run")
ij.show(examples.path("images/nuclei.tif"))
event = J("java.awt.event.ActionEvent")
IJ.getInstance().actionPerformed(event(command, 1001, command.getActionCommand()))
def wait_for(find):
    until = time.monotonic() + 100
    while time.monotonic() < until:
        if (found := find()) is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError
def dialog():
    kind = J("ij.gui.GenericDialog")
    windows = J("java.awt.Window").getWindows()
    return next((each for each in windows if isinstance(each, kind) and each.isVisible()), None)
shown = wait_for(dialog)
ok = shown.getButtons()[0]
shown.actionPerformed(event(ok, 1001, "OK"))
wait_for(lambda: True if J("ij.WindowManager").getImageCount() > 1 else None)
print(ij.run_macro("return getTitle();"), flush=True)
"""


def test_the_menu_runs_a_model_and_quitting_leaves_no_process(
    started: list[subprocess.Popen[str]],
) -> None:
    process = begin(
        started,
        "gui",
        f"{MENU}"
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
    assert not psutil.wait_procs(workers, timeout=10)[1]
