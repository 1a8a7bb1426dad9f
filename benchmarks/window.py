"""How long the window takes to be usable, and how long events wait while a run works.

    xvfb-run -a python benchmarks/window.py

Needs xdotool and a display with a window manager. Each round starts a bare Java with ImageJ's own
window, `deepimagej gui`, and `deepimagej gui` with the guided window opened at once, one after the
other, each in a new process; times are from the start of the process until the window is on the
screen (bare, gui) or its Run button can be pressed (window). Medians in seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deepimagej import examples
from deepimagej.host.jars import IMAGEJ, find_jars
from deepimagej.host.java import find_java
from deepimagej.library import Library
from deepimagej.settings import Settings

ROUNDS = 3
WANTED = 2.5
"""Times the bare start."""
LATEST = 100.0
"""Milliseconds that an event may wait, at the 99th percentile."""
CODE = """
import json, sys, threading, time
import deepimagej
ij = deepimagej.start(mode="gui")
from deepimagej.host import running
java = running.running().java_class
def find(name):
    def below(component):
        yield component
        for child in getattr(component, "getComponents", list)():
            yield from below(child)
    for window in java("java.awt.Window").getWindows():
        for component in below(window):
            if str(component.getName()) == name:
                return component
ij.show(sys.argv[1])
java("deepimagej.window.Windows").open("DeepImageJ Run")
while (run := find("run")) is None or not run.isEnabled():
    time.sleep(0.01)
print("usable", flush=True)
if sys.argv[2] == "latency":
    field = find("tile:y"); other = find("tile:x")
    invoke = java("javax.swing.SwingUtilities").invokeAndWait
    invoke(lambda: (field.setText("240"), other.setText("240")))
    while "240" not in str(find("preview").getText()) or not run.isEnabled():
        time.sleep(0.05)
    invoke(run.doClick)
    while "left" not in str(find("status").getText()):
        time.sleep(0.05)
    nothing, times, end = java("java.lang.Thread")(), [], time.monotonic() + 5
    while time.monotonic() < end:
        began = time.perf_counter()
        invoke(nothing)
        times.append(1000 * (time.perf_counter() - began))
        time.sleep(0.01)
    print(json.dumps(sorted(times)), flush=True)
"""


def main() -> int:
    """Print the figures; 1 if one is worse than wanted."""
    with tempfile.TemporaryDirectory() as home:
        variables = {
            **os.environ,
            **{f"DEEPIMAGEJ_{n}": f"{home}/{n}" for n in ("MODELS", "DATA", "CONFIG")},
        }
        Library(Settings.from_environment(variables)).install(examples.path("nuclei"))
        rounds = [(_bare(), _gui(variables), _window(variables)) for _ in range(1 + ROUNDS)][1:]
        bare, gui, window = (statistics.median(times) for times in zip(*rounds, strict=True))
        print(f"bare Java with ImageJ {bare:.2f} s, deepimagej gui {gui:.2f} s ", end="")
        print(f"({gui / bare:.2f}), its window usable {window:.2f} s ({window / bare:.2f})")
        times = _latencies(variables)
    late = times[int(0.99 * len(times))]
    print(f"events during a run wait {statistics.median(times):.1f} ms, ", end="")
    print(f"99 % at most {late:.1f} ms, all {times[-1]:.1f} ms ({len(times)} asked)")
    return int(gui / bare > WANTED or late > LATEST)


def _bare() -> float:
    jar = find_jars(Settings.from_environment())[IMAGEJ]
    java = Path(find_java().home) / "bin" / "java"
    return _until_shown([str(java), "-cp", str(jar), "ij.ImageJ"], dict(os.environ))


def _gui(variables: dict[str, str]) -> float:
    command = [sys.executable, "-c", "from deepimagej.cli import main; main(['gui'])"]
    return _until_shown(command, variables)


def _until_shown(command: list[str], variables: dict[str, str]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL)
    subprocess.run(
        ["xdotool", "search", "--sync", "--onlyvisible", "--name", "^ImageJ$"],
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - began
    process.kill()
    process.wait()
    time.sleep(0.5)  # the window goes
    return seconds


def _start(variables: dict[str, str], image: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(image), what],
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
    )


def _window(variables: dict[str, str]) -> float:
    began = time.perf_counter()
    process = _start(variables, examples.path("images/nuclei.tif"), "start")
    assert process.stdout is not None
    assert process.stdout.readline() == "usable\n"
    seconds = time.perf_counter() - began
    process.kill()
    process.wait()
    return seconds


def _latencies(variables: dict[str, str]) -> list[float]:
    process = _start(variables, examples.path("images/nuclei.tif"), "latency")
    assert process.stdout is not None
    process.stdout.readline()
    times: list[float] = json.loads(process.stdout.readline())
    process.kill()
    process.wait()
    return times


if __name__ == "__main__":
    sys.exit(main())
