"""The values at given ranks are those that sorting gives, whatever their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from deepimagej.processing.selection import smallest

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64", ">u2", ">i4", ">f4", ">f8",
)  # fmt: skip


def selected(values: NDArray[Any], ranks: list[int]) -> NDArray[Any]:
    return smallest(lambda: np.array_split(values, 3), values.dtype, ranks)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1.0, 30.0, 1e4]), count=st.integers(3, 60))
@settings(max_examples=30, deadline=None)
def test_ranks_are_those_of_the_sorted_values(
    dtype: str, seed: int, scale: float, count: int
) -> None:
    values = np.random.default_rng(seed).normal(0, scale, count)
    kind = np.dtype(dtype)
    if kind.kind == "u":
        values = np.abs(values)
    if kind.kind in "iu":
        values = np.clip(values, np.iinfo(kind).min, np.iinfo(kind).max)
    stored = values.astype(kind)
    assert_array_equal(selected(stored, list(range(count))), np.sort(stored))


def test_extreme_numbers_are_in_their_order() -> None:
    ends = [-np.inf, np.finfo(np.float32).min, -1e-45, 0.0, 1e-45, 1.0, np.inf]
    values = np.array(ends[::-1], np.float32)
    assert_array_equal(selected(values, list(range(7))), np.array(ends, np.float32))
    integers = np.array([2**63 - 1, -(2**63), -1, 0], np.int64)
    assert_array_equal(selected(integers, [0, 1, 2, 3]), np.sort(integers))


def test_equal_values_fill_their_ranks() -> None:
    values = np.array([2.5] * 5 + [-1.25] * 4, np.float32)
    assert selected(values, [0, 3, 4, 8]).tolist() == [-1.25, -1.25, 2.5, 2.5]
