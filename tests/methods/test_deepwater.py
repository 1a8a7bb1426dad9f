"""DeepWater: markers are domes of one map, cells a watershed of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import opening, reconstruction
from skimage.segmentation import watershed

from deepimagej.errors import ImageError
from deepimagej.methods.deepwater import segment
from deepimagej.methods.morphology import disk

if TYPE_CHECKING:
    from numpy.typing import NDArray


def maps(n_cells: int, size: int = 200) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Soft discs: cores and cells."""
    rng = np.random.default_rng(n_cells)
    distance = np.full((size, size), np.inf)
    for y, x in rng.uniform(0, size, (n_cells, 2)):
        rows, columns = np.indices(distance.shape)
        distance = np.minimum(distance, np.hypot(rows - y, columns - x))
    noise = ndimage.gaussian_filter(rng.normal(0, 0.2, distance.shape), 2)
    sure = 1 / (1 + np.exp(distance[None] - [[[4]], [[10]]])) + noise
    markers, cells = sure.clip(0, 1).astype(np.float32)
    return markers, cells


def test_the_labels_are_the_watershed_of_scikit_image() -> None:
    markers, cells = maps(40)
    around = disk(3)
    opened = opening(np.pad(markers, 3, "edge"), around)[3:-3, 3:-3]
    height = np.float32(3 / 255)
    tops = opened - reconstruction(opened - height, opened, footprint=around) > 0
    tops &= markers >= 240 / 255
    expected = watershed(-cells, label(tops), connectivity=2, mask=(cells >= 156 / 255) | tops)
    assert expected.max() > 25
    assert_array_equal(segment(markers, cells, has_dams=False), expected)
    dammed = segment(markers, cells)
    assert_array_equal(dammed[dammed > 0], expected[dammed > 0])
    assert 0 < np.count_nonzero((dammed == 0) & (expected > 0)) < 0.05 * dammed.size


@pytest.mark.parametrize("n_cells", [1, 300])
def test_one_cell_and_many(n_cells: int) -> None:
    markers, cells = maps(n_cells)
    found = segment(markers, cells, marker_thresh=0.5, cell_thresh=0.5, radius=0)
    # Cells whose cores touch are one.
    assert (1 if n_cells == 1 else 100) <= found.max() <= n_cells


@pytest.mark.parametrize("value", [0, 1])
def test_an_empty_map_has_no_cell_and_a_saturated_one_is_a_single_cell(value: int) -> None:
    flat = np.full((20, 30), value, np.float32)
    assert_array_equal(segment(flat, flat), flat)


def test_maps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ImageError) as caught:
        segment(np.zeros((3, 4)), np.zeros((4, 4)))
    assert caught.value.message == (
        "A marker map of shape (3, 4) and a cell map of shape (4, 4) do not fit each other."
    )
    assert caught.value.hint == "Give both as (Y, X), of one size."
