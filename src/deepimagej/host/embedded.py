"""ImageJ inside Python's own process, from jars of our own choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepimagej.errors import HostError
from deepimagej.host.bridge import Bridge, Fields, OnCommand, no_fields
from deepimagej.host.jars import IMAGEJ, PATCHER, find_jars, find_look, install_plugin
from deepimagej.host.java import find_java
from deepimagej.host.launching import Clock, check_mode, options_of, starting
from deepimagej.host.patching import patched_jar
from deepimagej.host.running import Host, start_once
from deepimagej.host.shutdown import end_with_the_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deepimagej.host.desk import Desk
    from deepimagej.host.java import Java
    from deepimagej.settings import Settings

_NO_SHOW = 2  # ij.ImageJ.NO_SHOW: there, but hidden
_STANDALONE = 0  # ij.ImageJ.STANDALONE


def start(
    *,
    mode: str = "headless",
    java_options: Sequence[str] = (),
    settings: Settings,
    on_command: OnCommand,
    fields: Fields = no_fields,
    make_desk: Callable[[], Desk] | None = None,
) -> Host:
    """The running ImageJ; started if this process has none yet.

    Parameters
    ----------
    mode
        ``headless``; ``interactive``: with a display, its window hidden; ``gui``: window shown.
    java_options
        Options for Java, such as ``-Xmx8g``.
    on_command, fields
        Answer ImageJ's commands and their dialogs. A second call does not change them.

    Raises
    ------
    HostError
        Java or ImageJ cannot be started, or runs already in another way.
    """

    def begin() -> Host:
        bridge = Bridge(on_command, fields=fields, make_desk=make_desk)
        return _start(mode, tuple(java_options), settings, bridge)

    return start_once(begin, mode=mode, fiji="")


def _start(mode: str, java_options: tuple[str, ...], settings: Settings, bridge: Bridge) -> Host:
    import jpype

    clock = Clock()
    check_mode(mode)
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
    plugins = f"-Dplugins.dir={plugin.parent.parent}"
    _start_java(java, class_path, [plugins, *options_of(java, mode, java_options)])
    end_with_the_process(bridge)
    clock.step("start Java")
    running = Host(mode, bridge, java, timings=clock.steps)
    _start_imagej(running)
    clock.step("ImageJ")
    return running


def _start_java(java: Java, class_path: list[Path], options: list[str]) -> None:
    import jpype

    with starting(java):
        jpype.startJVM(
            *options,
            jvmpath=str(java.library),
            classpath=[str(jar) for jar in class_path],
            interrupt=False,
        )


def _start_imagej(running: Host) -> None:
    running.attach()
    if running.mode == "headless":
        running.java_class("deepimagej.HeadlessRoiManager").install()
    else:
        embedding = _STANDALONE if running.mode == "gui" else _NO_SHOW
        window = running.java_class("ij.ImageJ")(embedding)
        window.exitWhenQuitting(False)  # Python ends the process, with its own exit code
    running.bridge.register()
