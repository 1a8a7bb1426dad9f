"""StarDist: from probabilities and distances to objects.

Reference: Schmidt et al., "Cell Detection with Star-convex Polygons", MICCAI 2018, and stardist
0.9.2, whose labels are reproduced bit for bit. Its wheel is no dependency, as with it come numba
and llvmlite (200 MB); cellcast 0.2.0 offers whole models only, no suppression of given polygons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.methods.overlaps import star_shapes
from deepimagej.methods.polygons import Objects, paint
from deepimagej.methods.suppression import BORDER, candidates, suppress

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_DISTANCE: Final = np.float32(1e-3)
"""stardist takes no ray of a network for shorter (models/base.py, `_predict_sparse_generator`)."""


def non_maximum_suppression(
    prob: NDArray[Any],
    dist: NDArray[Any],
    *,
    grid: tuple[int, int] = (1, 1),
    prob_thresh: float = 0.5,
    nms_thresh: float = 0.4,
    shape: tuple[int, int] | None = None,
    padding: tuple[int, int] = (0, 0),
    border: int = BORDER,
) -> Objects:
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
    border
        Px of the grid along the border of the image that no object is taken from.

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
    places, scores = candidates(prob, prob_thresh, border=border, padding=padding)
    rays = dist[tuple(places.T)]
    points = places * np.asarray(grid)
    shapes = star_shapes(rays.astype(np.float32), points.astype(np.float32))
    kept = suppress(shapes, np.float32(nms_thresh))
    scores, rays, points = scores[kept], rays[kept], points[kept]
    polygons = polygons_of(rays, points)
    size = shape or (prob.shape[0] * grid[0], prob.shape[1] * grid[1])
    above = np.argsort(scores, kind="stable")  # the most probable on top
    return Objects(paint(polygons, size, order=list(above)), polygons, scores, points)


def polygons_of(dist: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float32]:
    """Corners of polygons, (n, 2, rays) y and x in px, from rays (n, rays) and centres (n, 2)."""
    angles = np.linspace(0, 2 * np.pi, dist.shape[1], endpoint=False)
    corners = (dist[:, np.newaxis] * np.array([np.sin(angles), np.cos(angles)])).astype(np.float32)
    corners += points[..., np.newaxis]
    return np.asarray(corners, np.float32)
