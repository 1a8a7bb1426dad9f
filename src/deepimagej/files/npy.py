"""Arrays in NumPy's file format, the malformed ones of old bundles included."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy_format

from deepimagej.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_npy(path: Path) -> NDArray[Any]:
    """The array in `path`; never unpickles.

    Raises
    ------
    ImageError
        If the file is missing, or not an array of numbers.

    Notes
    -----
    deepImageJ wrote test tensors whose header has a trailing axis of length 0 over a full file,
    such as shape (64, 64, 1, 1, 0); numpy reads them as empty. The axes of length 0 are left out
    where the file then fits.
    """
    hint = "Save it with numpy.save(path, array), the array being numbers."
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.", hint="Check the path.") from None
    except (OSError, ValueError, EOFError) as error:
        raise ImageError(
            f"{path} cannot be read as an array: {_plain(error)}.", hint=hint
        ) from error


def _read(file: IO[bytes], size: int) -> NDArray[Any]:
    version = npy_format.read_magic(file)
    read_header = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    n_bytes = size - file.tell()
    mended = tuple(length for length in shape if length)
    is_malformed = 0 in shape and n_bytes and math.prod(mended) * dtype.itemsize == n_bytes
    shape = mended if is_malformed else shape
    if math.prod(shape) * dtype.itemsize > n_bytes:
        raise ValueError(f"shape {shape} needs more than its {n_bytes} bytes")
    values = np.frombuffer(file.read(math.prod(shape) * dtype.itemsize), dtype=dtype)
    array = values.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=True)


def _plain(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
