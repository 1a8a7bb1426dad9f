"""The commands that only tell something: where a macro calls them, in ImageJ's Log."""

from __future__ import annotations

from importlib import metadata

from deepimagej.host.windows import log
from deepimagej.macro_options import usage


def help_command(options: str) -> None:
    """Tell the keys of the macro line."""
    log(usage())


def about_command(options: str) -> None:
    """Tell name, version and licence."""
    log(f"deepimagej {metadata.version('deepimagej')}, BSD-2-Clause")
