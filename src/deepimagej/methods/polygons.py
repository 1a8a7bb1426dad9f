"""Polygons on a grid of pixels: from corners to label images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CHUNK = 2_000_000
"""Pairs of a row and an edge that are worked on at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Objects that a network found, the most probable first; object n has label n + 1."""

    labels: NDArray[np.int32]
    """(Y, X), 0 is the background."""
    polygons: NDArray[np.float32]
    """(objects, 2, corners): y and x of the corners in px."""
    scores: NDArray[np.float32]
    """(objects,): probability of each."""
    points: NDArray[np.intp]
    """(objects, 2): y and x in px of the places that proposed them."""


def paint(
    polygons: NDArray[np.floating],
    shape: tuple[int, int],
    *,
    order: Sequence[int] | None = None,
    with_corners: bool = False,
) -> NDArray[np.int32]:
    """A label image of polygons; polygon n has label n + 1, what is painted later lies on top.

    Parameters
    ----------
    polygons : (n, 2, corners) float
        Corners as y and x in px; px (0, 0) has its centre at 0, 0.
    shape
        Height and width of the label image in px.
    order
        Polygons in the order in which they are painted; None: as they come.
    with_corners
        Whether the px next to each corner belongs to the polygon too, as splinedist paints.

    Notes
    -----
    A px belongs to a polygon if its centre lies inside or on the border: the px are those of
    ``skimage.draw.polygon``, which stardist paints with. Its point-in-polygon test (O'Rourke 1998,
    "Computational Geometry in C", chapter 7) shoots a ray to the right and one to the left; here
    the px where each edge begins to be crossed is found once a row, with the same formula, so that
    rounding gives the same px.
    """
    labels = np.zeros(shape, np.int32)
    if not len(polygons):
        return labels
    corners = np.asarray(polygons, np.float64)
    low = np.clip(np.floor(corners.min(2)), 0, shape).astype(np.intp)
    high = np.clip(np.ceil(corners.max(2)) + 1, 0, shape).astype(np.intp)
    sequence = np.asarray(range(len(corners)) if order is None else order, np.intp)
    work = np.cumsum((high - low)[sequence, 0] * corners.shape[2])
    for part in np.split(sequence, np.flatnonzero(np.diff(work // _CHUNK)) + 1):
        for number, mask in zip(part, _masks(corners[part], low[part], high[part]), strict=True):
            (top, left), (bottom, right) = low[number], high[number]
            labels[top:bottom, left:right][mask] = number + 1
            if with_corners:
                y, x = np.rint(corners[number]).astype(np.intp)
                labels[y.clip(0, shape[0] - 1), x.clip(0, shape[1] - 1)] = number + 1
    return labels


def _masks(
    corners: NDArray[np.float64], low: NDArray[np.intp], high: NDArray[np.intp]
) -> list[NDArray[np.bool_]]:
    """Px of each polygon in its own box."""
    heights, widths = (np.maximum(high - low, 0)).T
    # One row more than the box has columns on each side: crossings beyond it count as well.
    steps = widths + 2
    starts = np.concatenate([[0], np.cumsum(heights * steps)])
    right = np.zeros(starts[-1] + 1, np.int32)
    left = np.zeros(starts[-1] + 1, np.int32)
    numbers = np.repeat(np.arange(len(corners)), heights)
    rows = np.arange(len(numbers)) - np.repeat(np.cumsum(heights) - heights, heights)
    at = starts[numbers] + rows * steps[numbers]  # where the row begins in the flat canvas
    y, x = corners[numbers, 0], corners[numbers, 1]
    y = y - (rows + low[numbers, 0])[:, np.newaxis]
    ends = np.roll(y, 1, 1), np.roll(x, 1, 1)
    for canvas, is_right in ((right, True), (left, False)):
        sign = 1 if is_right else -1
        row, edge = np.nonzero((sign * y > 0) != (sign * ends[0] > 0))
        column = _last_crossed(
            (ends[0][row, edge], ends[1][row, edge]), (y[row, edge], x[row, edge]), is_right
        )
        # Counted from the side from which the ray comes, so that a running sum is the count.
        column = np.clip(column - low[numbers[row], 1] + 1, 0, steps[numbers[row]] - 1)
        canvas += np.bincount(at[row] + column, minlength=len(canvas)).astype(np.int32)
    masks = []
    for n, (height, width) in enumerate(zip(heights, widths, strict=True)):
        part = slice(starts[n], starts[n] + height * steps[n])
        to_right = right[part].reshape(height, steps[n])[:, ::-1].cumsum(1)[:, ::-1]
        to_left = left[part].reshape(height, steps[n]).cumsum(1)
        masks.append(((to_right | to_left) & 1)[:, 1 : width + 1].astype(bool))
    _add_corners(masks, corners, low)
    return masks


def _last_crossed(
    start: tuple[NDArray[np.float64], NDArray[np.float64]],
    end: tuple[NDArray[np.float64], NDArray[np.float64]],
    is_right: bool,
) -> NDArray[np.intp]:
    """The last px whose ray to the right (the first px whose ray to the left) meets the edge."""
    (y0, x0), (y1, x1) = start, end
    nearest = np.rint(x0 - y0 * (x1 - x0) / (y1 - y0))
    # Only there rounding can matter: all other px are half a px or more away.
    side = ((x0 - nearest) * y1 - (x1 - nearest) * y0) / (y1 - y0)
    is_crossed = side > 0 if is_right else side < 0
    return (nearest + np.where(is_crossed, 0, -1 if is_right else 1)).astype(np.intp)


def _add_corners(
    masks: list[NDArray[np.bool_]], corners: NDArray[np.float64], low: NDArray[np.intp]
) -> None:
    """Px in whose centre a corner lies belong to the polygon, wherever the rays went."""
    whole = (corners == np.rint(corners)).all(1)
    for n, corner in zip(*np.nonzero(whole), strict=True):
        y, x = corners[n, :, corner].astype(np.intp) - low[n]
        if 0 <= y < masks[n].shape[0] and 0 <= x < masks[n].shape[1]:
            masks[n][y, x] = True
