"""The macros for bundle authors in the real ImageJ, against numpy and scikit-image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import measure, segmentation

from deepimagej.axes import parse_axes
from deepimagej.host.images import to_image, to_imageplus
from deepimagej.host.macros import captured_log, run_macro
from deepimagej.host.rois import read_rois, replace_rois
from deepimagej.host.tables import read_table
from deepimagej.host.windows import active_image, open_images, show
from deepimagej.image import Calibration, Display, Image
from deepimagej.metrics import match_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from deepimagej.host.running import Host

# scikit-image says that it is typed and these are not.
connected: Any = measure.label
regionprops_table: Any = measure.regionprops_table
find_boundaries: Any = segmentation.find_boundaries

COLUMNS = ["Object", "Area", "X", "Y", "BX", "BY", "Width", "Height", "Mean"]
MACROS = Path(__file__).parents[2] / "macros"
COLOURS = np.stack([np.arange(256)[::-1], np.arange(256) // 2, np.arange(256)], 1).astype(np.uint8)


@pytest.fixture
def stock(imagej: Host) -> Iterator[Stock]:
    yield Stock(imagej)
    imagej.close()
    replace_rois(imagej, [])
    imagej.java_class("ij.measure.ResultsTable").getResultsTable().reset()


class Stock:
    """Runs stock macros on arrays."""

    def __init__(self, imagej: Host) -> None:
        self.imagej = imagej

    def open(self, pixels: NDArray[Any], axes: str = "YX", **fields: Any) -> Any:
        imp = to_imageplus(Image(pixels, parse_axes(axes), **fields))
        show(self.imagej, imp)
        return imp

    def run(self, name: str, **constants: object) -> NDArray[Any]:
        """Pixels of the current image after the macro, with some constants replaced."""
        text = (MACROS / name).read_text(encoding="utf-8")
        for constant, value in constants.items():
            text, found = re.subn(rf"var {constant} = [^;]*;", f"var {constant} = {value};", text)
            assert found == 1
        with captured_log(self.imagej):
            assert run_macro(self.imagej, text) is None
        return to_image(self.current()).pixels

    def current(self) -> Any:
        return active_image(self.imagej)

    def titles(self) -> list[str]:
        return [str(imp.getTitle()) for imp in open_images(self.imagej)]

    def results(self) -> pd.DataFrame:
        table = self.imagej.java_class("ij.measure.ResultsTable").getResultsTable()
        return read_table(table)

    def slice_of(self, imp: Any) -> int:
        return int(imp.getCurrentSlice())


def random(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


IMAGES: dict[str, tuple[NDArray[Any], str]] = {
    "8 bit": (random().integers(3, 250, (31, 47)).astype(np.uint8), "YX"),
    "16 bit": (random().gamma(2, 900, (31, 47)).astype(np.uint16), "YX"),
    "32 bit with negatives": (random().normal(0, 3, (31, 47)).astype(np.float32), "YX"),
    "mostly zero": (np.maximum(0, random().normal(-9, 5, (31, 47))).astype(np.float32), "YX"),
    "one far outlier": (
        np.append(random().random(1456), 1e6).astype(np.float32).reshape(31, 47),
        "YX",
    ),
    "one pixel": (np.array([[3.5]], np.float32), "YX"),
    "constant": (np.full((4, 5), 7, np.uint8), "YX"),
    "slices that differ": (
        (random().random((4, 11, 13)) * [[[1]], [[5]], [[90]], [[700]]]).astype(np.float32),
        "ZYX",
    ),
    "channels and slices": (random().integers(0, 5000, (3, 2, 11, 13)).astype(np.uint16), "ZCYX"),
}


def normalized(values: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
    result: NDArray[np.float64] = (values.astype(np.float64) - low) / (high - low + 1e-6)
    return result


@pytest.mark.parametrize("name", IMAGES)
def test_percentiles_are_those_of_numpy(stock: Stock, name: str) -> None:
    pixels, axes = IMAGES[name]
    stock.open(pixels, axes)
    low, high = np.percentile(pixels.astype(np.float64), [1, 99.8])
    result = stock.run("preprocessing/percentile_normalization.ijm")
    assert_allclose(result, normalized(pixels, low, high), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("low", "high"), [(0, 100), (25, 75), (49.9, 50.1)])
def test_percentiles_are_those_that_the_author_sets(stock: Stock, low: float, high: float) -> None:
    pixels = IMAGES["16 bit"][0]
    stock.open(pixels)
    macro = "preprocessing/percentile_normalization.ijm"
    result = stock.run(macro, MIN_PERCENTILE=low, MAX_PERCENTILE=high)
    assert_allclose(
        result, normalized(pixels, *np.percentile(pixels, [low, high])), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", IMAGES)
def test_mean_and_deviation_are_those_of_numpy(stock: Stock, name: str) -> None:
    pixels, axes = IMAGES[name]
    stock.open(pixels, axes)
    exact = pixels.astype(np.float64)
    result = stock.run("preprocessing/mean_std_normalization.ijm")
    assert_allclose(result, (exact - exact.mean()) / (exact.std() + 1e-6), rtol=1e-5, atol=1e-6)


NORMALIZATIONS = [
    "preprocessing/percentile_normalization.ijm",
    "preprocessing/mean_std_normalization.ijm",
]


@pytest.mark.parametrize("macro", NORMALIZATIONS)
def test_a_colour_table_changes_no_number(stock: Stock, macro: str) -> None:
    pixels = IMAGES["8 bit"][0]
    stock.open(pixels)
    expected = stock.run(macro)
    stock.open(pixels, display=Display(((0, 255),), (COLOURS,), "color"))
    assert_array_equal(stock.run(macro), expected)


@pytest.mark.parametrize("macro", NORMALIZATIONS)
def test_rgb_is_three_channels(stock: Stock, macro: str) -> None:
    pixels = random().integers(0, 255, (3, 11, 13)).astype(np.uint8)
    stock.open(pixels, "CYX")
    expected = stock.run(macro)
    stock.open(pixels, "CYX", is_rgb=True)
    assert_array_equal(stock.run(macro), expected)


@pytest.mark.parametrize("macro", NORMALIZATIONS)
def test_a_composite_counts_all_channels_whichever_is_current(stock: Stock, macro: str) -> None:
    pixels = random().integers(0, 5000, (3, 11, 13)).astype(np.uint16)
    stock.open(pixels, "CYX")
    expected = stock.run(macro)
    imp = stock.open(pixels, "CYX", display=Display(((0, 5000),) * 3, (COLOURS,) * 3, "composite"))
    imp.setC(2)
    assert_array_equal(stock.run(macro), expected)
    assert int(stock.current().getC()) == 2


@pytest.mark.parametrize("macro", NORMALIZATIONS)
def test_the_image_stays_the_same_window_and_a_selection_is_passed_over(
    stock: Stock, macro: str
) -> None:
    imp = stock.open(IMAGES["16 bit"][0])
    number = int(imp.getID())
    imp.setRoi(2, 3, 5, 4)
    result = stock.run(macro)
    assert stock.titles() == ["image"]
    assert int(stock.current().getID()) == number
    assert np.ptp(result) > 1


@pytest.mark.parametrize("axes", ["YX", "CYX", "ZYX", "ZCYX"])
@pytest.mark.parametrize("kind", ["float32", "uint8"])
def test_binarize_gives_white_above_the_threshold(stock: Stock, axes: str, kind: str) -> None:
    shape = {"YX": (11, 13), "CYX": (3, 11, 13), "ZYX": (4, 11, 13), "ZCYX": (4, 3, 11, 13)}[axes]
    pixels = (random().random(shape) * 2).astype(kind)
    pixels.flat[:3] = 0
    stock.open(pixels, axes)
    assert_array_equal(stock.run("postprocessing/binarize.ijm"), 255 * (pixels > 0.5))
    assert stock.current().getBitDepth() == 8
    assert not stock.current().isInvertedLut()


@pytest.mark.parametrize("threshold", [-2.5, 0, 1000, 1e-12])
def test_binarize_takes_any_threshold(stock: Stock, threshold: float) -> None:
    values = np.array([-3000, -2.5, -1, 0, 1e-12, 1, 254, 1000, 1000.5, 70000], np.float32)
    stock.open(values.reshape(2, 5))
    result = stock.run("postprocessing/binarize.ijm", THRESHOLD=threshold)
    assert_array_equal(result.ravel(), 255 * (values.astype(np.float64) > threshold))


def discs(*centres: tuple[int, int]) -> NDArray[np.bool_]:
    y, x = np.indices((96, 128))
    distances = [np.hypot(y - cy, x - cx) for cy, cx in centres]
    return np.asarray(np.min(distances, axis=0) < 12)


@pytest.mark.parametrize("is_inverted", [False, True])
def test_touching_objects_are_split_listed_and_labelled_in_one_order(
    stock: Stock, is_inverted: bool
) -> None:
    mask = discs((30, 30), (30, 50), (70, 90))
    table = np.repeat(np.arange(256)[::-1, None], 3, axis=1).astype(np.uint8)
    display = Display(((0, 1),), (table,)) if is_inverted else None
    stock.open(mask.astype(np.float32), title="my cells_probability", display=display)
    labels = stock.run("postprocessing/watershed_split.ijm")
    assert stock.titles() == ["my cells_probability", "labels"]
    assert_array_equal(np.unique(labels), [0, 1, 2, 3])
    assert len({int(labels[p]) for p in ((30, 30), (30, 50), (70, 90))} - {0}) == 3
    assert not labels[~mask].any()
    assert (mask & (labels == 0)).sum() < 20  # the cut is one line
    areas = np.bincount(labels.ravel())[1:]
    rois = read_rois(stock.imagej)
    assert len(rois) == 3
    assert_array_equal(stock.results()["Area"], areas)
    for number, roi in enumerate(rois, start=1):
        rows, columns = np.nonzero(labels == number)
        box = (roi.top, roi.left, roi.bottom, roi.right)
        assert box == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


def test_objects_need_not_be_split_and_small_ones_are_dropped(stock: Stock) -> None:
    mask = discs((30, 30), (30, 50))
    mask[90, 5:9] = True
    stock.open(mask.astype(np.float32))
    result = stock.run("postprocessing/watershed_split.ijm", SPLIT="false", MIN_AREA=5)
    assert_array_equal(result, connected(discs((30, 30), (30, 50)), connectivity=2))


def test_area_is_in_the_unit_of_the_image_and_the_least_area_in_pixels(stock: Stock) -> None:
    calibration = Calibration(x=0.5, y=0.5, unit="mm")
    stock.open(discs((30, 30)).astype(np.float32), calibration=calibration)
    labels = stock.run("postprocessing/watershed_split.ijm", MIN_AREA=300)
    assert_allclose(stock.results()["Area"], [(labels == 1).sum() / 4])


def test_a_stack_is_labelled_through_all_slices(stock: Stock) -> None:
    mask = np.stack([discs((30, 30)), discs((30, 30), (30, 50)), discs((70, 20))])
    stock.open(mask.astype(np.float32), "ZYX")
    labels = stock.run("postprocessing/watershed_split.ijm")
    assert [list(np.unique(plane)) for plane in labels] == [[0, 1], [0, 2, 3], [0, 4]]
    assert len(stock.results()) == len(read_rois(stock.imagej)) == 4


def test_an_image_without_objects_gives_no_labels(stock: Stock) -> None:
    stock.open(np.zeros((20, 30), np.float32))
    assert not stock.run("postprocessing/watershed_split.ijm").any()
    assert len(stock.results()) == len(read_rois(stock.imagej)) == 0


def masks(shared_data: Path) -> Iterator[NDArray[Any]]:
    import tifffile

    for name in ("stardist_mask2d", "dsb2018_1f9e429c_mask", "dsb2018_bde3727f_mask"):
        yield tifffile.imread(shared_data / "images" / f"{name}.tif")


@pytest.mark.shared_data
def test_real_nuclei_are_split_as_people_see_them(stock: Stock, shared_data: Path) -> None:
    for truth in masks(shared_data):
        stock.open((truth > 0).astype(np.float32))
        labels = stock.run("postprocessing/watershed_split.ijm")
        assert match_labels(truth, labels).f1 > 0.95


def of_size(labels: NDArray[Any], least: int) -> NDArray[Any]:
    """Only the labels of `least` pixels or more, counted anew."""
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray((np.cumsum(sizes >= least) * (sizes >= least))[labels])


@pytest.mark.shared_data
@pytest.mark.parametrize("axes", ["CYX", "ZYX"])
def test_insides_of_a_class_map_become_labels(stock: Stock, shared_data: Path, axes: str) -> None:
    for truth in masks(shared_data):
        contour = find_boundaries(truth, mode="inner")
        classes = np.stack([truth == 0, (truth > 0) & ~contour, contour]).astype(np.float32)
        scores = classes * 0.5 + random().random(classes.shape).astype(np.float32) * 0.4
        stock.open(scores, axes)
        labels = stock.run("postprocessing/labels_from_contours.ijm", FILL_HOLES="false")
        expected = of_size(connected(classes[1], connectivity=2), 10)
        assert_array_equal(labels, expected)
        assert stock.titles()[-2:] == ["image", "labels"]


@pytest.mark.shared_data
def test_regions_between_contours_become_labels(stock: Stock, shared_data: Path) -> None:
    for truth in masks(shared_data):
        contour = find_boundaries(truth, mode="inner")
        stock.open(contour.astype(np.float32))
        labels = stock.run("postprocessing/labels_from_contours.ijm")
        assert_array_equal(labels, of_size(connected(~contour, connectivity=1), 10))


def test_the_composite_colours_of_a_class_map_do_not_matter(stock: Stock) -> None:
    inside = discs((30, 30), (70, 90))
    scores = np.stack([~inside, inside, np.zeros_like(inside)]).astype(np.float32)
    stock.open(scores, "CYX", display=Display(((0, 1),) * 3, (COLOURS,) * 3, "composite"))
    labels = stock.run("postprocessing/labels_from_contours.ijm")
    assert_array_equal(labels, connected(inside, connectivity=2))


def test_holes_of_objects_are_filled_and_the_inside_may_be_another_channel(stock: Stock) -> None:
    disc = discs((30, 30))
    inside = disc.copy()
    inside[28:32, 28:32] = False
    scores = np.stack([inside, ~inside]).astype(np.float32)
    stock.open(scores, "CYX")
    labels = stock.run("postprocessing/labels_from_contours.ijm", INSIDE_CHANNEL=1)
    assert_array_equal(labels, disc)


def test_regions_can_be_split_and_large_ones_dropped(stock: Stock) -> None:
    inside = discs((30, 30), (30, 50))
    stock.open(np.stack([~inside, inside]).astype(np.float32), "CYX")
    macro = "postprocessing/labels_from_contours.ijm"
    assert stock.run(macro, SPLIT="true").max() == 2
    stock.open((~inside).astype(np.float32))
    assert stock.run(macro, MAX_AREA=300).max() == 0


@pytest.mark.shared_data
def test_measures_are_those_of_scikit_image(stock: Stock, shared_data: Path) -> None:
    truth = next(masks(shared_data))
    intensity = random().random(truth.shape).astype(np.float32)
    stock.open(intensity, title="raw cells")
    stock.open(truth, calibration=Calibration(x=0.5, y=0.25, unit="mm"))
    after = stock.run("postprocessing/measure.ijm", INTENSITY_IMAGE='"raw cells"')
    assert_array_equal(after, truth)
    table = stock.results()
    properties = ("label", "area", "centroid", "bbox", "intensity_mean")
    expected = regionprops_table(truth, intensity, properties=properties)
    assert list(table.columns) == COLUMNS
    assert_array_equal(table["Object"], expected["label"])
    assert_allclose(table["Area"], expected["area"] * 0.125)
    assert_allclose(table["X"], (expected["centroid-1"] + 0.5) * 0.5)
    assert_allclose(table["Y"], (expected["centroid-0"] + 0.5) * 0.25)
    assert_array_equal(table["BX"], expected["bbox-1"])
    assert_array_equal(table["BY"], expected["bbox-0"])
    assert_array_equal(table["Width"], expected["bbox-3"] - expected["bbox-1"])
    assert_array_equal(table["Height"], expected["bbox-2"] - expected["bbox-0"])
    assert_allclose(table["Mean"], expected["intensity_mean"], rtol=1e-6)


def test_objects_of_a_stack_are_measured_slice_by_slice(stock: Stock) -> None:
    labels = np.zeros((3, 6, 8), np.float32)
    labels[0, 1:3, 2:7], labels[2, 4:, :2], labels[2, 0, 0] = 7, 2, 7
    stock.open(labels, "ZYX")
    stock.run("postprocessing/measure.ijm")
    table = stock.results()
    assert table[["Object", "Area", "Slice"]].to_numpy().tolist() == [
        [7, 10, 1],
        [2, 4, 3],
        [7, 1, 3],
    ]


def test_an_empty_label_image_has_no_rows(stock: Stock) -> None:
    stock.open(np.zeros((6, 8), np.uint16))
    stock.run("postprocessing/measure.ijm")
    assert len(stock.results()) == 0


def test_there_is_a_test_for_each_stock_macro() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    folders = (MACROS / "preprocessing", MACROS / "postprocessing")
    names = [f"{folder.name}/{file.name}" for folder in folders for file in folder.iterdir()]
    assert len(names) == 6
    assert [name for name in names if f'"{name}"' not in source] == []
