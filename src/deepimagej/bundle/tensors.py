"""Test and sample tensors of a bundle as arrays."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import BundleError, ImageError
from deepimagej.files import read_npy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def load_tensor(path: Path) -> NDArray[Any]:
    """The array in `path`: ``.npy``, the first of an ``.npz``, TIFF, PNG or JPEG.

    Its axes are those of the file; nothing is unpickled.

    Raises
    ------
    BundleError
        If the file is missing, damaged or of another kind.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise BundleError(
            f"{path} is not a tensor that can be read.",
            hint="Readable are .npy, .npz, .tif and .png files.",
        )
    try:
        return read(path)
    except (ImageError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        words = error.message if isinstance(error, ImageError) else _plain(error)
        raise BundleError(
            f"The tensor {path} cannot be read: {words.rstrip('.')}.",
            hint="Download the model again, or make the file anew with numpy.save.",
        ) from error


def _plain(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.splitlines()[0] if text else type(error).__name__


def _read_npz(path: Path) -> NDArray[Any]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        if not arrays.files:
            raise ValueError("it is empty")
        return np.asarray(arrays[arrays.files[0]])


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    return np.asarray(tifffile.imread(path))


def _read_picture(path: Path) -> NDArray[Any]:
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture)


_READERS: Final[Mapping[str, Callable[[Path], NDArray[Any]]]] = {
    ".npy": read_npy,
    ".npz": _read_npz,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".png": _read_picture,
    ".jpg": _read_picture,
    ".jpeg": _read_picture,
}
