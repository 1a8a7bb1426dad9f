"""The options of 3.1's commands ``DeepImageJ StarDist`` and ``DeepImageJ Cellpose``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepimagej.errors import OptionError
from deepimagej.option_table import Option, fold
from deepimagej.option_text import split_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepimagej.option_values import Given

STARDIST_OPTIONS: Final = (
    Option("model", "NAME", "Name or folder of the StarDist model."),
    Option(
        "prob_thresh", "P", "Least object probability, a number from 0 to 1, as in prob_thresh=0.5."
    ),
    Option(
        "min_percentile", "P", "Percentile that becomes 0, from 0 to 100, as in min_percentile=1."
    ),
    Option(
        "max_percentile",
        "P",
        "Percentile that becomes 1, above min_percentile, as in max_percentile=99.8.",
    ),
)

CELLPOSE_OPTIONS: Final = (
    Option("model", "NAME", "Name or file of the Cellpose model, as in model=cyto3."),
    Option("cyto_color", "COLOR", "Channel of the cells: gray, red, green or blue."),
    Option(
        "nuclei_color",
        "COLOR",
        "Channel of the nuclei: gray, red, green or blue; gray where cyto_color is gray.",
    ),
    Option("diameter", "PX", "Diameter of the objects in px, as in diameter=30."),
    Option("display_all", "BOOL", "Whether flows and the restored image are shown: true or false."),
)

_COLORS: Final = ("gray", "red", "green", "blue")


@dataclass(frozen=True, slots=True)
class StarDistOptions:
    """What ``run("DeepImageJ StarDist", "...")`` asks for.

    Notes
    -----
    Absent percentiles are 1 and 99.8, as in 3.1's Java API. Its macro parser took 0.5 for both,
    which leaves nothing of the image.
    """

    model: str
    prob_thresh: float = 0.5
    min_percentile: float = 1.0
    max_percentile: float = 99.8


@dataclass(frozen=True, slots=True)
class CellposeOptions:
    """What ``run("DeepImageJ Cellpose", "...")`` asks for."""

    model: str
    cyto_color: str
    nuclei_color: str
    diameter: float | None = None
    """In px; None, which is also what 0 means, lets the method estimate it."""
    display_all: bool = False


def parse_stardist_options(text: str) -> StarDistOptions:
    """The options of a ``DeepImageJ StarDist`` line.

    Raises
    ------
    OptionError
        If a key is unknown or missing, or a value is illegal.
    """
    values = _values(text, STARDIST_OPTIONS)
    options = StarDistOptions(
        model=_required(values, STARDIST_OPTIONS, "model").text,
        prob_thresh=_number(values.get("prob_thresh"), 0.5, most=1),
        min_percentile=_number(values.get("min_percentile"), 1.0, most=100),
        max_percentile=_number(values.get("max_percentile"), 99.8, most=100),
    )
    if options.min_percentile >= options.max_percentile:
        raise OptionError(
            f"min_percentile={options.min_percentile:g} is not below "
            f"max_percentile={options.max_percentile:g}.",
            hint="Write min_percentile=1 max_percentile=99.8.",
        )
    return options


def parse_cellpose_options(text: str) -> CellposeOptions:
    """The options of a ``DeepImageJ Cellpose`` line.

    Raises
    ------
    OptionError
        If a key is unknown or missing, or a value is illegal.
    """
    values = _values(text, CELLPOSE_OPTIONS)
    cyto = _color(_required(values, CELLPOSE_OPTIONS, "cyto_color"))
    nuclei = _color(_required(values, CELLPOSE_OPTIONS, "nuclei_color"))
    if (cyto == "gray") != (nuclei == "gray"):
        raise OptionError(
            f"cyto_color={cyto} and nuclei_color={nuclei} contradict each other.",
            hint="Use gray for both on a grayscale image, and for none on a colour image.",
        )
    return CellposeOptions(
        model=_required(values, CELLPOSE_OPTIONS, "model").text,
        cyto_color=cyto,
        nuclei_color=nuclei,
        diameter=_number(values.get("diameter"), 0.0, most=math.inf) or None,
        display_all=_flag(values.get("display_all")),
    )


def _values(text: str, options: Sequence[Option]) -> dict[str, Given]:
    return fold([(pair.key, pair.value) for pair in split_pairs(text)], options)


def _required(values: dict[str, Given], options: Sequence[Option], key: str) -> Given:
    given = values.get(key)
    if given is None or not given.text.strip():
        hint = next(option.meaning for option in options if option.key == key)
        raise OptionError(f"The option {key} is missing.", hint=hint)
    return given


def _number(given: Given | None, default: float, *, most: float) -> float:
    if given is None:
        return default
    try:
        number = float(given.text)
    except ValueError:
        raise given.refused("this is not a number") from None
    if not 0 <= number <= most or math.isinf(number):
        raise given.refused("the number is out of range")
    return number


def _color(given: Given) -> str:
    if given.word not in _COLORS:
        raise given.refused("there is no such channel colour")
    return given.word


def _flag(given: Given | None) -> bool:
    if given is not None and given.word not in ("true", "false"):
        raise given.refused("this is neither true nor false")
    return given is not None and given.word == "true"
