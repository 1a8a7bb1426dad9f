from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import (
    convolve,
    make_convolution_bundle,
    make_identity_bundle,
    make_list_bundle,
    make_pooling_bundle,
    make_scaling_bundle,
    make_sum_bundle,
    make_two_output_bundle,
    zip_bundle,
)
from deepimagej.errors import ImageError, LibraryError, OptionError, RunCancelled
from deepimagej.examples import path
from deepimagej.files import read_image, write_tiff
from deepimagej.image import Calibration, Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from deepimagej.progress import Step

PLANE = np.arange(20, dtype=np.float32).reshape(4, 5)


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scaling_bundle(tmp_path_factory.mktemp("models") / "double", name="Double")


def refusal(kind: type[deepimagej.DeepImageJError], call: Callable[..., Any], *a: Any) -> str:
    with pytest.raises(kind) as caught:
        call(*a)
    return f"{caught.value.message} {caught.value.hint}"


# Images in, images out


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (4, 5)),
        ("XY", (4, 5)),
        ("ZYX", (3, 4, 5)),
        ("TZYX", (2, 3, 4, 5)),
        ("YXZ", (4, 5, 3)),
        ("CYX", (1, 4, 5)),
        ("ZCYX", (3, 1, 4, 5)),
        ("BYX", (2, 4, 5)),
        ("YX", (1, 1)),
    ],
)
def test_results_have_the_axes_of_the_image(
    double: Path, axes: str, shape: tuple[int, ...]
) -> None:
    pixels: NDArray[np.float32] = np.random.default_rng(0).random(shape, np.float32)
    for given in (
        deepimagej.run(double, pixels, axes=axes, display_output=False).images,
        deepimagej.predict(double, pixels, axes=axes),
    ):
        assert given["output"].dims == tuple(axes.lower())
        assert_array_equal(given["output"], 2 * pixels)


def test_several_output_channels_are_an_axis(tmp_path: Path) -> None:
    model = make_identity_bundle(tmp_path / "m", channels=2)
    pixels = np.random.default_rng(0).random((2, 3, 4, 5), np.float32)
    assert deepimagej.predict(model, pixels, axes="CZYX")["output"].dims == ("c", "z", "y", "x")


def test_a_data_array_brings_axes_name_and_calibration(tmp_path: Path) -> None:
    image = xr.DataArray(
        np.zeros((4, 6), np.float32), dims=("row", "col"), name="cells.tif", attrs={"x": 0.5}
    )
    model = make_pooling_bundle(tmp_path / "pool")
    result = deepimagej.run(model, image, display_output=False).images["output"]
    assert result.dims == ("y", "x")
    assert result.name == "cells_output"
    assert (result.attrs["x"], result.attrs["y"]) == (1.0, 2.0)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.float64, np.bool_])
def test_pixels_of_any_type_are_cast_for_the_network(double: Path, kind: type) -> None:
    pixels: NDArray[Any] = (PLANE % 2).astype(kind)
    assert_array_equal(deepimagej.predict(double, pixels)["output"], 2 * (PLANE % 2))


def test_two_inputs_and_two_outputs_go_by_name(tmp_path: Path) -> None:
    total = make_sum_bundle(tmp_path / "sum")
    given = {"b": 10 * PLANE, "a": PLANE}
    assert_array_equal(deepimagej.predict(total, given)["sum"], 11 * PLANE)
    result = deepimagej.run(total, given, display_output=False)
    assert_array_equal(result.images["sum"], 11 * PLANE)
    two = deepimagej.predict(make_two_output_bundle(tmp_path / "two"), PLANE)
    assert_array_equal(two["double"], 2 * PLANE)
    assert_array_equal(two["negative"], -PLANE)


def test_files_are_inputs_by_name_and_the_line_names_them(tmp_path: Path) -> None:
    total = make_sum_bundle(tmp_path / "sum")
    for name in ("a", "b"):
        write_tiff(tmp_path / f"{name}.tif", Image(PLANE, read_axes("YX"), title=name))
    files = {name: tmp_path / f"{name}.tif" for name in ("a", "b")}
    result = deepimagej.run(total, files, display_output=False)
    assert_array_equal(result.images["sum"], 2 * PLANE)
    assert f"image=[a={tmp_path}/a.tif, b={tmp_path}/b.tif]" in result.request


def read_axes(text: str) -> Any:
    from deepimagej.axes import parse_axes

    return parse_axes(text)


def test_lists_are_tables(tmp_path: Path) -> None:
    result = deepimagej.run(make_list_bundle(tmp_path / "list"), PLANE / 20, display_output=False)
    assert list(result.images) == ["image"]
    assert list(result.tables) == ["points"]
    assert_array_equal(result.tables["points"], np.argwhere(PLANE / 20 > 0.5))


def test_tiles_do_not_change_the_result(tmp_path: Path) -> None:
    model = make_convolution_bundle(tmp_path / "conv")
    pixels = np.random.default_rng(0).random((70, 53), np.float32)
    expected = convolve(pixels)
    for tile in ("auto", (16, 16), [20, 53], {"x": 53, "y": 9}, "16,16"):
        result = deepimagej.predict(model, pixels, tile=tile)["output"]
        assert np.abs(result - expected).max() <= 1e-5


