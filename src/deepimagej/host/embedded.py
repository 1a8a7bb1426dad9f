"""ImageJ inside Python's own process."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepimagej.errors import HostError
from deepimagej.host.bridge import Bridge, Fields, OnCommand
from deepimagej.host.jars import IMAGEJ, PATCHER, find_jars, find_look, install_plugin
from deepimagej.host.java import find_java
from deepimagej.host.patching import patched_jar
from deepimagej.host.shutdown import end_with_the_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from deepimagej.host.desk import Desk
    from deepimagej.host.java import Java
    from deepimagej.settings import Settings

MODES = ("headless", "interactive", "gui")
_NO_SHOW = 2  # ij.ImageJ.NO_SHOW: there, but hidden
_JAVA_VARIABLES = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS")  # Java reads options from them, too
_STANDALONE = 0  # ij.ImageJ.STANDALONE

_lock = threading.Lock()
_running: EmbeddedImageJ | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedImageJ:
    """The ImageJ of this process; see `deepimagej.host.protocol.Host`."""

    mode: str
    java: Java
    bridge: Bridge
    timings: dict[str, float]
    """Seconds that each step of the start took, in order."""
    _threads: threading.local = field(default_factory=threading.local, repr=False)

    def java_class(self, name: str) -> Any:
        """The Java class `name`, ready to be used on this thread."""
        import jpype

        self.attach()
        return jpype.JClass(name)

    def attach(self) -> None:
        """Give this thread the class loader that ImageJ asks threads for.

        Python's threads come to Java without one. The first `Opener` made on such a thread fails,
        and then opening and saving images fail in the whole process.
        """
        if getattr(self._threads, "is_attached", False):
            return
        import jpype

        loader = jpype.JClass("java.lang.ClassLoader").getSystemClassLoader()
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


def _no_fields(command: str) -> tuple[()]:
    return ()


def start(
    *,
    mode: str = "headless",
    java_options: Sequence[str] = (),
    settings: Settings,
    on_command: OnCommand,
    fields: Fields = _no_fields,
    make_desk: Callable[[], Desk] | None = None,
) -> EmbeddedImageJ:
    """The running ImageJ; started if this process has none yet.

    Parameters
    ----------
    mode
        ``headless``; ``interactive``: with a display, its window hidden; ``gui``: window shown.
    java_options
        Options for Java, such as ``-Xmx8g``.
    on_command, fields, make_desk
        Answer ImageJ's commands, their dialogs and windows. A second call does not change them.

    Raises
    ------
    HostError
        Java or ImageJ cannot be started, or runs already in another way.
    """
    global _running
    with _lock:
        if _running is None:
            bridge = Bridge(on_command, fields=fields, make_desk=make_desk)
            _running = _start(mode, tuple(java_options), settings, bridge)
        elif _running.mode != mode:
            raise HostError(
                f"ImageJ already runs in mode {_running.mode} in this process; "
                f"it cannot be started in mode {mode}.",
                hint="A process has one ImageJ: use another process for the other mode.",
            )
        return _running


def running() -> EmbeddedImageJ | None:
    """The ImageJ of this process; None before `start`."""
    return _running


def start_timings(running: EmbeddedImageJ) -> str:
    """The steps of the start with their seconds, a line each."""
    steps = {**running.timings, "in all": sum(running.timings.values())}
    return "\n".join(f"{name:<10}{seconds:6.2f} s" for name, seconds in steps.items())


def _start(
    mode: str, java_options: tuple[str, ...], settings: Settings, bridge: Bridge
) -> EmbeddedImageJ:
    import jpype

    clock = _Clock()
    _check_mode(mode)
    if jpype.isJVMStarted():
        raise HostError(
            "Another program already started Java in this process.",
            hint="Call deepimagej.start() before jpype, scyjava or imagej start Java.",
        )
    java = find_java()
    clock.step("find Java")
    jars = find_jars(settings)
    plugin = install_plugin(settings)
    is_headless = mode == "headless"
    patched = patched_jar(settings, java, jars, plugin=plugin, headless=is_headless)
    clock.step("find jars")
    look = None if is_headless else find_look(settings)
    class_path = [patched, jars[IMAGEJ], jars[PATCHER], plugin, *([look] if look else [])]
    options = [*_options(java, mode, plugins=plugin.parent.parent), *_collector(java_options)]
    options += java_options
    _start_java(java, class_path, options)
    end_with_the_process(bridge)
    clock.step("start Java")
    running = EmbeddedImageJ(mode, java, bridge, clock.steps)
    _start_imagej(running)
    clock.step("ImageJ")
    return running


class _Clock:
    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._before = time.perf_counter()

    def step(self, name: str) -> None:
        now = time.perf_counter()
        self.steps[name], self._before = now - self._before, now


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise HostError(f"There is no mode {mode}.", hint=f"The modes are {', '.join(MODES)}.")
    if mode != "headless" and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise HostError(
            f"Mode {mode} needs a display, and DISPLAY is not set.",
            hint="Use mode headless, or start a display, such as with xvfb-run.",
        )


def _options(java: Java, mode: str, *, plugins: Path) -> list[str]:
    options = [
        f"-Djava.awt.headless={'true' if mode == 'headless' else 'false'}",
        f"-Dplugins.dir={plugins}",
        "--add-opens=java.desktop/java.awt=ALL-UNNAMED",  # HeadlessRoiManager
        "-XX:-UsePerfData",  # its file in the temporary folder would be left behind
    ]
    if java.version >= 22:  # where it is not there, Java warns on stderr about JPype's library
        options.append("--enable-native-access=ALL-UNNAMED")
    if sys.platform.startswith("linux"):
        # A new float[16 M], as every large image is one, takes 7 ms instead of 16.
        options.append("-XX:+UseTransparentHugePages")
    return options


def _collector(java_options: Sequence[str]) -> list[str]:
    """The garbage collector's option; none if the user chose one, as Java refuses two.

    Java's default, G1, keeps arrays of a megabyte or more apart: a new plane of 16 megapixels took
    up to 150 ms in some loops, where the parallel collector settles at 3 to 12.
    """
    told = (*java_options, *(os.environ.get(name, "") for name in _JAVA_VARIABLES))
    is_chosen = any(re.search(r"-XX:\+Use\w+GC\b", text) for text in told)
    return [] if is_chosen else ["-XX:+UseParallelGC"]


def _start_java(java: Java, class_path: list[Path], options: list[str]) -> None:
    import jpype

    try:
        jpype.startJVM(
            *options,
            jvmpath=str(java.library),
            classpath=[str(jar) for jar in class_path],
            interrupt=False,
        )
    except (OSError, RuntimeError, jpype.JVMNotFoundException) as cause:
        raise HostError(
            f"Java {java.version} ({java.home}) does not start: {cause}",
            hint="Check the Java options, or set JAVA_HOME to another Java 11 or newer.",
        ) from cause
    _take_back_signals()


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


def _start_imagej(running: EmbeddedImageJ) -> None:
    running.attach()
    if running.mode == "headless":
        running.java_class("deepimagej.HeadlessRoiManager").install()
    else:
        embedding = _STANDALONE if running.mode == "gui" else _NO_SHOW
        window = running.java_class("ij.ImageJ")(embedding)
        window.exitWhenQuitting(False)  # Python ends the process, with its own exit code
    running.bridge.register()
