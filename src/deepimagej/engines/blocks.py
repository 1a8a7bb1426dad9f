"""Shared memory between the client and a worker: made, reused and freed here only."""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import sys
import weakref
from functools import cache
from math import prod
from multiprocessing import shared_memory
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from deepimagej.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_ALIGNMENT = 128
"""Bytes; frameworks read aligned arrays without a copy."""


class Block:
    """A piece of shared memory that grows when it must and is freed in any case.

    The client owns it: a worker that crashes leaves none. On Linux it has no name that could
    outlive its processes, whatever kills them, and the size of ``/dev/shm`` (64 MB in a Docker
    container) is no limit. Elsewhere it is a named segment, which Python's resource tracker frees
    when this process is killed.
    """

    def __init__(self) -> None:
        self._memory: _Memory | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None

    @property
    def name(self) -> str | None:
        """What the worker finds it by; None while there is none."""
        return None if self._memory is None else self._memory.name

    @property
    def capacity(self) -> int:
        """Bytes that fit in."""
        return 0 if self._memory is None else self._memory.size

    def reserve(self, size: int) -> None:
        """Make room for `size` bytes, in a new segment where there are fewer."""
        if self._memory is not None and size <= self.capacity:
            return
        self.close()
        self._memory = _make(max(size, 1))
        self._finalizer = weakref.finalize(self, _free, self._memory)

    @property
    def outlives_closing(self) -> bool:
        """Whether an array over it may be kept when it is closed: its memory goes with the array.

        A segment with a name does not allow that on every system.
        """
        return isinstance(self._memory, _Nameless)

    def is_in_use(self) -> bool:
        """Whether an array over it lives; told only where it `outlives_closing`."""
        return isinstance(self._memory, _Nameless) and self._memory.is_in_use()

    def view(self, item: Mapping[str, Any]) -> NDArray[Any]:
        """The array that lies at an item's ``offset``; to be kept where it `outlives_closing`."""
        if self._memory is None:
            raise ValueError("the block has no memory yet")
        # Not np.ndarray(buffer=...): that holds the buffer's owner, and the memory may be unmapped.
        dtype = np.dtype(item["dtype"])
        size = prod(item["shape"]) * dtype.itemsize
        memory: Any = self._memory.buf  # None only when it is closed
        flat: NDArray[Any] = np.asarray(memory[item["offset"] : item["offset"] + size]).view(dtype)
        return flat.reshape(item["shape"])

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


_AT_ONCE = getattr(mmap, "MAP_SHARED", 0) | getattr(mmap, "MAP_POPULATE", 0)
"""All pages are there already, and one look at each takes longer than mapping them together: to
map and write 34 MB took 23 ms and 11 ms (2 cores, 2026-11)."""


class _Nameless:
    """Memory behind a file descriptor; a worker of the same user opens it through ``/proc``."""

    _numbers = itertools.count()

    def __init__(self, size: int) -> None:
        self._descriptor = _open(size)
        try:
            self._map = mmap.mmap(self._descriptor, size, flags=_AT_ONCE)
        except BaseException:
            os.close(self._descriptor)
            raise
        # Numbered, as the system gives the descriptors of closed files to new ones.
        self.name = f"{self.path}#{next(self._numbers)}"
        self.size = size
        self.buf = memoryview(self._map)

    @property
    def path(self) -> str:
        """Where a worker opens it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def is_in_use(self) -> bool:
        """Whether an array over it lives."""
        self.buf.release()  # which views of it outlive
        try:
            self._map.resize(self.size)  # to what it is: that is refused while there are any
        except BufferError:
            return True
        finally:
            self.buf = memoryview(self._map)
        return False

    def unlink(self) -> None:
        """Close the door: it goes with the last mapping."""
        os.close(self._descriptor)

    def close(self) -> None:
        """Let go of it; BufferError if an array over it still lives."""
        self.buf.release()
        self._map.close()


def _open(size: int) -> int:
    if sys.platform != "linux":
        raise OSError("only Linux has it")
    descriptor = os.memfd_create("deepimagej")
    try:
        # Linux promises any size, and kills the process that touches a page too many.
        os.posix_fallocate(descriptor, 0, size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


_Memory = _Nameless | shared_memory.SharedMemory


def _make(size: int) -> _Memory:
    try:
        if psutil.virtual_memory().available < size:
            raise MemoryError
        return _Nameless(size) if _has_nameless() else _segment(size)
    except (OSError, OverflowError, MemoryError) as error:
        raise OutOfMemory(
            f"There is no room for {size / 2**20:.0f} MB of shared memory.",
            hint="Use a smaller tile, or free memory.",
        ) from error


@cache
def _has_nameless() -> bool:
    """Whether another process of this user can open what has no name; some sandboxes refuse it."""
    try:
        memory = _Nameless(1)
    except OSError:
        return False
    try:
        os.close(os.open(memory.path, os.O_RDWR))
    except OSError:
        return False
    finally:
        _free(memory)
    return True


def _segment(size: int) -> shared_memory.SharedMemory:
    memory = shared_memory.SharedMemory(create=True, size=size)
    descriptor = getattr(memory, "_fd", -1)
    if sys.platform == "linux" and descriptor >= 0:
        try:  # as above
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            _free(memory)
            raise
    return memory


def _free(memory: _Memory) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody cleared /dev/shm
        memory.unlink()
    with contextlib.suppress(BufferError):  # an array over it still lives, as in a traceback
        memory.close()
