"""Outlines of the objects in a label image, along the sides of px."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.methods.polygons import paint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_STEPS: Final = ((1, 0), (0, 1), (-1, 0), (0, -1))
_RIGHT: Final = ((0, 0), (-1, 0), (-1, -1), (0, -1))
"""From a corner to the px ahead on the right hand, as x and y, for each direction."""
_LEFT: Final = ((0, -1), (0, 0), (-1, 0), (-1, -1))


def outlines(labels: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Each label of a (Y, X) image with the outline of its largest part.

    Yields
    ------
    The label, and the corners as (n, 2) x and y, clockwise; px (0, 0) reaches from 0 to 1. Parts
    that meet at a corner only are apart.
    """
    y, x = np.nonzero(labels)
    if not len(y):
        return
    found = labels[y, x]
    order = np.argsort(found, kind="stable")
    y, x, found = y[order], x[order], found[order]
    starts = np.flatnonzero(np.diff(found, prepend=0))
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        top, left = int(y[start:end].min()), int(x[start:end].min())
        mask = np.zeros((int(y[start:end].max()) - top + 3, int(x[start:end].max()) - left + 3))
        mask[y[start:end] - top + 1, x[start:end] - left + 1] = 1
        corners = _largest(mask.astype(bool))
        yield int(found[start]), (corners + np.array([left - 1, top - 1])).astype(np.int32)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The outline of the largest part of a mask that does not touch its border."""
    best, most = np.zeros((0, 2), np.int64), 0
    while mask.any():
        corners = _trace(mask)
        inside = paint(corners.T[np.newaxis, ::-1] - 0.5, (mask.shape[0], mask.shape[1])) > 0
        size = int(np.count_nonzero(inside))
        if size > most:
            best, most = corners, size
        mask = mask & ~inside
    return best


def _trace(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Walk around the part with the first px, which stays on the right hand."""
    start = divmod(int(mask.argmax()), mask.shape[1])[::-1]
    (x, y), direction = start, 0
    corners = [start]
    while True:
        x, y = x + _STEPS[direction][0], y + _STEPS[direction][1]
        right, left = (side[direction] for side in (_RIGHT, _LEFT))
        if not mask[y + right[1], x + right[0]]:
            direction = (direction + 1) % 4
        elif mask[y + left[1], x + left[0]]:
            direction = (direction - 1) % 4
        else:
            continue
        if (x, y) == start:
            return np.array(corners)
        corners.append((x, y))
