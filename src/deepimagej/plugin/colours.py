"""Lookup tables and threshold of Fiji and MorphoLibJ that published macros choose.

The colours are our own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from deepimagej.host.display import label_colours
from deepimagej.option_table import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.plugin.calls import Call

_BACKGROUNDS: Final[Mapping[str, tuple[int, int, int]]] = {
    "White": (255, 255, 255),
    "Black": (0, 0, 0),
    "Red": (255, 0, 0),
    "Green": (0, 255, 0),
    "Blue": (0, 0, 255),
    "Cyan": (0, 255, 255),
    "Magenta": (255, 0, 255),
    "Yellow": (255, 255, 0),
    "Gray": (128, 128, 128),
    "Dark Gray": (64, 64, 64),
    "Light Gray": (192, 192, 192),
}

COLOURS: Final = (
    Option("colormap", "NAME", "Passed over: the colours are deepimagej's own for labels."),
    Option("background", "COLOR", "Colour of label 0, as in background=White."),
    Option("shuffle", "", "Passed over."),
)
THRESHOLD: Final = (
    Option("min", "NUMBER", "Least value, as in min=0.5."),
    Option("max", "NUMBER", "Greatest value, as in max=1."),
)
_ROYAL: Final = (
    (0, 0, 40),
    (0, 60, 170),
    (0, 160, 200),
    (120, 210, 120),
    (250, 220, 60),
    (255, 255, 255),
)
"""Colours that the ramp goes through, evenly."""


def set_label_map(call: Call) -> None:
    """Show labels in colours, in front of a background."""
    background = call.options.choice("background", _BACKGROUNDS, "White")
    colours = label_colours().copy()
    colours[0] = _BACKGROUNDS[background]
    call.recolour(colours)


def glasbey(call: Call) -> None:
    """Show labels in colours, in front of white."""
    _recolour_on(call, 255)


def glasbey_on_dark(call: Call) -> None:
    """Show labels in colours, in front of black."""
    _recolour_on(call, 0)


def _recolour_on(call: Call, background: int) -> None:
    colours = label_colours().copy()
    colours[0] = background
    call.recolour(colours)


def royal(call: Call) -> None:
    """Show values from dark blue over green and yellow to white."""
    stops = np.linspace(0, 255, len(_ROYAL))
    ramp = [np.interp(np.arange(256), stops, part) for part in zip(*_ROYAL, strict=True)]
    call.recolour(np.stack(ramp, 1).round().astype(np.uint8))


def manual_threshold(call: Call) -> None:
    """Mark the values between two numbers, for what follows."""
    least = -math.inf
    low = call.options.number("min", 0, least=least)
    call.set_threshold(low, call.options.number("max", low, least=least))
