from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import roifile

from deepimagej.axes import parse_axes
from deepimagej.errors import MacroError
from deepimagej.host.images import to_imageplus
from deepimagej.host.macros import run_macro
from deepimagej.host.rois import read_rois, roi_manager
from deepimagej.host.session import isolated
from deepimagej.host.tables import read_table
from deepimagej.host.windows import open_images, show
from deepimagej.image import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host

_LEAVE = """
newImage("x", "8-bit black", 30, 30, 1);
makeRectangle(1, 2, 3, 4); roiManager("add");
roiManager("select", 0); roiManager("rename", "run's");
setResult("n", 0, 42); updateResults();
"""


@pytest.fixture(autouse=True)
def _clean(imagej: Host) -> Iterator[None]:
    yield
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


def _names(imagej: Host) -> list[str]:
    return [roi.name for roi in read_rois(imagej)]


def _rows(imagej: Host) -> dict[str, list[Any]]:
    table = imagej.java_class("ij.measure.ResultsTable").getResultsTable()
    return {str(key): list(column) for key, column in read_table(table).items()}


def _users(imagej: Host) -> None:
    text = """
    newImage("mine", "8-bit black", 30, 30, 1);
    makeOval(5, 6, 7, 8); roiManager("add"); makeLine(1, 1, 9, 9); roiManager("add");
    roiManager("select", 0); roiManager("rename", "first"); roiManager("select", 1);
    roiManager("rename", "second");
    setResult("a", 0, 1); setResult("b", 0, 2.5); setResult("a", 1, 3); updateResults();
    """
    run_macro(imagej, text)


def test_the_macros_start_with_nothing(imagej: Host) -> None:
    _users(imagej)
    with isolated(imagej):
        text = 'return d2s(nImages, 0) + d2s(roiManager("count"), 0) + d2s(nResults, 0);'
        assert run_macro(imagej, text) == "000"


def test_where_the_user_had_nothing_what_the_macro_leaves_stays(imagej: Host) -> None:
    with isolated(imagej):
        run_macro(imagej, _LEAVE)
    assert _names(imagej) == ["run's"]
    assert _rows(imagej) == {"n": [42]}
    assert run_macro(imagej, "return d2s(nResults, 0);") == "1"


def test_the_next_run_replaces_what_an_untouched_one_left(imagej: Host) -> None:
    for _ in range(3):
        with isolated(imagej):
            run_macro(imagej, _LEAVE)
    assert _names(imagej) == ["run's"]
    assert _rows(imagej) == {"n": [42]}


def test_touched_rows_and_rois_are_the_users(imagej: Host) -> None:
    with isolated(imagej):
        run_macro(imagej, _LEAVE)
    run_macro(
        imagej, 'roiManager("select", 0); roiManager("rename", "mine"); setResult("n", 0, 7);'
    )
    with isolated(imagej):
        run_macro(imagej, _LEAVE)
    assert _names(imagej) == ["mine", "run's"]
    assert _rows(imagej) == {"n": [7]}


def test_the_users_rois_and_rows_are_back_and_the_runs_rois_follow(
    imagej: Host,
) -> None:
    _users(imagej)
    rows = _rows(imagej)
    for _ in range(2):
        with isolated(imagej):
            run_macro(imagej, _LEAVE)
        assert _names(imagej) == ["first", "second", "run's"]
        assert _rows(imagej) == rows
    first = read_rois(imagej)[0]
    assert (first.left, first.top, first.right, first.bottom) == (5, 6, 12, 14)


def test_a_failing_macro_leaves_everything_as_it_was(imagej: Host) -> None:
    _users(imagej)
    rows = _rows(imagej)
    text = _LEAVE + 'run("Clear Results"); roiManager("reset"); close("*"); foo();'
    with pytest.raises(MacroError), isolated(imagej):
        run_macro(imagej, text)
    assert _names(imagej) == ["first", "second"]
    assert _rows(imagej) == rows
    assert run_macro(imagej, "return getTitle();") == "mine"


def test_the_selected_rois_are_selected_again(imagej: Host) -> None:
    _users(imagej)
    run_macro(imagej, 'roiManager("select", 1);')
    with isolated(imagej):
        run_macro(imagej, _LEAVE)
    assert list(roi_manager(imagej).getSelectedIndexes()) == [1]


