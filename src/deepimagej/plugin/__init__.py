"""The Python side of ImageJ's commands: a table of commands as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepimagej.errors import OptionError
from deepimagej.plugin.installing import install_command
from deepimagej.plugin.methods import cellpose_command, stardist_command
from deepimagej.plugin.run import run_command
from deepimagej.plugin.telling import about_command, help_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMMANDS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "DeepImageJ Run": run_command,
    "DeepImageJ StarDist": stardist_command,
    "DeepImageJ Cellpose": cellpose_command,
    "DeepImageJ Install Model": install_command,
    "DeepImageJ Help": help_command,
    "DeepImageJ About": about_command,
}
"""By the name in the menu: takes the options of a macro line, returns the line to record."""


def dispatch(command: str, options: str) -> str | None:
    """Run an ImageJ command; returns only when its results are registered.

    Parameters
    ----------
    command
        The name in the menu.
    options
        As in a macro line; empty if the caller gave none.

    Returns
    -------
    The macro line that repeats it.

    Raises
    ------
    DeepImageJError
        What went wrong; ImageJ stops the macro with it.
    """
    if command not in COMMANDS:
        raise OptionError(
            f'There is no command "{command}".', hint=f"There are {', '.join(COMMANDS)}."
        )
    return COMMANDS[command](options)
