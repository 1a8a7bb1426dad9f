"""Options as ImageJ's recorder writes them for a dialog: values, and words for ticked boxes.

``operation=Opening element=[Horizontal Line] radius=3 show``. Other plugins write commas between
the values as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepimagej.errors import OptionError
from deepimagej.option_table import fold
from deepimagej.option_values import Given

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deepimagej.option_table import Option

_PAIR: Final = re.compile(
    r"([^\s=\[\],]+)(?:=(?:\[([^\[\]]*)\]|(?!\[)(\S*?)(?=,?(?:\s|$))))?,?(?:\s+|$)"
)
_TICKED: Final = "true"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The options of one call; made by `parse_recorded` only."""

    values: Mapping[str, Given]
    options: Sequence[Option]

    def text(self, key: str, default: str | None = None) -> str:
        """The value of `key`; without a default it must be there."""
        given = self.values.get(key)
        if given is not None and given.text.strip():
            return given.text
        if default is None:
            raise OptionError(f"The option {key} is missing.", hint=self._meaning(key))
        return default

    def number(
        self, key: str, default: float, *, least: float = 0, most: float = math.inf
    ) -> float:
        """A number between `least` and `most`."""
        if key not in self.values:
            return default
        given = self.values[key]
        try:
            number = float(given.text)
        except ValueError:
            raise given.refused("this is not a number") from None
        if not least <= number <= most or math.isinf(number):
            raise given.refused("the number is out of range")
        return number

    def whole(self, key: str, default: int, *, least: int = 0) -> int:
        """A whole number; what stands after the point is cut off, as ImageJ's plugins do."""
        return int(self.number(key, default, least=least))

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of `choices`, written in any case."""
        given = self.values.get(key)
        if given is None:
            return default
        names = {name.lower(): name for name in choices}
        if given.word not in names:
            listed = ", ".join(names.values())
            raise OptionError(
                f"{given.key}={given.text}: there is no such choice.", hint=f"Choose {listed}."
            )
        return names[given.word]

    def is_ticked(self, key: str) -> bool:
        """Whether the box `key` is ticked."""
        return self.values.get(key, Given(key, "", "")).word == _TICKED

    def _meaning(self, key: str) -> str:
        return next(option.meaning for option in self.options if option.key == key)


def parse_recorded(text: str, options: Sequence[Option]) -> Recorded:
    """The options of `text`.

    Raises
    ------
    OptionError
        If a key is unknown or has two values, or a bracket is not closed.
    """
    pairs = []
    at, text = 0, text.strip()
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise OptionError(
                f'The options cannot be read from "{text[at : at + 40]}" on.',
                hint="Write key=value, and put values with spaces in [brackets].",
            )
        key, bracketed, plain = found.groups()
        value = bracketed if bracketed is not None else plain
        pairs.append((key, _TICKED if value is None else value))
        at = found.end()
    return Recorded(fold(pairs, options), options)
