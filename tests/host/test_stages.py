from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deepimagej.axes import parse_axes
from deepimagej.errors import MacroError
from deepimagej.host.images import to_imageplus
from deepimagej.host.rois import roi_manager
from deepimagej.host.session import isolated
from deepimagej.host.stages import Steps, postprocess, preprocess
from deepimagej.host.windows import open_images
from deepimagej.image import Image
from deepimagej.request import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

PRE, POST = Stage.PREPROCESSING, Stage.POSTPROCESSING


@pytest.fixture(autouse=True)
def _clean(imagej: Host) -> Iterator[None]:
    yield
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


def _cells() -> Image:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[5:15, 5:20] = 200
    pixels[25:30, 40:50] = 90
    return Image(pixels, parse_axes("YX"), title="cells.tif")


def _macro(folder: Path, text: str, name: str = "step.ijm") -> Path:
    (folder / name).write_text(text)
    return folder / name


def _pre(imagej: Host, *macros: Path, names: tuple[str, ...] = ("raw",)) -> dict[str, Image]:
    with isolated(imagej) as session:
        made = preprocess(session, _cells(), Steps(PRE, macros), input_names=names)
        return dict(made.images)


def test_without_a_tensors_title_the_current_image_is_the_input(
    imagej: Host, tmp_path: Path
) -> None:
    macro = _macro(tmp_path, 'run("32-bit"); run("Multiply...", "value=2");')
    inputs = _pre(imagej, macro)
    assert list(inputs) == ["raw"]
    assert_array_equal(inputs["raw"].pixels, _cells().pixels.astype(np.float32) * 2)


def test_the_image_titled_like_the_tensor_is_the_input(imagej: Host, tmp_path: Path) -> None:
    text = (
        'if (getTitle() != "cells.tif") exit("wrong title");'
        'run("Duplicate...", "title=raw"); run("Invert");'
        'newImage("mask", "8-bit white", 7, 8, 1); newImage("other", "8-bit white", 2, 2, 1);'
    )
    inputs = _pre(imagej, _macro(tmp_path, text), names=("raw", "mask", "none"))
    assert list(inputs) == ["raw", "mask"]
    assert_array_equal(inputs["raw"].pixels, 255 - _cells().pixels)
    assert inputs["mask"].pixels.shape == (8, 7)


def test_two_macros_run_in_their_order(imagej: Host, tmp_path: Path) -> None:
    first = _macro(tmp_path, 'run("Add...", "value=10");', "b.ijm")
    second = _macro(tmp_path, 'run("Multiply...", "value=2");', "a.txt")
    assert _pre(imagej, first, second)["raw"].pixels[0, 0] == 20


def test_the_users_image_stays_as_it_is_and_active(imagej: Host, tmp_path: Path) -> None:
    imp = to_imageplus(_cells())
    imp.show()
    macro = _macro(
        tmp_path, 'run("Invert"); rename("x"); close("*"); newImage("n", "8-bit", 3, 3, 1);'
    )
    with isolated(imagej) as session:
        preprocess(session, imp, Steps(PRE, [macro]), input_names=["raw"])
    assert [str(each.getTitle()) for each in open_images(imagej)] == ["cells.tif"]
    assert imagej.java_class("ij.WindowManager").getCurrentImage().equals(imp)
    assert imp.getProcessor().get(6, 6) == 200


def test_a_macro_that_closes_everything_before_the_network_is_an_error(
    imagej: Host, tmp_path: Path
) -> None:
    with pytest.raises(MacroError) as caught:
        _pre(imagej, _macro(tmp_path, 'close("*");', "pre.ijm"))
    assert caught.value.message == "pre.ijm left no image open for the network."
    assert caught.value.hint == 'Let the macro keep an image, current or titled "raw".'


