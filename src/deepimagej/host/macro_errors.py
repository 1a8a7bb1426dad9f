"""What ImageJ says when a macro fails, as a sentence for the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deepimagej.errors import MacroError
from deepimagej.library.macro_plugins import plugin_of

_IN_LINE: Final = re.compile(r"(?P<text>.*?) in line (?P<line>\d+)(?P<rest>.*)", re.DOTALL)
_CALLED_FROM: Final = re.compile(r"\s*\(called from line \d+\)")
_UNKNOWN: Final = re.compile(r'Unrecognized command: "(?P<command>.*)"', re.DOTALL)
_NO_DISPLAY: Final = re.compile(
    r"needs a display was called headless|HeadlessException"
    r"|ij\.gui\.Toolbar\.getInstance\(\)\" is null|ij\.IJ\.getInstance\(\)\" is null"
)
_NEEDS_DISPLAY: Final = re.compile(
    r"\b(Dialog\.\w+|getNumber|getString|getBoolean|waitForUser|showMessageWithCancel"
    r"|File\.openDialog|getDirectory|getDir|getCursorLoc|setTool|run)\s*\("
)


@dataclass(frozen=True, slots=True)
class _Place:
    line: int
    text: str
    is_inside: bool
    """The line is one of the macro itself, not of a macro that it called."""

    def __str__(self) -> str:
        where = "" if self.is_inside else " of a macro that it called"
        return f' in line {self.line}{where}, "{self.text}"'


def macro_error(message: str, *, name: str, source: str) -> MacroError:
    """The error for what ImageJ said.

    Parameters
    ----------
    message
        ImageJ's message; with the number and the text of the line if ImageJ knew them.
    name
        The macro's file, or what else the user calls it.
    source
        Its text.
    """
    text, place = _split(message, source)
    where = "" if place is None else str(place)
    if _NO_DISPLAY.search(text):
        function = _function_with_a_display(place)
        return MacroError(
            f"{name} stopped{where}: {function} needs a display, and ImageJ runs without one.",
            hint="Give the value in the macro itself, or run the macro in an ImageJ with windows.",
        )
    if unknown := _UNKNOWN.search(text):
        command = unknown["command"]
        plugin = plugin_of(command)
        if plugin is None:
            hint = f'Install the plugin that brings "{command}", or correct its name.'
        else:
            hint = f"It is one of {plugin.name}: {plugin.way_out}."
        return MacroError(f'{name} stopped{where}: ImageJ has no command "{command}".', hint=hint)
    sentence = " ".join(text.split())
    end = "" if sentence.endswith((".", "!", "?")) else "."
    return MacroError(
        f"{name} stopped{where}: {sentence}{end}",
        hint="Correct the macro, or the image and options that it was given.",
    )


def _split(message: str, source: str) -> tuple[str, _Place | None]:
    found = _IN_LINE.fullmatch(message)
    if found is None:
        return message, None
    line = int(found["line"])
    # ImageJ cuts a long line off and puts dots there.
    tokens = _CALLED_FROM.sub("", found["rest"]).strip().removesuffix("...")
    lines = source.splitlines()
    written = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    # ImageJ puts the token where it stopped into < > and a space between any two.
    is_inside = _bare(tokens) in _bare(written) or not tokens
    return found["text"], _Place(line, written if is_inside else _marked(tokens), is_inside)


def _bare(code: str) -> str:
    return re.sub(r"[\s<>]", "", code)


def _marked(tokens: str) -> str:
    return re.sub(r"<(\S+)>", r"\1", tokens)


def _function_with_a_display(place: _Place | None) -> str:
    found = _NEEDS_DISPLAY.search(place.text) if place is not None else None
    return f"{found[1]}()" if found else "a function"
