from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import (
    make_identity_bundle,
    make_list_bundle,
    make_pooling_bundle,
    make_scaling_bundle,
    make_sum_bundle,
    make_two_output_bundle,
)
from deepimagej.errors import ImageError, MacroError, RunCancelled
from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import read_rois, roi_manager
from deepimagej.plugin import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

PLANE = np.arange(20, dtype=np.float32).reshape(4, 5)
STACK = np.arange(60, dtype=np.float32).reshape(3, 4, 5) ** 1.5
MEASURE = """
setResult("mean", nResults, getValue("Mean")); updateResults();
makeRectangle(1, 1, 2, 2); roiManager("add");
"""


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    """ImageJ with our command, empty before and after."""
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)
    for window in list(imagej.java_class("ij.WindowManager").getNonImageWindows()):
        window.close()


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle that doubles, with macros around it."""
    number = iter(range(100))

    def make(pre: str = "", post: str = "", *, per_stack: bool = False, **options: Any) -> Path:
        macros = {"preprocessing": {"pre.ijm": pre}} if pre else {}
        macros |= {"postprocessing": {"post.ijm": post}} if post else {}
        folder = make_scaling_bundle(tmp_path / f"model{next(number)}", macros=macros, **options)
        if per_stack:
            rdf = folder / "bioimageio.yaml"
            text = rdf.read_text(encoding="utf-8")
            key = "config:\n  deepimagej:\n"
            rdf.write_text(text.replace(key, f"{key}    per_stack: true\n"), encoding="utf-8")
        return folder

    return make


def titles(ij: ImageJ) -> list[str]:
    text = 's = ""; for (i=1; i<=nImages; i++) { selectImage(i); s = s + getTitle() + "|"; }'
    current = ij.run_macro('if (nImages == 0) return ""; return getTitle();')
    all_titles = (ij.run_macro(text + " return s;") or "").split("|")[:-1]
    if current:
        ij.run_macro(f'selectImage("{current}");')
    return all_titles


def test_start_gives_the_imagej_that_runs(ij: ImageJ) -> None:
    ij.show(PLANE, title="cells.tif")
    assert str(deepimagej.start().active_image.getTitle()) == "cells.tif"  # type: ignore[union-attr]


# Names, and what is active


def test_the_result_is_the_active_image_beside_the_users(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    ij.show(PLANE, title="cells.tif")
    deepimagej.run(bundle())
    assert titles(ij) == ["cells.tif", "cells_output"]
    assert str(ij.active_image.getTitle()) == "cells_output"  # type: ignore[union-attr]
    deepimagej.run(bundle(), PLANE)
    assert str(ij.active_image.getTitle()) == "image_output"  # type: ignore[union-attr]


def test_a_second_result_of_the_same_name_gets_a_number(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    for _ in range(2):
        deepimagej.run(bundle(), PLANE)
    assert titles(ij) == ["image_output", "image_output-1"]


def test_the_last_of_several_outputs_is_active(ij: ImageJ, tmp_path: Path) -> None:
    result = deepimagej.run(make_two_output_bundle(tmp_path / "two"), PLANE)
    assert list(result.images) == ["double", "negative"]
    assert titles(ij) == ["image_double", "image_negative"]
    assert str(ij.active_image.getTitle()) == "image_negative"  # type: ignore[union-attr]


@pytest.mark.parametrize("stack", [PLANE, STACK])
def test_images_of_the_macro_are_named_by_title_and_its_current_one_is_active(
    ij: ImageJ, bundle: Callable[..., Path], stack: Any
) -> None:
    post = 'run("Duplicate...", "title=mask"); run("Duplicate...", "title=image_copy");'
    post += 'run("Add...", "value=1"); selectImage("mask");'
    result = deepimagej.run(bundle(post=post), stack, axes="ZYX"[-stack.ndim :])
    assert list(result.images) == ["output", "mask", "copy"]
    assert titles(ij) == ["image_output", "mask", "image_copy"]
    assert str(ij.active_image.getTitle()) == "mask"  # type: ignore[union-attr]
    assert_array_equal(result.images["copy"], 2 * stack + 1)


def test_what_the_macro_closed_is_no_result(ij: ImageJ, bundle: Callable[..., Path]) -> None:
    ij.show(PLANE, title="cells.tif")
    post = 'run("Duplicate...", "title=kept"); selectImage("cells_output"); close();'
    assert list(deepimagej.run(bundle(post=post)).images) == ["kept"]
    assert titles(ij) == ["cells.tif", "kept"]
    result = deepimagej.run(bundle(post=MEASURE + 'close("*");'))
    assert list(result.images) == []
    assert len(result.tables["Results"]) == len(result.rois) == 1
    assert titles(ij) == ["cells.tif", "kept"]


def test_a_macro_that_leaves_nothing_at_all_is_told(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    ij.show(PLANE, title="cells.tif")
    with pytest.raises(MacroError) as caught:
        deepimagej.run(bundle(post='close("*");'))
    assert caught.value.message == "post.ijm left nothing: no image, no table and no ROI."
    assert caught.value.hint == (
        "Let the macro keep what is the result, or choose postprocessing=none."
    )
    assert titles(ij) == ["cells.tif"]


def test_odd_characters_in_a_title_stay_in_imagej_and_not_in_file_names(
    ij: ImageJ, bundle: Callable[..., Path], tmp_path: Path
) -> None:
    ij.show(PLANE, title="a b (1)=[ü], x.y.tif")
    result = deepimagej.run(bundle(post=MEASURE), output=tmp_path / "out")
    assert titles(ij)[1] == "a b (1)=[ü], x.y_output"
    names = sorted(path.name for path in result.files.values())
    start = "a_b__1___ü___x.y"
    ends = ("Results.csv", "output.tif", "rois.zip", "run.json")
    assert names == [f"{start}_{end}" for end in ends]
    assert all(path.is_file() for path in result.files.values())


# Positions


def test_macros_run_at_each_position_and_tables_tell_which(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    pixels = np.arange(6 * 20, dtype=np.float32).reshape(2, 3, 4, 5)
    result = deepimagej.run(bundle(post=MEASURE), pixels, axes="TZYX")
    table = result.tables["Results"]
    assert table["frame"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["slice"].tolist() == [1, 2, 3, 1, 2, 3]
    assert_array_equal(table["mean"], 2 * pixels.mean((2, 3)).ravel())
    places = [(roi.t_position, roi.z_position) for roi in result.rois]
    assert places == [(t, z) for t in (1, 2) for z in (1, 2, 3)]
    text = 'return "" + nResults + " " + getResult("frame", 5) + " " + roiManager("count");'
    assert ij.run_macro(text) == "6 2 6"


def test_one_line_over_a_stack_equals_a_loop_over_its_slices(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    pre = """
    run("32-bit"); getStatistics(area, mean, min, max, std);
    run("Subtract...", "value=" + mean); run("Divide...", "value=" + std);
    """
    operations = ({"id": "scale_range", "kwargs": {"axes": ["y", "x"], "min_percentile": 5.0}},)
    for model in (bundle(pre, 'run("Square");'), bundle(operations=operations)):
        whole = deepimagej.run(model, STACK, axes="ZYX").images["output"]
        each = [deepimagej.run(model, plane).images["output"] for plane in STACK]
        assert whole.dims == ("z", "y", "x")
        assert whole.values.tobytes() == b"".join(plane.values.tobytes() for plane in each)


def test_a_bundle_may_ask_for_its_macros_once_a_stack(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    pre = 'run("Subtract...", "value=" + getValue("Mean") + " stack");'  # of the first slice
    post = 'setResult("slices", 0, nSlices); updateResults(); run("Add...", "value=1 stack");'
    result = deepimagej.run(bundle(pre, post, per_stack=True), STACK, axes="ZYX")
    assert result.images["output"].dims == ("z", "y", "x")
    expected = 2 * (STACK - STACK[0].mean()) + 1
    assert np.abs(result.images["output"].values - expected).max() < 1e-3
    assert result.tables["Results"].to_dict("list") == {"slices": [3]}


def test_images_that_differ_from_slice_to_slice_are_apart(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    post = 'n = 1 + (getValue("Mean") > 200); newImage("found", "8-bit", 3, n, 1);'
    result = deepimagej.run(bundle(post=post), STACK, axes="ZYX")
    shapes = {name: image.shape for name, image in result.images.items()}
    last = (2, 3)
    assert shapes.pop("output") == (3, 4, 5)
    assert list(shapes) == ["found_z1", "found_z2", "found_z3"]
    assert shapes["found_z1"] == (1, 3)
    assert shapes["found_z3"] == last


# What the macros get


def test_the_input_is_the_image_called_like_the_tensor_else_the_current_one(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    pre = 'run("Duplicate...", "title=input"); run("Add...", "value=5"); selectImage("image");'
    result = deepimagej.run(bundle(pre), PLANE)
    assert_array_equal(result.images["output"], 2 * (PLANE + 5))
    result = deepimagej.run(bundle('run("Duplicate...", "title=b"); run("Invert");'), PLANE)
    assert_array_equal(result.images["output"], 2 * (19 - PLANE))


def test_the_second_macro_finds_the_rois_and_rows_of_the_first(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    post = 'setResult("rois", 0, roiManager("count")); updateResults();'
    result = deepimagej.run(bundle(MEASURE + 'run("Select None");', post), STACK, axes="ZYX")
    assert result.tables["Results"]["rois"].tolist() == [1, 1, 1]
    assert len(result.rois) == 3


def test_rois_and_rows_of_a_first_macro_alone_are_results(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    result = deepimagej.run(bundle(MEASURE + 'run("Select None");'), STACK, axes="ZYX")
    assert result.tables["Results"]["slice"].tolist() == [1, 2, 3]
    assert [roi.position for roi in result.rois] == [1, 2, 3]


def test_the_users_own_macro_runs_by_its_path(
    ij: ImageJ, bundle: Callable[..., Path], tmp_path: Path
) -> None:
    mine = tmp_path / "my macro.ijm"
    mine.write_text('run("Add...", "value=3");', encoding="utf-8")
    result = deepimagej.run(bundle(), PLANE, postprocessing=str(mine))
    assert_array_equal(result.images["output"], 2 * PLANE + 3)
    assert f"postprocessing=[{mine}]" in result.request


def test_a_first_macro_that_leaves_no_image_is_an_error(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    with pytest.raises(MacroError, match=r"^pre\.ijm left no image open for the network\.$"):
        deepimagej.run(bundle('close("*");'), PLANE)


def test_pixels_that_a_macro_made_nan_are_refused(ij: ImageJ, bundle: Callable[..., Path]) -> None:
    with pytest.raises(ImageError, match=r"20 pixels are NaN or infinite"):
        deepimagej.run(bundle('run("Macro...", "code=v=0/0");'), PLANE)


# The user's things


def users_things(ij: ImageJ, imagej: Host) -> list[Any]:
    prefs, analyzer = imagej.java_class("ij.Prefs"), "ij.plugin.filter.Analyzer"
    return [
        titles(ij),
        str(ij.active_image.getTitle()),  # type: ignore[union-attr]
        ij.run_macro(
            'getSelectionBounds(x, y, w, h); return "" + x + " " + y + " " + w + " " + h;'
        ),
        [roi.name for roi in read_rois(imagej)],
        list(roi_manager(imagej).getSelectedIndexes()),
        ij.run_macro(
            'return "" + nResults + " " + getResult("mine", 0) + String.getResultsHeadings;'
        ),
        bool(prefs.blackBackground),
        int(imagej.java_class(analyzer).getMeasurements()),
        str(imagej.java_class("ij.gui.Toolbar").getForegroundColor()),
        ij.run_macro('return "" + is("Batch Mode");'),
    ]


SPOIL = """
setOption("BlackBackground", !is("black"));
setForegroundColor(1, 2, 3); run("Set Measurements...", "perimeter redirect=None decimal=7");
roiManager("reset"); run("Clear Results");
"""


@pytest.mark.parametrize("end", ["", 'close("*");', "selectImage(99);"])
def test_the_users_things_are_as_before_whatever_the_macro_did(
    ij: ImageJ, imagej: Host, bundle: Callable[..., Path], end: str
) -> None:
    ij.show(PLANE, title="first.tif")
    ij.show(PLANE, title="cells.tif")
    ij.run_macro(
        'setOption("BlackBackground", true); makeRectangle(1, 0, 3, 2); roiManager("add");'
        'roiManager("add"); roiManager("select", 1); roiManager("rename", "second");'
        'setResult("mine", 0, 4.5); updateResults();'
    )
    before = users_things(ij, imagej)
    post = SPOIL.replace('!is("black")', "false") + MEASURE + end
    failed = False
    try:
        deepimagej.run(bundle(post=post), image=None, display_output="none")
    except MacroError:
        failed = True
    assert failed is end.startswith("select")
    after = users_things(ij, imagej)
    rois = after.pop(3)
    assert rois[:2] == before.pop(3)
    assert len(rois) == (2 if failed else 3)
    assert after == before
    tables = imagej.java_class("ij.measure.ResultsTable")
    assert (tables.getResultsTable("cells_Results") is None) is failed


def test_a_loop_that_saves_results_each_time_finds_those_of_one_run(
    ij: ImageJ, bundle: Callable[..., Path], tmp_path: Path
) -> None:
    model = bundle(post=MEASURE)
    text = f"""
    for (i = 0; i < 3; i++) {{
      newImage("image" + i, "32-bit black", 4, 4, 1); run("Add...", "value=" + i);
      run("DeepImageJ Run", "model=[{model}]");
      saveAs("Results", "{tmp_path.as_posix()}/rows" + i + ".csv");
      close("*");
    }}
    return "" + nResults + " " + roiManager("count");
    """
    assert ij.run_macro(text) == "1 1"
    for number in range(3):
        assert pd.read_csv(tmp_path / f"rows{number}.csv")["mean"].tolist() == [2 * number]


# What images carry


def test_calibration_labels_and_provenance_are_those_of_the_image(
    ij: ImageJ, tmp_path: Path
) -> None:
    ij.run_macro(
        'newImage("hs", "16-bit composite-mode label", 8, 6, 2, 3, 2);'
        'setVoxelSize(0.5, 0.25, 2, "um"); Stack.setFrameInterval(7);'
    )
    model = make_pooling_bundle(tmp_path / "pool")
    result = deepimagej.run(model, channel="all")
    text = """
    getDimensions(w, h, c, z, t); getVoxelSize(x, y, d, u); setSlice(12);
    s = "" + w + " " + h + " " + c + " " + z + " " + t + " " + x + " " + y + " " + d + u;
    return s + " " + Stack.getFrameInterval + " " + getInfo("slice.label");
    """
    assert ij.run_macro(text) == '4 3 2 3 2 1 0.5 2\u00b5m 7 "2,3,2"'
    assert result.images["output"].dims == ("t", "z", "c", "y", "x")
    info = ij.run_macro('return getMetadata("Info");') or ""
    assert info.startswith("deepImageJ run\nschema = 1\nmodel.name = Pooling\n")
    assert f"request = {result.request}" in info


@pytest.mark.parametrize(
    ("dtype", "bits", "top"), [("int64", 8, "19"), ("uint16", 16, "19"), ("bool", 8, "255")]
)
def test_integers_keep_their_type_and_masks_are_0_and_255(
    ij: ImageJ, tmp_path: Path, dtype: str, bits: int, top: str
) -> None:
    result = deepimagej.run(make_identity_bundle(tmp_path / "same", dtype=dtype), PLANE)
    assert result.images["output"].dtype == dtype
    assert_array_equal(result.images["output"], PLANE.astype(dtype))
    assert ij.active_image.getBitDepth() == bits  # type: ignore[union-attr]
    assert ij.run_macro('return "" + getValue("Max");') == top
    is_label = bool(ij.active_image.getProcessor().isColorLut())  # type: ignore[union-attr]
    assert is_label is (dtype == "int64")


def test_lists_are_tables_with_their_slice_and_windows_of_their_own(
    ij: ImageJ, imagej: Host, tmp_path: Path
) -> None:
    pixels = np.zeros((3, 4, 5), np.float32)
    pixels[0, 1, 2] = pixels[2, 3, 4] = 1
    result = deepimagej.run(make_list_bundle(tmp_path / "list"), pixels, axes="ZYX")
    expected = {"c0": [1, 3], "c1": [2, 4], "slice": [1, 3]}
    assert result.tables["points"].to_dict("list") == expected
    table = imagej.java_class("ij.measure.ResultsTable").getResultsTable("image_points")
    assert [float(x) for x in table.getColumn("c1")] == [2, 4]


def test_a_batch_of_images_is_shown_as_a_stack(ij: ImageJ, bundle: Callable[..., Path]) -> None:
    pixels = np.arange(2 * 60, dtype=np.float32).reshape(2, 3, 4, 5)
    result = deepimagej.run(bundle(), pixels, axes="BZYX")
    assert result.images["output"].dims == ("b", "z", "y", "x")
    assert (
        ij.run_macro('getDimensions(w, h, c, z, t); return "" + c + " " + z + " " + t;') == "1 3 2"
    )


def test_rgb_is_three_channels_and_a_colour_table_is_one(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    ij.run_macro('newImage("rgb", "RGB ramp", 8, 6, 2);')
    with pytest.raises(ImageError, match=r'^"rgb" is RGB: 3 channels, "input" of the model takes'):
        deepimagej.run(bundle())
    assert deepimagej.run(bundle(), channel=2).images["output"].dims == ("z", "y", "x")
    ij.run_macro('selectImage("rgb");')
    assert deepimagej.run(bundle(channels=3)).images["output"].shape == (2, 3, 6, 8)
    ij.run_macro('newImage("fire", "8-bit ramp", 8, 6, 1); run("Fire");')
    assert deepimagej.run(bundle()).images["output"].dims == ("y", "x")


def test_two_open_images_are_two_inputs(ij: ImageJ, tmp_path: Path) -> None:
    model = make_sum_bundle(tmp_path / "sum")
    ij.show(PLANE, title="a b.tif")
    second = ij.show(PLANE * 10, title="c.tif")
    options = f"model=[{model}] image=[a=[a b.tif], b={second.getID()}]"
    ij.run_macro(f'run("DeepImageJ Run", "{options}");')
    assert_array_equal(ij.to_numpy(ij.active_image), 11 * PLANE)
    assert str(ij.active_image.getTitle()) == "a b_sum"  # type: ignore[union-attr]


# Replay, cancel


def test_the_recorded_line_gives_the_same_bytes(ij: ImageJ, bundle: Callable[..., Path]) -> None:
    ij.show(STACK, title="cells.tif")
    result = deepimagej.run(bundle('run("Add...", "value=5");', MEASURE), tile=(4, 4))
    assert "image=" not in result.request
    assert "input_path=" not in result.request
    assert "preprocessing=pre.ijm postprocessing=post.ijm axes=Y,X tile=4,4" in result.request
    assert "format=onnx" in result.request
    assert "device=cpu" in result.request
    ij.run_macro('selectImage("cells.tif");' + result.request)
    again = ij.to_numpy(ij.active_image)
    assert again.values.tobytes() == result.images["output"].values.tobytes()


@pytest.mark.parametrize("where", ["pre", "post"])
@pytest.mark.parametrize("text", ["wait(20000);", "while (true) i = 1;"])
def test_cancel_stops_a_macro_and_leaves_the_users_things(
    ij: ImageJ, bundle: Callable[..., Path], where: str, text: str
) -> None:
    ij.show(PLANE, title="cells.tif")
    cancel = deepimagej.CancelToken()
    model = bundle(**{where: text})
    deepimagej.run(model, PLANE, preprocessing="none", postprocessing="none", display_output=False)
    threading.Timer(0.3, cancel.cancel).start()
    start = time.monotonic()
    with pytest.raises(RunCancelled):
        deepimagej.run(model, cancel=cancel)
    assert time.monotonic() - start < 2
    assert titles(ij) == ["cells.tif"]
    assert ij.run_macro('run("Duplicate...", "title=next"); return getTitle();') == "next"


def test_runs_of_two_threads_do_not_mix(ij: ImageJ, bundle: Callable[..., Path]) -> None:
    ij.show(PLANE, title="cells.tif")
    slow = "for (i = 0; i < 5; i++) { wait(10); " + MEASURE + " }"
    models = [bundle(post=slow), bundle(post=slow)]
    results: dict[int, deepimagej.RunResult] = {}

    def run(number: int) -> None:
        for _ in range(3):
            image = PLANE + number
            results[number] = deepimagej.run(models[number], image, display_output=False)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for number, result in results.items():
        assert len(result.rois) == 5
        assert result.tables["Results"]["mean"].tolist()[0] == 2 * (PLANE.mean() + number)
    assert sorted(results) == [0, 1]
    assert titles(ij) == ["cells.tif"]


def test_cancel_ends_the_wait_for_another_threads_run(
    ij: ImageJ, bundle: Callable[..., Path]
) -> None:
    model, first, second = bundle(post="wait(20000);"), *(deepimagej.CancelToken() for _ in "12")
    deepimagej.run(model, PLANE, postprocessing="none", display_output=False)
    ended: list[type[BaseException]] = []

    def run(cancel: deepimagej.CancelToken) -> None:
        try:
            deepimagej.run(model, PLANE, cancel=cancel)
        except RunCancelled as error:
            ended.append(type(error))

    threads = [threading.Thread(target=run, args=(cancel,)) for cancel in (first, second)]
    threads[0].start()
    time.sleep(0.5)
    threads[1].start()
    second.cancel()
    threads[1].join(2)
    assert ended == [RunCancelled]
    first.cancel()
    threads[0].join(2)
    assert ended == [RunCancelled, RunCancelled]
