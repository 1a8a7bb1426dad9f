"""The grammar of ImageJ's option text: ``key=value key=[a value] ...``, and lists in values.

Only the grammar: what keys mean is settled in `macro_options.py`. Text that is written here is
what `ij.Macro.getValue` reads as well; that method does not parse, it looks for the first
``key=`` after anything but a letter, so some values cannot be carried and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_KEY = re.compile(r"[^\s=\[\]']+(?==)")


@dataclass(frozen=True, slots=True)
class Pair:
    """One ``key=value`` of an option text."""

    key: str
    """As it was written."""
    value: str
    """Without the brackets or quotes around it."""


def split_pairs(text: str) -> tuple[Pair, ...]:
    """The pairs of an option text, in its order.

    Parameters
    ----------
    text
        Pairs with white space between them; a value ends there, at the bracket that closes
        its first one, or at the quote ``'`` that closes its first character.

    Raises
    ------
    OptionError
        If a word has no value, or a bracket or quote is not closed.
    """
    pairs = []
    at = _skip_space(text, 0)
    while at < len(text):
        found = _KEY.match(text, at)
        if found is None:
            word = text[at:].split(maxsplit=1)[0]
            raise OptionError(
                f'"{word}" in the options is not of the form key=value.',
                hint="Put values with spaces in [brackets], as in model=[Nuclei StarDist].",
            )
        value, at = _read_value(text, found)
        pairs.append(Pair(found.group(), value))
        at = _skip_space(text, at)
    return tuple(pairs)


def join_pairs(pairs: Iterable[Pair], keys: Collection[str]) -> str:
    """The option text of `pairs`, as both `split_pairs` and `ij.Macro.getValue` read it.

    Parameters
    ----------
    pairs
        Keys with their values.
    keys
        Every key that ImageJ may be asked for, in all spellings.

    Raises
    ------
    OptionError
        If a value has unbalanced brackets, or holds another of `keys` followed by ``=``.
    """
    return " ".join(f"{pair.key}={_carried(pair, keys)}" for pair in pairs)


def split_list(text: str) -> tuple[str, ...]:
    """Entries between the commas of `text` that stand outside of brackets, without space."""
    entries = [""]
    depth = 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            entries.append("")
        else:
            entries[-1] += letter
    return tuple(entry.strip() for entry in entries)


def is_bracketed(text: str) -> bool:
    """Whether one pair of brackets encloses the whole of `text`."""
    return text.startswith("[") and _closing_bracket(text, 0) == len(text) - 1


def is_balanced(text: str) -> bool:
    """Whether every bracket in `text` has its partner."""
    return _closing_bracket(f"[{text}]", 0) == len(text) + 1


def quote(text: str) -> str:
    """`text` as a string constant of the macro language."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def _read_value(text: str, key: re.Match[str]) -> tuple[str, int]:
    """Value that starts after the ``=`` of `key`, and the index behind it."""
    start = key.end() + 1
    opening = text[start : start + 1]
    if opening not in ("[", "'") or not opening:
        end = start
        while end < len(text) and not text[end].isspace():
            end += 1
        return text[start:end], end
    end = _closing_bracket(text, start) if opening == "[" else text.find("'", start + 1)
    if end < 0:
        raise OptionError(
            f"The value of {key.group()} opens with {opening} and does not close.",
            hint="Put the closing bracket or quote at the end of the value.",
        )
    if end + 1 < len(text) and not text[end + 1].isspace():
        raise OptionError(
            f'"{text[end + 1 :].split(maxsplit=1)[0]}" follows the value of {key.group()} '
            "without a space.",
            hint="Put a space between two options.",
        )
    return text[start + 1 : end], end + 1


def _closing_bracket(text: str, start: int) -> int:
    """Index of the bracket that closes the one at `start`; -1 if none does."""
    depth = 0
    for index in range(start, len(text)):
        depth += (text[index] == "[") - (text[index] == "]")
        if depth == 0:
            return index
    return -1


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _carried(pair: Pair, keys: Collection[str]) -> str:
    """The value, in brackets where it needs them."""
    if not is_balanced(pair.value):
        raise OptionError(
            f'The {pair.key} "{pair.value}" has unbalanced brackets, '
            "which a macro line cannot carry.",
            hint="Rename it without the bracket.",
        )
    others = "|".join(re.escape(key) for key in keys if key != pair.key)
    # Letters beyond ASCII count as no letter: ImageJ asks Java, whose Unicode may be older.
    if found := re.search(rf"(?<![A-Za-z])(?:{others})=", pair.value):
        raise OptionError(
            f'The {pair.key} "{pair.value}" holds "{found.group()}", '
            "which ImageJ would read as an option.",
            hint=f'Rename it without "{found.group()}".',
        )
    is_plain = pair.value and pair.value[0] not in "['" and not re.search(r"\s", pair.value)
    return pair.value if is_plain else f"[{pair.value}]"
