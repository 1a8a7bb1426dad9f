"""ImageJ's status bar and progress bar as the display of a run; Esc cancels it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jpype

from deepimagej.progress import CancelToken

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from deepimagej.progress import Step

_INTERVAL = 0.1  # s between two updates of the bar


class StatusBar:
    """Shows the steps of a run in ImageJ's window; cancels the run when Esc is pressed there."""

    def __init__(self) -> None:
        self.cancel = CancelToken()
        """Give it to the run."""
        self._imagej: Any = jpype.JClass("ij.IJ")
        self._shown = 0.0

    def __call__(self, step: Step) -> None:
        """Show `step`, at most ten times a second."""
        if self._imagej.escapePressed():
            self.cancel.cancel()
        now = time.monotonic()
        if step.done < step.total and now - self._shown < _INTERVAL:
            return
        self._shown = now
        self._imagej.showStatus(_sentence(step))
        self._imagej.showProgress(min(step.done / step.total if step.total else 1.0, 1.0))

    def __enter__(self) -> Self:
        self._imagej.resetEscape()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._imagej.showProgress(1.0)
        self._imagej.showStatus("")


def _sentence(step: Step) -> str:
    device = f" on {step.device}" if step.device else ""
    left = "" if step.seconds_left is None else f", {step.seconds_left:.0f} s left"
    return f"DeepImageJ {step.stage}{device}: {step.done}/{step.total}{left}"
