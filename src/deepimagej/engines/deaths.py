"""Why a worker's process ended, in words."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNALS: Final = {
    "SIGABRT": "aborted",
    "SIGBUS": "bus error",
    "SIGFPE": "arithmetic error",
    "SIGILL": "illegal instruction",
    "SIGKILL": "killed",
    "SIGSEGV": "segmentation fault",
    "SIGTERM": "terminated",
}
_WINDOWS: Final = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC00000FD: "stack overflow",
    0xC0000409: "aborted",
}
_MEMORY: Final = re.compile(
    r"bad_alloc|MemoryError|out of memory|cannot allocate memory|can't allocate memory"
    r"|can't start new thread",
    re.IGNORECASE,
)
_NOISE: Final = re.compile(
    r"[IW]\d{4} |\d{4}-\d\d-\d\d \S+: [IW] |WARNING: All log messages before"
)
"""TensorFlow's notices: it prints some at every start."""
_LONGEST: Final = 300
_KERNEL: Final = Path("/proc/vmstat")


def describe(code: int) -> str:
    """An exit code in words, as in ``segmentation fault (signal 11)``."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:  # a real-time signal
            name = ""
        return f"{_SIGNALS.get(name, name or 'ended')} (signal {-code})"
    if code > 0xFF and code in _WINDOWS:
        return f"{_WINDOWS[code]} (exit code 0x{code:X})"
    return f"exit code {code}"


def is_kill(code: int) -> bool:
    """Whether the process ended as the kernel ends those that take too much memory."""
    return code == -9


def is_memory(lines: Sequence[str]) -> bool:
    """Whether the last words of a process speak of memory."""
    return any(_MEMORY.search(line) for line in lines)


def last_words(lines: Sequence[str], count: int = 5) -> list[str]:
    """The last lines of a log that say something."""
    told = [line.strip() for line in lines if line.strip() and not _NOISE.match(line)]
    return [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..." for line in told[-count:]]


def kills_for_memory() -> int | None:
    """Processes that the kernel has ended for lack of memory since it started (Linux).

    It counts those of a container that reached its limit as well (``oom_kill``, Linux 4.13).
    """
    try:
        text = _KERNEL.read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None
