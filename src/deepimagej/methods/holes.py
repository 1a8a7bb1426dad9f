"""Holes in the objects of a label image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fill_holes(labels: NDArray[np.int32]) -> None:
    """Fill the holes of each object in place, in the order of the labels.

    A hole is what cannot be left over the four sides of a px; another object in it goes as well.
    """
    for label in _with_gaps(labels):
        y, x = np.nonzero(labels == label)
        if len(y):
            box = labels[y.min() : y.max() + 1, x.min() : x.max() + 1]
            box[~_outside(box == label)] = label


def _with_gaps(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Labels that begin twice in one row: only they can have a hole."""
    before = np.zeros_like(labels)
    before[:, 1:] = labels[:, :-1]
    y, x = np.nonzero((labels != before) & (labels > 0))
    keys, counts = np.unique(
        labels[y, x].astype(np.int64) * labels.shape[0] + y, return_counts=True
    )
    return np.unique(keys[counts > 1] // labels.shape[0])


def _outside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Px that the border of the box can be reached from without crossing `mask`."""
    free = np.pad(~mask, 1, constant_values=True)
    outside = np.zeros_like(free)
    outside[0] = True
    while True:
        before = int(outside.sum())
        for view, ways in ((outside, free), (outside.T, free.T)):
            for step in (1, -1):
                _sweep(view[::step], ways[::step])
        if int(outside.sum()) == before:
            return outside[1:-1, 1:-1]


def _sweep(outside: NDArray[np.bool_], free: NDArray[np.bool_]) -> None:
    """Carry on from each row to the next."""
    for row in range(1, len(outside)):
        outside[row] |= outside[row - 1] & free[row]
