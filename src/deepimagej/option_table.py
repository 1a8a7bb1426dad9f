"""Keys of a command as data, and their spellings."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepimagej.errors import OptionError
from deepimagej.option_values import Given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Option:
    """One key of the command."""

    key: str
    value: str
    """What stands for the value in a usage text."""
    meaning: str
    """What it does, with the way to write it; the hint of errors about the value."""
    aliases: tuple[str, ...] = ()
    """Other spellings; any case, with or without underscores, is read as well."""


def folded(key: str) -> str:
    """`key` without what its spellings differ in: ``modelPath`` and ``model_path`` are one."""
    return key.lower().replace("_", "").replace("-", "")


def spellings(options: Iterable[Option]) -> tuple[str, ...]:
    """Every key of `options` with its aliases."""
    return tuple(key for option in options for key in (option.key, *option.aliases))


def fold(texts: Iterable[tuple[str, str]], options: Sequence[Option]) -> dict[str, Given]:
    """Values by the key of their option.

    Parameters
    ----------
    texts
        Keys as they were written, with their values; the value ``null`` counts as absent.
    options
        The options of the command.

    Raises
    ------
    OptionError
        If a key is unknown, or an option has two values.
    """
    known = {folded(key): option for option in options for key in (option.key, *option.aliases)}
    values: dict[str, Given] = {}
    unknown = []
    for written, text in texts:
        option = known.get(folded(written))
        if option is None:
            unknown.append(written)
        elif text.strip().lower() != "null":
            given = Given(written, text, option.meaning)
            _refuse_contradiction(values.setdefault(option.key, given), given)
    if unknown:
        raise _unknown(unknown, options)
    return values


def _refuse_contradiction(first: Given, second: Given) -> None:
    if first.text == second.text:
        return
    raise OptionError(
        f"{first.key}={first.text} and {second.key}={second.text} contradict each other.",
        hint="Keep one of the two.",
    )


def _unknown(keys: Sequence[str], options: Sequence[Option]) -> OptionError:
    known = {folded(key): key for key in spellings(options)}
    near = [
        known[match]
        for key in keys
        for match in difflib.get_close_matches(folded(key), known, n=1, cutoff=0.5)
    ]
    if near:
        hint = f"Did you mean {' and '.join(dict.fromkeys(near))}?"
    else:
        hint = f"The options are {', '.join(option.key for option in options)}."
    return OptionError(f"Unknown option: {', '.join(keys)}.", hint=hint)
