"""Images of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resize(values: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.float32]:
    """`values` with other lengths of its last two axes, linear between the centres of px.

    Notes
    -----
    As OpenCV's ``INTER_LINEAR``, with which cellpose resizes: nothing is averaged on the way down.
    """
    result = np.asarray(values, np.float32)
    for axis, length in ((-2, shape[0]), (-1, shape[1])):
        size = result.shape[axis]
        if size == length:
            continue
        place = np.clip((np.arange(length) + 0.5) * (size / length) - 0.5, 0, size - 1)
        low = np.minimum(np.floor(place).astype(np.intp), max(size - 2, 0))
        part = (place - low).astype(np.float32).reshape((-1, 1) if axis == -2 else (-1,))
        high = np.minimum(low + 1, size - 1)
        result = result.take(low, axis) * (1 - part) + result.take(high, axis) * part
    return result
