"""SplineDist: from probabilities and control points of closed splines to objects.

Reference: Mandal and Uhlmann, "SplineDist: Automated Cell Segmentation with Spline Curves", ISBI
2021, and the package splinedist 0.1.2. Its network gives 2·M numbers a px: for each of M control
points its distance from the px and its angle, where angle 0 runs along y and the next turns to x.
The contour is the periodic cubic B-spline of the control points, which lie beside it, not on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.methods.overlaps import polygon_shapes
from deepimagej.methods.polygons import Objects, paint
from deepimagej.methods.suppression import BORDER, candidates, suppress

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST: Final = 4
"""Control points: as many as the support of a cubic B-spline is wide."""
_SAMPLES: Final = 400
"""Points of a contour that splinedist takes by default (its ``contoursize_max``)."""


def non_maximum_suppression(
    prob: NDArray[Any],
    dist: NDArray[Any],
    *,
    grid: tuple[int, int] = (1, 1),
    prob_thresh: float = 0.5,
    nms_thresh: float = 0.4,
    samples: int = _SAMPLES,
    shape: tuple[int, int] | None = None,
    padding: tuple[int, int] = (0, 0),
    border: int = BORDER,
) -> Objects:
    """The objects that a SplineDist network found.

    Each px whose probability is above the threshold proposes a contour. From the most probable on,
    a contour removes all others that it covers by more than `nms_thresh` of the smaller one.

    Parameters
    ----------
    prob : (Y, X)
        Object probability on the grid.
    dist : (Y, X, 2·M)
        Distance in px of the image and angle of each control point, in turn.
    grid
        Px of the image a step of the grid, along y and x.
    prob_thresh, nms_thresh
        From 0 to 1.
    samples
        Corners of the polygon that stands for a contour.
    shape, padding, border
        As in `deepimagej.methods.stardist.non_maximum_suppression`.

    Raises
    ------
    ImageError
        If `prob` and `dist` do not fit each other.

    Notes
    -----
    splinedist gives the least probable object the label 1; here it is the most probable, as with
    StarDist. Besides that the labels are its own, up to the rounding of single precision.
    """
    prob, dist = np.asarray(prob), np.asarray(dist)
    if prob.ndim != 2 or dist.shape[:-1] != prob.shape or not _fits(dist.shape[-1]):
        raise ImageError(
            f"Probabilities of shape {prob.shape} and control points of shape {dist.shape} do not "
            "fit each other.",
            hint="Give probabilities as (Y, X) and control points as (Y, X, 2·M): distance and "
            "angle of 4 or more.",
        )
    places, scores = candidates(prob, prob_thresh, border=border, padding=padding)
    points = places * np.asarray(grid)
    contours = sample(control_points(dist[tuple(places.T)], points), samples)
    kept = suppress(polygon_shapes(contours), np.float32(nms_thresh))
    contours, scores, points = contours[kept], scores[kept], points[kept]
    size = shape or (prob.shape[0] * grid[0], prob.shape[1] * grid[1])
    above = np.argsort(scores, kind="stable")  # the most probable on top
    labels = paint(contours, size, order=list(above), with_corners=True)
    return Objects(labels, contours, scores, points)


def control_points(dist: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Control points, (n, 2, M) y and x in px, from the network's numbers (n, 2·M).

    Parameters
    ----------
    points : (n, 2)
        Where the network gave them, as y and x in px of the image.
    """
    pairs = np.asarray(dist, np.float64).reshape(len(dist), dist.shape[1] // 2, 2)
    radii, angles = pairs[..., 0], pairs[..., 1]
    steps = np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)
    return np.asarray(points[:, :, np.newaxis] + steps, np.float64)


def sample(controls: NDArray[np.floating], samples: int = _SAMPLES) -> NDArray[np.float32]:
    """Points on closed cubic B-splines.

    Parameters
    ----------
    controls : (..., 2, M), px
        Control points, 4 or more.
    samples
        Points along each contour; the first lies beside the first control point.

    Returns
    -------
    (..., 2, samples), px.
    """
    return np.asarray(controls @ _basis(controls.shape[-1], samples), np.float32)


def _basis(n_controls: int, samples: int) -> NDArray[np.float64]:
    """The weight of each control point at each sample, (M, samples)."""
    steps = np.linspace(0, n_controls, samples, endpoint=False) - np.arange(n_controls)[:, None]
    away = np.abs((steps + n_controls / 2) % n_controls - n_controls / 2)
    near = 2 / 3 - away**2 + away**3 / 2
    return np.where(away < 1, near, np.maximum(2 - away, 0) ** 3 / 6)


def _fits(numbers: int) -> bool:
    return numbers % 2 == 0 and numbers >= 2 * _FEWEST
