"""``DeepImageJ StarDist`` and ``DeepImageJ Cellpose`` as macros meet them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal

import deepimagej
from bundle_factory import (
    make_colour_star_bundle,
    make_flow_bundle,
    make_identity_bundle,
    make_star_bundle,
)
from deepimagej.errors import BundleError, DeepImageJError, ImageError, LibraryError, OptionError
from deepimagej.host.imagej import ImageJ
from deepimagej.host.images import to_image
from deepimagej.host.rois import roi_manager
from deepimagej.image import Calibration
from deepimagej.methods.flows import FLOW_SCALE, flows_of, masks
from deepimagej.methods.stardist import non_maximum_suppression
from deepimagej.metrics.labels import match_labels
from deepimagej.plugin import dispatch
from shared_bundles import make_stardist_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from deepimagej.host.running import Host

GOLDEN = Path(__file__).parents[1] / "methods" / "golden"
with np.load(GOLDEN / "stardist.npz") as stars, np.load(GOLDEN / "flows.npz") as flows:
    PROB: NDArray[np.float32] = (stars["prob"] / np.float32(100)).astype(np.float32)
    DIST: NDArray[np.float32] = (stars["dist"][..., ::4] / np.float32(16)).astype(np.float32)
    TRUTH: NDArray[np.int32] = flows["truth"].astype(np.int32)
STARS = np.concatenate([PROB[None], np.moveaxis(DIST, -1, 0) / 16])
"""What `make_star_bundle` takes: 9 channels of an image, from 0 to 1."""
LINE = "min_percentile=0 max_percentile=100"
"""Percentiles that leave such an image as it is."""
FLOWS = (FLOW_SCALE * flows_of(TRUTH)).astype(np.float32)


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    """ImageJ with our commands, empty afterwards."""
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with bundles; "True stars" and "True flows" are installed as well."""
    folder = tmp_path_factory.mktemp("bundles")
    extra = {"config": {"stardist": {"thresholds": {"prob": 0.7, "nms": 0.2}}}}
    make_star_bundle(folder / "own_thresholds", name="Own thresholds", extra=extra)
    make_identity_bundle(folder / "identity", name="Identity", channels=2)
    for make, name in ((make_star_bundle, "stars"), (make_flow_bundle, "flows")):
        deepimagej.install(make(folder / name))
    yield folder
    deepimagej.remove("True stars")
    deepimagej.remove("True flows")


def stardist(ij: ImageJ, options: str, after: str = "") -> str | None:
    return ij.run_macro(f'run("DeepImageJ StarDist", "{options}");\n{after}')


def cellpose(ij: ImageJ, options: str, after: str = "") -> str | None:
    return ij.run_macro(f'run("DeepImageJ Cellpose", "{options}");\n{after}')


def expected(prob_thresh: float, nms_thresh: float = 0.4) -> NDArray[np.int32]:
    return non_maximum_suppression(
        PROB, DIST, prob_thresh=prob_thresh, nms_thresh=nms_thresh
    ).labels


def pixels(ij: ImageJ) -> NDArray[Any]:
    return np.asarray(ij.to_numpy(ij.active_image))


def test_the_next_line_sees_the_labels_and_the_outlines(ij: ImageJ, bundles: Path) -> None:
    ij.show(STARS, axes="CYX", title="cells.tif")
    after = (
        'title = getTitle(); roiManager("select", 0); getStatistics(area, mean, min, max); '
        'return "" + nImages + " " + title + " " + roiManager("count") + " " + mean;'
    )
    told = stardist(ij, f"model=[True stars] prob_thresh=0.5 {LINE}", after)
    labels = expected(prob_thresh=0.5)
    assert told is not None
    n_images, title, count, mean = told.split()
    assert (n_images, title, int(count)) == ("2", "cells_labels", labels.max())
    assert float(mean) == pytest.approx(1, abs=0.1)  # the first ROI is the first object
    assert_array_equal(pixels(ij), labels)


def test_thresholds_that_are_not_named_are_the_models_own(ij: ImageJ, bundles: Path) -> None:
    ij.show(STARS, axes="CYX", title="cells.tif")
    stardist(ij, f"model=[{bundles / 'own_thresholds'}] {LINE}")
    assert_array_equal(pixels(ij), expected(prob_thresh=0.7, nms_thresh=0.2))
    ij.close_all()
    ij.show(STARS, axes="CYX", title="cells.tif")
    stardist(ij, f"model=[True stars] {LINE} nms_thresh=0.3")
    assert_array_equal(pixels(ij), expected(prob_thresh=0.5, nms_thresh=0.3))


