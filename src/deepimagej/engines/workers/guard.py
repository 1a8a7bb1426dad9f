"""What a worker process is to the system: it ends with the client, and before it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any

from . import memory

_EXPENDABLE = 800
"""Of 1000: the kernel takes this process before ImageJ's where memory runs out."""
_PR_SET_PDEATHSIG = 1
_BROKEN = 70
"""Exit code of a worker that can read no more tasks."""


def settle() -> None:
    """Make this process what a worker should be; to be called before the framework is imported."""
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the client
    threading.excepthook = _end_broken
    sys.excepthook = _end_without_main
    if os.name == "posix":
        # Of its own, so that the client can end it together with the programs that it starts.
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    if sys.platform == "linux":
        _be_taken_first()
        # Also where a framework holds Python's lock, and no thread of Python can look.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _be_taken_first() -> None:
    # OSError: a sandbox without /proc; then the kernel chooses by size alone.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "r+") as file:
        if int(file.read()) < _EXPENDABLE:
            file.seek(0)
            file.write(str(_EXPENDABLE))


def _end_with_parent(parent: int) -> None:
    """End also in the middle of a long call when the client is gone."""
    is_there = True
    while is_there:
        time.sleep(1)
        with contextlib.suppress(MemoryError):
            is_there = os.getppid() == parent
    with contextlib.suppress(OSError):
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _end_broken(failure: Any) -> None:
    """End when a thread of the protocol failed: no task would ever be answered."""
    _end_without_main(failure.exc_type, failure.exc_value, failure.exc_traceback)


def _end_without_main(kind: Any, error: Any, trace: Any) -> None:
    """End when the main thread failed: Python would wait for the others, which read on."""
    try:
        memory.lift()  # it may be why
        sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))
        sys.stderr.flush()
    finally:
        os._exit(_BROKEN)
