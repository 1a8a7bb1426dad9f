"""Watersheds and reconstruction: objects that touch, told apart by markers or by their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.methods.morphology import chamfer_distances, neighbourhood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def flood(
    image: NDArray[Any],
    markers: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    is_binary: bool = True,
    has_dams: bool = True,
    diagonal: bool = True,
    compactness: float = 0,
) -> NDArray[np.int32]:
    """Labels of what is flooded from each marker: the watershed of scikit-image.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X)
        Low values are flooded first.
    markers
        Where the floods begin: not 0, and if they are not binary, the label of each.
    mask
        What may be flooded: where it is not 0; None: all.
    is_binary
        Whether markers that touch are one.
    has_dams
        Whether of two px where floods meet the higher one is 0.
    diagonal
        Whether px touch at their corners too.
    compactness
        Above 0 it evens out the sizes.

    Notes
    -----
    scikit-image's own dams (``watershed_line``) took a minute for 600 x 600 px of noise whose px
    touch at corners, where the floods take 0.1 s (0.26, 2026-11). So they are drawn afterwards.
    """
    from skimage.measure import label
    from skimage.segmentation import watershed

    connectivity = image.ndim if diagonal else 1
    starts = label(markers > 0, connectivity=connectivity) if is_binary else markers
    labels = np.asarray(
        watershed(
            image,
            starts.astype(np.int32),
            connectivity=connectivity,
            mask=None if mask is None else mask != 0,
            compactness=compactness,
        ),
        np.int32,
    )
    if has_dams:
        labels[_meetings(labels, image, connectivity)] = 0
    return labels


def sunk(image: NDArray[Any], markers: NDArray[Any]) -> NDArray[np.float32]:
    """`image` with all markers below the rest, so that all floods begin at once."""
    return np.where(markers > 0, np.float32(float(image.min()) - 1), image).astype(np.float32)


def _meetings(
    labels: NDArray[np.int32], image: NDArray[Any], connectivity: int
) -> NDArray[np.bool_]:
    """The higher px of each two that touch and have different labels; of equal ones the later."""
    higher = np.zeros(labels.shape, bool)
    steps = np.argwhere(neighbourhood(labels.ndim, connectivity)) - 1
    for step in steps[len(steps) // 2 + 1 :]:  # one of each two that are opposite
        here, there = _pair(step)
        meet = (labels[here] != labels[there]) & (labels[here] > 0) & (labels[there] > 0)
        first = meet & (image[here] > image[there])
        higher[here] |= first
        higher[there] |= meet & ~first
    return higher


def _pair(step: NDArray[np.intp]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """All px with a neighbour at `step`, and these neighbours."""
    here = tuple(slice(max(-n, 0), -n if n > 0 else None) for n in step)
    there = tuple(slice(max(n, 0), n if n < 0 else None) for n in step)
    return here, there


def domes(
    image: NDArray[Any], height: float, *, element: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """What rises above its surroundings, cut at `height`: 0 elsewhere.

    The image less its reconstruction from itself lowered by `height`. `element` tells which px are
    neighbours in it; None: all around.
    """
    from skimage.morphology import reconstruction

    values = image.astype(np.float32)
    around = neighbourhood(values.ndim, values.ndim) if element is None else element
    base = reconstruction(values - np.float32(height), values, footprint=around)
    return np.asarray(values - base, np.float32)


def split_by_distance(
    mask: NDArray[Any],
    weights: Sequence[float],
    *,
    dynamic: float = 1,
    diagonal: bool = False,
    normalize: bool = True,
) -> NDArray[np.int32]:
    """Labels of objects that touch, by watershed on the distance to their border.

    Parameters
    ----------
    mask : (Y, X)
        Objects are where it is not 0.
    weights
        Of `deepimagej.methods.morphology.chamfer_distances`.
    dynamic
        How far two peaks of the distance must rise above the pass between them to be two objects.
    diagonal
        Whether px touch at their corners too.
    normalize
        Whether distances are in px, not in the weights' unit.
    """
    inside = mask != 0
    distances = chamfer_distances(inside, weights)
    distances[np.isinf(distances)] = 0  # no px outside: one object without a peak
    if normalize:
        distances = distances / weights[0]
    depth = (distances.max(initial=0) - distances).astype(np.float32)
    connectivity = 2 if diagonal else 1
    minima = _deep_minima(depth, dynamic, connectivity)
    return flood(depth, minima, mask=inside, diagonal=diagonal)


def _deep_minima(
    image: NDArray[np.float32], dynamic: float, connectivity: int
) -> NDArray[np.bool_]:
    """The minima left when all less deep than `dynamic` are filled."""
    from skimage.morphology import local_minima, reconstruction

    around = neighbourhood(image.ndim, connectivity)
    filled = reconstruction(image + np.float32(dynamic), image, method="erosion", footprint=around)
    if np.ptp(filled) == 0:
        return np.ones(image.shape, bool)
    return np.asarray(local_minima(filled.astype(np.float32), connectivity=connectivity))