def test_calibration_and_the_line_that_repeats_the_run_are_kept(ij: ImageJ, bundles: Path) -> None:
    imp = ij.show(STARS, axes="CYX", title="cells.tif")
    imp.getCalibration().pixelWidth = 0.25
    imp.getCalibration().setUnit("um")
    stardist(ij, f"model=[True stars] prob_thresh=0.6 {LINE}")
    labels = to_image(ij.active_image)
    assert labels.calibration.x == 0.25
    assert labels.calibration != Calibration()
    assert labels.is_label or labels.display is not None
    info = dict(labels.properties)["Info"]
    assert "preprocessing.source = DeepImageJ StarDist" in info
    assert "postprocessing.prob_thresh = 0.6" in info
    [line] = [text for text in info.splitlines() if text.startswith("request = ")]
    ij.close_all()
    ij.show(STARS, axes="CYX", title="cells.tif")
    ij.run_macro(line.removeprefix("request = "))
    assert_array_equal(pixels(ij), labels.pixels)


def test_each_slice_of_a_stack_has_its_labels_and_its_outlines(ij: ImageJ, bundles: Path) -> None:
    stack = np.stack([STARS, STARS[:, ::-1], STARS[:, :, ::-1]])
    ij.show(stack, axes="ZCYX", title="stack.tif")
    stardist(ij, f"model=[True stars] {LINE}")
    labels = pixels(ij)
    assert labels.shape == (3, *PROB.shape)
    assert_array_equal(labels[0], expected(prob_thresh=0.5))
    positions = [
        int(roi.getPosition())
        for roi in ij._host.java_class("ij.plugin.frame.RoiManager")
        .getRoiManager()
        .getRoisAsArray()
    ]
    assert [positions.count(n + 1) for n in range(3)] == [plane.max() for plane in labels]


def test_outlines_are_appended_to_those_of_the_user(ij: ImageJ, bundles: Path) -> None:
    ij.run_macro('newImage("a", "8-bit", 9, 9, 1); makeRectangle(1, 2, 3, 4); roiManager("add");')
    ij.show(STARS, axes="CYX", title="cells.tif")
    count = stardist(ij, f"model=[True stars] {LINE}", 'return "" + roiManager("count");')
    assert int(count or 0) == 1 + expected(prob_thresh=0.5).max()
    again = stardist(
        ij, f"model=[True stars] image=cells.tif {LINE}", 'return "" + roiManager("count");'
    )
    assert again == count  # those of the earlier run are replaced


def test_an_image_without_objects_gives_an_empty_label_image(ij: ImageJ, bundles: Path) -> None:
    ij.show(np.zeros((9, 20, 30), np.float32), axes="CYX", title="empty.tif")
    told = stardist(
        ij, "model=[True stars]", 'return getTitle() + getValue("Max") + "" + roiManager("count");'
    )
    assert told == "empty_labels00"


@pytest.mark.shared_data
@pytest.mark.parametrize("weights", ["onnx", "keras_v3"])
@pytest.mark.parametrize(
    ("name", "f1"),
    [("stardist_img2d", 0.84), ("dsb2018_bde3727f", 0.88), ("dsb2018_1f9e429c", 0.77)],
)
def test_the_labels_of_real_nuclei_are_those_of_stardist(
    ij: ImageJ, shared_data: Path, tmp_path: Path, *, weights: str, name: str, f1: float
) -> None:
    bundle = make_stardist_bundle(tmp_path / "bundle", shared_data, weights=weights)
    images = shared_data / "images"
    is_example = name == "stardist_img2d"
    ij.show(images / (f"{name}.tif" if is_example else f"{name}_image.tif"))
    percentiles = "min_percentile=1 max_percentile=99.8"
    stardist(ij, f"model=[{bundle}] prob_thresh=0.5273833484 nms_thresh=0.3 {percentiles}")
    found = pixels(ij)
    folder = shared_data / "models" / "stardist_dsb2018_small" / "reference"
    stored = tifffile.imread(folder / f"{name}_labels.tif")
    assert found.max() == stored.max()
    # Frameworks differ by 2e-5: objects of nearly equal probability may change their numbers, px
    # on a border their object.
    assert match_labels(stored, found, iou=0.95).f1 == 1
    truth = tifffile.imread(images / ("stardist_mask2d.tif" if is_example else f"{name}_mask.tif"))
    assert match_labels(truth, found, iou=0.5).f1 >= f1


