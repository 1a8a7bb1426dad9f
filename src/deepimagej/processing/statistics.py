"""Statistics over some axes of an array, and the scaling that uses them.

Everything is computed in float64: float32 sums lose digits on large images, and float32
differences do where the mean is far above the standard deviation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

Reduced = tuple[int, ...]
"""The axes that a statistic is computed over jointly."""

_SLAB = 1 << 20
"""Elements that are widened to float64 at a time: 8 MB instead of twice the image."""


def percentiles(
    values: NDArray[Any],
    percents: tuple[float, ...],
    axes: Reduced,
    *,
    method: Literal["linear", "inverted_cdf"] = "linear",
) -> tuple[NDArray[np.float64], ...]:
    """Percentiles of `values` over `axes`, which stay with length 1."""
    inner = [percent for percent in percents if 0 < percent < 100]
    found = {}
    if 0 in percents:
        found[0.0] = values.min(axis=axes, keepdims=True)
    if 100 in percents:
        found[100.0] = values.max(axis=axes, keepdims=True)
    if inner:
        # The fractions must be float64: as float32 they miss the rank in arrays over 2**24.
        fractions = np.asarray(inner, dtype=np.float64) / 100
        narrow = values.dtype in (np.dtype(np.float16), np.dtype(np.bool_))
        wide = values.astype(np.float32) if narrow else values
        rows = np.quantile(wide, fractions, axis=axes, keepdims=True, method=method)
        found.update(zip(inner, rows, strict=True))
    return tuple(np.asarray(found[percent], dtype=np.float64) for percent in percents)


def mean_std(
    values: NDArray[Any], axes: Reduced
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (of the population) over `axes`, which stay with length 1."""
    mean = values.mean(axis=axes, dtype=np.float64, keepdims=True)
    count = np.prod([values.shape[axis] for axis in axes], dtype=np.int64)
    squares = np.zeros(mean.shape, dtype=np.float64)
    # Along a kept axis the slabs fill parts of `squares`, along a reduced one they add up.
    axis = _longest(values)
    for slab in _slabs(values, axis):
        place = slab if mean.shape[axis] > 1 else (slice(None),) * values.ndim
        deviations = values[slab] - mean[place]
        np.square(deviations, out=deviations)
        squares[place] += deviations.sum(axis=axes, keepdims=True)
    return mean, np.sqrt(squares / count)


def pointwise(
    values: NDArray[Any],
    function: Callable[..., NDArray[Any]],
    *parameters: NDArray[np.float64],
    whole: int | None = None,
) -> NDArray[Any]:
    """`function` of the values in float64: ``function(values, *parameters)``.

    Parameters
    ----------
    function
        Takes a float64 array that it may change, and the parameters cut to match.
    parameters
        Arrays with the axes of `values`, each of full length or 1.
    whole
        The axis that `function` must see whole.

    Returns
    -------
    A new array: float64 if `values` are float64, else float32.
    """
    result = np.empty(values.shape, dtype=real_type(values.dtype))
    axis = _longest(values, whole)
    for slab in _slabs(values, axis):
        cut = [p[slab] if p.shape[axis] > 1 else p for p in parameters]
        result[slab] = function(values[slab].astype(np.float64), *cut)
    return result


def real_type(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    """Type of the result for values of `dtype`."""
    return np.float64 if dtype == np.float64 else np.float32


def _longest(values: NDArray[Any], whole: int | None = None) -> int:
    """The longest axis, `whole` only where it is the only one."""
    lengths = [0 if axis == whole else length for axis, length in enumerate(values.shape)]
    return int(np.argmax(lengths))


def _slabs(values: NDArray[Any], axis: int) -> Iterator[tuple[slice, ...]]:
    """Slices along `axis` that hold about `_SLAB` elements each."""
    length = values.shape[axis]
    rows = max(1, _SLAB // max(1, values.size // length))
    before = (slice(None),) * axis
    for start in range(0, length, rows):
        yield (*before, slice(start, start + rows))
