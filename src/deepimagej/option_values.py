"""One value of an option: from its text into the request, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepimagej.axes import Axes, AxisName, parse_axes
from deepimagej.errors import OptionError
from deepimagej.option_text import is_bracketed, split_list
from deepimagej.request import (
    ChannelChoice,
    Device,
    Logging,
    Source,
    StageChoice,
    TileChoice,
    WeightsFormat,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_OLD_FORMATS: Final[Mapping[str, WeightsFormat]] = {
    # deepImageJ 2.1 and 3.0 named the engine; each read one format, which is meant.
    "tensorflow": WeightsFormat.TENSORFLOW_SAVED_MODEL,
    "pytorch": WeightsFormat.TORCHSCRIPT,
    "keras": WeightsFormat.KERAS_HDF5,
    # The name in format 0.3.
    "pytorch_script": WeightsFormat.TORCHSCRIPT,
}

_STAGE_WORDS: Final[Mapping[str, Source]] = {
    "auto": Source.AUTO,
    "none": Source.NONE,
    "no preprocessing": Source.NONE,
    "no postprocessing": Source.NONE,
    "zoo": Source.ZOO,
}

_SHOWN: Final[Mapping[str, bool]] = {"all": True, "true": True, "yes": True} | dict.fromkeys(
    ("none", "false", "no", "0"), False
)

_MACRO_ENDINGS: Final = (".ijm", ".txt")


@dataclass(frozen=True, slots=True)
class Given:
    """The value of an option as the user gave it."""

    key: str
    """As it was written."""
    text: str
    hint: str
    """How a right value looks."""

    @property
    def word(self) -> str:
        """The text as a word of a closed set."""
        return self.text.strip().lower()

    def refused(self, problem: str) -> OptionError:
        """The error that says what is wrong with the value."""
        return OptionError(f"{self.key}={self.text}: {problem}.", hint=self.hint)


def read_number(given: Given, *, least: int) -> int:
    """A whole number of `least` or more."""
    return _number(given.text, given, least=least)


def read_numbers(given: Given) -> tuple[int, ...]:
    """Whole numbers of 1 or more between commas."""
    return tuple(_number(entry, given, least=1) for entry in given.text.split(","))


def read_format(given: Given) -> WeightsFormat | None:
    """The weights format; None for ``auto``."""
    if given.word == "auto":
        return None
    if given.word in _OLD_FORMATS:
        return _OLD_FORMATS[given.word]
    if given.word not in list(WeightsFormat):
        raise given.refused("there is no such weights format")
    return WeightsFormat(given.word)


def read_stage(given: Given) -> StageChoice:
    """What a stage shall do.

    Notes
    -----
    Two files stand in brackets, ``[a.ijm, b.ijm]``, as deepImageJ 2.1 recorded them; without
    brackets a comma parts files only where each ends like a macro.
    """
    if given.word.replace("_", " ") in _STAGE_WORDS:
        return StageChoice(_STAGE_WORDS[given.word.replace("_", " ")])
    files = split_list(given.text)
    if is_bracketed(given.text.strip()):
        files = split_list(given.text.strip()[1:-1])
    elif not all(file.lower().endswith(_MACRO_ENDINGS) for file in files):
        files = (given.text,)
    if not all(files):
        raise given.refused("a macro file has no name")
    if len(files) > 2:
        raise given.refused(f"these are {len(files)} macro files and a step takes one or two")
    return StageChoice(Source.MACRO, files)


def write_stage(choice: StageChoice) -> str:
    """Text that `read_stage` reads."""
    if choice.source is not Source.MACRO:
        return choice.source.value
    files = ", ".join(choice.files)
    single = Given("", files, "")
    # Read as a word or as a list, a single file needs brackets of its own.
    if len(choice.files) != 1 or files != files.strip() or read_stage(single) != choice:
        return f"[{files}]"
    return files


def read_tile(
    tile: Given | None, patch: Given | None, axes: Given | None, overlap: Given | None
) -> TileChoice:
    """The tile of ``axes``, ``tile`` or v1's ``patch``, and ``overlap``."""
    if tile is not None and patch is not None:
        raise OptionError(
            f"{tile.key}={tile.text} and {patch.key}={patch.text} both give the size of the tile.",
            hint=f"Keep {tile.key}; {patch.key} is its old spelling.",
        )
    given = tile or patch
    sizes = () if given is None or given.word == "auto" else read_numbers(given)
    names = _read_axes(axes) if axes is not None else ()
    if given is patch and len(sizes) == 1 and not names:
        # v1 had one number for the square patches of its 2-D models.
        sizes, names = sizes * 2, (AxisName.Y, AxisName.X)
    if given is not None and axes is not None and sizes and len(names) != len(sizes):
        raise OptionError(
            f"{axes.key}={axes.text} names {len(names)} axes and {given.key}={given.text} "
            f"has {len(sizes)} sizes.",
            hint="Give one size for each axis, as in axes=Y,X,C tile=256,256,3.",
        )
    halo = read_number(overlap, least=0) if overlap is not None else None
    return TileChoice(sizes, names, halo)


