"""Stopping a macro from another thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import MacroError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host
    from deepimagej.progress import CancelToken

_INTERVAL: Final = 0.05
"""Seconds between two looks at the token."""


@contextmanager
def stoppable(host: Host, cancel: CancelToken | None) -> Iterator[None]:
    """Let `cancel` stop the macros that run inside a ``with``, at their next statement.

    A command of ImageJ that is at work is not stopped, but woken if it waits.

    Raises
    ------
    RunCancelled
        At the end, if `cancel` was used.
    """
    if cancel is None:
        yield
        return
    cancel.check()
    interpreter = host.java_class("ij.macro.Interpreter")
    outer = interpreter.getInstance()
    thread = host.java_class("java.lang.Thread").currentThread()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_INTERVAL):
            if cancel.is_cancelled:
                _stop(interpreter, outer)
                if str(thread.getState()) == "TIMED_WAITING":  # in wait(), not in a computation:
                    thread.interrupt()  # there it would reach the next call from Python

    watcher = threading.Thread(target=watch, name="deepimagej-cancel", daemon=True)
    watcher.start()
    try:
        yield
    except MacroError:
        cancel.check()  # what a stopped macro says is of no interest
        raise
    finally:
        is_over.set()
        watcher.join()
    cancel.check()


def _stop(interpreter: Any, outer: Any) -> None:
    """End the innermost macro; not the user's own, which called us.

    ImageJ's public `abortMacro` closes the images of batch mode and waits for 2 s.
    """
    running = interpreter.getInstance()
    if running is None or (outer is not None and running.equals(outer)):
        return
    shutdown = interpreter.class_.getDeclaredMethod("shutdown")
    shutdown.setAccessible(True)
    shutdown.invoke(running)