def test_images_their_selections_and_overlays_are_as_before(imagej: Host) -> None:
    for title in ("a", "b", "c"):
        image = Image(np.full((4, 5), 7, np.uint8), parse_axes("YX"), title=title)
        show(imagej, to_imageplus(image))
    run_macro(imagej, 'selectImage("b"); makeRectangle(1, 1, 2, 2); Overlay.addSelection;')
    before = open_images(imagej)
    with isolated(imagej):
        run_macro(imagej, 'newImage("b", "8-bit", 3, 3, 1); setBatchMode(false); close("*");')
        run_macro(imagej, 'newImage("d", "8-bit", 3, 3, 1); setBatchMode("exit and display");')
    assert all(x.equals(y) for x, y in zip(open_images(imagej), before, strict=True))
    text = 'getSelectionBounds(x, y, w, h); return getTitle()+x+""+y+""+w+""+h+"/"+Overlay.size;'
    assert run_macro(imagej, text) == "b1122/1"
    assert run_macro(imagej, 'return "" + is("Batch Mode");') == "1"


_READ = """
run("Set Measurements...", "area mean redirect=None decimal=3");
"""
_CHANGE = """
setForegroundColor(1, 2, 3); setBackgroundColor(4, 5, 6); setOption("BlackBackground", BLACK);
run("Options...", "iterations=7 count=3 black pad edm=16-bit");
run("Set Measurements...", "perimeter skewness redirect=None decimal=7");
run("Conversions...", " "); setOption("ScaleConversions", false);
run("Line Width...", "line=9"); call("ij.Prefs.set", "dij.test", 5);
run("Profile Plot Options...", "width=333 height=222");
"""


def _options(imagej: Host) -> list[Any]:
    prefs, toolbar = imagej.java_class("ij.Prefs"), imagej.java_class("ij.gui.Toolbar")
    analyzer = imagej.java_class("ij.plugin.filter.Analyzer")
    return [
        str(toolbar.getForegroundColor()),
        str(toolbar.getBackgroundColor()),
        bool(prefs.blackBackground),
        bool(prefs.padEdges),
        int(analyzer.getMeasurements()),
        int(analyzer.getPrecision()),
        bool(imagej.java_class("ij.process.ImageConverter").getDoScaling()),
        int(imagej.java_class("ij.gui.Line").getWidth()),
        str(prefs.get("dij.test", "none")),
        int(imagej.java_class("ij.gui.PlotWindow").plotWidth),
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_options_and_colours_are_as_before(imagej: Host, fails: bool) -> None:
    run_macro(imagej, _READ)
    before = _options(imagej)
    text = _CHANGE.replace("BLACK", "false" if before[2] else "true")
    inside = None
    try:
        with isolated(imagej):
            run_macro(imagej, text)
            inside = _options(imagej)
            run_macro(imagej, "foo();" if fails else "")
    except MacroError:
        assert fails
    assert inside is not None
    changed = [x != y for x, y in zip(before, inside, strict=True)]
    assert all(changed[:2] + changed[4:5] + changed[8:])
    assert _options(imagej) == before


def test_what_is_kept_stands_at_the_end(imagej: Host) -> None:
    roi = roifile.ImagejRoi.frompoints(np.array([[1, 2], [8, 2], [4, 9]]), name="one")
    with isolated(imagej) as session:
        run_macro(imagej, _LEAVE)
        session.clear()
        session.keep([roi, roi], pd.DataFrame({"slice": [1.0, 2.0]}))
    assert len(_names(imagej)) == 2
    assert _rows(imagej) == {"slice": [1, 2]}


def test_a_macro_that_calls_a_run_keeps_its_images_and_its_place(imagej: Host) -> None:
    def run(command: str, options: str) -> None:
        with isolated(imagej):
            run_macro(imagej, _LEAVE + 'close("*");')

    text = """
    newImage("outer", "8-bit", 3, 3, 1); a = 5;
    for (i=0; i<2; i++) run("DeepImageJ Run", "model=m");
    return d2s(a, 0) + getTitle() + d2s(nResults, 0) + d2s(roiManager("count"), 0);
    """
    with imagej.answering(run):
        assert run_macro(imagej, text) == "5outer11"


def test_the_runs_rows_stand_in_a_table_of_their_own_beside_the_users(
    imagej: Host,
) -> None:
    _users(imagej)
    run_macro(imagej, 'Table.create("Notes"); Table.set("k", 0, 5); Table.update;')
    with isolated(imagej, "cells"):
        run_macro(imagej, _LEAVE)
        assert run_macro(imagej, 'return "" + isOpen("Notes");') == "0"
        run_macro(imagej, 'Table.create("Extra"); Table.set("z", 0, 6); Table.update;')
    tables = imagej.java_class("ij.measure.ResultsTable")
    columns = {"cells_Results": "n", "Notes": "k", "Extra": "z"}
    cells = {title: tables.getResultsTable(title).getValue(columns[title], 0) for title in columns}
    assert cells == {"cells_Results": 42, "Notes": 5, "Extra": 6}
    for title in columns:
        imagej.java_class("ij.WindowManager").getFrame(title).close()
    assert run_macro(imagej, 'return "" + isOpen("Notes");') == "0"