def write_tile(choice: TileChoice) -> dict[str, str]:
    """The options that `read_tile` reads."""
    options = {"tile": ",".join(map(str, choice.sizes)) or "auto"}
    if choice.axes:
        options = {"axes": write_axes(choice.axes)} | options
    if choice.overlap is not None:
        options["overlap"] = str(choice.overlap)
    return options


def write_axes(axes: Axes) -> str:
    """Axis letters with commas between them, as deepImageJ 2.1 recorded them."""
    return ",".join(axes).upper()


def read_images(given: Given) -> tuple[tuple[str, str], ...]:
    """Titles by tensor; the tensor ``""`` where the text is one title.

    Notes
    -----
    A title that looks like ``tensor=title`` itself stands in brackets of its own.
    """
    if is_bracketed(given.text):
        return (("", given.text[1:-1]),)
    entries = [
        re.fullmatch(r"([^\s=,\[\]]+)=(.+)", entry, re.DOTALL) for entry in split_list(given.text)
    ]
    if not all(entries):
        return (("", given.text),)
    images = tuple((entry[1], _unbracketed(entry[2])) for entry in entries if entry)
    tensors = [tensor for tensor, _ in images]
    if twice := sorted({tensor for tensor in tensors if tensors.count(tensor) > 1}):
        raise given.refused(f"the tensor {twice[0]} has two images")
    return images


def write_images(images: tuple[tuple[str, str], ...]) -> str:
    """Text that `read_images` reads."""
    if len(images) == 1 and images[0][0] == "":
        title = images[0][1]
        is_plain = read_images(Given("", title, "")) == images
        return title if is_plain else f"[{title}]"
    return ", ".join(f"{tensor}={_bracketed_in_list(title)}" for tensor, title in images)


def read_shown(given: Given) -> bool:
    """Whether results are shown; 3.1 also documented numbers, of which 0 means none."""
    if given.word in _SHOWN:
        return _SHOWN[given.word]
    if re.fullmatch(r"[0-9]+", given.word):
        return True
    raise given.refused("results are shown or not")


def read_channels(given: Given) -> ChannelChoice:
    """The channels to feed."""
    if given.word == "all":
        return ChannelChoice(each=True)
    return ChannelChoice(numbers=read_numbers(given))


def write_channels(choice: ChannelChoice) -> str | None:
    """Text that `read_channels` reads; None where no channel is chosen."""
    if choice.each:
        return "all"
    return ",".join(map(str, choice.numbers)) or None


def read_device(given: Given) -> Device:
    """The CPU or a GPU; ``gpu`` is another word for ``cuda``."""
    if given.word in ("auto", "cpu"):
        return Device(given.word)
    found = re.fullmatch(r"(?:cuda|gpu)(?::([0-9]{1,3}))?", given.word)
    if found is None:
        raise given.refused("there is no such device")
    return Device("cuda", int(found[1] or 0))


def read_logging(given: Given) -> Logging:
    """How much the run tells."""
    if given.word not in list(Logging):
        raise given.refused("there is no such level")
    return Logging(given.word)


def _number(text: str, given: Given, *, least: int) -> int:
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", digits) or int(digits) < least:
        raise given.refused(f'"{digits}" is not a whole number of {least} or more')
    return int(digits)


def _read_axes(given: Given) -> Axes:
    names = parse_axes(given.text)
    if not names:
        raise given.refused("no axis is named")
    return names


def _unbracketed(text: str) -> str:
    return text[1:-1] if is_bracketed(text) else text


def _bracketed_in_list(text: str) -> str:
    is_plain = text and text == text.strip() and not re.search(r"[\[\],]", text)
    return text if is_plain else f"[{text}]"
