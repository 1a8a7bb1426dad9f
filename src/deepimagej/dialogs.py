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


def fields_of(command: str, models: Sequence[str]) -> list[list[str]]:
    """The fields of the dialog of `command`; none where there is no model to choose."""
    if not models:
        return []
    first = ["model", "Model", models[0], *models]
    return [first, *(list(field) for field in _FIELDS.get(command, ()))]
