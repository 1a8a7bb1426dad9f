"""Morphology by MorphoLibJ's names, against scikit-image, SciPy and plain definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from deepimagej.methods.morphology import (
    CHAMFERS,
    ELEMENTS,
    FILTERS,
    chamfer_distances,
    disk,
    fill_grey_holes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

rng = np.random.default_rng(3)
IMAGE = rng.integers(0, 256, (31, 40)).astype(np.uint8)


def drawn(element: NDArray[np.bool_]) -> str:
    return " ".join("".join("#" if px else "." for px in row) for row in element)


def test_the_disk_is_that_of_imagejs_rank_filters() -> None:
    assert drawn(disk(1)) == "### ### ###"
    assert drawn(disk(2)) == ".###. ##### ##### ##### .###."
    assert [int(disk(radius).sum()) for radius in (3, 5, 10)] == [37, 89, 325]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Square", "##### ##### ##### ##### #####"),
        ("Diamond", "..#.. .###. ##### .###. ..#.."),
        ("Octagon", ".###. ##### ##### ##### .###."),
        ("Horizontal Line", "#####"),
        ("Vertical Line", "# # # # #"),
        ("Line 45 degrees", "....# ...#. ..#.. .#... #...."),
        ("Line 135 degrees", "#.... .#... ..#.. ...#. ....#"),
    ],
)
def test_elements_have_their_shapes(name: str, shape: str) -> None:
    assert drawn(ELEMENTS[name](2)) == shape


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("Erosion", ndimage.grey_erosion),
        ("Dilation", ndimage.grey_dilation),
        ("Opening", ndimage.grey_opening),
        ("Closing", ndimage.grey_closing),
        ("White Top Hat", ndimage.white_tophat),
        ("Black Top Hat", ndimage.black_tophat),
        ("Gradient", ndimage.morphological_gradient),
    ],
)
def test_filters_are_those_of_scipy(name: str, reference: Any, element: str) -> None:
    footprint = ELEMENTS[element](3)
    found = FILTERS[name](IMAGE, footprint)
    expected = reference(IMAGE, footprint=footprint)
    assert found.dtype == np.uint8
    assert_array_equal(found[7:-7, 7:-7], expected[7:-7, 7:-7])


def test_what_lies_beyond_the_border_does_not_count() -> None:
    element = ELEMENTS["Line 135 degrees"](1)
    image = np.array([[5, 1, 9], [7, 3, 2]], np.uint8)
    assert FILTERS["Erosion"](image, element).tolist() == [[3, 1, 9], [7, 3, 1]]
    assert FILTERS["Dilation"](image, element).tolist() == [[5, 2, 9], [7, 5, 2]]


def test_gradients_add_up_and_the_laplacian_is_around_128() -> None:
    element = disk(2)
    inner, outer = (
        FILTERS[f"{side} Gradient"](IMAGE, element) for side in ("Internal", "External")
    )
    assert_array_equal(inner.astype(int) + outer, FILTERS["Gradient"](IMAGE, element))
    whole = FILTERS["Laplacian"](IMAGE, element)
    assert_array_equal(whole, (outer.astype(int) - inner + 128).clip(0, 255))
    real = FILTERS["Laplacian"](IMAGE.astype(np.float32), element)
    assert_array_equal(real, outer.astype(np.float32) - inner)


def test_holes_are_filled_as_far_as_the_lowest_way_out() -> None:
    image = np.full((7, 7), 50, np.uint8)
    image[1:6, 1:6] = 200
    image[3, 3] = 10
    image[5, 3] = 120
    filled = fill_grey_holes(image)
    expected = image.copy()
    expected[3, 3] = 200
    assert_array_equal(filled, expected)
    mask = rng.random((40, 40)) > 0.45
    filled = fill_grey_holes(mask.astype(np.uint8)) > 0
    assert_array_equal(filled, ndimage.binary_fill_holes(mask))


@pytest.mark.parametrize(
    ("name", "metric"), [("Chessboard (1,1)", "chessboard"), ("City-Block (1,2)", "taxicab")]
)
def test_simple_chamfer_distances_are_those_of_scipy(name: str, metric: str) -> None:
    mask = rng.random((50, 60)) > 0.05
    expected = ndimage.distance_transform_cdt(mask, metric)
    assert_array_equal(chamfer_distances(mask, CHAMFERS[name]), expected)


@pytest.mark.parametrize("name", list(CHAMFERS)[2:])
def test_chamfer_distances_are_near_the_euclidean_one(name: str) -> None:
    mask = np.ones((81, 81), bool)
    mask[40, 40] = False
    weights = CHAMFERS[name]
    found = chamfer_distances(mask, weights) / weights[0]
    y, x = np.indices(mask.shape) - 40
    assert_allclose(found, np.hypot(y, x), rtol=0.083)
    assert_array_equal(found, found[::-1])
    assert_array_equal(found, found.T)


def test_without_a_px_outside_there_is_no_distance() -> None:
    assert np.isinf(chamfer_distances(np.ones((4, 5), bool), (3, 4))).all()


def test_an_element_larger_than_the_image_is_no_error() -> None:
    small = IMAGE[:3, :2]
    assert_array_equal(FILTERS["Dilation"](small, disk(9)), np.full((3, 2), small.max()))
    assert_array_equal(FILTERS["Erosion"](small, disk(9)), np.full((3, 2), small.min()))
    assert FILTERS["Opening"](small, disk(9)).shape == (3, 2)