STARDIST_ERRORS: list[tuple[str, str, type[DeepImageJError], str, str]] = [
    (
        "",
        "CYX",
        OptionError,
        "DeepImageJ StarDist was called without options.",
        'Name a model, as in run("DeepImageJ StarDist", '
        '"model=[StarDist Fluorescence Nuclei Segmentation] prob_thresh=0.5").',
    ),
    (
        "model=[{identity}]",
        "CYX",
        BundleError,
        '"Identity" is no StarDist model of two dimensions: its outputs are output (2 channels).',
        "Such a model gives object probability and distances along 3 or more rays, in one output "
        "(probability first) or in two; run others with DeepImageJ Run.",
    ),
    (
        "model=[True stars]",
        "ZYX",
        ImageError,
        '"cells.tif" has 1 channel, "input" of the model takes 9.',
        "Merge 9 channels in one image first; channel= chooses those of one image.",
    ),
    (
        "model=[True stars] min_percentile=0 max_percentile=1",
        "CYX",
        ImageError,
        'The percentiles 0 and 1 of "cells.tif" are both 0, so its values cannot be scaled.',
        "Choose a larger max_percentile, such as max_percentile=100.",
    ),
    (
        "model=[True stars] input_path=[{folder}]",
        "CYX",
        OptionError,
        "input_path={folder} is a folder, and this command takes one image.",
        "Name a file, and let the macro loop over the folder.",
    ),
]


@pytest.mark.parametrize(("options", "axes", "kind", "message", "hint"), STARDIST_ERRORS)
def test_what_stardist_cannot_do_is_told(
    ij: ImageJ,
    bundles: Path,
    *,
    options: str,
    axes: str,
    kind: type[DeepImageJError],
    message: str,
    hint: str,
) -> None:
    places = {"identity": bundles / "identity", "folder": bundles}
    ij.show(STARS, axes=axes, title="cells.tif")
    with pytest.raises(kind) as caught:
        stardist(ij, options.format(**places))
    assert (caught.value.message, caught.value.hint) == (message.format(**places), hint)


def test_true_flows_as_image_give_the_cells_of_cellpose(ij: ImageJ, bundles: Path) -> None:
    ij.show(FLOWS, axes="CYX", title="flows.tif")
    after = 'return "" + nImages + getTitle() + " " + roiManager("count");'
    line = "model=[True flows] cyto_color=red nuclei_color=green diameter=0 display_all=false"
    told = cellpose(ij, line, after)
    prob = (FLOWS**2).sum(0) - 6
    labels = masks(FLOWS, prob)
    assert told == f"2flows_labels {labels.max()}"
    assert_array_equal(pixels(ij), labels)
    assert match_labels(TRUTH, labels, iou=0.8).f1 > 0.95


def test_display_all_shows_the_flows_below_the_labels(ij: ImageJ, bundles: Path) -> None:
    ij.show(FLOWS, axes="CYX", title="f.tif")
    line = "model=[True flows] cyto_color=red nuclei_color=green display_all=true"
    after = (
        "text = getTitle(); for (i = 1; i <= nImages; i++) { selectImage(i); "
        'text = text + " " + getTitle(); } return text;'
    )
    assert cellpose(ij, line, after) == "f_labels f.tif f_flows f_cellprob f_labels"
    ij.run_macro('selectImage("f_flows");')
    assert_array_equal(pixels(ij), FLOWS)


def test_the_diameter_scales_the_image_and_the_labels_back(ij: ImageJ, bundles: Path) -> None:
    double = FLOWS.repeat(2, 1).repeat(2, 2)
    ij.show(double, axes="CYX", title="f.tif")
    cellpose(ij, "model=[True flows] cyto_color=red nuclei_color=green diameter=60")
    labels = pixels(ij)
    assert labels.shape == double.shape[1:]
    assert match_labels(TRUTH.repeat(2, 0).repeat(2, 1), labels, iou=0.7).f1 > 0.9
    info = dict(to_image(ij.active_image).properties)["Info"]
    assert "postprocessing.model_diameter = 30.0" in info
    [line] = [text for text in info.splitlines() if text.startswith("request = ")]
    ij.run_macro(f'selectImage("f.tif"); {line.removeprefix("request = ")}')
    assert_array_equal(pixels(ij), labels)


