"""Painted polygons: the px are scikit-image's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage.draw import polygon

from deepimagej.methods.polygons import paint

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = (60, 50)


def reference(polygons: NDArray[Any]) -> NDArray[np.int32]:
    labels = np.zeros(SHAPE, np.int32)
    for number, (y, x) in enumerate(polygons):
        labels[polygon(y, x, SHAPE)] = number + 1
    return labels


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("step", [None, 1, 0.5])
def test_px_are_those_of_scikit_image(seed: int, step: float | None) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-15, 75, (int(rng.integers(1, 12)), 2, int(rng.integers(3, 20))))
    if step is not None:  # corners and edges that hit the centres of px
        corners = np.round(corners / step) * step
    corners = corners.astype(np.float32)
    assert_array_equal(paint(corners, SHAPE), reference(corners))


def test_what_is_painted_later_lies_on_top() -> None:
    square = np.array([[2, 2, 8, 8], [2, 8, 8, 2]], float)
    both = np.stack([square, square + 3])
    assert paint(both, SHAPE)[6, 6] == 2
    assert paint(both, SHAPE, order=[1, 0])[6, 6] == 1


def test_no_polygon_paints_nothing() -> None:
    assert not paint(np.zeros((0, 2, 8)), (3, 4)).any()


def test_a_polygon_outside_the_image_paints_nothing() -> None:
    square = np.array([[[-9, -9, -5, -5], [2, 8, 8, 2]], [[70, 70, 80, 80], [2, 8, 8, 2]]], float)
    assert not paint(square, SHAPE).any()
