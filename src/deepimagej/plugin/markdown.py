"""Documentation of bundles, which is someone else's text, as HTML that is safe to show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from deepimagej.bundle.sources import find_source, is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LONGEST = 200_000
"""Characters of a documentation that are shown."""


def render(text: str, folder: Path, picture: Callable[[Path], str]) -> str:
    """Markdown as HTML.

    HTML inside it is shown as text. Pictures of the bundle are shown; those of the network become
    links, so that reading about a model asks no server for anything.

    Parameters
    ----------
    folder
        Of the bundle.
    picture
        Gives the HTML that shows a picture file; empty if it is none.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")

    # (bound to the renderer, hence its first argument)
    def image(_: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
        token = tokens[index]
        source = str(token.attrGet("src") or "")
        return _image(source, token.content, folder, picture)

    parser.add_render_rule("image", image)
    return str(parser.render(text[:_LONGEST]))


def _image(source: str, text: str, folder: Path, picture: Callable[[Path], str]) -> str:
    if not is_url(source):
        path = find_source(folder, source)
        return (picture(path) if path else "") or f"[{escape(text or source)}]"
    if not source.startswith(("http://", "https://")):
        return escape(text)
    return f'<a href="{escape(source)}">{escape(text or "picture")}</a>'
