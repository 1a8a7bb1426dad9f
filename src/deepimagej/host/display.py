"""How ImageJ shows an image: ranges, lookup tables, composites."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.image import Display

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.image import Image

_MODES: Final = {"composite": 1, "color": 2, "grayscale": 3}  # constants of ij.CompositeImage
_MOST_COMPOSED: Final = 7  # ij.CompositeImage.MAX_CHANNELS
_GOLDEN: Final = 0.61803398875


def read_display(imp: Any) -> Display:
    """Ranges, lookup tables and mode of an ImagePlus, a channel each."""
    luts = list(imp.getLuts())
    if not imp.isComposite():
        ranges: tuple[tuple[float, float], ...] = (
            (float(imp.getDisplayRangeMin()), float(imp.getDisplayRangeMax())),
        )
        return Display(ranges, tuple(_table(lut) for lut in luts))
    mode = next(name for name, value in _MODES.items() if value == imp.getMode())
    ranges = tuple((float(lut.min), float(lut.max)) for lut in luts)
    return Display(ranges, tuple(_table(lut) for lut in luts), mode)


def write_display(imp: Any, image: Image, planes: NDArray[Any]) -> Any:
    """`imp`, or a composite made of it, that shows `image` well.

    Without a `Display` labels get colours, floats the range of each channel's values.
    """
    import jpype

    channels = int(imp.getNChannels())
    luts = _luts(image, planes, channels)
    if channels > 1:
        composite = jpype.JClass("ij.CompositeImage")(imp, _MODES[_mode(image, channels)])
        if len(luts) == channels:
            composite.setLuts(luts)
            composite.reset()
        return composite
    if luts:
        _write_lut(imp, luts[0], has_colours=image.is_label or image.display is not None)
    return imp


@cache
def label_colours() -> NDArray[np.uint8]:
    """(256, 3): black for the background, then colours that differ from their neighbours'.

    The golden ratio steps through the hues, so that objects next to each other differ.
    """
    table = np.zeros((256, 3), np.uint8)
    for index in range(1, 256):
        brightness = (1.0, 0.78, 0.9)[index % 3]
        saturation = (0.95, 0.6, 0.8, 0.45)[index % 4]
        colour = colorsys.hsv_to_rgb(index * _GOLDEN % 1, saturation, brightness)
        table[index] = [round(255 * part) for part in colour]
    return table


def _mode(image: Image, channels: int) -> str:
    if image.display is not None:
        mode = image.display.mode
    else:  # channels of microscopes are looked at together, those of networks one by one
        mode = "composite" if image.pixels.dtype.kind in "ui" else "grayscale"
    return "grayscale" if mode == "composite" and channels > _MOST_COMPOSED else mode


def _luts(image: Image, planes: NDArray[Any], channels: int) -> list[Any]:
    display = image.display
    if display is not None and len(display.ranges) == channels == len(display.luts):
        return [
            _lut(table, *span) for table, span in zip(display.luts, display.ranges, strict=True)
        ]
    if image.is_label:
        top = float(max(planes.max(), 1))
        return [_lut(label_colours(), 0, top)] * channels
    if planes.dtype == np.uint8 or len(planes) == 1:
        return []  # what ImageJ does by itself: 0 to 255, or the range of the plane
    return [_lut(None, *_range(planes[channel::channels])) for channel in range(channels)]


def _range(values: NDArray[Any]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high


def _lut(table: NDArray[np.uint8] | None, low: float, high: float) -> Any:
    import jpype

    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    parts = (grey if table is None else table).astype(np.uint8).view(np.int8).T
    lut = jpype.JClass("ij.process.LUT")(*(jpype.JArray(jpype.JByte)(part) for part in parts))
    lut.min, lut.max = low, high
    return lut


def _write_lut(imp: Any, lut: Any, *, has_colours: bool) -> None:
    if has_colours:
        imp.getProcessor().setLut(lut)  # setLut of ImagePlus leaves the range
        if int(imp.getStackSize()) > 1:
            imp.getStack().setColorModel(lut)
    imp.setDisplayRange(lut.min, lut.max)


def _table(lut: Any) -> NDArray[np.uint8]:
    flat = np.frombuffer(bytes(lut.getBytes()), np.uint8)
    return flat[-768:].reshape(3, 256).T.copy()
