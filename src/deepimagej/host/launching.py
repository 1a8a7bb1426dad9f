"""Java, started in this process as ImageJ needs it."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deepimagej.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepimagej.host.java import Java

MODES = ("headless", "interactive", "gui")
_JAVA_VARIABLES = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")  # Java reads options from them, too


class Clock:
    """Seconds of the steps of a start."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._before = time.perf_counter()

    def step(self, name: str) -> None:
        """Say that the step `name` is over."""
        now = time.perf_counter()
        self.steps[name], self._before = now - self._before, now


def check_mode(mode: str) -> None:
    """Raise `HostError` unless ImageJ can be started in `mode` here."""
    if mode not in MODES:
        raise HostError(f"There is no mode {mode}.", hint=f"The modes are {', '.join(MODES)}.")
    if mode != "headless" and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise HostError(
            f"Mode {mode} needs a display, and DISPLAY is not set.",
            hint="Use mode headless, or start a display, such as with xvfb-run.",
        )


def options_of(java: Java, mode: str, java_options: Sequence[str]) -> list[str]:
    """Java's options for any ImageJ in `mode`; the user's own come last."""
    options = [
        f"-Djava.awt.headless={'true' if mode == 'headless' else 'false'}",
        "--add-opens=java.desktop/java.awt=ALL-UNNAMED",  # HeadlessRoiManager
        "-XX:-UsePerfData",  # its file in the temporary folder would be left behind
    ]
    if java.version >= 22:  # where it is not there, Java warns on stderr about JPype's library
        options.append("--enable-native-access=ALL-UNNAMED")
    if sys.platform.startswith("linux"):
        # A new float[16 M], as every large image is one, takes 7 ms instead of 16.
        options.append("-XX:+UseTransparentHugePages")
    return [*options, *_collector(java_options), *java_options]


@contextmanager
def starting(java: Java) -> Iterator[None]:
    """Tell why Java does not start inside a ``with``; afterwards signals are Python's again.

    Raises
    ------
    HostError
        Java does not start.
    """
    import jpype

    try:
        yield
    except (OSError, RuntimeError, jpype.JVMNotFoundException) as cause:
        raise HostError(
            f"Java {java.version} ({java.home}) does not start: {cause}",
            hint="Check the Java options, or set JAVA_HOME to another Java 11 or newer.",
        ) from cause
    _take_back_signals()


def _collector(java_options: Sequence[str]) -> list[str]:
    """The garbage collector's option; none if the user chose one, as Java refuses two.

    Java's default, G1, keeps arrays of a megabyte or more apart: a new plane of 16 megapixels took
    up to 150 ms in some loops, where the parallel collector settles at 3 to 12.
    """
    told = (*java_options, *(os.environ.get(name, "") for name in _JAVA_VARIABLES))
    is_chosen = any(re.search(r"-XX:\+Use\w+GC\b", text) for text in told)
    return [] if is_chosen else ["-XX:+UseParallelGC"]


def _take_back_signals() -> None:
    """Let Ctrl-C interrupt Python at once, and a termination end it without a crash report.

    Java replaced the handlers, and its own tells Python from another thread: a main thread in
    `time.sleep` or in a lock then sees the KeyboardInterrupt only when that is over, and JPype's
    answer to a termination crashes Java while a macro runs.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.getsignal(number)
        if handler is not None:
            signal.signal(number, handler)