def test_an_error_names_the_file_and_the_line(imagej: Host, tmp_path: Path) -> None:
    macro = _macro(tmp_path, 'x = 1;\nrun("No Such Thing");\n', "pre.ijm")
    with pytest.raises(MacroError) as caught:
        _pre(imagej, macro)
    assert caught.value.message == (
        'pre.ijm stopped in line 2, "run("No Such Thing");": ImageJ has no command "No Such Thing".'
    )


def test_all_that_the_macro_leaves_is_the_result(
    imagej: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
    if (getTitle() != "cells_b") exit("b is not current");
    close();
    selectImage("cells_a");
    setThreshold(50, 255);
    setOption("BlackBackground", true);
    run("Set Measurements...", "area mean redirect=None decimal=3");
    run("Analyze Particles...", "size=10-Infinity show=[Count Masks] display clear add");
    rename("count");
    print("found", nResults);
    """
    outputs = {
        "cells_a": _cells(),
        "cells_b": Image(np.ones((3, 4), np.float32), parse_axes("YX")),
    }
    with caplog.at_level(logging.INFO, "deepimagej.macro"), isolated(imagej) as session:
        harvest = postprocess(session, outputs, Steps(POST, [_macro(tmp_path, text)]))
    assert list(harvest.images) == ["cells_a", "count"]
    assert harvest.active_title == "count"
    assert_array_equal(np.unique(harvest.images["count"].pixels), [0, 1, 2])
    assert harvest.tables["Results"]["Area"].tolist() == [150, 50]
    assert [(roi.left, roi.top, roi.right, roi.bottom) for roi in harvest.rois] == [
        (5, 5, 20, 15),
        (40, 25, 50, 30),
    ]
    assert caplog.messages[-1] == "found 2"


def test_closing_all_images_after_the_network_is_fine(imagej: Host, tmp_path: Path) -> None:
    with isolated(imagej) as session:
        harvest = postprocess(
            session, {"a": _cells()}, Steps(POST, [_macro(tmp_path, 'close("*");')])
        )
    assert (harvest.images, harvest.tables, harvest.rois) == ({}, {}, ())
    assert harvest.active_title is None


def test_the_users_image_can_be_measured_and_is_no_result(imagej: Host, tmp_path: Path) -> None:
    macro = _macro(tmp_path, 'selectImage("cells.tif"); run("Duplicate...", "title=copy");')
    with isolated(imagej) as session:
        harvest = postprocess(session, {"a": _cells()}, Steps(POST, [macro]), inputs=[_cells()])
    assert list(harvest.images) == ["a", "copy"]


def test_two_images_of_one_title_are_both_results(imagej: Host, tmp_path: Path) -> None:
    macro = _macro(tmp_path, 'newImage("a", "8-bit", 3, 3, 1);')
    with isolated(imagej) as session:
        harvest = postprocess(session, {"a": _cells()}, Steps(POST, [macro]))
    assert list(harvest.images) == ["a", "a-1"]
    assert harvest.active_title == "a-1"


def test_tables_of_the_macro_are_results_by_title(imagej: Host, tmp_path: Path) -> None:
    text = """
    Table.create("Cells"); Table.set("x", 0, 1.5); Table.set("kind", 0, "round");
    Table.set("x", 1, 2); Table.set("kind", 1, "long"); Table.update;
    Table.create("Summary of it"); Table.set("n", 0, 2); Table.update;
    setResult("n", 0, 7); updateResults();
    selectWindow("Cells");
    Table.set("y", 0, 4); Table.update;
    """
    with isolated(imagej) as session:
        harvest = postprocess(session, {"a": _cells()}, Steps(POST, [_macro(tmp_path, text)]))
    assert set(harvest.tables) == {"Results", "Cells", "Summary of it"}
    assert harvest.tables["Cells"]["x"].tolist() == [1.5, 2]
    assert harvest.tables["Cells"]["kind"].tolist() == ["round", "long"]
    assert harvest.tables["Results"]["n"].tolist() == [7]
    assert harvest.tables["Summary of it"]["n"].tolist() == [2]
