"""Shared memory between the client and a worker: made, reused and freed here only."""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from math import prod
from multiprocessing import shared_memory
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_ALIGNMENT = 128
"""Bytes; frameworks read aligned arrays without a copy."""


class Block:
    """A segment of shared memory that grows when it must and is freed in any case.

    The client owns every segment: a worker that crashes leaves none, and when this process is
    killed, Python's resource tracker frees it.
    """

    def __init__(self) -> None:
        self._memory: shared_memory.SharedMemory | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None

    @property
    def name(self) -> str | None:
        """The segment's name; None while there is none."""
        return None if self._memory is None else self._memory.name

    @property
    def capacity(self) -> int:
        """Bytes that fit in."""
        return 0 if self._memory is None else self._memory.size

    def reserve(self, size: int) -> str | None:
        """Make room for `size` bytes; the name of the segment that had to go for it."""
        if self._memory is not None and size <= self.capacity:
            return None
        old = self.name
        self.close()
        self._memory = _segment(max(size, 1))
        self._finalizer = weakref.finalize(self, _free, self._memory)
        return old

    def view(self, item: Mapping[str, Any]) -> NDArray[Any]:
        """The array that lies at an item's ``offset``; not to be kept."""
        if self._memory is None:
            raise ValueError("the block has no memory yet")
        return np.ndarray(
            item["shape"], dtype=item["dtype"], buffer=self._memory.buf, offset=item["offset"]
        )

    def close(self) -> None:
        """Free the segment; safe to repeat."""
        if self._finalizer is not None:
            self._finalizer()
        self._memory = None
        self._finalizer = None


def lay_out(arrays: Iterable[tuple[str, NDArray[Any]]]) -> tuple[list[dict[str, Any]], int]:
    """Where arrays lie one after the other in a block, and the bytes they take together."""
    items: list[dict[str, Any]] = []
    offset = 0
    for name, array in arrays:
        shape = list(array.shape)
        items.append({"name": name, "dtype": array.dtype.str, "shape": shape, "offset": offset})
        offset += padded(shape, array.dtype)
    return items, offset


def padded(shape: Sequence[int], dtype: np.dtype[Any]) -> int:
    """Bytes of an array, up to the next aligned offset."""
    return -(-prod(shape) * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT


def _segment(size: int) -> shared_memory.SharedMemory:
    memory: shared_memory.SharedMemory | None = None
    try:
        memory = shared_memory.SharedMemory(create=True, size=size)
        descriptor = getattr(memory, "_fd", -1)
        if sys.platform == "linux" and descriptor >= 0:
            # Linux promises any size and kills the process when it touches a page that a small
            # /dev/shm, such as Docker's 64 MB, does not have.
            os.posix_fallocate(descriptor, 0, size)
    except (OSError, OverflowError) as error:
        if memory is not None:
            _free(memory)
        raise OutOfMemory(
            f"There is no room for {size / 2**20:.0f} MB of shared memory.",
            hint="Use a smaller tile, or give the system more of it (docker: --shm-size).",
        ) from error
    return memory


def _free(memory: shared_memory.SharedMemory) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody cleared /dev/shm
        memory.unlink()
    with contextlib.suppress(BufferError):  # an array over it still lives, as in a traceback
        memory.close()
