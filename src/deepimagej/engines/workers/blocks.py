"""Shared memory of the client's, as this process sees it: never freed here."""

from __future__ import annotations

import mmap
import os
from multiprocessing import resource_tracker, shared_memory
from typing import Any, Union

# All pages are there already: they are mapped together, not one by one as they are touched.
_AT_ONCE = getattr(mmap, "MAP_SHARED", 0) | getattr(mmap, "MAP_POPULATE", 0)  # Python 3.10


class Nameless:
    """Memory that has no name of its own, only a place among the client's open files (Linux)."""

    def __init__(self, name: str) -> None:
        descriptor = os.open(name.partition("#")[0], os.O_RDWR)
        try:
            self._map = mmap.mmap(descriptor, 0, flags=_AT_ONCE)
        finally:
            os.close(descriptor)
        self.buf = memoryview(self._map)

    def close(self) -> None:
        """Let go of it; BufferError if an array over it still lives."""
        self.buf.release()
        self._map.close()


class Named(shared_memory.SharedMemory):
    """A segment with a name.

    Python unlinks a segment that it cannot map, as where the memory is limited: the client would
    be left without it.
    """

    def unlink(self) -> None:
        """Leave that to the client."""


Shared = Union[Nameless, Named]


def attach(name: str) -> Shared:
    """The client's memory: a segment's name, or ``PATH#NUMBER``."""
    return Nameless(name) if name.startswith("/proc/") else Named(name)


def leave_alone() -> None:
    """Keep Python from freeing the client's segments with this process (Python < 3.13 would).

    Its tracker would also be one more process.
    """
    track = resource_tracker.register

    def register(name: Any, kind: str) -> None:
        if kind != "shared_memory":
            track(name, kind)

    resource_tracker.register = register  # type: ignore[assignment]
