"""ImageJ's metadata in TIFF files, both ways: calibration, labels, LUTs, ranges, properties.

ImageJ keeps one part in the ImageDescription, as ``key=value`` lines (`ij.io.FileSaver`), another
in the tags 50838 and 50839 (`ij.io.TiffEncoder`); tifffile reads both into one dictionary.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.image import Calibration, Display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from deepimagej.image import Image

_RATIONAL_LIMIT = 2**32 - 1


def calibration_of(metadata: Mapping[str, Any], x: float, y: float) -> Calibration:
    """Calibration in ImageJ's `metadata`; `x` and `y` are the pixel sizes of the tags."""
    return Calibration(
        x=x,
        y=y,
        z=abs(_number(metadata, "spacing", 1.0)),
        unit=_text(metadata.get("unit", "")) or "pixel",
        x_origin=_number(metadata, "xorigin"),
        y_origin=_number(metadata, "yorigin"),
        z_origin=_number(metadata, "zorigin"),
        frame_interval=_number(metadata, "finterval"),
        time_unit=_text(metadata.get("tunit", "sec")),
    )


def labels_of(metadata: Mapping[str, Any], n_planes: int) -> tuple[str, ...]:
    """Slice labels, if there is one for each plane."""
    labels = metadata.get("Labels", [])
    labels = [labels] if isinstance(labels, str) else labels
    return tuple(labels) if len(labels) == n_planes and any(labels) else ()


def properties_of(metadata: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """``Info`` and the other image properties."""
    info = metadata.get("Info")
    properties = [("Info", str(info))] if info else []
    others = metadata.get("Properties", {})
    if isinstance(others, dict):
        properties += [(str(key), str(value)) for key, value in others.items()]
    return tuple(properties)


def display_of(
    metadata: Mapping[str, Any], n_channels: int, colormap: NDArray[Any] | None
) -> Display | None:
    """Ranges, LUTs and mode; None where the file has none of them."""
    values = metadata.get("Ranges", ())
    ranges = tuple(zip(map(float, values[::2]), map(float, values[1::2]), strict=False))
    if n_channels == 1 and "min" in metadata and "max" in metadata:
        ranges = ((_number(metadata, "min"), _number(metadata, "max")),)
    luts = tuple(np.ascontiguousarray(lut.T) for lut in metadata.get("LUTs", ()))
    if colormap is not None and n_channels == 1:
        luts = (np.ascontiguousarray((colormap.T >> 8).astype(np.uint8)),)
    mode = str(metadata.get("mode", "grayscale")) if n_channels > 1 else "grayscale"
    ranges = ranges if len(ranges) == n_channels else ()
    luts = luts if len(luts) == n_channels and all(lut.shape == (256, 3) for lut in luts) else ()
    return Display(ranges, luts, mode) if ranges or luts or mode != "grayscale" else None


def description_entries(image: Image, n_channels: int) -> dict[str, Any]:
    """The ``key=value`` entries of the ImageDescription that ImageJ would write."""
    calibration = image.calibration
    entries: dict[str, Any] = {}
    if n_channels > 1:
        entries["mode"] = image.display.mode if image.display else "grayscale"
    if calibration.unit != "pixel":
        entries["unit"] = _escape(calibration.unit)
    numbers = {
        "spacing": (calibration.z, 1.0),
        "finterval": (calibration.frame_interval, 0.0),
        "xorigin": (calibration.x_origin, 0.0),
        "yorigin": (calibration.y_origin, 0.0),
        "zorigin": (calibration.z_origin, 0.0),
    }
    entries |= {key: repr(value) for key, (value, default) in numbers.items() if value != default}
    if calibration.time_unit != "sec":
        entries["tunit"] = _escape(calibration.time_unit)
    if image.display and image.display.ranges:
        # ImageJ reads these for the current channel, and the Ranges of the tag for all.
        entries["min"], entries["max"] = (repr(float(v)) for v in image.display.ranges[0])
    return entries


def tag_entries(image: Image, n_channels: int) -> dict[str, Any]:
    """What goes into ImageJ's own tags."""
    entries: dict[str, Any] = {}
    others = dict(image.properties)
    if info := others.pop("Info", ""):
        entries["Info"] = info
    if image.labels:
        entries["Labels"] = list(image.labels)
    if image.display and n_channels > 1:
        if image.display.ranges:
            entries["Ranges"] = [float(v) for limits in image.display.ranges for v in limits]
        if image.display.luts:
            entries["LUTs"] = [np.ascontiguousarray(lut.T) for lut in image.display.luts]
    if others:
        entries["Properties"] = others
    return entries


def resolution_of(size: float) -> tuple[int, int]:
    """Pixels per unit as the two integers of a TIFF rational, for pixels of `size`."""
    # From the decimal digits, so that 0.1625 is 13/80 and comes back as it was.
    exact = Fraction(repr(float(size)))
    if exact <= 0:
        return 1, 1
    exact = min(max(exact, Fraction(1, _RATIONAL_LIMIT)), Fraction(_RATIONAL_LIMIT))
    if exact >= 1:
        exact = exact.limit_denominator(_RATIONAL_LIMIT // ceil(exact))
    else:
        exact = 1 / (1 / exact).limit_denominator(_RATIONAL_LIMIT // ceil(1 / exact))
    return exact.denominator, exact.numerator


def _number(metadata: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    try:
        return float(metadata.get(key, default))
    except (TypeError, ValueError):
        return default


def _text(value: object) -> str:
    # Java's properties files escape what is not ASCII, as in unit=\u00B5m.
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), str(value)).strip()


def _escape(text: str) -> str:
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\u{c:04X}" for c in codes)
