"""Memory of a process with all that it started, watched while it works."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_PAUSE: Final = 0.01


class Watch:
    """The most memory that a process and its children take inside a ``with``.

    `baseline` is what they took when it began, `peak` the most at one moment, `peaks` the most of
    the process itself and of all its children; bytes.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.baseline = sum(_of_tree(self._process))
        self.peak = self.baseline
        self.peaks = _of_tree(self._process)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._is_over.wait(_PAUSE):
            own, children = _of_tree(self._process)
            self.peak = max(self.peak, own + children)
            self.peaks = max(self.peaks[0], own), max(self.peaks[1], children)


def of_tree(pid: int) -> tuple[int, int]:
    """Bytes of the process `pid`, and of all that it started."""
    return _of_tree(psutil.Process(pid))


def _of_tree(process: psutil.Process) -> tuple[int, int]:
    try:
        children = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return 0, 0
    return _resident(process, shared=True), sum(_resident(c, shared=False) for c in children)


def _resident(process: psutil.Process, *, shared: bool) -> int:
    """Resident bytes; blocks that a worker shares with its client are the client's.

    Linux tells the shared ones apart; elsewhere they are counted twice.
    """
    try:
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    except OSError:
        try:
            return int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0
    kinds = dict(line.split(":", 1) for line in text.splitlines())
    wanted = ("RssAnon", "RssFile", "RssShmem") if shared else ("RssAnon", "RssFile")
    return sum(1024 * int(kinds.get(name, "0 kB").split()[0]) for name in wanted)
