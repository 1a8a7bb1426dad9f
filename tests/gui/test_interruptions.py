"""Runs that do not end as they began: cancelled, killed, impossible."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from gui.screen import Gui

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.gui
_LATEST = 100.0
"""Milliseconds that an event may wait while a run works."""


@pytest.fixture(scope="module")
def gui(display: str, variables: Mapping[str, str], home: Path) -> Iterator[Gui]:
    with Gui(display, variables, (str(home / "large.tif"),)) as program:
        program.until(lambda: program.ask("images"))
        program.open_window()
        yield program


def start(gui: Gui) -> None:
    """A run of many small tiles, and its middle."""
    gui.raise_window("DeepImageJ Run")
    for axis in "yx":
        gui.fill(f"tile:{axis}", "240")
    gui.preview("1024 x 1024 px in ")
    gui.press("run")
    gui.until(lambda: "/" in gui.text("status") and "left" in gui.text("status"))


def test_a_run_tells_how_far_it_is_and_events_do_not_wait(gui: Gui) -> None:
    start(gui)
    times = sorted(gui.ask("latencies", 2.0))
    told = gui.text("status")
    gui.picture("running")
    assert told.startswith("Inference on cpu: ")
    assert told.endswith(" GB")
    assert times[int(0.99 * len(times))] < _LATEST, times[-5:]


@pytest.mark.parametrize("way", ["button", "Esc"])
def test_a_cancelled_run_ends_within_two_seconds_and_leaves_nothing(gui: Gui, way: str) -> None:
    if not gui.component("cancel")["enabled"]:
        start(gui)
    began = time.monotonic()
    if way == "button":
        gui.click("cancel")
    else:
        gui.keys("Escape")
    gui.ended("Cancelled. Nothing was changed.", 2.5)
    assert time.monotonic() - began < 2.5  # 2 s, and the time of the question
    assert gui.ask("images") == ["large.tif"]
    gui.until(lambda: gui.component("run")["enabled"])


def test_a_killed_worker_is_an_error_with_a_way_out_and_the_next_run_works(gui: Gui) -> None:
    start(gui)
    for number in gui.ask("workers"):
        os.kill(number, signal.SIGKILL)
    message = gui.until(lambda: gui.ask("where", "error message"))["text"]
    assert "Nuclei Probability" in message
    assert "Traceback" not in message
    assert gui.text("error hint")
    gui.picture("error")
    gui.click("details")
    gui.until(lambda: gui.ask("where", "error details"))
    assert "Traceback" in gui.text("error details")
    gui.picture("error-details")
    gui.click("copy report")
    assert gui.ask("clipboard").startswith(message)
    gui.keys("Escape")
    gui.until(lambda: not gui.ask("where", "error message"))
    assert gui.ask("images") == ["large.tif"]
    for axis in "yx":
        gui.fill(f"tile:{axis}", "auto")
    gui.preview("1024 x 1024 px at once")
    gui.press("run")
    gui.ended("Done")
    assert "large_labels" in gui.ask("images")


def test_closing_imagej_ends_everything(gui: Gui) -> None:
    workers = gui.ask("workers")
    assert workers
    gui.close_imagej()
    assert gui.process.wait(30) == 0
    deadline = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{number}") for number in workers):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.1)


def test_a_mismatch_is_told_before_the_run(
    display: str, variables: Mapping[str, str], home: Path
) -> None:
    with Gui(display, variables, (str(home / "two.tif"),)) as gui:
        gui.until(lambda: gui.ask("images"))
        gui.open_menu("Plugins", "DeepImageJ", "DeepImageJ Run")
        problem = gui.preview('"two.tif" has 2 channels, "raw" of the model takes 1.')
        assert problem.endswith("or run the model on each with channel=all.")
        assert not gui.component("run")["enabled"]
        gui.picture("two-channels")
        gui.fill("channel", "2")
        gui.preview("256 x 256 px at once")
        gui.press("run")
        gui.ended("Done")
