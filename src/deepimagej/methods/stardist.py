"""StarDist: from probabilities and distances to objects.

Reference: Schmidt et al., "Cell Detection with Star-convex Polygons", MICCAI 2018, and stardist
0.9.2, whose labels are reproduced bit for bit. Its wheel is no dependency, as with it come numba
and llvmlite (200 MB); cellcast 0.2.0 offers whole models only, no suppression of given polygons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.methods.overlaps import is_suppressed, make_stars
from deepimagej.methods.polygons import paint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BORDER: Final = 2
"""Px of the grid along the border of the image that stardist takes no object from."""


@dataclass(frozen=True, slots=True, eq=False)
class StarObjects:
    """Objects, the most probable first; object n has label n + 1."""

    labels: NDArray[np.int32]
    """(Y, X), 0 is the background."""
    polygons: NDArray[np.float32]
    """(objects, 2, rays): y and x of the corners in px."""
    scores: NDArray[np.float32]
    """(objects,): probability of each."""
    points: NDArray[np.intp]
    """(objects, 2): y and x of the centres in px."""


def non_maximum_suppression(
    prob: NDArray[Any],
    dist: NDArray[Any],
    *,
    grid: tuple[int, int] = (1, 1),
    prob_thresh: float = 0.5,
    nms_thresh: float = 0.4,
    shape: tuple[int, int] | None = None,
    padding: tuple[int, int] = (0, 0),
) -> StarObjects:
    """The objects that a StarDist network found.

    Each px whose probability is above the threshold proposes a polygon. From the most probable on,
    a polygon removes all others that it covers by more than `nms_thresh` of the smaller one.

    Parameters
    ----------
    prob : (Y, X)
        Object probability on the grid.
    dist : (Y, X, rays)
        Distances to the border in px of the image: ray 0 runs along x, the next turn towards y.
    grid
        Px of the image a step of the grid, along y and x.
    prob_thresh, nms_thresh
        From 0 to 1.
    shape
        Height and width of the image in px; None: those of the grid times its step.
    padding
        Px of the grid that the network saw beyond the bottom and the right of `prob`, as the image
        was padded there: the border that stardist takes no object from lies in them.

    Raises
    ------
    ImageError
        If `prob` and `dist` do not fit each other.
    """
    prob, dist = np.asarray(prob), np.asarray(dist)
    if prob.ndim != 2 or dist.ndim != 3 or dist.shape[:2] != prob.shape or dist.shape[2] < 3:
        raise ImageError(
            f"Probabilities of shape {prob.shape} and distances of shape {dist.shape} do not fit "
            "each other.",
            hint="Give probabilities as (Y, X) and distances as (Y, X, rays) with 3 or more rays.",
        )
    bottom, right = (
        max(length - max(_BORDER - beyond, 0), 0)
        for length, beyond in zip(prob.shape, padding, strict=True)
    )
    inside = np.zeros(prob.shape, bool)
    inside[_BORDER:bottom, _BORDER:right] = True
    found = np.nonzero((prob > prob_thresh) & inside)
    scores = prob[found]
    order = np.argsort(scores)[::-1]  # not stable, as in stardist: ties fall the same way
    scores, rays = scores[order], dist[found][order]
    points = np.stack(found, 1)[order] * np.asarray(grid)
    kept = _suppress(rays.astype(np.float32), points.astype(np.float32), np.float32(nms_thresh))
    scores, rays, points = scores[kept], rays[kept], points[kept]
    polygons = polygons_of(rays, points)
    size = shape or (prob.shape[0] * grid[0], prob.shape[1] * grid[1])
    above = np.argsort(scores, kind="stable")  # the most probable on top
    return StarObjects(paint(polygons, size, order=list(above)), polygons, scores, points)


def polygons_of(dist: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float32]:
    """Corners of polygons, (n, 2, rays) y and x in px, from rays (n, rays) and centres (n, 2)."""
    angles = np.linspace(0, 2 * np.pi, dist.shape[1], endpoint=False)
    corners = (dist[:, np.newaxis] * np.array([np.sin(angles), np.cos(angles)])).astype(np.float32)
    corners += points[..., np.newaxis]
    return np.asarray(corners, np.float32)


def _suppress(
    dist: NDArray[np.float32], points: NDArray[np.float32], threshold: np.float32
) -> NDArray[np.bool_]:
    """Which polygons stay; they come the most probable first."""
    alive = np.ones(len(dist), bool)
    if len(dist) < 2:
        return alive
    stars = make_stars(dist, points)
    near = _Neighbours(points, float(stars.radii.max()))
    for one in range(len(dist) - 1):
        if not alive[one]:
            continue
        others = near.of(one)
        others = others[(others > one) & alive[others]]
        reach = stars.radii.max() + stars.radii[one]
        step = points[others] - points[one]
        others = others[step[:, 0] ** 2 + step[:, 1] ** 2 < reach * reach]
        low, high = stars.boxes[:, 0::2], stars.boxes[:, 1::2]
        meets = (low[one] <= high[others]) & (low[others] <= high[one])
        others = others[meets.all(1)]
        if len(others):
            alive[others[is_suppressed(stars, one, others, threshold=threshold)]] = False
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
