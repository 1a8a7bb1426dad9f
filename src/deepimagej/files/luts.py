"""The lookup table of label images."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOLDEN_RATIO = 0.6180339887498949


def label_lut() -> NDArray[np.uint8]:
    """(256, 3) red, green, blue: 0 is black, neighbouring labels differ clearly.

    Notes
    -----
    Hues step by the golden ratio, so labels that follow each other lie far apart; three levels of
    brightness keep labels apart whose hues come close again.
    """
    colours = [(0.0, 0.0, 0.0)]
    for label in range(1, 256):
        hue = (label * _GOLDEN_RATIO) % 1.0
        colours.append(colorsys.hsv_to_rgb(hue, 0.75, (1.0, 0.8, 0.6)[label % 3]))
    return np.round(np.array(colours) * 255).astype(np.uint8)
