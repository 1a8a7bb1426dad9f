r"""The words of an ImageJ macro, as `ij.macro.Tokenizer` sees them.

ImageJ reads macros with `java.io.StreamTokenizer`; what that takes for a comment or a string
decides what runs. So ``\r`` alone ends a line (and a ``//`` comment), a string ends with its
line, ``\105`` in a string is ``E``, and characters 128 to 255 are blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    NUMBER = "number"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a macro."""

    kind: Kind
    text: str
    """Of a string: its value, without quotes and escapes."""
    line: int

    def is_symbol(self, text: str) -> bool:
        """Whether it is the symbol `text`."""
        return self.kind is Kind.SYMBOL and self.text == text

    def is_word(self, *words: str) -> bool:
        """Whether it is one of `words`, outside of strings."""
        return self.kind is Kind.WORD and self.text in words


_TOKEN: Final = re.compile(
    r"""
    (?P<blank> [\x00-\x20\x80-\xff]+ | //[^\r\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string> (?P<quote>["'])(?P<value>(?:\\.|[^\\\r\n])*?)(?:(?P=quote)|(?=[\r\n])|\\?\Z) )
    | (?P<word> (?:[A-Za-z_]|[^\x00-\xff])(?:[A-Za-z_0-9]|[^\x00-\xff])* )
    | (?P<number> [0-9]+\.?[0-9]* )
    | (?P<symbol> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\([0-3][0-7]{0,2}|[4-7][0-7]?|.)", re.DOTALL)
_LETTERS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def tokenize(text: str) -> list[Token]:
    """The tokens of `text` without comments and blanks."""
    tokens = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if match["string"] is not None:
            tokens.append(Token(Kind.STRING, _unescape(match["value"]), line))
        elif kind != "blank":
            tokens.append(Token(Kind(kind), match[0], line))
        line += len(re.findall(r"\r\n|\r|\n", match[0]))
    return tokens


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "01234567":
            return chr(int(code, 8))
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(replace, text)
