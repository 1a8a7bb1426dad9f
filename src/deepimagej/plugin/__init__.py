"""The Python side of ImageJ's commands: a table of commands as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepimagej.errors import OptionError
from deepimagej.plugin import colours, morphology, objects
from deepimagej.plugin.calls import Call
from deepimagej.plugin.installing import install_command
from deepimagej.plugin.methods import cellpose_command, stardist_command
from deepimagej.plugin.run import run_command
from deepimagej.plugin.telling import about_command, help_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deepimagej.option_table import Option

COMMANDS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "DeepImageJ Run": run_command,
    "DeepImageJ StarDist": stardist_command,
    "DeepImageJ Cellpose": cellpose_command,
    "DeepImageJ Install Model": install_command,
    "DeepImageJ Help": help_command,
    "DeepImageJ About": about_command,
}
"""By the name in the menu: takes the options of a macro line, returns the line to record."""

IMAGE_COMMANDS: Final[Mapping[str, tuple[Callable[[Call], None], Sequence[Option]]]] = {
    "DeepImageJ StarDist Objects": (objects.star_objects, objects.STARS),
    "DeepImageJ SplineDist Objects": (objects.spline_objects, objects.SPLINES),
    "DeepImageJ Cellpose Objects": (objects.flow_objects, objects.FLOWS),
    "DeepImageJ DeepWater Objects": (objects.water_objects, objects.WATER),
    "Command From Macro": (objects.command_from_macro, objects.NMS),
    "Marker-controlled Watershed": (morphology.marker_watershed, morphology.MARKERS),
    "Morphological Filters": (morphology.morphological_filter, morphology.FILTER),
    "Distance Transform Watershed": (morphology.distance_watershed, morphology.DISTANCE),
    "Label Size Filtering": (morphology.filter_sizes, morphology.SIZE),
    "Select Label(s)": (morphology.select_labels, morphology.LABELS),
    "Fill Holes (Binary/Gray)": (morphology.fill_holes, ()),
    "Set Label Map": (colours.set_label_map, colours.COLOURS),
    "Manual Threshold...": (colours.manual_threshold, colours.THRESHOLD),
    "glasbey": (colours.glasbey, ()),
    "glasbey on dark": (colours.glasbey_on_dark, ()),
    "glasbey_on_dark": (colours.glasbey_on_dark, ()),
    "royal": (colours.royal, ()),
}
"""Commands that work on open images, with their options; those of other plugins are answered where
they are missing (`deepimagej.host.stand_ins`)."""


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
    if command in COMMANDS:
        return COMMANDS[command](options)
    if command not in IMAGE_COMMANDS:
        names = ", ".join((*COMMANDS, *IMAGE_COMMANDS))
        raise OptionError(f'There is no command "{command}".', hint=f"There are {names}.")
    run, known = IMAGE_COMMANDS[command]
    call = Call(command, options, known)
    run(call)
    return call.line
