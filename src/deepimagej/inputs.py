"""The image of a Python call: path, array, or an image of ImageJ -> `Image`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej.axes import AxisName, parse_axes
from deepimagej.errors import ImageError
from deepimagej.image import Image, from_data_array

if TYPE_CHECKING:
    from deepimagej.request import RunRequest

Source = Any
"""A path, numpy array, DataArray, ImagePlus, Dataset, ImgPlus or `Image`; Java has no types."""


def name_images(request: RunRequest, image: Source | Mapping[str, Source] | None) -> RunRequest:
    """`request` with the files that `image` names, so that its macro line finds them again."""
    if isinstance(image, (str, os.PathLike)):
        return replace(request, input_path=str(Path(image).expanduser().absolute()))
    if isinstance(image, Mapping) and all(
        isinstance(v, (str, os.PathLike)) for v in image.values()
    ):
        named = tuple((name, str(Path(p).expanduser().absolute())) for name, p in image.items())
        return replace(request, images=named)
    return request


def as_images(
    image: Source | Mapping[str, Source] | None, axes: str | None
) -> dict[str, Image] | None:
    """Images by tensor name, ``""`` for "the image"; None for None.

    Raises
    ------
    ImageError
        If a file cannot be read, or the axes of an array are not known or do not fit it.
    """
    if image is None:
        return None
    if isinstance(image, Mapping):
        return {name: as_image(value, axes, title=name) for name, value in image.items()}
    return {"": as_image(image, axes)}


def as_image(image: Source, axes: str | None = None, *, title: str = "image") -> Image:
    """One image of any kind as an `Image`; `axes` renames those that a file says."""
    if isinstance(image, Image):
        return image
    if isinstance(image, (str, os.PathLike)):
        from deepimagej.files import read_image

        return read_image(Path(image).expanduser(), axes=parse_axes(axes) if axes else None)
    if hasattr(image, "getImageStack"):
        from deepimagej.host.images import to_image

        return to_image(image)
    if hasattr(image, "averageScale"):  # Dataset and ImgPlus
        from deepimagej.host.datasets import to_image as of_dataset

        return of_dataset(image)
    if hasattr(image, "dims") and hasattr(image, "attrs"):
        return from_data_array(image, title)
    return _of_array(image, axes, title)


def _of_array(array: Any, axes: str | None, title: str) -> Image:
    import numpy as np

    pixels = np.asarray(array)
    if pixels.dtype == object or pixels.dtype.kind not in "biuf":
        raise ImageError(
            f"The image is a {type(array).__name__} of {pixels.dtype}, not an array of numbers.",
            hint="Give a path, a numpy array, a DataArray or an ImagePlus.",
        )
    if axes is not None:
        return Image(pixels=pixels, axes=parse_axes(axes), title=title)
    if pixels.ndim != 2:
        raise ImageError(
            f"The array has {pixels.ndim} dimensions, and axes= does not say which they are.",
            hint="Name them, as in axes=ZYX or axes=CYX.",
        )
    return Image(pixels=pixels, axes=(AxisName.Y, AxisName.X), title=title)
