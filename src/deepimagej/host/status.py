"""ImageJ's status bar and progress bar as the display of a run; Esc cancels it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import jpype

from deepimagej.progress import CancelToken

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from deepimagej.progress import Step

_INTERVAL = 0.1  # s between two updates of the bar, and two looks at Esc
_lock = threading.Lock()
_n_runs = 0


class StatusBar:
    """Shows the steps of a run in ImageJ's window; cancels the run when Esc is pressed there.

    Parameters
    ----------
    job
        A ``deepimagej.window.Job``, if a window waits for the run: it shows the same and may
        cancel it too.
    """

    def __init__(self, job: Any | None = None) -> None:
        self.cancel = CancelToken()
        """Give it to the run."""
        self._job = job
        self._memory = Memory()
        self._imagej: Any = jpype.JClass("ij.IJ")
        self._shown = 0.0
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._listen, name="deepimagej-esc", daemon=True)

    def __call__(self, step: Step) -> None:
        """Show `step`, at most ten times a second."""
        now = time.monotonic()
        if step.done < step.total and now - self._shown < _INTERVAL:
            return
        self._shown = now
        part = min(step.done / step.total if step.total else 1.0, 1.0)
        self._imagej.showStatus(f"DeepImageJ {sentence(step)}")
        self._imagej.showProgress(part)
        if self._job is not None:
            is_known = step.total > 1 or step.done > 0
            text = sentence(step)
            text = f"{text[0].upper()}{text[1:]}, {self._memory.read(now)}"
            self._job.show(part if is_known else -1.0, text)

    def __enter__(self) -> Self:
        global _n_runs
        with _lock:
            if _n_runs == 0:  # a run inside a macro of another must not forget the other's Esc
                self._imagej.resetEscape()
            _n_runs += 1
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _n_runs
        self._is_over.set()
        self._watch.join()
        with _lock:
            _n_runs -= 1
        self._imagej.showProgress(1.0)
        self._imagej.showStatus("")

    def _listen(self) -> None:
        """Look for Esc also where no step is reported: a call of the network may take long."""
        while not self._is_over.wait(_INTERVAL):
            is_asked = self._job is not None and self._job.isCancelled()
            if is_asked or self._imagej.escapePressed():
                self.cancel.cancel()
                return


class Memory:
    """What this process and its workers take, asked for at most once a second."""

    def __init__(self) -> None:
        self._read = 0.0
        self._text = ""

    def read(self, now: float) -> str:
        """As in ``1.4 GB``."""
        if now - self._read >= 1 or not self._text:
            self._read = now
            self._text = f"{self._bytes() / 1e9:.1f} GB"
        return self._text

    def _bytes(self) -> int:
        import psutil

        me = psutil.Process()
        total = 0
        for process in (me, *me.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.Error:  # it ended just now
                continue
        return total


def sentence(step: Step) -> str:
    """A step in words, as in ``inference on cpu: 3/6, 12 s left``."""
    device = f" on {step.device}" if step.device else ""
    count = f": {step.done}/{step.total}" if step.total > 1 else ""
    is_open = step.seconds_left is not None and step.done < step.total
    left = f", {step.seconds_left:.0f} s left" if is_open else ""
    return f"{step.stage}{device}{count}{left}"
