"""An `Image` in the form of ImageJ's TIFF files."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName, format_axes, parse_axes
from deepimagej.errors import ImageError
from deepimagej.files.imagej_metadata import description_entries, resolution_of, tag_entries
from deepimagej.files.luts import label_lut

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.image import Image

_ORDER = parse_axes("TZCYX")
_IMAGEJ_TYPES = "BHhf"
"""What tifffile writes in ImageJ's flavour, files of more than 4 GB included."""
_COLOR_MAP = 320


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTiff:
    """Pixels and metadata, ready to be written."""

    pixels: NDArray[Any]
    """(T, Z, C, Y, X) or, for RGB, (T, Z, 1, Y, X, 3)."""
    description: dict[str, Any]
    tags: dict[str, Any]
    resolution: tuple[tuple[int, int], tuple[int, int]]
    lut: NDArray[np.uint8] | None = None
    is_rgb: bool = field(default=False)

    @property
    def n_bytes(self) -> int:
        """Size of the file, about."""
        return self.pixels.nbytes + 4096

    def write(self, file: IO[bytes]) -> None:
        """Write the TIFF into the open `file`."""
        import tifffile

        colormap = None
        if self.lut is not None:
            colormap = self.lut.T.astype(np.uint16) * 257
        is_plain = self.pixels.dtype.char not in _IMAGEJ_TYPES
        is_plain |= colormap is not None and self.pixels.dtype.char == "h"
        options = self._plain(colormap) if is_plain else self._imagej(colormap)
        is_palette = colormap is not None and self.pixels.dtype == np.uint8
        gray = "palette" if is_palette else "minisblack"
        with warnings.catch_warnings():
            # A file of more than 4 GB has one directory, as ImageJ writes and expects it.
            warnings.filterwarnings("ignore", "(?s).*truncating ImageJ file", UserWarning)
            tifffile.imwrite(
                file,
                # tifffile takes a last axis of length 1 for samples.
                self.pixels if is_plain or self.is_rgb else self.pixels[..., np.newaxis],
                photometric="rgb" if self.is_rgb else gray,
                resolution=self.resolution,
                software=False,
                **options,
            )

    def _imagej(self, colormap: NDArray[np.uint16] | None) -> dict[str, Any]:
        metadata = {"axes": "TZCYXS", **self.description, **self.tags}
        return {"imagej": True, "metadata": metadata, "colormap": colormap}

    def _plain(self, colormap: NDArray[np.uint16] | None) -> dict[str, Any]:
        """The same file by hand, as tifffile refuses types that ImageJ has no image of."""
        import tifffile

        tags = list(tifffile.tifffile.imagej_metadata_tag(self.tags, "<"))
        if colormap is not None:
            tags.append((_COLOR_MAP, 3, colormap.size, colormap.tobytes(), True))
        description = tifffile.tifffile.imagej_description(
            self.pixels.shape, axes="TZCYX", **self.description
        )
        return {
            "byteorder": "<",
            "ome": False,
            "metadata": None,
            "description": description,
            "extratags": tags,
            "resolutionunit": 1,
        }


def encode_tiff(image: Image) -> EncodedTiff:
    """`image` in ImageJ's order of axes and in a type that loses nothing.

    Raises
    ------
    ImageError
        If TIFF has no place for its axes or its type.
    """
    pixels = _exact(_ordered(image), image.title)
    n_channels = pixels.shape[2]
    is_rgb = image.is_rgb and n_channels == 3 and pixels.dtype == np.uint8
    if is_rgb:
        pixels, n_channels = np.moveaxis(pixels, 2, -1)[:, :, np.newaxis], 1
    lut = None
    if n_channels == 1 and not is_rgb:
        has_lut = image.display is not None and len(image.display.luts) == 1
        lut = image.display.luts[0] if has_lut and image.display else None
        lut = label_lut() if lut is None and image.is_label else lut
    tags = tag_entries(image, n_channels)
    if len(image.labels) != int(np.prod(pixels.shape[:3])):
        tags.pop("Labels", None)
    calibration = image.calibration
    return EncodedTiff(
        np.ascontiguousarray(pixels),
        description_entries(image, n_channels),
        tags,
        (resolution_of(calibration.x), resolution_of(calibration.y)),
        lut,
        is_rgb,
    )


def _ordered(image: Image) -> NDArray[Any]:
    """(T, Z, C, Y, X), axes that the image lacks of length 1; a batch is taken for time."""
    axes = image.axes
    if AxisName.BATCH in axes and AxisName.TIME not in axes:
        axes = tuple(AxisName.TIME if axis is AxisName.BATCH else axis for axis in axes)
    if not {AxisName.Y, AxisName.X} <= set(axes) <= set(_ORDER):
        raise ImageError(
            f'"{image.title}" has axes {format_axes(image.axes)}; a TIFF holds T, Z, C, Y and X.',
            hint="Save it as a table, or name its axes with these letters.",
        )
    here = [axis for axis in _ORDER if axis in axes]
    pixels = image.pixels.transpose([axes.index(axis) for axis in here])
    sizes = dict(zip(here, pixels.shape, strict=True))
    if 0 in pixels.shape:
        raise ImageError(
            f'"{image.title}" has no pixels (shape {image.pixels.shape}).',
            hint="Check the step that made it.",
        )
    return pixels.reshape([sizes.get(axis, 1) for axis in _ORDER])


def _exact(pixels: NDArray[Any], title: str) -> NDArray[Any]:
    """`pixels` in the type nearest to ImageJ's in which every value is the same."""
    kind, char = pixels.dtype.kind, pixels.dtype.newbyteorder("=").char
    if kind == "b":
        return pixels.astype(np.uint8) * 255
    if kind not in "iuf":
        raise ImageError(
            f'"{title}" has pixels of type {pixels.dtype}; a TIFF holds integers and floats.',
            hint="Take its real part, its phase or its magnitude.",
        )
    if char in _IMAGEJ_TYPES:
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if kind == "f":
        smaller = pixels.astype(np.float32)
        is_same = np.array_equal(smaller.astype(pixels.dtype), pixels, equal_nan=True)
        return smaller if is_same else pixels.astype(np.float64)
    low, high = int(pixels.min()), int(pixels.max())
    types = (np.uint16, np.int16, np.int32, np.uint32)
    fitting = (t for t in types if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return pixels.astype(next(fitting, pixels.dtype.type))
