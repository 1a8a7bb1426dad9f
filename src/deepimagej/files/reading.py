"""From an image file to an `Image`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName, parse_axes
from deepimagej.errors import ImageError
from deepimagej.files.npy import read_npy
from deepimagej.files.tiff import read_tiff
from deepimagej.image import Display, Image

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

    from deepimagej.axes import Axes

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PILLOW = (b"\x89PNG", b"\xff\xd8\xff", b"BM")
_NPY = b"\x93NUMPY"
_PNG_16_BIT_COLOUR = ((16, 2), (16, 6))
"""Bit depth and colour type in the header of a PNG."""


def read_image(path: Path, *, axes: Axes | None = None) -> Image:
    """The image in `path`: TIFF (ImageJ's, OME, plain), PNG, JPEG, BMP or NumPy's ``.npy``.

    Parameters
    ----------
    path
        The file; its content decides, not its extension.
    axes
        Of the array in the file, where the file does not name them or names them wrongly.

    Raises
    ------
    ImageError
        If the file is missing, not readable, or does not say what its axes are.
    """
    path = Path(path).expanduser()
    start = _first_bytes(path)
    if start.startswith(_TIFF):
        return read_tiff(path, axes=axes)
    if start.startswith(_NPY):
        pixels = read_npy(path)
        return Image(pixels, axes or _axes_by_dimensions(path, pixels.shape), title=path.name)
    if start.startswith(_PILLOW):
        return _read_pillow(path, start)
    raise ImageError(
        f"{path} is not an image that can be read.",
        hint="Readable are TIFF, PNG, JPEG, BMP and .npy files; open others in ImageJ.",
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(32)
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.", hint="Check the path of the image.") from None
    except OSError as error:
        what = "it is a folder" if os.path.isdir(path) else error.strerror
        raise ImageError(
            f"{path} cannot be read: {what}.", hint="Name an image file that you may read."
        ) from error


def _axes_by_dimensions(path: Path, shape: tuple[int, ...]) -> Axes:
    if len(shape) == 2:
        return parse_axes("YX")
    raise ImageError(
        f"{path} has {len(shape)} dimensions {shape} and no axes.",
        hint="Name the axes, as in axes=ZYX or axes=CYX.",
    )


def _read_pillow(path: Path, start: bytes) -> Image:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    if start.startswith(b"\x89PNG") and (start[24], start[25]) in _PNG_16_BIT_COLOUR:
        raise ImageError(
            f"{path} has 16-bit colours, which PNG readers here reduce to 8 bits.",
            hint="Save it as TIFF.",
        )
    try:
        with Pillow.open(path) as picture:
            picture.load()
            return _from_pillow(picture, path.name)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ImageError(
            f"{path} cannot be read: {str(error).rstrip('.')}.",
            hint="The file may be damaged; save it again.",
        ) from error


def _from_pillow(picture: PillowImage, title: str) -> Image:
    if picture.mode in ("1", "L", "I;16", "I;16B", "I", "F"):
        pixels = np.asarray(picture)
        if pixels.dtype == np.bool_:
            pixels = pixels.astype(np.uint8) * 255
        if picture.mode == "I" and pixels.max(initial=0) <= 0xFFFF:
            pixels = pixels.astype(np.uint16)  # 16-bit grey PNG in older Pillow
        return Image(_native(pixels), parse_axes("YX"), title=title)
    if picture.mode == "P" and "transparency" not in picture.info:
        # As ImageJ: one channel with a colour LUT.
        return Image(
            np.array(picture), parse_axes("YX"), title=title, display=Display(luts=(_lut(picture),))
        )
    if picture.mode == "LA":
        return Image(np.array(picture.getchannel("L")), parse_axes("YX"), title=title)
    rgb = np.asarray(picture.convert("RGB"))
    return Image(
        np.ascontiguousarray(np.moveaxis(rgb, -1, 0)),
        (AxisName.CHANNEL, AxisName.Y, AxisName.X),
        title=title,
        is_rgb=True,
    )


def _lut(picture: PillowImage) -> np.ndarray[Any, np.dtype[np.uint8]]:
    colours = np.zeros((256, 3), np.uint8)
    palette = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours[: len(palette)] = palette[:256]
    return colours


def _native(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array(pixels, dtype=pixels.dtype.newbyteorder("="))
