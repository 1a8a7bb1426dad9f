"""What a worker answers when it cannot do what it was asked."""

from __future__ import annotations

import re
import traceback
from typing import Dict

_MEMORY = re.compile(
    r"out of memory|bad_alloc|resource ?exhausted|failed to allocate|can't allocate memory"
    r"|not enough memory|OOM when allocating|unable to allocate|cannot allocate memory"
    r"|can't start new thread|Resource temporarily unavailable|_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)


class Refused(Exception):
    """A failure with a kind of its own; the package's docstring lists them."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def describe(error: BaseException) -> Dict[str, str]:
    """The failure as the client reads it: its kind, one line and the traceback."""
    detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {"kind": _kind(error), "message": _one_line(error), "detail": detail}


def _kind(error: BaseException) -> str:
    if isinstance(error, Refused):
        return error.kind
    is_memory = isinstance(error, MemoryError) or _MEMORY.search(str(error))
    return "memory" if is_memory else "framework"


def _one_line(error: BaseException) -> str:
    """What the framework says, without its C++ stack, at most 300 characters."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    # TorchScript ends with the reason, "RuntimeError: ...", after its own traceback.
    is_script = lines[0].startswith("The following operation failed")
    line = lines[-1] if is_script else lines[0]
    return line if len(line) <= 300 else line[:297] + "..."
