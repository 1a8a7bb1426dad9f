"""The values at given ranks are those that sorting gives, whatever their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from deepimagej.processing import selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

DTYPES = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64", ">u2", ">i4", ">f4", ">f8",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small_samples() -> Iterator[None]:
    """A few values are many, so that small arrays go through samples that may mislead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_FEW", 4)
        patch.setattr(selection, "_BLOCK", 5)
        yield


def selected(values: NDArray[Any], ranks: list[int]) -> list[Any]:
    found = selection.smallest(lambda: np.array_split(values, 3), values.size, ranks)
    assert list(found) == ranks
    return [found[rank] for rank in ranks]


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1.0, 30.0, 1e4]),
    count=st.integers(1, 90),
    kept=st.sampled_from([0, 3, 1 << 22]),
    deviations=st.sampled_from([0, 5]),
    data=st.data(),
)
@settings(max_examples=30, deadline=None)
def test_ranks_are_those_of_the_sorted_values(
    dtype: str,
    seed: int,
    scale: float,
    count: int,
    kept: int,
    deviations: int,
    data: st.DataObject,
) -> None:
    values = np.random.default_rng(seed).normal(0, scale, count)
    kind = np.dtype(dtype)
    if kind.kind == "u":
        values = np.abs(values)
    if kind.kind in "iu":
        values = np.clip(values, np.iinfo(kind).min, np.iinfo(kind).max)
    stored = values.astype(kind)
    ranks = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_KEPT", kept)
        patch.setattr(selection, "_DEVIATIONS", deviations)
        assert_array_equal(selected(stored, ranks), np.sort(stored)[ranks])


@given(numbers=st.lists(st.floats(width=32), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_floating_point_numbers_are_in_their_order(numbers: list[float]) -> None:
    values = np.array(numbers, np.float32)
    assert_array_equal(selected(values, list(range(values.size))), np.sort(values))


def test_a_sample_that_misses_all_but_one_value_does_not_matter() -> None:
    values = np.zeros(1000, np.float32)
    values[np.arange(1000) % (round(1000 ** (1 / 3)) | 1) != 0] = np.arange(909)
    found = selection.smallest(lambda: [values], 1000, [200, 500, 999])
    assert list(found.values()) == np.sort(values)[[200, 500, 999]].tolist()


def test_equal_values_fill_their_ranks() -> None:
    values = np.array([2.5] * 50 + [-1.25] * 40, np.float32)
    assert selected(values, [0, 39, 40, 89]) == [-1.25, -1.25, 2.5, 2.5]
