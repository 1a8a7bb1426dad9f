"""What macros find headless as they do with a display: variables in options, tables in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import roi_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)
    for window in list(imagej.java_class("ij.WindowManager").getNonImageWindows()):
        window.close()


def test_options_may_name_variables(ij: ImageJ) -> None:
    ij.show(np.zeros((30, 40), np.uint8), title="a")
    scale = 'run("Scale...", "x=- y=- width=&wide height=&high interpolation=Bicubic create");'
    told = ij.run_macro(
        f'wide = 20.4; high = 15; {scale} text = "b"; run("Rename...", "title=&text");'
        ' return getTitle() + getWidth() + "x" + getHeight();'
    )
    assert told == "b20x15"
    add = 'function add(n) { run("Add...", "value=&n"); } add(7); return "" + getValue("Max");'
    assert ij.run_macro(add) == "7"


def test_results_may_stand_in_a_table_of_another_name(ij: ImageJ) -> None:
    make = 'Table.create("scores"); Table.set("C1", 0, 0.25); Table.set("C1", 1, 0.75);'
    ij.run_macro(make + " Table.update;")
    assert ij.run_macro('return "" + getResult("C1", 1);') == "0.75"
