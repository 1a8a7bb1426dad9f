"""A Fiji inside Python's own process, through PyImageJ."""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import HostError
from deepimagej.host.bridge import Bridge, Fields, OnCommand, no_fields
from deepimagej.host.classpath import find_fiji
from deepimagej.host.jars import install_plugin
from deepimagej.host.java import find_java
from deepimagej.host.launching import Clock, check_mode, options_of, starting
from deepimagej.host.patching import changed_jar
from deepimagej.host.running import Host, start_once
from deepimagej.host.shutdown import ending_with_java
from deepimagej.host.stand_ins import add_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from deepimagej.host.classpath import Fiji
    from deepimagej.host.desk import Desk
    from deepimagej.host.java import Java
    from deepimagej.settings import Settings

_LEGACY: Final = "net.imagej.legacy.LegacyService"
_OPENED: Final = ("java.base/java.lang", "java.base/java.util", "java.desktop/sun.awt.X11")
"""What Fiji's own launcher opens to reflection; PyImageJ needs the first."""


def start(
    fiji: str,
    *,
    mode: str = "headless",
    java_options: Sequence[str] = (),
    settings: Settings,
    on_command: OnCommand,
    fields: Fields = no_fields,
    make_desk: Callable[[], Desk] | None = None,
) -> Host:
    """The running Fiji; started if this process has no ImageJ yet.

    Parameters
    ----------
    fiji
        A folder, or Maven coordinates; see `deepimagej.host.classpath.find_fiji`.
    mode
        ``headless``; ``interactive``: with a display, its window hidden; ``gui``: window shown.
    java_options
        Options for Java, such as ``-Xmx8g``.
    on_command, fields
        Answer ImageJ's commands and their dialogs. A second call does not change them.

    Raises
    ------
    HostError
        Java or Fiji cannot be started, or another ImageJ runs already.
    """

    def begin() -> Host:
        bridge = Bridge(on_command, fields=fields, make_desk=make_desk)
        return _start(fiji, mode, tuple(java_options), settings=settings, bridge=bridge)

    return start_once(begin, mode=mode, fiji=fiji)


def _start(
    name: str, mode: str, java_options: tuple[str, ...], *, settings: Settings, bridge: Bridge
) -> Host:
    import jpype

    clock = Clock()
    check_mode(mode)
    if jpype.isJVMStarted():
        raise HostError(
            "Another program already started Java in this process, so Fiji cannot be started.",
            hint="Hand over the ImageJ that it started: deepimagej.start(ij), with ij from "
            "imagej.init(); or call deepimagej.start() before it.",
        )
    java = find_java()
    clock.step("find Java")
    import imagej  # noqa: F401  # it names jars that it needs when it is imported

    clock.step("import PyImageJ")
    fiji = find_fiji(name)
    plugin = install_plugin(settings)
    changed = changed_jar(settings, java, fiji, plugin=plugin, headless=mode == "headless")
    clock.step("find jars")
    options = [*_folders(fiji), *_opened(), *options_of(java, mode, java_options)]
    with _telling_of_imagej2(name):
        _start_java(java, [changed, *fiji.jars, plugin], options)
        clock.step("start Java")
        gateway = _start_imagej2(mode)
    clock.step("ImageJ2")
    running = Host(mode, bridge, java, name, gateway, timings=clock.steps)
    _finish(running)
    clock.step("plugin")
    return running


def _folders(fiji: Fiji) -> list[str]:
    """Where Fiji's own launcher says that it is."""
    names = ("imagej.dir", "ij.dir", "plugins.dir")
    return [] if fiji.folder is None else [f"-D{name}={fiji.folder}" for name in names]


def _opened() -> list[str]:
    return [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED]


def _start_java(java: Java, class_path: Sequence[Path], options: list[str]) -> None:
    """Start Java by scyjava: PyImageJ hangs what it needs on that start."""
    import scyjava
    from scyjava import config

    config.add_classpath(*(str(jar) for jar in class_path))
    config.add_kwargs(jvmpath=str(java.library), interrupt=False)
    config.set_java_constraints(fetch="never")  # it would fetch a Java 11 whatever is there
    with _java_home(java), _without_endpoints(), starting(java):
        scyjava.start_jvm([*config.get_options(), *options])


@contextmanager
def _java_home(java: Java) -> Iterator[None]:
    """Let scyjava find our Java, and keep what it makes of these variables to itself."""
    before = {name: os.environ.get(name) for name in ("JAVA_HOME", "PATH")}
    os.environ["JAVA_HOME"] = str(java.home)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_endpoints() -> Iterator[None]:
    """Let scyjava resolve nothing: the jars are all there, and a local Fiji starts offline."""
    from scyjava import config

    before = list(config.endpoints)
    config.endpoints.clear()
    try:
        yield
    finally:
        config.endpoints.extend(before)


@contextmanager
def _telling_of_imagej2(name: str) -> Iterator[None]:
    """Tell why ImageJ2 does not start inside a ``with``."""
    import jpype

    try:
        yield
    except (jpype.JException, TypeError, ImportError) as cause:
        raise HostError(
            f"The ImageJ2 of Fiji ({name}) does not start: {cause}",
            hint="Update that Fiji (Help > Update... in it), or name another one.",
        ) from cause


def _start_imagej2(mode: str) -> Any:
    import imagej

    # In mode gui it would wait until the window is closed.
    gateway = imagej.init(mode="headless" if mode == "headless" else "interactive")
    if not gateway or not gateway.get(_LEGACY).isActive():
        raise ImportError("it has no ImageJ 1")
    if mode == "gui":
        gateway.ui().showUI()
    return gateway


def _finish(running: Host) -> None:
    running.attach()
    if running.mode == "headless":
        running.java_class("deepimagej.HeadlessRoiManager").install()
    else:  # its user may quit it
        stack = ExitStack()
        stack.enter_context(ending_with_java())
        atexit.register(stack.close)  # Python's own end keeps its exit code
    add_missing(running)
    running.bridge.register()
