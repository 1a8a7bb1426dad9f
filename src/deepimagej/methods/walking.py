"""Px that walk along a field of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK: Final = 8192
"""Px that walk together: all that belongs to them stays in the processor's cache."""


def walk(
    flows: NDArray[np.float32], starts: tuple[NDArray[np.intp], ...], steps: int
) -> NDArray[np.intp]:
    """Where px end that follow the flow.

    Parameters
    ----------
    flows : (2, Y, X) float32, px a step along y and x
    starts
        y and x of each px.
    steps
        Number of steps.

    Returns
    -------
    (2, n) y and x in whole px, cut.

    Notes
    -----
    Positions are single precision and normalised to -1 to 1, and the field is read between px
    with ``align_corners`` off and zeros outside, as ``torch.nn.functional.grid_sample`` does it for
    cellpose: a cell's px must gather in the same place.
    """
    height, width = flows.shape[1:]
    size = np.array([height, width], np.float32)
    last = np.maximum(size.astype(np.float64) - 1, 1)
    field = np.zeros((height + 2, width + 2, 2), np.float32)
    field[1:-1, 1:-1] = np.moveaxis(flows, 0, -1) * (2 / last).astype(np.float32)
    cells = field.reshape(-1, 2).view(np.complex64).ravel()  # y and x are fetched together
    ends = last.astype(np.float32)
    points: NDArray[np.float32] = np.stack(starts, 1).astype(np.float32)
    points = points / ends * np.float32(2) - np.float32(1)
    for start in range(0, len(points), _CHUNK):
        part = points[start : start + _CHUNK]
        for _ in range(steps):
            part += _between(cells, part, size, width + 2)
            np.clip(part, -1, 1, out=part)
    return ((points + np.float32(1)) * np.float32(0.5) * ends).astype(np.intp).T


def _between(
    cells: NDArray[np.complex64], points: NDArray[np.float32], size: NDArray[np.float32], width: int
) -> NDArray[np.float32]:
    """The field at `points`, (n, 2), linear between px."""
    place = (points + np.float32(1)) * (size * np.float32(0.5)) - np.float32(0.5)
    corner = np.floor(place)
    place -= corner
    whole = corner.astype(np.intp)
    index = (whole[:, 0] + 1) * width + whole[:, 1] + 1
    y, x = place[:, :1], place[:, 1:]
    values = [
        cells.take(index + offset, mode="clip").view(np.float32).reshape(-1, 2)
        for offset in (0, 1, width, width + 1)
    ]
    one = np.float32(1)
    upper = values[0] * ((one - y) * (one - x)) + values[1] * ((one - y) * x)
    lower = values[2] * (y * (one - x)) + values[3] * (y * x)
    return np.asarray(upper + lower, np.float32)