# Channels, values


def test_each_channel_alone_or_all(double: Path) -> None:
    pixels = np.random.default_rng(0).random((3, 2, 4, 5), np.float32)
    options: dict[str, Any] = {"axes": "ZCYX", "display_output": False}
    each = deepimagej.run(double, pixels, channel="all", **options).images["output"]
    assert each.dims == ("z", "c", "y", "x")
    assert_array_equal(each, 2 * pixels)
    for channel in (1, 2):
        alone = deepimagej.run(double, pixels, channel=channel, **options).images["output"]
        assert alone.dims == ("z", "y", "x")
        assert alone.values.tobytes() == each.values[:, channel - 1].tobytes()


def test_a_channel_is_chosen_of_the_image_that_has_several(tmp_path: Path) -> None:
    total = make_sum_bundle(tmp_path / "sum")
    raw = xr.DataArray(np.stack([PLANE, 2 * PLANE]), dims=("c", "y", "x"))
    mask = xr.DataArray(10 * PLANE, dims=("y", "x"))

    def run(**keys: Any) -> xr.DataArray:
        images = {"a": raw, "b": mask}
        return deepimagej.run(total, images, display_output=False, **keys).images["sum"]

    assert_array_equal(run(channel=2), 12 * PLANE)
    assert_array_equal(run(channel="all"), [11 * PLANE, 12 * PLANE])


def test_a_channel_mismatch_names_both_numbers_and_the_key(double: Path) -> None:
    def run() -> None:
        deepimagej.run(double, np.zeros((2, 4, 5), np.float32), axes="CYX")

    assert refusal(ImageError, run) == (
        '"image" has 2 channels, "input" of the model takes 1. '
        "Choose one with channel=1, or run the model on each with channel=all."
    )


@pytest.mark.parametrize("call", [deepimagej.run, deepimagej.predict])
def test_nan_pixels_are_refused_with_their_number(double: Path, call: Callable[..., Any]) -> None:
    pixels = PLANE.copy()
    pixels[0, :2] = np.nan, np.inf
    assert refusal(ImageError, call, double, pixels) == (
        '2 pixels are NaN or infinite in "image". Replace them first: in ImageJ with '
        'run("Macro...", "code=[if (isNaN(v)) v = 0]"), in Python with numpy.nan_to_num.'
    )


def test_an_array_of_three_dimensions_needs_its_axes(double: Path) -> None:
    assert refusal(ImageError, deepimagej.predict, double, np.zeros((3, 4, 5))) == (
        "The array has 3 dimensions, and axes= does not say which they are. "
        "Name them, as in axes=ZYX or axes=CYX."
    )


def test_what_is_no_image_is_refused(double: Path) -> None:
    assert refusal(ImageError, deepimagej.predict, double, np.array([["a"]])) == (
        "The image is a ndarray of <U1, not an array of numbers. "
        "Give a path, a numpy array, a DataArray or an ImagePlus."
    )


def test_a_missing_input_and_an_unknown_one_are_refused(tmp_path: Path) -> None:
    total = make_sum_bundle(tmp_path / "sum")
    assert refusal(OptionError, deepimagej.predict, total, PLANE) == (
        '"Sum of two" takes 2 images; b has none. '
        "Name one for each input, as in image=[a=TITLE, b=TITLE]."
    )
    assert refusal(OptionError, deepimagej.predict, total, {"a": PLANE, "c": PLANE}) == (
        '"Sum of two" has no input "c". Its inputs are a, b.'
    )


def test_no_image_at_all_is_an_error_without_starting_imagej(double: Path) -> None:
    code = f"import deepimagej; deepimagej.run({str(double)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "ImageError: No image is open." in done.stderr


def test_an_unknown_key_is_refused_with_the_nearest(double: Path) -> None:
    def run() -> None:
        deepimagej.run(double, PLANE, chanel=2)

    assert refusal(OptionError, run) == "Unknown option: chanel. Did you mean channel?"


# Requests, files


def test_the_request_says_what_was_resolved_and_no_image_for_an_array(double: Path) -> None:
    result = deepimagej.run(double, PLANE, display_output=None)
    assert result.request == (
        f'run("DeepImageJ Run", "model={double} format=onnx preprocessing=none '
        'postprocessing=none axes=Y,X tile=4,5 device=cpu batch=1 logging=normal");'
    )


