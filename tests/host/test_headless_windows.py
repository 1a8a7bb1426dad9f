"""Macros that were recorded with tool windows open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej.host.macros import run_macro

if TYPE_CHECKING:
    from deepimagej.host.running import Host


@pytest.mark.parametrize(
    ("command", "title"),
    [
        ("Brightness/Contrast...", "B&C"),
        ("Window/Level...", "W&L"),
        ("Color Balance...", "Color"),
        ("Threshold...", "Threshold"),
        ("Channels Tool...", "Channels"),
    ],
)
def test_closing_a_tool_window_spares_the_image(imagej: Host, command: str, title: str) -> None:
    macro = (
        'newImage("cells", "16-bit ramp", 20, 10, 1);'
        f'run("{command}"); setMinAndMax(0, 100); selectWindow("{title}"); run("Close");'
        'left = getTitle(); close("*"); return left;'
    )
    assert run_macro(imagej, macro) == "cells"


def test_closing_the_results_clears_the_rows_and_spares_the_image(imagej: Host) -> None:
    macro = (
        'newImage("cells", "8-bit ramp", 20, 10, 1); run("Measure");'
        'selectWindow("Results"); run("Close");'
        'left = getTitle() + " " + nResults; close("*"); return left;'
    )
    assert run_macro(imagej, macro) == "cells 0"


def test_closing_the_roi_manager_drops_its_rois_and_spares_the_image(imagej: Host) -> None:
    macro = (
        'newImage("cells", "8-bit ramp", 20, 10, 1); makeRectangle(1, 1, 3, 3);'
        'roiManager("Add"); selectWindow("ROI Manager"); run("Close");'
        'left = getTitle() + " " + roiManager("count"); close("*"); return left;'
    )
    assert run_macro(imagej, macro) == "cells 0"


def test_close_after_an_image_was_selected_closes_the_image(imagej: Host) -> None:
    macro = (
        'newImage("one", "8-bit ramp", 20, 10, 1); newImage("two", "8-bit ramp", 20, 10, 1);'
        'run("Brightness/Contrast..."); selectWindow("B&C"); selectWindow("two"); run("Close");'
        'left = getTitle() + " " + nImages; close("*"); return left;'
    )
    assert run_macro(imagej, macro) == "one 1"
