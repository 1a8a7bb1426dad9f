"""Whether a worker still lives, or hangs."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Final

import psutil

SILENCE: Final = 10.0
"""Seconds without any sign of life after which a worker hangs. It beats once a second."""
_WORK: Final = 0.05
"""Seconds of computing that are a sign of life: the threads of a worker that hangs idle."""
_LONGEST_STEP: Final = 0.5
"""Seconds that one look counts at most: when this process itself stood still (Ctrl-Z, a sleeping
computer), the worker could not be heard."""
_FIRST_DOUBT: Final = 1.5
"""Seconds of silence after which the system is asked."""


class Clock:
    """Seconds in which this process could look: they do not pass while it stands still."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last = time.monotonic()

    def look(self) -> float:
        """Let time pass up to now; the seconds since `reset`."""
        now = time.monotonic()
        self.seconds += min(now - self._last, _LONGEST_STEP)
        self._last = now
        return self.seconds

    def reset(self) -> None:
        """Start again."""
        self.seconds = 0.0
        self._last = time.monotonic()


class Pulse:
    """Signs of life of one process.

    Its heartbeats are Python's: a framework that holds Python's lock (GIL) for a minute sends
    none, so a process that computes or reads lives as well. One that waits for a GPU beats.
    """

    def __init__(self, pid: int, *, silence: float = SILENCE) -> None:
        self._silence = silence
        self._quiet = Clock()
        self._lock = threading.Lock()
        self._process: psutil.Process | None = None
        self._seen = (0.0, 0)
        with contextlib.suppress(psutil.Error):  # it ended at once, which others tell
            self._process = psutil.Process(pid)

    def beat(self) -> None:
        """Note that the worker said something, or was asked something."""
        self._quiet.reset()

    def is_gone(self) -> bool:
        """Whether the process hangs; to be asked several times a second during a call."""
        with self._lock:
            if self._quiet.look() < _FIRST_DOUBT:
                return False
            if self._has_worked():
                self._quiet.reset()
            return self._quiet.seconds >= self._silence

    def _has_worked(self) -> bool:
        """Whether it computed or read since this was last true."""
        try:
            now = self._work()
        except psutil.Error:
            return False  # gone, or not ours to ask
        if now[0] - self._seen[0] >= _WORK or now[1] != self._seen[1]:
            self._seen = now
            return True
        return False

    def _work(self) -> tuple[float, int]:
        if self._process is None:
            return self._seen
        times = self._process.cpu_times()
        counters = getattr(self._process, "io_counters", None)  # macOS has none
        io = counters() if counters is not None else None
        read = io.read_bytes + getattr(io, "read_chars", 0) if io is not None else 0
        return times.user + times.system, read
