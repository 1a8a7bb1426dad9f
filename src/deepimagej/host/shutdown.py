"""How a process that holds a Java ends: at once, and with Python's exit code."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.bridge import Bridge

_PATIENCE = 2.0
"""Seconds that a command on a Java thread may still take."""


def end_with_the_process(bridge: Bridge) -> None:
    """Let Java end with the process; to be called after Java's start.

    JPype would wait for every Java thread that is no daemon, and ImageJ leaves such threads
    behind: the process would hang. With ``jpype.config.destroy_jvm = False`` 5 of 30 processes
    aborted at their end, as JPype's own Java thread called into the ending Python; so that one is
    stopped here, and Java is left to the system (JPype 1.7.1: 0 of 30).
    """
    import jpype
    import jpype.config

    queue = jpype.JClass("org.jpype.ref.JPypeReferenceQueue").getInstance()

    def end() -> None:
        bridge.close(_PATIENCE)
        queue.stop()

    jpype.config.onexit = False
    atexit.register(end)


def end_at_once(code: int) -> NoReturn:
    """End this process after its exit functions, without Python's own end.

    A thread of Java's that is still in Python, as a run from a window is, aborts the process while
    Python ends (JPype 1.7.1: exit code -6).
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def ending_with_java() -> Iterator[None]:
    """Let a Java that ends inside a ``with`` end the process, with exit code 0.

    A Fiji that is quit ends Java, and any call into it from then on crashes the process. Java runs
    this before it ends.
    """
    import jpype

    is_inside = True

    @jpype.JImplements("java.lang.Runnable")
    class End:
        @jpype.JOverride  # type: ignore[untyped-decorator]  # jpype has no types
        def run(self) -> None:
            if is_inside:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)

    hook = jpype.JClass("java.lang.Thread")(End())
    jpype.JClass("java.lang.Runtime").getRuntime().addShutdownHook(hook)
    try:
        yield
    finally:
        is_inside = False
