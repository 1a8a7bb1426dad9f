"""Watersheds: labels are those of scikit-image, dams are where they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage.draw import disk
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from deepimagej.methods.morphology import CHAMFERS
from deepimagej.methods.watersheds import domes, flood, split_by_distance, sunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

rng = np.random.default_rng(2)


def discs(*centres: tuple[int, int], radius: int = 12, size: int = 80) -> NDArray[np.uint8]:
    mask = np.zeros((size, size), np.uint8)
    for centre in centres:
        mask[disk(centre, radius, shape=mask.shape)] = 255
    return mask


TWO = discs((30, 30), (30, 50))


@pytest.mark.parametrize("diagonal", [True, False])
@pytest.mark.parametrize("shape", [(60, 70), (6, 30, 40)])
def test_floods_are_the_watershed_of_scikit_image(shape: tuple[int, ...], diagonal: bool) -> None:
    image = ndimage.gaussian_filter(rng.random(shape), 2).astype(np.float32)
    markers, mask = rng.random(shape) > 0.99, image > np.percentile(image, 20)
    connectivity = len(shape) if diagonal else 1
    expected = watershed(
        image, label(markers, connectivity=connectivity), connectivity=connectivity, mask=mask
    )
    found = flood(image, markers, mask=mask, has_dams=False, diagonal=diagonal)
    assert_array_equal(found, expected)
    dammed = flood(image, markers, mask=mask, diagonal=diagonal)
    assert_array_equal(dammed[dammed > 0], expected[dammed > 0])
    structure = ndimage.generate_binary_structure(len(shape), connectivity)
    highest = ndimage.maximum_filter(dammed, footprint=structure)
    lowest = ndimage.minimum_filter(np.where(dammed, dammed, 9999), footprint=structure)
    assert_array_equal(highest[dammed > 0], lowest[dammed > 0])  # no two labels touch
    assert np.count_nonzero(dammed) > 0.6 * np.count_nonzero(expected)


def test_markers_with_numbers_keep_them() -> None:
    markers = np.zeros((1, 9))
    markers[0, 1], markers[0, 7] = 12, 5
    image = np.array([[0, 1, 2, 3, 4, 3, 2, 1, 0]])
    found = flood(image, markers, is_binary=False)
    assert found.tolist() == [[12, 12, 12, 12, 0, 5, 5, 5, 5]]


def test_without_markers_nothing_is_flooded() -> None:
    assert not flood(np.zeros((5, 6)), np.zeros((5, 6))).any()


def test_sunk_markers_flood_from_a_peak_at_once() -> None:
    image = np.array([[9.0, 5, 4, 3, 2, 1]])
    markers = np.array([[1, 0, 0, 0, 0, 1]])
    assert flood(image, markers, has_dams=False).tolist() == [[1, 2, 2, 2, 2, 2]]
    assert flood(sunk(image, markers), markers, has_dams=False).tolist() == [[1, 1, 2, 2, 2, 2]]


def test_domes_are_what_rises_above_its_surroundings() -> None:
    image = np.array([[0, 1, 5, 1, 3, 2.5, 0]])
    assert_allclose(domes(image, 2), [[0, 0, 2, 0, 2, 1.5, 0]])
    noise = ndimage.gaussian_filter(rng.random((60, 60)), 2) * 100
    tops = domes(noise, 1.5) >= np.float32(1.5)
    assert_array_equal(label(tops).max(), label(h_maxima(noise, 1.5)).max())


@pytest.mark.parametrize("weights", CHAMFERS)
def test_discs_that_touch_are_split_where_they_meet(weights: str) -> None:
    labels = split_by_distance(TWO, CHAMFERS[weights])
    assert labels.max() == 2
    assert labels[30, 30] != labels[30, 50]
    dams = (TWO > 0) & (labels == 0)
    assert set(np.nonzero(dams)[1]) <= {39, 40, 41}


def test_a_high_dynamic_and_distances_in_units_of_the_weights_change_what_is_split() -> None:
    near = discs((30, 30), (30, 34))
    assert split_by_distance(TWO, (3, 4), dynamic=9).max() == 1
    assert split_by_distance(TWO, (3, 4), dynamic=9, normalize=False).max() == 2
    assert split_by_distance(near, (3, 4)).max() == 1


@pytest.mark.parametrize(
    ("mask", "count"),
    [(np.zeros((9, 9)), 0), (np.ones((9, 9)), 1), (discs((0, 0), (79, 79)), 2)],
)
def test_empty_full_and_cut_masks(mask: NDArray[np.uint8], count: int) -> None:
    labels = split_by_distance(mask, (3, 4))
    assert labels.max() == count
    assert_array_equal(labels > 0, mask > 0)
