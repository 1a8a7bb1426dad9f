"""Which parts of a macro could do more than work on images."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from deepimagej.library.findings import Finding
from deepimagej.library.macro_commands import (
    COMMAND_CLASSES,
    COMMAND_FROM_MACRO,
    COMMANDS,
    EXPRESSION,
)
from deepimagej.library.macro_tokens import Kind, Token, tokenize
from deepimagej.library.macro_words import (
    FORBIDDEN,
    FORBIDDEN_OBJECTS,
    FUNCTIONS,
    KEYWORDS,
    MEMBERS,
    NAMESPACES,
    ROI_MANAGER,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MEMBERS_OF = {name: frozenset(members.split()) for name, members in NAMESPACES.items()}
_END = Token(Kind.SYMBOL, "", 0)
_COMPUTED = "the macro computes it while it runs, so it cannot be checked"
_NOT_LISTED = "it is not on the list of image operations"


def scan_macro(text: str) -> tuple[Finding, ...]:
    """What in the macro `text` is not on the list of operations on images.

    Parameters
    ----------
    text
        The whole file, in any of the three line endings.

    Returns
    -------
    Findings in the order of the file; none: the macro runs without being asked for.

    Notes
    -----
    An allow-list, as the macro language can run text as code (`eval`, `call`, expressions of
    fits and plots): a function, command or member that is not known is a finding.
    """
    tokens = [*tokenize(text), _END, _END, _END, _END]
    own = {b.text for a, b in pairwise(tokens) if a.is_word("function")}
    return tuple(finding for i in range(len(tokens) - 4) for finding in _look(tokens, i, own))


def _look(tokens: Sequence[Token], i: int, own: set[str]) -> Iterator[Finding]:
    token, following = tokens[i], tokens[i + 1]
    if token.kind is not Kind.WORD:
        return
    word = token.text
    if i and tokens[i - 1].is_symbol("."):
        is_known = i > 1 and tokens[i - 2].is_word(*NAMESPACES, "Ext")
        if not is_known and word not in MEMBERS:
            yield Finding(f".{word}", _NOT_LISTED, token.line)
    elif word in FORBIDDEN:
        yield Finding(word, FORBIDDEN[word], token.line)
    elif word in NAMESPACES or word == "Ext":
        member = tokens[i + 2].text if following.is_symbol(".") else ""
        yield from _look_at_member(tokens, i, f"{word}.{member}")
    elif word in _CHECKED:
        yield from _CHECKED[word](tokens, i)
    elif word not in FUNCTIONS | KEYWORDS | own and following.is_symbol("("):
        yield Finding(word, _NOT_LISTED, token.line)


def _look_at_member(tokens: Sequence[Token], i: int, name: str) -> Iterator[Finding]:
    namespace, _, member = name.partition(".")
    if member not in _MEMBERS_OF.get(namespace, ()):
        why = FORBIDDEN_OBJECTS.get(namespace, _NOT_LISTED)
        yield Finding(name, why, tokens[i].line)
    elif name in _CHECKED:
        yield from _CHECKED[name](tokens, i + 2)


def _first_argument(tokens: Sequence[Token], i: int) -> Token | None:
    """The first argument of the call at `i` if it is one string and nothing else."""
    is_call = tokens[i + 1].is_symbol("(") and tokens[i + 2].kind is Kind.STRING
    is_whole = tokens[i + 3].is_symbol(",") or tokens[i + 3].is_symbol(")")
    return tokens[i + 2] if is_call and is_whole else None


def _look_at_run(tokens: Sequence[Token], i: int) -> Iterator[Finding]:
    line = tokens[i].line
    command = _first_argument(tokens, i)
    if command is None:
        yield Finding("run(...) with a computed command", _COMPUTED, line)
    elif command.text == EXPRESSION:
        yield from _look_at_code(tokens, i, 'run("Macro...")', "code=")
    elif command.text == COMMAND_FROM_MACRO:
        yield from _look_at_class(tokens, i)
    elif command.text not in COMMANDS:
        yield Finding(f'run("{command.text}")', _NOT_LISTED, line)


def _look_at_code(tokens: Sequence[Token], i: int, name: str, key: str) -> Iterator[Finding]:
    """Code in the second argument of the call at `i`: it must stand there in full."""
    line = tokens[i].line
    options, end = (tokens[i + 4], tokens[i + 5]) if i + 5 < len(tokens) else (_END, _END)
    if tokens[i + 3].is_symbol(")"):
        return
    if options.kind is not Kind.STRING or not end.is_symbol(")"):
        yield Finding(f"{name} with computed code", _COMPUTED, line)
        return
    for code in options.text.split(key)[1:]:
        yield from (replace(f, what=f"{f.what} in {name}", line=line) for f in scan_macro(code))


def _look_at_class(tokens: Sequence[Token], i: int) -> Iterator[Finding]:
    # ImageJ takes the first "command=" of the options, and this one comes first.
    options = tokens[i + 4] if i + 4 < len(tokens) else _END
    starts = tuple(f"command=[{name}]" for name in COMMAND_CLASSES)
    if options.kind is not Kind.STRING or not options.text.startswith(starts):
        what = f'run("{COMMAND_FROM_MACRO}", "{options.text[:80]}")'
        yield Finding(what, "it calls a Java class", tokens[i].line)


def _look_at_roi_manager(tokens: Sequence[Token], i: int) -> Iterator[Finding]:
    command = _first_argument(tokens, i)
    if command is None:
        yield Finding("roiManager(...) with a computed command", _COMPUTED, tokens[i].line)
    elif command.text.lower() not in ROI_MANAGER:
        why = (
            "reads or writes files" if command.text.lower()[:4] in ("open", "save") else _NOT_LISTED
        )
        yield Finding(f'roiManager("{command.text}")', why, tokens[i].line)


def _look_at_text(tokens: Sequence[Token], i: int) -> Iterator[Finding]:
    """Fits and plots take a name, a number, or text that they run as code."""
    name = f"{tokens[i - 2].text}.{tokens[i].text}"
    text = _first_argument(tokens, i)
    is_number = tokens[i + 2].kind is Kind.NUMBER and tokens[i + 3].is_symbol(",")
    if text is None and not is_number:
        yield Finding(f"{name}(...) with a computed first argument", _COMPUTED, tokens[i].line)
    elif text is not None:
        found = scan_macro(text.text.partition("code:")[2] or text.text)
        yield from (replace(f, what=f"{f.what} in {name}", line=tokens[i].line) for f in found)


_CHECKED: dict[str, Callable[[Sequence[Token], int], Iterator[Finding]]] = {
    "run": _look_at_run,
    "roiManager": _look_at_roi_manager,
    "Fit.doFit": _look_at_text,
    "Plot.add": _look_at_text,
}
