"""Shared memory that the calls of one worker use again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import psutil

from deepimagej.engines.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARE: Final = 32
"""Kept is at most one part in so many of the machine's memory."""
_ROOM: Final = 2
"""A block is used for what takes at least one part in so many of it."""


class Pool:
    """Blocks that nobody needs now, and those whose arrays a caller may still hold.

    To make 34 MB, map them in both processes and touch each page took 30 ms of a call of 130
    (2 cores, 2026-11). A block that was handed out with the arrays over it comes back by itself
    when the last of these is gone.

    Parameters
    ----------
    forget
        Tells the worker which blocks are freed, by their names.
    most
        Bytes that are kept; None: a part of the machine's memory.
    """

    def __init__(self, forget: Callable[[list[str]], None], *, most: int | None = None) -> None:
        self._forget = forget
        self._most = psutil.virtual_memory().total // _SHARE if most is None else most
        self._lock = threading.Lock()
        self._blocks: list[Block] = []
        self._is_closed = False

    def take(self, size: int) -> Block:
        """A block with room for `size` bytes, whose content is anything."""
        with self._lock:
            for block in self._blocks:
                fits = size <= block.capacity <= _ROOM * size
                if fits and not block.is_in_use():
                    self._blocks.remove(block)
                    return block
        block = Block()
        block.reserve(size)
        return block

    def give(self, block: Block) -> None:
        """Take a block back; arrays over it may live on where it `outlives_closing`."""
        if block.name is None:
            return
        if self._is_closed or not block.outlives_closing:
            self.free(block)
            return
        with self._lock:
            self._blocks.append(block)
            gone = []
            while sum(each.capacity for each in self._blocks) > self._most:
                gone.append(self._blocks.pop(0))
        self.free(*gone)

    def free(self, *blocks: Block) -> None:
        """Free blocks, which the worker maps no more."""
        names = [block.name for block in blocks if block.name]
        if names:
            self._forget(names)
        for block in blocks:
            block.close()

    def clear(self) -> None:
        """Free all that is kept."""
        with self._lock:
            blocks, self._blocks = self._blocks, []
        self.free(*blocks)

    def close(self) -> None:
        """Keep nothing any more; safe to repeat."""
        self._is_closed = True
        self.clear()
