"""Progress in the terminal: one line that is written over."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from deepimagej.progress import Step

_INTERVAL = 0.1  # s between two updates


class Terminal:
    """Shows steps on a terminal, at most ten times a second.

    Parameters
    ----------
    stream
        Where to write; stderr, as stdout is for results.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = 0.0

    def __call__(self, step: Step) -> None:
        """Show `step`; the last one of a stage always."""
        now = time.monotonic()
        is_last = step.done >= step.total
        if not is_last and now - self._shown < _INTERVAL:
            return
        self._shown = now
        left = "" if step.seconds_left is None else f", {step.seconds_left:.0f} s left"
        device = f" on {step.device}" if step.device else ""
        line = f"{step.stage}{device}: {step.done}/{step.total}{left}"
        self._stream.write(f"\r\x1b[K{line}")
        if is_last:
            self._stream.write("\r\x1b[K")
        self._stream.flush()
