"""Memory of this process: how much it takes, and how much it may take (Linux)."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from typing import Dict, Optional

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_NO_LIMIT = resource.getrlimit(resource.RLIMIT_AS) if resource is not None else (-1, -1)
_GROWING = frozenset({"load", "predict", "fetch"})
"""Functions whose growth is that of the network."""


class Account:
    """What each network takes: the growth of the process by its loading and its calls.

    Frameworks keep for the next call what one call needed, so a network grows with its calls.
    """

    def __init__(self) -> None:
        self._taken: Dict[str, int] = {}
        self._loaded: Dict[str, int] = {}
        self._last = resident()
        self._peak_counts = False
        self._key = ""

    def begin(self) -> None:
        """A call of a network begins."""
        self._peak_counts = forget_peak()

    def need(self, key: str) -> Optional[int]:
        """The most that a call took beyond what the process had when the network was loaded."""
        most = peak() if self._peak_counts else None
        if most is None or self._last is None:
            return None
        kept = self._taken.get(key, 0) - self._loaded.get(key, 0)
        return max(0, most - self._last + kept)

    def settle(self, function: str, key: Optional[str]) -> Dict[str, Optional[int]]:
        """Note what the process has after a task; the fields that this adds to the answer."""
        now = resident()
        self._key = key or self._key
        grown: Optional[int] = None
        if now is not None and self._last is not None and function in _GROWING:
            grown = max(0, self._taken.get(self._key, 0) + now - self._last)
            self._taken[self._key] = grown
            if function == "load":
                self._loaded.setdefault(self._key, grown)
        self._last = now
        if function == "load":
            return {"resident": now, "grown": grown}
        return {"grown": grown} if function == "predict" else {}

    def forget(self, key: str) -> None:
        """A network was unloaded."""
        self._taken.pop(key, None)
        self._loaded.pop(key, None)


def resident() -> Optional[int]:
    """Bytes that this process has in memory, without what it shares with the client.

    None where that cannot be told.
    """
    sizes = _sizes()
    return sizes["VmRSS"] - sizes.get("RssShmem", 0) if sizes else None


def give_back() -> None:
    """Return to the system what was freed: the C library keeps it, and it would still count."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:  # glibc's
        trim(0)


def forget_peak() -> bool:
    """Let `peak` count from now; whether it can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def peak() -> Optional[int]:
    """The most that `resident` was since `forget_peak`."""
    sizes = _sizes()
    return sizes["VmHWM"] - sizes.get("RssShmem", 0) if sizes else None


def limit(most: Optional[int]) -> None:
    """Let the next allocation fail that would take this process beyond `most` bytes.

    The system limits addresses, not memory (``RLIMIT_AS``), and frameworks keep many more of
    these than they use: PyTorch 2.15 3.1 GB when it is imported, of which 0.5 GB are in memory.
    What is kept and not used now does not count, so `limit` is called before each call of a
    network. `most` of None changes nothing.
    """
    if most is None or resource is None:
        return
    sizes = _sizes()
    if not sizes:
        return
    own, hard = _NO_LIMIT
    soft = sizes["VmSize"] - sizes["VmRSS"] + most
    soft = soft if own == resource.RLIM_INFINITY else min(soft, own)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def lift() -> None:
    """Take the limit away. It needs no memory, as there may be none."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, _NO_LIMIT)


def _sizes() -> Dict[str, int]:
    """The kernel's numbers of bytes by their names; empty where there are none."""
    try:
        with open("/proc/self/status") as file:
            text = file.read()
    except OSError:
        return {}
    sizes = {name: int(number) * 1024 for name, number in _LINE.findall(text)}
    return sizes if {"VmRSS", "VmSize", "VmHWM"} <= set(sizes) else {}
