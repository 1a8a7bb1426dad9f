"""An ImageJ2 that another program already started in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import HostError
from deepimagej.host.bridge import Bridge, Fields, OnCommand, no_fields
from deepimagej.host.jars import install_plugin, plugin_commands
from deepimagej.host.running import ADOPTED, Host, start_once
from deepimagej.host.stand_ins import add_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepimagej.host.desk import Desk
    from deepimagej.settings import Settings

_LEGACY: Final = "net.imagej.legacy.LegacyService"
_START_FIRST: Final = "Call deepimagej.start() before jpype, scyjava or imagej start Java."


def adopt(
    gateway: Any | None = None,
    *,
    settings: Settings,
    on_command: OnCommand,
    fields: Fields = no_fields,
    make_desk: Callable[[], Desk] | None = None,
) -> Host:
    """The ImageJ2 that runs in this process already, with our commands in it.

    Parameters
    ----------
    gateway
        What ``imagej.init()`` gave; None: found in the running Java, or made there.

    Raises
    ------
    HostError
        No Java runs, it has no ImageJ2, or that cannot take the commands.
    """

    def begin() -> Host:
        return _adopt(gateway, settings, Bridge(on_command, fields=fields, make_desk=make_desk))

    return start_once(begin, mode=None, fiji=ADOPTED)


def _adopt(gateway: Any | None, settings: Settings, bridge: Bridge) -> Host:
    import jpype

    if not jpype.isJVMStarted():
        raise HostError(
            f"{gateway!r} is no running ImageJ.",
            hint="Hand over what imagej.init() gave, or the folder of a Fiji.",
        )
    ij2 = _gateway() if gateway is None else gateway
    try:
        legacy = ij2.get(_LEGACY)
        is_active = legacy.isActive()
    except (AttributeError, TypeError, jpype.JException):
        is_active = False
    if not is_active:
        raise HostError(
            f"{ij2!r} is no ImageJ2 with an active ImageJ 1.",
            hint="Hand over the first gateway that imagej.init() gave, made with add_legacy=True.",
        )
    jar = install_plugin(settings)
    if not _has_class("deepimagej.Command"):
        jpype.addClassPath(jar)
    loader = jpype.JClass("deepimagej.Command").class_.getClassLoader()
    running = Host(_mode(ij2), bridge, fiji=ADOPTED, gateway=ij2, loader=loader)
    _take_commands(running)
    if running.mode == "headless":
        take_roi_manager(running)
    add_missing(running)
    bridge.register()
    return running


def _gateway() -> Any:
    """The gateway of the ImageJ2 in this Java; made where there is none yet."""
    import jpype

    if not _has_class(_LEGACY):
        raise HostError(
            "Another program already started Java in this process, without an ImageJ2 in it.",
            hint=_START_FIRST,
        )
    try:
        running = jpype.JClass(_LEGACY).getInstance()
        if running is not None:
            return jpype.JClass("net.imagej.ImageJ")(running.getContext())
        import imagej

        is_headless = jpype.JClass("java.awt.GraphicsEnvironment").isHeadless()
        return imagej.init(mode="headless" if is_headless else "interactive")
    except (jpype.JException, TypeError) as cause:
        raise HostError(
            f"The ImageJ2 that is in this process does not start: {cause}", hint=_START_FIRST
        ) from cause


def _mode(gateway: Any) -> str:
    ui = gateway.ui()
    if ui.isHeadless():
        return "headless"
    return "gui" if ui.isVisible() else "interactive"


def _has_class(name: str) -> bool:
    """Whether it is there; asking for the class itself would start what it starts."""
    import jpype

    loader = jpype.JClass("java.lang.ClassLoader").getSystemClassLoader()
    return loader.getResource(f"{name.replace('.', '/')}.class") is not None


def _take_commands(running: Host) -> None:
    """Let ImageJ find our classes and commands, which came after its start.

    ImageJ asks one class loader, in private fields, and reads the commands of jars at its start
    only (measured with 1.54p: other ways have no effect).
    """
    imagej = running.java_class("ij.IJ")
    imagej.runMacro("")  # headless, the table of commands is empty before
    commands = plugin_commands()
    table = running.java_class("ij.Menus").getCommands()
    if all(table.containsKey(name) for name in commands):
        return
    for field in imagej.class_.getDeclaredFields():  # ij1-patcher has added one
        if str(field.getType().getName()) == "java.lang.ClassLoader":
            field.setAccessible(True)
            field.set(None, running.loader)
    for name, call in commands.items():
        table.put(name, call)


def take_roi_manager(running: Host) -> None:
    """Make the ROI Manager ready for a life without a display.

    Raises
    ------
    HostError
        Java was started without what that needs.
    """
    import jpype

    try:
        _open_awt(running)
        running.java_class("deepimagej.HeadlessRoiManager").install()
    except jpype.JException as cause:
        raise HostError(
            f"The ROI Manager cannot be made ready without a display: {cause}",
            hint="Start Java with --add-opens=java.base/java.lang=ALL-UNNAMED.",
        ) from cause


def _open_awt(running: Host) -> None:
    """Let our classes reach into AWT's, as PyImageJ lets those of the class path.

    It needs java.base/java.lang opened at Java's start, as PyImageJ and Fiji's launcher do.
    """
    module = running.java_class("java.lang.Module").class_
    text = running.java_class("java.lang.String").class_
    opens = module.getDeclaredMethod("implAddOpens", text, module)
    opens.setAccessible(True)
    desktop = running.java_class("java.awt.Component").class_.getModule()
    opens.invoke(desktop, "java.awt", running.loader.getUnnamedModule())
