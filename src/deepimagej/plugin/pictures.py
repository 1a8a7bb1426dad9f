"""Small pictures of covers and sample images, for the windows."""

from __future__ import annotations

import hashlib
import logging
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import DeepImageJError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

_ARRAYS = (".npy", ".npz", ".tif", ".tiff")
_MOST_BYTES = 256 * 2**20
"""Files that are larger get no picture: reading them would take longer than looking at it."""
_log = logging.getLogger(__name__)


def thumbnail(path: Path, cache: Path, *, size: int) -> Path | None:
    """A PNG of the picture or tensor in `path`; None if it cannot be shown.

    Parameters
    ----------
    cache
        Where pictures are kept, by path and time of what they show.
    size
        Its longer side, px.
    """
    try:
        state = path.stat()
        key = f"{path.absolute()} {state.st_mtime_ns} {state.st_size} {size}"
        made = cache / "pictures" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.png"
        if not made.is_file():
            if state.st_size > _MOST_BYTES:
                return None
            _write(_read(path), made, size)
    except (OSError, ValueError, SyntaxError, DeepImageJError) as error:
        _log.debug("%s has no picture: %s", path, error)
        return None
    return made


def _write(picture: PillowImage, made: Path, size: int) -> None:
    made.parent.mkdir(parents=True, exist_ok=True)
    picture.thumbnail((size, size))
    part = made.with_suffix(f".{os.getpid()}.part")
    picture.save(part, format="PNG")
    part.replace(made)


def _read(path: Path) -> PillowImage:
    from PIL import Image

    if path.suffix.lower() not in _ARRAYS:
        with Image.open(path) as picture:
            return picture.convert("RGBA" if picture.mode in ("RGBA", "P", "LA") else "RGB")
    from deepimagej.bundle.tensors import load_tensor

    return Image.fromarray(_plane(load_tensor(path)))


def _plane(values: NDArray[Any]) -> NDArray[np.uint8]:
    """The middle plane of a tensor as grey values, its contrast stretched."""
    values = values.squeeze()
    if values.ndim == 3 and values.shape[-1] == 3 and values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    while values.ndim > 2:  # channels and slices stand at either end
        axis = int(np.argmin(values.shape))
        values = np.take(values, values.shape[axis] // 2, axis=axis)
    if values.ndim < 2:
        raise ValueError("it is no picture")
    low, high = np.nanpercentile(values.astype(np.float32), (0.5, 99.8))
    scaled = (values.astype(np.float32) - low) / max(high - low, 1e-12)
    grey: NDArray[np.uint8] = (255 * np.nan_to_num(np.clip(scaled, 0, 1))).astype(np.uint8)
    return grey
