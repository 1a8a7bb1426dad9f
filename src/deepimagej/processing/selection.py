"""The k-th smallest of many values, without a copy of them and without sorting them.

A sample of the values, sorted, tells two values that very likely enclose the one looked for, and
not much else. One pass over all values counts those below, at and above the two, and keeps those
between: the value is among these or, as the counts tell, one of the two or elsewhere, where the
same is done again. The answer is exact whatever the sample was.

After Floyd and Rivest, "Expected time bounds for selection" (1975). Measured on 4096 x 4096 px: 2
(constant, uint8) to 10 times (noise, float32) as fast as ``numpy.quantile``, and faster than
counting the digits of the values, most where many are equal.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Pieces = Callable[[], Iterable[NDArray[Any]]]

_FEW = 1 << 15
"""Values that are copied and partitioned at once."""

_KEPT = 1 << 22
"""Values between two that are kept: with more of them the pass over all is repeated."""

_BLOCK = 1 << 17
"""Values that are compared at a time: they and the answers stay in the cache."""

_DEVIATIONS = 5
"""Standard deviations of a sample's rank that a value looked for is allowed."""


def smallest(pieces: Pieces, count: int, ranks: Sequence[int]) -> dict[int, Any]:
    """The values that stand at `ranks` (0: the least) when all are sorted, by their ranks.

    Parameters
    ----------
    pieces
        Gives all values, in (N,) arrays of one type, anew at each call. NaN is greater than all
        numbers.
    count
        How many values there are.
    """
    sample = _sample(pieces, count) if count > _FEW else None
    if sample is None or not sample.size:
        values = np.concatenate(list(pieces()))
        values.partition(ranks)
        return {rank: values[rank] for rank in ranks}
    brackets = list(_brackets(sample, count, ranks))
    for piece in pieces():
        for start in range(0, piece.size, _BLOCK):
            for bracket in brackets:
                bracket.take(piece[start : start + _BLOCK])
    found: dict[int, Any] = {}
    for bracket in brackets:
        found |= bracket.settled(pieces, count)
    return found


@dataclass(slots=True)
class _Bracket:
    """Two values that should enclose those at `ranks`, and how many values lie where."""

    low: Any
    high: Any
    ranks: list[int]
    below_low: int = 0
    upto_low: int = 0
    below_high: int = 0
    upto_high: int = 0
    between: list[NDArray[Any]] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether `between` has all the values between."""
        return self.below_high - self.upto_low <= _KEPT

    def take(self, values: NDArray[Any]) -> None:
        """Count some values, and keep those between."""
        is_upto_low = values <= self.low
        is_below_high = values < self.high
        self.below_low += int(np.count_nonzero(values < self.low))
        self.upto_low += int(np.count_nonzero(is_upto_low))
        self.below_high += int(np.count_nonzero(is_below_high))
        self.upto_high += int(np.count_nonzero(values <= self.high))
        if self.is_kept:
            self.between.append(values[is_below_high & ~is_upto_low])
        else:
            self.between.clear()

    def settled(self, pieces: Pieces, count: int) -> dict[int, Any]:
        """The values at `ranks`, after all `count` values were taken."""
        ends = (self.below_low, self.upto_low, self.below_high, self.upto_high, count)
        edges = list(itertools.accumulate(ends, max))
        found: dict[int, Any] = {}
        for region, ranks in itertools.groupby(self.ranks, lambda rank: bisect_right(edges, rank)):
            if region in (1, 3):
                found |= dict.fromkeys(ranks, self.low if region == 1 else self.high)
                continue
            start = edges[region - 1] if region else 0
            inner = smallest(
                self._region(region, pieces), edges[region] - start, [r - start for r in ranks]
            )
            found |= {start + rank: value for rank, value in inner.items()}
        return found

    def _region(self, region: int, pieces: Pieces) -> Pieces:
        """The values below the two (0), between them (2) or above (4)."""
        low, high, between = self.low, self.high, self.between
        if region == 2 and self.is_kept:
            return lambda: between
        if region == 2:
            return lambda: (p[(p > low) & (p < high)] for p in pieces())
        if region == 0:
            return lambda: (p[p < low] for p in pieces())
        return lambda: (p[~(p <= high)] for p in pieces())


def _sample(pieces: Pieces, count: int) -> NDArray[Any]:
    """About ``count ** (2 / 3)`` of the values, sorted, without NaN."""
    # Odd, so that it does not hit the same columns in each line of an image of 2**n px.
    stride = round(count ** (1 / 3)) | 1
    # Copies: a view would keep its piece in memory, and all pieces are the image.
    sample = np.sort(np.concatenate([piece[::stride].copy() for piece in pieces()]))
    return sample[: np.searchsorted(sample, np.nan)] if sample.dtype.kind == "f" else sample


def _brackets(sample: NDArray[Any], count: int, ranks: Sequence[int]) -> Iterator[_Bracket]:
    """A bracket for each rank; ranks whose brackets overlap share one."""
    edges: list[tuple[int, int, list[int]]] = []
    for rank in sorted(ranks):
        share = (rank + 0.5) / count
        place = share * sample.size
        spread = 1 + _DEVIATIONS * math.sqrt(place * (1 - share))
        start, stop = max(0, int(place - spread)), min(sample.size - 1, int(place + spread))
        if edges and start <= edges[-1][1]:
            start, _, shared = edges.pop()
            edges.append((start, stop, [*shared, rank]))
        else:
            edges.append((start, stop, [rank]))
    for start, stop, shared in edges:
        yield _Bracket(sample[start], sample[stop], shared)
