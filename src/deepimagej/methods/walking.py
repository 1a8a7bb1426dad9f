"""Px that walk along a field of flows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ONE: Final = np.float32(1)
_HALF: Final = np.float32(0.5)
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
    ends = [np.float32(max(length - 1, 1)) for length in flows.shape[1:]]
    sizes = [np.float32(length) for length in flows.shape[1:]]
    width = flows.shape[2] + 2
    # A border of zeros, so that no place is out of the field.
    fields = [
        np.pad(flow * np.float32(2 / end), 1).ravel() for flow, end in zip(flows, ends, strict=True)
    ]
    points = [
        start.astype(np.float32) / end * np.float32(2) - _ONE
        for start, end in zip(starts, ends, strict=True)
    ]
    for start in range(0, len(points[0]), _CHUNK):
        part = [axis[start : start + _CHUNK] for axis in points]
        for _ in range(steps):
            places = [
                (axis + _ONE) * (size * _HALF) - _HALF
                for axis, size in zip(part, sizes, strict=True)
            ]
            for axis, moved in zip(part, _between(fields, places, width), strict=True):
                axis += moved
                np.clip(axis, -1, 1, out=axis)
    return np.stack(
        [
            ((axis + _ONE) * _HALF * end).astype(np.intp)
            for axis, end in zip(points, ends, strict=True)
        ]
    )


def _between(
    fields: list[NDArray[np.float32]], places: list[NDArray[np.float32]], width: int
) -> list[NDArray[np.float32]]:
    """The values of each field at `places`, y and x in px, linear between px."""
    corners = [np.floor(place) for place in places]
    y, x = (place - corner for place, corner in zip(places, corners, strict=True))
    row, column = (corner.astype(np.intp) for corner in corners)
    index = row * width + column + (width + 1)  # of the px above and left, behind the border
    rest_y, rest_x = _ONE - y, _ONE - x
    weights = rest_y * rest_x, rest_y * x, y * rest_x, y * x
    values = [field.take(index, mode="clip") * weights[0] for field in fields]
    for weight, step in zip(weights[1:], (1, width - 1, 1), strict=True):
        index += step
        for value, field in zip(values, fields, strict=True):
            value += field.take(index, mode="clip") * weight
    return values
