"""What a run reports while it works, and how it is stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from deepimagej.errors import RunCancelled


@dataclass(frozen=True, slots=True)
class Step:
    """Where a run stands."""

    stage: str
    """``loading``, ``preprocessing``, ``inference`` or ``postprocessing``."""
    done: int
    """Tiles (or positions) done."""
    total: int
    device: str = ""
    seconds_left: float | None = None
    """Estimated from what is done; None before the first tile."""


class Progress(Protocol):
    """Takes the steps of a run: the terminal, ImageJ's bar, a window, the user's function."""

    def __call__(self, step: Step, /) -> None:
        """Show `step`; called from the thread of the run, as often as it likes."""


def silent(step: Step) -> None:
    """Show nothing."""


class CancelToken:
    """Lets any thread stop a run.

    Examples
    --------
    >>> token = CancelToken()
    >>> token.cancel()
    >>> token.is_cancelled
    True
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the run to stop."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `RunCancelled` if the run was cancelled."""
        if self._event.is_set():
            raise RunCancelled("The run was cancelled.")
