"""Resized images: linear between the centres of px."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.methods.resizing import resize


@pytest.mark.parametrize("shape", [(10, 14), (13, 31), (3, 4), (1, 1), (5, 7)])
def test_a_ramp_stays_a_ramp(shape: tuple[int, int]) -> None:
    y, x = np.mgrid[:5, :7]
    ramps = np.stack([y, x]).astype(float)
    resized = resize(ramps, shape)
    assert resized.shape == (2, *shape)
    for ramp, size, old, axis in ((resized[0], shape[0], 5, 1), (resized[1], shape[1], 7, 0)):
        expected = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        assert_allclose(ramp.take(0, axis), expected, atol=1e-6)


def test_the_same_size_gives_the_same_values() -> None:
    values = np.random.default_rng(0).random((3, 5, 7)).astype(np.float32)
    assert_array_equal(resize(values, (5, 7)), values)


def test_half_the_size_is_the_mean_of_two_px() -> None:
    assert_allclose(resize(np.arange(8.0)[np.newaxis], (1, 4)), [[0.5, 2.5, 4.5, 6.5]])
