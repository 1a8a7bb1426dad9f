"""A Fiji that was started without Python: what its command says, and the restart from Python."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from deepimagej.host.fiji_plugin import install_plugin_in
from deepimagej.host.jars import IMAGEJ, find_jars
from deepimagej.host.java import find_java

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.settings import Settings

NOTE = "DeepImageJ_Run.properties"
START = """
import sys, threading, time
import jpype
library, headless, folder, *class_path = sys.argv[1:]
jpype.startJVM(f"-Djava.awt.headless={headless}", f"-Dplugins.dir={folder}", jvmpath=library,
               classpath=class_path, interrupt=False)
J = jpype.JClass
def wait_for(find):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = find()
        if found is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError
def dialog(kind):
    windows = J("java.awt.Window").getWindows()
    return next((w for w in windows if isinstance(w, J(kind)) and w.isVisible()), None)
def labels(container):
    for part in container.getComponents():
        if isinstance(part, J("ij.gui.MultiLineLabel")):
            lines = J("ij.gui.MultiLineLabel").class_.getDeclaredField("lines")
            lines.setAccessible(True)
            yield from map(str, lines.get(part))
        if hasattr(part, "getComponents"):
            yield from labels(part)
"""
CLICK = """
ImageJ = J("ij.ImageJ")(0)
ImageJ.exitWhenQuitting(True)
pixels = jpype.JArray(jpype.JByte)(list(range(12)))
imp = J("ij.ImagePlus")("my cells.tif", J("ij.process.ByteProcessor")(4, 3, pixels))
imp.show()
imp.changes = True
J("ij.IJ").doCommand("DeepImageJ Run")
question = wait_for(lambda: dialog("ij.gui.YesNoCancelDialog"))
print(*labels(question), sep="|", flush=True)
buttons = [each for each in J("ij.gui.YesNoCancelDialog").class_.getDeclaredFields()
           if str(each.getName()) == "yesB"]
buttons[0].setAccessible(True)
yes = buttons[0].get(question)
question.actionPerformed(J("java.awt.event.ActionEvent")(yes, 1001, "Restart"))
"""


@pytest.fixture
def fiji(tmp_path: Path) -> Path:
    """A folder with the plugin in it."""
    folder = tmp_path / "My Fiji.app"
    for part in ("jars", "plugins"):
        (folder / part).mkdir(parents=True)
    install_plugin_in(folder)
    return folder


def note_python(fiji: Path, script: str) -> None:
    """Let the note name a script in the place of Python."""
    stub = fiji / "python"
    stub.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    stub.chmod(0o755)
    (fiji / "plugins" / NOTE).write_text(f"python={stub}\n", encoding="utf-8")


def run(
    code: str, fiji: Path, settings: Settings, *, headless: bool
) -> subprocess.CompletedProcess[str]:
    """Run `code` in a Python whose ImageJ 1 knows nothing of it."""
    imagej = find_jars(settings)[IMAGEJ]
    plugin = fiji / "plugins" / "DeepImageJ_Run.jar"
    arguments = [find_java().library, str(headless).lower(), fiji, imagej, plugin]
    return subprocess.run(
        [sys.executable, "-c", START + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


MACRO = """
import jpype
J("java.lang.Thread").currentThread().setContextClassLoader(
    J("java.lang.ClassLoader").getSystemClassLoader())
try:
    J("ij.IJ").runPlugIn("deepimagej.Command", "DeepImageJ Run")
    J("ij.IJ").run("Invert")
except Exception as error:
    print(error)
"""


def test_headless_the_command_tells_the_line_that_starts_this_fiji_from_python(
    fiji: Path, settings: Settings
) -> None:
    done = run(MACRO, fiji, settings, headless=True)
    shell = os.path.join(os.path.dirname(sys.executable), "deepimagej")
    assert done.stderr.splitlines()[:2] == [
        "DeepImageJ runs in Python, and this ImageJ was started without it.",
        f'Start ImageJ from Python: "{shell}" gui --fiji "{fiji}"',
    ]


def test_without_a_note_the_command_tells_the_line_in_python(
    fiji: Path, settings: Settings
) -> None:
    (fiji / "plugins" / NOTE).unlink()
    done = run(MACRO, fiji, settings, headless=True)
    assert done.stderr.splitlines()[:2] == [
        "DeepImageJ runs in Python, and this ImageJ was started without it.",
        'Start ImageJ from Python: deepimagej.start(mode="gui")',
    ]


@pytest.mark.gui
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="DISPLAY names no display")
def test_one_click_starts_it_from_python_with_the_open_images(
    fiji: Path, settings: Settings
) -> None:
    note_python(fiji, 'printf "%s\\n" "$@" > "$(dirname "$0")/arguments"; sleep 20')
    done = run(f"{CLICK}time.sleep(60)\n", fiji, settings, headless=False)
    assert done.returncode == 0, done.stderr  # ImageJ quit, without a question
    assert "Restart Fiji from Python? The open images come along." in done.stdout
    _, main, *arguments, image = (fiji / "arguments").read_text(encoding="utf-8").splitlines()
    assert "deepimagej.cli" in main
    assert arguments == ["gui", "--fiji", str(fiji)]
    assert os.path.basename(image) == "my_cells.tif"
    assert (tifffile.imread(image) == np.arange(12, dtype=np.uint8).reshape(3, 4)).all()


@pytest.mark.gui
@pytest.mark.skipif(not os.environ.get("DISPLAY"), reason="DISPLAY names no display")
def test_if_it_does_not_start_this_one_stays_and_says_why(fiji: Path, settings: Settings) -> None:
    note_python(fiji, "echo first; echo the last words; exit 3")
    tell = (
        "said = wait_for(lambda: dialog('ij.gui.MessageDialog'))\n"
        "print(*labels(said), sep='|', flush=True)\n"
        "print(J('ij.WindowManager').getImageCount(), imp.changes, flush=True)\n"
        "import os; os._exit(5)\n"
    )
    done = run(f"{CLICK}{tell}", fiji, settings, headless=False)
    assert done.returncode == 5, done.stderr
    assert "Fiji did not start from Python:" in done.stdout
    assert "the last words" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 True"
