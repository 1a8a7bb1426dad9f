"""Statistics over some axes of a tensor, of a chain's values as they come, piece by piece.

Sums are taken in float64: float32 sums lose digits on large images, and float32 differences do
where the mean is far above the standard deviation. The pieces are always the same ones, so the
bits depend neither on the layout of the array nor on whether it was ever made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepimagej.processing.chain import WIDE, Pointwise, boxes, lengths, matching, shifted
from deepimagej.processing.selection import smallest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from deepimagej.processing.chain import Box, Chain

Reduced = tuple[int, ...]
"""The axes that a statistic is computed over jointly."""

Method = Literal["linear", "inverted_cdf"]

_SLAB = 1 << 20
"""Elements that are read at a time: 8 MB where they are widened to float64."""

_SUMMED = 1 << 13
"""Elements that numpy sums up pairwise where it casts to float64; such sums it adds in turn."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """Some groups of values, each to have its own statistic; one group if they are large."""

    chain: Chain
    axes: Reduced
    box: Box
    """Holds the groups: its edges along the axes kept apart, everything along the others."""

    @property
    def kept(self) -> Box:
        """Where their statistics stand in an array of all statistics."""
        return tuple(
            slice(None) if axis in self.axes else side for axis, side in enumerate(self.box)
        )

    @property
    def count(self) -> int:
        """Elements of a group."""
        return math.prod(self.chain.shape[axis] for axis in self.axes)

    @property
    def number(self) -> int:
        return math.prod(lengths(self.box)) // max(1, self.count)

    def rows(self) -> Iterator[NDArray[Any]]:
        """The values, a row for each group, in pieces of about `_SLAB`; one piece if it is one."""
        others = [axis for axis in range(len(self.box)) if axis not in self.axes]
        for piece in boxes(lengths(self.box), _SLAB):
            values = self.chain.read(shifted(piece, self.box))
            yield values.transpose(*others, *self.axes).reshape(self.number, -1)


def percentiles(
    chain: Chain, percents: Sequence[float], axes: Reduced, *, method: Method = "linear"
) -> tuple[NDArray[np.float64], ...]:
    """Percentiles of the chain's values over `axes`, which stay with length 1.

    Exact: those of ``numpy.quantile``, bit for bit.
    """
    shape = _reduced_shape(chain, axes)
    found = tuple(np.empty(shape) for _ in percents)
    for groups in _groups(chain, axes):
        between = [_between(groups.count, percent / 100, method) for percent in percents]
        ranks = sorted({rank for low, high, _ in between for rank in (low, high)})
        ordered = dict(zip(ranks, _order_statistics(groups, ranks), strict=True))
        for statistic, (low, high, share) in zip(found, between, strict=True):
            target = statistic[groups.kept]
            target[...] = _between_values(ordered[low], ordered[high], share).reshape(target.shape)
    return found


def mean_std(chain: Chain, axes: Reduced) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation (of the population) over `axes`, which stay with length 1."""
    mean = np.empty(_reduced_shape(chain, axes))
    for groups in _groups(chain, axes):
        target = mean[groups.kept]
        target[...] = (_sums(groups) / groups.count).reshape(target.shape)
    squared = chain.then(Pointwise(_squared_deviation, WIDE, (mean,)))
    squares = np.zeros(mean.shape)
    # Along a kept axis the slabs fill parts of `squares`, along a reduced one they add up.
    for slab in _slabs(chain):
        place = matching(squares, slab)
        squares[place] += squared.part(slab).sum(axis=axes, keepdims=True)
    count = math.prod(chain.shape[axis] for axis in axes)
    return mean, np.sqrt(squares / count)


def _squared_deviation(x: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[Any]:
    x -= mean
    np.square(x, out=x)
    return x


def _groups(chain: Chain, axes: Reduced) -> Iterator[_Groups]:
    for box in boxes(chain.shape, _SLAB, whole=axes):
        yield _Groups(chain, axes, box)


def _reduced_shape(chain: Chain, axes: Reduced) -> tuple[int, ...]:
    return tuple(1 if axis in axes else length for axis, length in enumerate(chain.shape))


def _sums(groups: _Groups) -> NDArray[np.float64]:
    """The sum of each group, in the order in which numpy sums a contiguous float32 array."""
    total = np.zeros(groups.number)
    rest = np.empty((groups.number, 0), dtype=groups.chain.dtype)
    for rows in groups.rows():
        values = np.concatenate([rest, rows], axis=1) if rest.size else rows
        ready = values.shape[1] // _SUMMED * _SUMMED
        blocks = values[:, :ready].reshape(len(values), ready // _SUMMED, _SUMMED)
        for block in blocks.sum(axis=2, dtype=np.float64).T:
            total += block
        rest = values[:, ready:]
    total += rest.sum(axis=1, dtype=np.float64)
    return total


def _slabs(chain: Chain) -> Iterator[Box]:
    """Slabs across the longest axis that hold about `_SLAB` elements each."""
    axis = int(np.argmax(chain.shape))
    others = tuple(place for place in range(len(chain.shape)) if place != axis)
    return boxes(chain.shape, _SLAB, whole=others)


def _between(count: int, fraction: float, method: Method) -> tuple[int, int, float]:
    """The ranks that a percentile of `count` values lies between, and the share of the second."""
    if method == "inverted_cdf":
        rank = max(0, math.ceil(count * fraction - 1))
        return rank, rank, 0.0
    virtual = (count - 1) * fraction
    rank = math.floor(virtual)
    share = virtual - rank
    return rank, rank + 1 if share else rank, share


def _between_values(low: NDArray[Any], high: NDArray[Any], share: float) -> NDArray[np.float64]:
    """Between two values in order, by numpy's formula, which favours the nearer one."""
    kind = _difference_type(low.dtype)
    low, high = low.astype(kind), high.astype(kind)
    if share:
        second = np.float64(share)
        step = high - low
        low = high - step * (1 - second) if share >= 0.5 else low + step * second
    found: NDArray[np.float64] = low.astype(np.float64)
    return found + 0.0  # which of 0 and -0 comes first in an array is nobody's choice


def _difference_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Type that holds the difference of two values; numpy lets the small integers wrap."""
    if dtype.kind in "iu" and dtype.itemsize < 8:
        return np.dtype(np.float64)
    return np.promote_types(dtype, np.float32) if dtype.kind in "bf" else dtype


def _order_statistics(groups: _Groups, ranks: Sequence[int]) -> Iterator[NDArray[Any]]:
    """For each of `ranks` the value of every group that stands there when they are sorted."""
    last = groups.count - 1
    if set(ranks) <= {0, last}:
        extremes = [(rows.min(axis=1), rows.max(axis=1)) for rows in groups.rows()]
        lows, highs = zip(*extremes, strict=True)
        ends = {last: np.max(highs, axis=0), 0: np.min(lows, axis=0)}
        yield from (ends[rank] for rank in ranks)
    elif groups.number > 1:
        (rows,) = groups.rows()
        yield from np.partition(rows, ranks, axis=1)[:, ranks].T
    else:
        found = smallest(lambda: (rows[0] for rows in groups.rows()), groups.count, ranks)
        yield from (np.array([found[rank]]) for rank in ranks)
