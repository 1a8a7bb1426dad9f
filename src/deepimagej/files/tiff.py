"""From a TIFF file to an `Image`: ImageJ's, OME's and plain ones."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.errors import ImageError
from deepimagej.files.imagej_metadata import calibration_of, display_of, labels_of, properties_of
from deepimagej.files.luts import label_lut
from deepimagej.image import Calibration, Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPage, TiffPageSeries

    from deepimagej.axes import Axes

_DAMAGE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, EOFError,
    OverflowError, ZeroDivisionError, AssertionError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What tifffile raises on damaged files, depending on where the damage is."""
_CODEC = re.compile(r"(\w+)(?:: \d+)?>? requires the 'imagecodecs' package")
_NAMES = {"T": AxisName.TIME, "Z": AxisName.Z, "C": AxisName.CHANNEL, "Y": AxisName.Y} | {
    "X": AxisName.X
}
_MICRON = "\N{MICRO SIGN}m"
_MICRONS = {"nm": 1e-3, _MICRON: 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_ALPHA = (1, 2)
"""ExtraSamples that are transparency."""


def read_tiff(path: Path, *, axes: Axes | None = None) -> Image:
    """The first image series of the TIFF file `path`.

    Parameters
    ----------
    axes
        Of the array in the file, instead of those that the file names.

    Raises
    ------
    ImageError
        If the file is damaged, its compression unknown, or its axes are not clear.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            return _read(path, file, axes)
    except _DAMAGE as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise ImageError(
            f"{path} cannot be read: {reason}.",
            hint="The file may be damaged; open it in ImageJ and save it as TIFF again.",
        ) from error


def _read(path: Path, file: TiffFile, axes: Axes | None) -> Image:
    series = file.series[0]
    page = series.keyframe
    pixels = _pixels(path, series)
    metadata = file.imagej_metadata or {} if file.is_imagej else {}
    if axes is None:
        pixels, axes, is_rgb = _name_axes(path, pixels, series.axes, page)
    else:
        is_rgb = False
    pixels = _as_imagej(pixels, metadata)
    n_channels = dict(zip(axes, pixels.shape, strict=False)).get(AxisName.CHANNEL, 1)
    display = None if is_rgb else display_of(metadata, n_channels, page.colormap)
    luts = display.luts if display else ()
    is_label = (
        pixels.dtype.kind in "iuf" and len(luts) == 1 and np.array_equal(luts[0], label_lut())
    )
    n_planes = pixels.size // max(1, page.imagewidth * page.imagelength * (3 if is_rgb else 1))
    return Image(
        pixels,
        axes,
        title=path.name,
        calibration=_calibration(file, page, metadata),
        labels=labels_of(metadata, n_planes),
        display=display,
        is_rgb=is_rgb,
        is_label=is_label,
        properties=properties_of(metadata),
    )


def _pixels(path: Path, series: TiffPageSeries) -> NDArray[Any]:
    try:
        pixels = series.asarray()
    except ValueError as error:
        codec = _CODEC.search(str(error))
        if codec is None:
            raise
        pixels = _decode_with_pillow(path, series, codec[1])
    if pixels.size == 0:
        raise ValueError("it holds no pixels")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _decode_with_pillow(path: Path, series: TiffPageSeries, codec: str) -> NDArray[Any]:
    """Decode with libtiff: tifffile needs another package for LZW, JPEG and others."""
    from PIL import Image as Pillow

    planes: list[NDArray[Any]] = []
    try:
        with Pillow.open(path) as picture:
            for page in series.pages:
                picture.seek(page.index if page is not None else len(planes))
                planes.append(np.array(picture))
        pixels = np.stack(planes).reshape(series.shape)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise ImageError(
            f"{path} is compressed with {codec}, which cannot be read here.",
            hint="Install imagecodecs (pip install imagecodecs), or save the image uncompressed.",
        ) from error
    return pixels if pixels.dtype == np.bool_ else pixels.astype(series.dtype, copy=False)


def _name_axes(
    path: Path, pixels: NDArray[Any], letters: str, page: TiffPage
) -> tuple[NDArray[Any], Axes, bool]:
    """Pixels with their axes named, colours before rows; whether they are RGB."""
    is_rgb = False
    if "S" in letters:
        samples = letters.index("S")
        keep = _samples_to_keep(pixels.shape[samples], page)
        pixels = np.take(pixels, range(keep), axis=samples)
        if keep > 1 and "C" in letters:
            raise _unclear(path, pixels.shape, letters)
        is_rgb = keep == 3 and pixels.dtype == np.uint8 and int(page.photometric) in (2, 6)
        if keep == 1:
            pixels, letters = pixels.squeeze(samples), letters.replace("S", "")
        else:
            place = min(letters.index("Y"), samples)
            pixels = np.ascontiguousarray(np.moveaxis(pixels, samples, place))
            rest = letters.replace("S", "")
            letters = f"{rest[:place]}C{rest[place:]}"
    unknown = [letter for letter in letters if letter not in _NAMES]
    free = [name for name in (AxisName.Z, AxisName.TIME) if name.value.upper() not in letters]
    if len(unknown) > 1 or (unknown and not free):
        raise _unclear(path, pixels.shape, letters)
    # Pages without a word of what they are: slices of a stack, as in ImageJ.
    names = _NAMES | dict.fromkeys(unknown, free[0]) if unknown else _NAMES
    return pixels, tuple(names[letter] for letter in letters), is_rgb


def _samples_to_keep(samples: int, page: TiffPage) -> int:
    """Samples without transparency, which is no channel."""
    extra = [int(sample) for sample in page.extrasamples]
    return samples - sum(kind in _ALPHA for kind in extra) if samples > len(extra) else samples


def _unclear(path: Path, shape: tuple[int, ...], letters: str) -> ImageError:
    return ImageError(
        f"{path} does not say clearly which axes its array {shape} has ({letters}).",
        hint="Name the axes, as in axes=TZYX.",
    )


def _as_imagej(pixels: NDArray[Any], metadata: dict[str, Any]) -> NDArray[Any]:
    """Pixel values as ImageJ gives them."""
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * 255
    # ImageJ keeps signed 16 bits as unsigned ones with a calibration that subtracts 32768.
    coefficients = [metadata.get(key) for key in ("cf", "c0", "c1")]
    if pixels.dtype == np.uint16 and coefficients == [0, -32768, 1]:
        return (pixels ^ 0x8000).view(np.int16)
    return pixels


def _calibration(file: TiffFile, page: TiffPage, metadata: dict[str, Any]) -> Calibration:
    x, y, unit = _resolution(page)
    if file.is_imagej:
        return calibration_of(metadata, x, y)
    if file.is_ome and file.ome_metadata:
        return _ome_calibration(file.ome_metadata)
    if unit == 2 and abs(x - 1 / 72) > 1e-9:  # 72 dpi is what programs write for "unknown"
        return Calibration(x=x, y=y, unit="inch")
    if unit == 3:
        is_micron = x <= 0.001  # as ij.io.FileOpener.setCalibration
        scale, name = (1e4, _MICRON) if is_micron else (1.0, "cm")
        return Calibration(x=x * scale, y=y * scale, unit=name)
    return Calibration()


def _resolution(page: TiffPage) -> tuple[float, float, int]:
    sizes = []
    for tag in (282, 283):
        pair = page.tags.valueof(tag)
        is_pair = isinstance(pair, tuple) and len(pair) == 2 and 0 not in pair
        sizes.append(pair[1] / pair[0] if is_pair else 1.0)
    return sizes[0], sizes[1], int(page.tags.valueof(296, default=1))


def _ome_calibration(xml: str) -> Calibration:
    pixels = next(
        (e for e in ElementTree.fromstring(xml).iter() if e.tag.endswith("}Pixels")), None
    )
    values = pixels.attrib if pixels is not None else {}
    if "PhysicalSizeX" not in values:
        return Calibration()
    sizes = {}
    for axis in "XYZ":
        scale = _MICRONS.get(values.get(f"PhysicalSize{axis}Unit", _MICRON), 1.0)
        default = values["PhysicalSizeX"] if axis == "Y" else "1"
        sizes[axis.lower()] = float(values.get(f"PhysicalSize{axis}", default)) * scale
    seconds = _SECONDS.get(values.get("TimeIncrementUnit", "s"), 1.0)
    interval = float(values.get("TimeIncrement", "0")) * seconds
    return Calibration(sizes["x"], sizes["y"], sizes["z"], unit=_MICRON, frame_interval=interval)
