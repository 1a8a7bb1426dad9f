"""Plugins that the macros of a model need, looked for before the network runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepimagej.errors import HostError
from deepimagej.host.macros import read_macro, run_macro
from deepimagej.library.macro_plugins import plugin_commands, plugin_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deepimagej.host.running import Host


def require_plugins(host: Host, macros: Iterable[Path]) -> None:
    """Refuse macros that call a command of a plugin that this ImageJ does not have.

    Only plugins of `deepimagej.library.macro_plugins` are known; of other commands ImageJ tells
    when the macro comes to them.

    Raises
    ------
    HostError
        With the plugin's name, and where to get it.
    """
    for macro in macros:
        for command in plugin_commands(read_macro(host, macro)):
            plugin = plugin_of(command)
            if plugin is not None and not has_command(host, command):
                raise HostError(
                    f'The macro {macro.name} runs "{command}" of {plugin.name}, '
                    "which this ImageJ does not have.",
                    hint=_hint(host, plugin.way_out),
                )


def has_command(host: Host, command: str) -> bool:
    """Whether ImageJ's menu has `command`, also where no menu is shown."""
    commands = host.java_class("ij.Menus").getCommands()
    if commands is None:  # it is filled by the first macro
        run_macro(host, "return '';")
        commands = host.java_class("ij.Menus").getCommands()
    return bool(commands.containsKey(command))


def _hint(host: Host, way_out: str) -> str:
    if host.gateway is not None:
        return f"{way_out[0].upper()}{way_out[1:]}, and start it again."
    return (
        'Run the model in a Fiji, as with deepimagej.start("/path/to/Fiji.app") or '
        f"DEEPIMAGEJ_FIJI; if it is missing there too, {way_out}."
    )
