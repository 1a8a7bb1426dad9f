"""How ImageJ shows an image: ranges, lookup tables, composites."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.image import Display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from deepimagej.image import Image

Span = tuple[float, float] | None
"""Ends of the values of a plane."""

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


def needs_spans(image: Image, planes: NDArray[Any], channels: int) -> bool:
    """Whether `write_display` asks for the `span` of each of the (N, Y, X) planes."""
    if _is_told(image, channels):
        return False
    # The others ImageJ shows by itself: 0 to 255, or the range of the only plane.
    return image.is_label or (len(planes) > 1 and planes.dtype != np.uint8)


def span(plane: NDArray[Any]) -> Span:
    """Smallest and largest finite value of a plane; None if it has none."""
    low, high = float(plane.min()), float(plane.max())
    if np.isfinite(low + high):
        return low, high
    finite = plane[np.isfinite(plane)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def write_display(imp: Any, image: Image, spans: Sequence[Span]) -> Any:
    """`imp`, or a composite made of it, that shows `image` well.

    Without a `Display` labels get colours, floats the range of each channel's values.

    Parameters
    ----------
    spans
        Of each plane, where it `needs_spans`.
    """
    import jpype

    channels = int(imp.getNChannels())
    luts = _luts(image, spans, channels)
    if channels > 1:
        composite = jpype.JClass("ij.CompositeImage")(imp, _MODES[_mode(image, channels)])
        if len(luts) == channels:
            composite.setLuts(luts)
            composite.reset()
        return composite
    if luts:
        _write_lut(imp, luts[0], has_colours=image.is_label or image.display is not None)
    return imp


def recolour(imp: Any, table: NDArray[np.uint8]) -> None:
    """Show `imp` in the colours of a (256, 3) table; its values and their range stay."""
    low, high = float(imp.getDisplayRangeMin()), float(imp.getDisplayRangeMax())
    _write_lut(imp, _lut(table, low, high), has_colours=True)
    imp.updateAndDraw()


def set_threshold(imp: Any, low: float, high: float) -> None:
    """Mark the values from `low` to `high` of `imp`, as a macro's ``setThreshold`` does."""
    import jpype

    jpype.JClass("ij.IJ").setThreshold(imp, low, high)


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


def _luts(image: Image, spans: Sequence[Span], channels: int) -> list[Any]:
    display = image.display
    if display is not None and _is_told(image, channels):
        pairs = zip(display.luts, display.ranges, strict=True)
        return [_lut(table, *ends) for table, ends in pairs]
    if image.is_label:
        return [_lut(label_colours(), 0, max(_joined(spans)[1], 1))] * channels
    if not spans:
        return []
    return [_lut(None, *_joined(spans[channel::channels])) for channel in range(channels)]


def _is_told(image: Image, channels: int) -> bool:
    display = image.display
    return display is not None and len(display.ranges) == channels == len(display.luts)


def _joined(spans: Sequence[Span]) -> tuple[float, float]:
    known = [ends for ends in spans if ends is not None]
    if not known:
        return 0.0, 1.0
    return min(low for low, _ in known), max(high for _, high in known)


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
