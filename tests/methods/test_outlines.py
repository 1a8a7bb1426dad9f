"""Outlines of labels: they enclose the px of their object."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deepimagej.methods.outlines import outlines
from deepimagej.methods.polygons import paint


def test_the_outline_of_a_px_is_its_four_sides() -> None:
    labels = np.zeros((5, 6), np.int32)
    labels[2, 3] = 7
    [(label, corners)] = outlines(labels)
    assert label == 7
    assert_array_equal(corners, [[3, 2], [4, 2], [4, 3], [3, 3]])


@pytest.mark.parametrize("seed", range(10))
def test_an_outline_encloses_the_px_of_its_object(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:40, :50]
    labels = np.zeros((40, 50), np.int32)
    for label in range(1, 8):
        top, left, radius = rng.uniform(0, 40), rng.uniform(0, 50), rng.uniform(2, 9)
        disc = np.hypot(y - top, x - left) < radius
        labels[disc & (labels == 0)] = label
    for label, corners in outlines(labels):
        inside = paint(corners.T[np.newaxis, ::-1] - 0.5, (40, 50)) > 0
        own = labels == label
        assert np.count_nonzero(own & inside) >= np.count_nonzero(own) / 4
        assert not (inside & (labels == 0)).any()  # these objects have no holes but other objects


def test_of_an_object_in_parts_the_largest_is_outlined() -> None:
    labels = np.zeros((9, 9), np.int32)
    labels[0, 0] = labels[1, 1] = 1  # they meet at a corner only
    labels[4:8, 3:6] = 1
    [(_, corners)] = outlines(labels)
    assert_array_equal(corners, [[3, 4], [6, 4], [6, 8], [3, 8]])


def test_a_hole_is_within_the_outline() -> None:
    labels = np.ones((5, 5), np.int32)
    labels[2, 2] = 0
    [(_, corners)] = outlines(labels)
    assert_array_equal(corners, [[0, 0], [5, 0], [5, 5], [0, 5]])


def test_an_empty_image_has_no_outline() -> None:
    assert list(outlines(np.zeros((3, 4), np.int32))) == []
