"""The options of 3.1's commands ``DeepImageJ StarDist`` and ``DeepImageJ Cellpose``.

Beside the keys that 3.1 wrote, both take those keys of ``DeepImageJ Run`` that say where and how
the network runs, so that a recorded line gives the same labels again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepimagej.errors import OptionError
from deepimagej.macro_options import OPTIONS, format_macro_options, request_from_keys
from deepimagej.option_table import Option, fold, spellings
from deepimagej.option_text import Pair, join_pairs, quote, split_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepimagej.option_values import Given
    from deepimagej.request import RunRequest

_RUN_KEYS: Final = ("model_dir", "format", "axes", "tile", "overlap", "device", "batch", "logging")
_FILE_KEYS: Final = ("image", "input_path", "output_folder", "display_output")


def _of_run(*keys: str) -> tuple[Option, ...]:
    return tuple(option for option in OPTIONS if option.key in keys)


STARDIST_OPTIONS: Final = (
    Option("model", "NAME", "Name or folder of the StarDist model."),
    Option(
        "prob_thresh", "P", "Least object probability, a number from 0 to 1, as in prob_thresh=0.5."
    ),
    Option(
        "nms_thresh",
        "P",
        "Part of the smaller of two objects that may overlap, from 0 to 1, as in nms_thresh=0.4.",
    ),
    Option(
        "min_percentile", "P", "Percentile that becomes 0, from 0 to 100, as in min_percentile=1."
    ),
    Option(
        "max_percentile",
        "P",
        "Percentile that becomes 1, above min_percentile, as in max_percentile=99.8.",
    ),
    *_of_run(*_RUN_KEYS, "channel", *_FILE_KEYS),
)

CELLPOSE_OPTIONS: Final = (
    Option("model", "NAME", "Name or folder of the Cellpose model."),
    Option("cyto_color", "COLOR", "Channel of the cells: gray, red, green or blue."),
    Option(
        "nuclei_color",
        "COLOR",
        "Channel of the nuclei: gray, red, green or blue; gray where cyto_color is gray.",
    ),
    Option("diameter", "PX", "Diameter of the objects in px, as in diameter=30."),
    Option("display_all", "BOOL", "Whether the flows are results as well: true or false."),
    *_of_run(*_RUN_KEYS, *_FILE_KEYS),
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

    request: RunRequest
    """Model, image and how the network runs."""
    prob_thresh: float | None = None
    """None: the model's own."""
    nms_thresh: float | None = None
    """None: the model's own."""
    min_percentile: float = 1.0
    max_percentile: float = 99.8


@dataclass(frozen=True, slots=True)
class CellposeOptions:
    """What ``run("DeepImageJ Cellpose", "...")`` asks for."""

    request: RunRequest
    """Model, image and how the network runs."""
    cyto_color: str
    nuclei_color: str
    diameter: float | None = None
    """In px; None, which is also what 0 means: that of the model's training."""
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
        request=_request(values, STARDIST_OPTIONS),
        prob_thresh=_number_or_none(values.get("prob_thresh"), most=1),
        nms_thresh=_number_or_none(values.get("nms_thresh"), most=1),
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
        request=_request(values, CELLPOSE_OPTIONS),
        cyto_color=cyto,
        nuclei_color=nuclei,
        diameter=_number(values.get("diameter"), 0.0, most=math.inf) or None,
        display_all=_flag(values.get("display_all")),
    )


def format_stardist_line(options: StarDistOptions) -> str:
    """The macro line that asks for `options`.

    Raises
    ------
    OptionError
        If ImageJ's options cannot carry a value.
    """
    own = {
        "prob_thresh": options.prob_thresh,
        "nms_thresh": options.nms_thresh,
        "min_percentile": options.min_percentile,
        "max_percentile": options.max_percentile,
    }
    numbers = {key: repr(number) for key, number in own.items() if number is not None}
    return _line("DeepImageJ StarDist", options.request, own=numbers, options=STARDIST_OPTIONS)


def format_cellpose_line(options: CellposeOptions) -> str:
    """The macro line that asks for `options`.

    Raises
    ------
    OptionError
        If ImageJ's options cannot carry a value.
    """
    own = {
        "cyto_color": options.cyto_color,
        "nuclei_color": options.nuclei_color,
        "diameter": repr(options.diameter or 0),
        "display_all": str(options.display_all).lower(),
    }
    return _line("DeepImageJ Cellpose", options.request, own=own, options=CELLPOSE_OPTIONS)


def _line(
    command: str, request: RunRequest, *, own: Mapping[str, str], options: Sequence[Option]
) -> str:
    known = {option.key for option in options}
    first, *others = split_pairs(format_macro_options(request))
    kept = [pair for pair in others if pair.key in known]
    pairs = [first, *(Pair(key, value) for key, value in own.items()), *kept]
    return f'run("{command}", {quote(join_pairs(pairs, spellings(options)))});'


def _request(values: Mapping[str, Given], options: Sequence[Option]) -> RunRequest:
    """The run that the keys shared with ``DeepImageJ Run`` speak of."""
    shared = {option.key for option in OPTIONS}
    model = _required(values, options, "model").text
    keys = {key: given.text for key, given in values.items() if key in shared and key != "model"}
    return request_from_keys(model, keys)


def _values(text: str, options: Sequence[Option]) -> dict[str, Given]:
    return fold([(pair.key, pair.value) for pair in split_pairs(text)], options)


def _required(values: Mapping[str, Given], options: Sequence[Option], key: str) -> Given:
    given = values.get(key)
    if given is None or not given.text.strip():
        hint = next(option.meaning for option in options if option.key == key)
        raise OptionError(f"The option {key} is missing.", hint=hint)
    return given


def _number(given: Given | None, default: float, *, most: float) -> float:
    number = _number_or_none(given, most=most)
    return default if number is None else number


def _number_or_none(given: Given | None, *, most: float) -> float | None:
    if given is None:
        return None
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
