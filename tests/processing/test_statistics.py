"""Percentiles are numpy's to the last bit, means those of numpy; neither depends on the layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.axes import AxisName
from deepimagej.processing import Tensor, bind, statistics
from deepimagej.processing.statistics import mean_std, percentiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.processing.chain import Chain

AXES = [(0, 1, 2), (1, 2), (0, 2), (0,), (2,), ()]
DTYPES = ["uint8", "uint16", "int16", "int32", "float32", "float64", "float16", "bool"]


def chain_of(values: NDArray[Any]) -> Chain:
    names = (AxisName.CHANNEL, AxisName.Y, AxisName.X)
    return bind([], Tensor(values, ("c", "y", "x"), names), {})


def drawn(seed: int, dtype: str, *shape: int) -> NDArray[Any]:
    values = np.random.default_rng(seed).gamma(2.0, 12.0, shape)
    return (values > 20 if dtype == "bool" else values).astype(dtype)


def numpys(
    values: NDArray[Any], percent: float, axes: tuple[int, ...], method: Any
) -> NDArray[np.float64]:
    wide = values.astype(np.float32) if values.dtype in (np.float16, np.bool_) else values
    fraction = np.asarray([percent]) / 100
    found = np.quantile(wide, fraction, axis=axes, keepdims=True, method=method)[0]
    return np.asarray(found, dtype=np.float64)


@pytest.mark.parametrize("slab", [8, 1 << 20])
@pytest.mark.parametrize("dtype", DTYPES)
@given(
    seed=st.integers(0, 99),
    axes=st.sampled_from(AXES),
    percent=st.one_of(st.sampled_from([0, 50, 100, 99.8]), st.floats(0, 100)),
    method=st.sampled_from(["linear", "inverted_cdf"]),
    order=st.permutations([0, 1, 2]),
)
@settings(max_examples=25, deadline=None)
def test_percentiles_are_numpys(
    dtype: str,
    slab: int,
    seed: int,
    axes: tuple[int, ...],
    percent: float,
    method: Literal["linear", "inverted_cdf"],
    order: list[int],
) -> None:
    values = drawn(seed, dtype, 3, 5, 7)
    view = values.transpose(order).copy().transpose(np.argsort(order))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_SLAB", slab)
        (found,) = percentiles(chain_of(view), (percent,), axes, method=method)
    if axes:
        assert found.tobytes() == numpys(values, percent, axes, method).tobytes()
    else:
        assert_array_equal(found, values.astype(np.float64))


def test_percentiles_between_far_integers_do_not_wrap() -> None:
    values = np.array([-100, 100], np.int8).reshape(1, 1, 2)
    (found,) = percentiles(chain_of(values), (50,), (0, 1, 2))
    assert found.item() == 0.0


@pytest.mark.parametrize("dtype", ["float32", "uint16"])
def test_percentiles_of_a_large_image_are_numpys(dtype: str) -> None:
    values = drawn(1, dtype, 2, 1100, 1300)
    turned = np.ascontiguousarray(values.transpose(2, 1, 0)).transpose(2, 1, 0)
    for axes in ((0, 1, 2), (1, 2)):
        low, high = percentiles(chain_of(turned), (1, 99.8), axes)
        assert low.tobytes() == numpys(values, 1, axes, "linear").tobytes()
        assert high.tobytes() == numpys(values, 99.8, axes, "linear").tobytes()


@pytest.mark.parametrize("axes", AXES[:-1])
@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64"])
def test_mean_and_deviation_are_numpys_whatever_the_layout(
    dtype: str, axes: tuple[int, ...]
) -> None:
    values = drawn(2, dtype, 3, 130, 170)
    exact = values.astype(np.float64)
    mean, std = mean_std(chain_of(values), axes)
    assert_allclose(mean, exact.mean(axis=axes, keepdims=True), rtol=1e-14)
    assert_allclose(std, exact.std(axis=axes, keepdims=True), rtol=1e-12)
    turned = mean_std(chain_of(np.asfortranarray(values)), axes)
    assert_array_equal(turned[0], mean)
    assert_array_equal(turned[1], std)


def test_a_sum_does_not_depend_on_where_slabs_end() -> None:
    values = drawn(3, "float32", 1, 700, 901) ** 9
    whole = mean_std(chain_of(values), (0, 1, 2))[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_SLAB", 5000)
        assert_array_equal(mean_std(chain_of(values), (0, 1, 2))[0], whole)
