"""The ImageJ of this process: one, whoever started it."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from deepimagej.host.bridge import Bridge, OnCommand
    from deepimagej.host.java import Java

ADOPTED: Final = "adopted"
"""What `Host.fiji` says of an ImageJ that another program started."""

_lock = threading.RLock()
_running: Host | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A running ImageJ, the embedded one or a Fiji's; to all above this package they are one."""

    mode: str
    """``headless``, ``interactive`` or ``gui``."""
    bridge: Bridge
    java: Java | None = None
    """The Java that runs it; None where another program started Java."""
    fiji: str = ""
    """What was asked for: a folder or Maven coordinates; empty for the embedded ImageJ."""
    gateway: Any = None
    """ImageJ2's gateway, ``net.imagej.ImageJ``, in a Fiji; None for the embedded ImageJ."""
    loader: Any = None
    """The class loader that sees ImageJ and the plugin; None: that of Java's class path."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds that each step of the start took, in order."""
    _threads: threading.local = field(default_factory=threading.local, repr=False)

    @property
    def is_adopted(self) -> bool:
        """Whether another program started it."""
        return self.fiji == ADOPTED

    def java_class(self, name: str) -> Any:
        """The Java class `name`, such as ``ij.IJ``, ready to be used on this thread."""
        import jpype

        self.attach()
        return jpype.JClass(name)

    def attach(self) -> None:
        """Make this thread fit for calls into ImageJ; cheap, and safe to repeat.

        Python's threads come to Java without the class loader that ImageJ asks threads for. The
        first `Opener` made on such a thread fails, and then opening and saving images fail in the
        whole process.
        """
        if getattr(self._threads, "is_attached", False):
            return
        import jpype

        loader = self.loader or jpype.JClass("java.lang.ClassLoader").getSystemClassLoader()
        jpype.JClass("java.lang.Thread").currentThread().setContextClassLoader(loader)
        self._threads.is_attached = True

    def answering(self, on_command: OnCommand) -> AbstractContextManager[None]:
        """Let `on_command` answer ImageJ's commands inside a ``with``."""
        return self.bridge.answering(on_command)

    def take_exception(self) -> BaseException | None:
        """What a command raised on this thread since the last call, None if nothing."""
        return self.bridge.take_exception()

    def close(self) -> None:
        """Close all images without questions; Java itself ends with the process."""
        manager = self.java_class("ij.WindowManager")
        for number in list(manager.getIDList() or ()):
            image = manager.getImage(number)
            image.changes = False
            image.close()


def running() -> Host | None:
    """The ImageJ of this process; None before its start."""
    return _running


def start_once(begin: Callable[[], Host], *, mode: str | None, fiji: str) -> Host:
    """The running ImageJ; `begin` starts it if this process has none yet.

    Parameters
    ----------
    mode, fiji
        As `Host` has them; no mode: any.

    Raises
    ------
    HostError
        Another ImageJ runs already, or in another mode.
    """
    global _running
    with _lock:
        if _running is None:
            _running = begin()
        elif _running.fiji != fiji:
            there = _name(_running.fiji)
            raise HostError(
                f"{there} already runs in this process; {_name(fiji)} cannot be started.",
                hint="A process has one ImageJ: use another process for the other one.",
            )
        elif mode not in (None, _running.mode):
            raise HostError(
                f"ImageJ already runs in mode {_running.mode} in this process; "
                f"it cannot be started in mode {mode}.",
                hint="A process has one ImageJ: use another process for the other mode.",
            )
        return _running


def java_runs() -> bool:
    """Whether this process has a Java, whoever started it."""
    return "jpype" in sys.modules and bool(sys.modules["jpype"].isJVMStarted())


def start_timings(running: Host) -> str:
    """The steps of the start with their seconds, a line each."""
    steps = {**running.timings, "in all": sum(running.timings.values())}
    return "\n".join(f"{name:<16} {seconds:6.2f} s" for name, seconds in steps.items())


def _name(fiji: str) -> str:
    if fiji == ADOPTED:
        return "An ImageJ of another program"
    return f"Fiji ({fiji})" if fiji else "The embedded ImageJ"
