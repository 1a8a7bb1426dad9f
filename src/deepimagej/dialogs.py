"""The plain dialogs of the commands as data: key, label, first value, values to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STAGES: Final = ("auto", "auto", "none", "zoo")
_COLORS: Final = ("gray", "gray", "red", "green", "blue")
_FIELDS: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "DeepImageJ Run": (
        ("preprocessing", "Preprocessing", *_STAGES),
        ("postprocessing", "Postprocessing", *_STAGES),
        ("tile", "Tile", "auto"),
    ),
    "DeepImageJ StarDist": (
        ("prob_thresh", "Probability threshold (empty: the model's)", ""),
        ("nms_thresh", "Overlap threshold (empty: the model's)", ""),
        ("min_percentile", "Lower percentile", "1"),
        ("max_percentile", "Upper percentile", "99.8"),
    ),
    "DeepImageJ Cellpose": (
        ("cyto_color", "Cells", *_COLORS),
        ("nuclei_color", "Nuclei", *_COLORS),
        ("diameter", "Diameter in px (0: the model's)", "0"),
        ("display_all", "Show the flows", "false", "false", "true"),
    ),
}
"""Of each command, after the model."""

_YES = ("true", "true", "false")
_PROB = ("prob_thresh", "Probability threshold", "0.5")
_NMS = ("nms_thresh", "Overlap threshold", "0.4")
_GRID = ("grid", "Px of the labels a px of the output", "1")
_IMAGE_FIELDS: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "DeepImageJ StarDist Objects": (_GRID, _PROB, _NMS),
    "DeepImageJ SplineDist Objects": (_GRID, _PROB, _NMS, ("samples", "Corners", "400")),
    "DeepImageJ Cellpose Objects": (
        ("cellprob_thresh", "Cell probability threshold", "0"),
        ("flow_thresh", "Flow error threshold", "0.4"),
    ),
    "DeepImageJ DeepWater Objects": (
        ("markers", "Channel of the cores", "1"),
        ("cells", "Channel of the cells", "2"),
        ("marker_thresh", "Core threshold", "0.94"),
        ("cell_thresh", "Cell threshold", "0.61"),
        ("radius", "Radius of the opening in px", "3"),
        ("height", "Least height of a core", "0.012"),
        ("dams", "Dams between cells", *_YES),
    ),
    "Command From Macro": (
        ("command", "Command", "de.csbdresden.stardist.StarDist2DNMS"),
        ("args", "Arguments", "'prob':'scores', 'dist':'distances', 'outputType':'Both'"),
    ),
    "Marker-controlled Watershed": (
        ("input", "Input", ""),
        ("marker", "Marker", ""),
        ("mask", "Mask", "None"),
        ("binary", "Binary markers", *_YES),
        ("calculate", "Calculate dams", *_YES),
        ("use", "Use diagonal connectivity", *_YES),
    ),
    "Morphological Filters": (
        ("operation", "Operation", "Opening"),
        ("element", "Element", "Disk"),
        ("radius", "Radius in px", "3"),
    ),
    "Distance Transform Watershed": (
        ("distances", "Distances", "Borgefors (3,4)"),
        ("output", "Output type", "32 bits", "32 bits", "16 bits"),
        ("normalize", "Normalize weights", *_YES),
        ("dynamic", "Dynamic", "1"),
        ("connectivity", "Connectivity", "4", "4", "8"),
    ),
    "Label Size Filtering": (
        ("operation", "Operation", "Greater_Than"),
        ("size", "Size limit in px", "100"),
    ),
    "Manual Threshold...": (("min", "Least value", "0"), ("max", "Greatest value", "255")),
    "Select Label(s)": (("label(s)", "Labels", "1"),),
    "Set Label Map": (("background", "Background", "White"),),
}
"""Of the commands that work on open images."""
_WITHOUT: Final = (
    "Fill Holes (Binary/Gray)", "glasbey", "glasbey on dark", "glasbey_on_dark", "royal",
)  # fmt: skip
"""Commands without options."""


def fields_of(command: str, models: Sequence[str]) -> list[list[str]] | None:
    """The fields of the dialog of `command`; none where there is no model to choose.

    None: it needs no dialog.
    """
    if command in _WITHOUT:
        return None
    if command in _IMAGE_FIELDS:
        return [list(field) for field in _IMAGE_FIELDS[command]]
    if not models:
        return []
    first = ["model", "Model", models[0], *models]
    return [first, *(list(field) for field in _FIELDS.get(command, ()))]
