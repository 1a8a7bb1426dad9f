"""Commands of other plugins that deepimagej answers where they are missing.

Published macros call them. A Fiji that has the plugin runs its own; the embedded ImageJ has none.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.host.running import Host

STAND_INS: Final[Mapping[str, str]] = {
    "Command From Macro": "de.csbdresden.CommandFromMacro",
    "Marker-controlled Watershed": "inra.ijpb.plugins.MarkerControlledWatershed3DPlugin",
    "Morphological Filters": "inra.ijpb.plugins.MorphologicalFilterPlugin",
    "Distance Transform Watershed": "inra.ijpb.plugins.DistanceTransformWatershed",
    "Label Size Filtering": "inra.ijpb.plugins.LabelSizeFilteringPlugin",
    "Select Label(s)": "inra.ijpb.plugins.SelectLabelsPlugin",
    "Fill Holes (Binary/Gray)": "inra.ijpb.plugins.FillHolesPlugin",
    "Set Label Map": "inra.ijpb.plugins.SetLabelMapPlugin",
    "Manual Threshold...": "",
    "glasbey": "",
    "glasbey on dark": "",
    "glasbey_on_dark": "",
    "royal": "",
}
"""The class that brings each command by itself; "" for those of ImageJ2 and of Fiji's `luts`."""

_MENU: Final = "Plugins>DeepImageJ>Of Other Plugins"
_FILE: Final = "plugins.config"


def menu_jar() -> bytes:
    """A jar that puts all of them into ImageJ's menu; the same bytes each time."""
    lines = (f'{_MENU}, "{name}", deepimagej.Command("{name}")' for name in STAND_INS)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as jar:
        jar.writestr(zipfile.ZipInfo(_FILE), "".join(f"{line}\n" for line in lines))
    return content.getvalue()


def add_missing(host: Host) -> tuple[str, ...]:
    """Let deepimagej answer those that a running ImageJ lacks.

    Returns
    -------
    Their names.
    """
    commands = host.java_class("ij.Menus").getCommands()
    if commands is None:  # headless the menu is made by the first macro
        host.java_class("ij.IJ").runMacro("return '';")
        commands = host.java_class("ij.Menus").getCommands()
    missing = [
        name
        for name, original in STAND_INS.items()
        if not commands.containsKey(name) and not _has_class(host, original)
    ]
    for name in missing:
        commands.put(name, f'deepimagej.Command("{name}")')
    return tuple(missing)


def _has_class(host: Host, name: str) -> bool:
    import jpype

    loader = host.java_class("ij.IJ").getClassLoader()
    try:
        return bool(name) and loader.loadClass(name) is not None
    except jpype.JException:
        return False