def test_one_plane_feeds_the_cells_and_leaves_the_rest_empty(ij: ImageJ, tmp_path: Path) -> None:
    bundle = make_identity_bundle(tmp_path / "three", name="Three channels", channels=3)
    image = np.arange(30 * 40, dtype=np.uint16).reshape(30, 40)
    ij.show(image, title="plane.tif")
    line = "cyto_color=gray nuclei_color=gray display_all=true"
    cellpose(ij, f"model=[{bundle}] {line}")
    ij.run_macro('selectImage("plane_flows");')
    low, high = np.percentile(image, (1, 99))
    assert_allclose(pixels(ij)[0], (image - low) / (high - low), rtol=1e-6)
    assert not pixels(ij)[1].any()
    rgb = np.stack([image % 200, image % 180, image % 160], -1).astype(np.uint8)
    ij.show(rgb, axes="YXC", title="rgb.tif")
    cellpose(ij, f"model=[{bundle}] cyto_color=blue nuclei_color=red display_all=true")
    ij.run_macro('selectImage("rgb_flows");')
    low, high = np.percentile(rgb[..., 2], (1, 99))
    assert_allclose(pixels(ij)[0], (rgb[..., 2] - low) / (high - low), rtol=1e-5, atol=1e-6)
    low, high = np.percentile(rgb[..., 0], (1, 99))
    assert_allclose(pixels(ij)[1], (rgb[..., 0] - low) / (high - low), rtol=1e-5, atol=1e-6)


def test_a_stardist_model_of_three_channels_takes_rgb(ij: ImageJ, tmp_path: Path) -> None:
    bundle = make_colour_star_bundle(tmp_path / "rgb")
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[12, 20, 0], rgb[25, 45, 0], rgb[..., 1] = 255, 200, 80  # 80 / 255 · 16: 5 px
    ij.show(rgb, axes="YXC", title="rgb.tif")
    stardist(ij, f"model=[{bundle}] prob_thresh=0.6 {LINE}")
    labels = pixels(ij)
    assert labels.shape == (40, 60)
    assert (labels.max(), labels[12, 20], labels[25, 45]) == (2, 1, 2)


CELLPOSE_ERRORS: list[tuple[str, type[DeepImageJError], str, str]] = [
    (
        "",
        OptionError,
        "DeepImageJ Cellpose was called without options.",
        'Name a model, as in run("DeepImageJ Cellpose", '
        '"model=[My Cells] cyto_color=gray nuclei_color=gray diameter=30").',
    ),
    (
        "model=cyto3 cyto_color=gray nuclei_color=gray diameter=30",
        LibraryError,
        'The model "cyto3" is one of Cellpose\'s own, and no bundle of that name is installed.',
        "Export it as a bundle with the outputs flows and cell probability (ONNX or TorchScript), "
        "and install that with: deepimagej install FOLDER_OR_ZIP.",
    ),
    (
        "model=[{identity}] cyto_color=red nuclei_color=green",
        BundleError,
        '"Identity" is no Cellpose model: it takes 2 channels and its outputs are output '
        "(2 channels).",
        "Such a model takes 1 to 3 channels and gives three: the flows along y and x and the cell "
        "probability; run others with DeepImageJ Run.",
    ),
    (
        "model=[True flows] cyto_color=gray nuclei_color=gray",
        ImageError,
        '"f.tif" has 2 channels, and cyto_color=gray takes one.',
        "Name the colour of each, as in cyto_color=green nuclei_color=blue.",
    ),
    (
        "model=[True flows] cyto_color=red nuclei_color=blue",
        ImageError,
        '"f.tif" has 2 channels, and none is blue.',
        "Red, green and blue are the first three; use gray for an image of one.",
    ),
    (
        "model=[True flows] cyto_color=red nuclei_color=green diameter=9000",
        ImageError,
        '"f.tif" has less than a px left at diameter=9000.',
        "The model knows objects of 30 px; give a smaller diameter.",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message", "hint"), CELLPOSE_ERRORS)
def test_what_cellpose_cannot_do_is_told(
    ij: ImageJ, bundles: Path, options: str, kind: type[DeepImageJError], message: str, hint: str
) -> None:
    ij.show(FLOWS, axes="CYX", title="f.tif")
    with pytest.raises(kind) as caught:
        cellpose(ij, options.format(identity=bundles / "identity"))
    assert (caught.value.message, caught.value.hint) == (message, hint)