def test_a_file_is_named_in_full_and_its_results_are_written(double: Path, tmp_path: Path) -> None:
    scale = Calibration(x=0.5, y=0.25, unit="um")
    file = tmp_path / "my cells (1).tif"
    write_tiff(file, Image(PLANE, read_axes("YX"), calibration=scale))
    result = deepimagej.run(double, file, output=tmp_path / "out")
    assert f"input_path=[{file}]" in result.request
    assert f"output_folder={tmp_path}/out" in result.request
    names = {name: file.name for name, file in result.files.items()}
    assert names == {"output": "my_cells__1__output.tif", "run": "my_cells__1__run.json"}
    written = read_image(result.files["output"])
    assert_array_equal(written.pixels, 2 * PLANE)
    assert (written.calibration.x, written.calibration.y) == (0.5, 0.25)
    info = dict(written.properties)["Info"]
    assert info.startswith("deepImageJ run\n")
    assert "weights.sha256 = " in info


def test_a_run_in_any_current_folder_finds_the_model_of_a_relative_path(
    double: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(double.parent)
    for name in ("./double", f"../{double.parent.name}/double"):
        result = deepimagej.run(name, PLANE, display_output=False)
        model = result.request.split("model=")[1].split(" format")[0].strip("[]")
        assert model.startswith("/")


# Models


def test_a_bundle_is_installed_found_by_name_and_removed(tmp_path: Path) -> None:
    archive = zip_bundle(make_scaling_bundle(tmp_path / "triple", gain=3, name="Triple It"))
    assert deepimagej.install(archive).name == "Triple It"
    try:
        assert "Triple It" in [entry.name for entry in deepimagej.models()]
        assert deepimagej.info("triple it").inputs[0].name == "input"
        assert_array_equal(deepimagej.predict("Triple It", PLANE)["output"], 3 * PLANE)
        other = make_scaling_bundle(tmp_path / "other", gain=4, name="Triple It")
        assert refusal(LibraryError, deepimagej.install, other).startswith("Another model")
        deepimagej.install(other, replace=True)
        assert_array_equal(deepimagej.predict("Triple It", PLANE)["output"], 4 * PLANE)
    finally:
        folder = deepimagej.remove("Triple It")
    assert not folder.exists()
    assert "Triple It" not in [entry.name for entry in deepimagej.models()]


def test_a_loaded_model_predicts_again_without_loading(double: Path) -> None:
    with deepimagej.load_model(double) as model:
        assert model.spec.name == "Double"
        first = model.predict(PLANE)
        start = time.perf_counter()
        again = model.predict(PLANE, tile=(4, 5))
        assert time.perf_counter() - start < 0.5
        assert_array_equal(first["output"], again["output"])
        assert model.test().passed


def test_predict_refuses_a_macro_and_names_run() -> None:
    model, image = path("nuclei"), path("images/nuclei.tif")
    assert refusal(OptionError, deepimagej.predict, model, image) == (
        'predict runs no ImageJ macros, and "Nuclei Probability" has count_nuclei.ijm. '
        "Use deepimagej.run, or choose preprocessing and postprocessing zoo or none."
    )
    given = deepimagej.predict(model, image, postprocessing="none")
    assert given["probability"].shape == (512, 512)


def test_predict_and_run_on_arrays_start_no_java(double: Path) -> None:
    code = f"""
import numpy, sys, deepimagej
image = numpy.zeros((4, 5))
deepimagej.predict({str(double)!r}, image); deepimagej.run({str(double)!r}, image)
import jpype
assert not jpype.isJVMStarted()
assert not {{"torch", "tensorflow", "onnxruntime"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Progress, cancel


def test_progress_counts_the_tiles_of_all_positions(double: Path) -> None:
    steps: list[Step] = []

    def keep(step: Step) -> None:
        steps.append(step)

    pixels = np.zeros((3, 8, 8), np.float32)
    deepimagej.run(double, pixels, axes="ZYX", tile=(8, 4), progress=keep, display_output=False)
    inference = [(step.done, step.total) for step in steps if step.stage == "inference"]
    assert inference[0] == (0, 6)
    assert inference[-1] == (6, 6)
    assert inference == sorted(inference)
    assert {step.device for step in steps if step.stage == "inference"} == {"cpu"}


@pytest.mark.parametrize("call", [deepimagej.run, deepimagej.predict])
def test_cancel_from_another_thread_ends_the_run_within_2_s(call: Callable[..., Any]) -> None:
    cancel = deepimagej.CancelToken()
    asked: list[float] = []

    def stop() -> None:
        asked.append(time.monotonic())
        cancel.cancel()

    def follow(step: Step) -> None:
        if step.stage == "inference" and not asked:
            asked.append(0)
            threading.Timer(0.3, stop).start()

    image = np.zeros((3008, 3008), np.float32)
    image[0, 0] = 1
    with pytest.raises(RunCancelled):
        call(path("nuclei"), image, postprocessing="none", progress=follow, cancel=cancel)
    assert time.monotonic() - asked[-1] < 2
    small = deepimagej.predict(path("nuclei"), image[:224, :224], postprocessing="none")
    assert small["probability"].shape == (224, 224)


def test_a_run_that_is_cancelled_before_it_starts_ends_at_once(double: Path) -> None:
    cancel = deepimagej.CancelToken()
    cancel.cancel()
    with pytest.raises(RunCancelled):
        deepimagej.run(double, PLANE, cancel=cancel, display_output=False)
