"""Non-maximum suppression of polygons: the most probable first, without those that it covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.methods.overlaps import is_suppressed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.methods.overlaps import Shapes

BORDER: Final = 2
"""Px of the grid along the border of the image that stardist takes no object from."""


def candidates(
    prob: NDArray[Any],
    threshold: float,
    *,
    border: int = BORDER,
    padding: tuple[int, int] = (0, 0),
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Where `prob` (Y, X) is above `threshold`, the most probable first.

    Parameters
    ----------
    border
        Px along the border that no candidate is taken from.
    padding
        Px of it that lay beyond the bottom and the right of `prob`.

    Returns
    -------
    Places (n, 2) as y and x, and their probabilities (n,).
    """
    bottom, right = (
        max(length - max(border - beyond, 0), 0)
        for length, beyond in zip(prob.shape, padding, strict=True)
    )
    inside = np.zeros(prob.shape, bool)
    inside[border:bottom, border:right] = True
    found = np.nonzero((prob > threshold) & inside)
    scores = prob[found]
    order = np.argsort(scores)[::-1]  # not stable, as in stardist: ties fall the same way
    return np.stack(found, 1)[order], scores[order]


def suppress(shapes: Shapes, threshold: np.float32) -> NDArray[np.bool_]:
    """Which polygons stay; they come the most probable first.

    Parameters
    ----------
    threshold
        Part of the smaller of two polygons that may overlap, from 0 to 1.
    """
    alive = np.ones(len(shapes.x), bool)
    if len(alive) < 2:
        return alive
    near = _Neighbours(shapes.centers, float(shapes.radii.max()))
    for one in range(len(alive) - 1):
        if not alive[one]:
            continue
        others = near.of(one)
        others = others[(others > one) & alive[others]]
        reach = shapes.radii.max() + shapes.radii[one]
        step = shapes.centers[others] - shapes.centers[one]
        others = others[step[:, 0] ** 2 + step[:, 1] ** 2 < reach * reach]
        low, high = shapes.boxes[:, 0::2], shapes.boxes[:, 1::2]
        meets = (low[one] <= high[others]) & (low[others] <= high[one])
        others = others[meets.all(1)]
        if len(others):
            alive[others[is_suppressed(shapes, one, others, threshold=threshold)]] = False
    return alive


class _Neighbours:
    """Points in square bins, so that only those that can be near are looked at."""

    def __init__(self, points: NDArray[np.float32], radius: float) -> None:
        self._size = max(2 * radius, 1.0)
        self._bins = np.floor(points / self._size).astype(np.intp) + 1
        self._width = int(self._bins[:, 1].max()) + 2
        keys = self._bins[:, 0] * self._width + self._bins[:, 1]
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def of(self, number: int) -> NDArray[np.intp]:
        """Points in the bin of point `number` and the eight around it."""
        y, x = self._bins[number]
        rows = (y + np.arange(-1, 2)) * self._width + x
        starts = np.searchsorted(self._keys, rows - 1, "left")
        ends = np.searchsorted(self._keys, rows + 1, "right")
        return np.concatenate(
            [self._order[start:end] for start, end in zip(starts, ends, strict=True)]
        )
