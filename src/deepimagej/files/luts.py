"""The lookup table of label images."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN_RATIO = 0.6180339887498949


@cache
def label_lut() -> NDArray[np.uint8]:
    """(256, 3) red, green, blue: 0 is black, neighbouring labels differ clearly.

    Notes
    -----
    Hues step by the golden ratio, so labels that follow each other lie far apart; brightness and
    saturation change as well, for labels whose hues come close again. A label image is known by
    this table when its file is read, so the table must not change.
    """
    table = np.zeros((256, 3), np.uint8)
    for label in range(1, 256):
        brightness = (1.0, 0.78, 0.9)[label % 3]
        saturation = (0.95, 0.6, 0.8, 0.45)[label % 4]
        colour = colorsys.hsv_to_rgb(label * _GOLDEN_RATIO % 1, saturation, brightness)
        table[label] = [round(255 * part) for part in colour]
    table.flags.writeable = False
    return table
