"""Installing from the window and from a macro: a folder, a zip or an address."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej.errors import OptionError
from deepimagej.library.download import download, is_address
from deepimagej.option_text import Pair, join_pairs, quote, split_pairs
from deepimagej.progress import Step, silent

if TYPE_CHECKING:
    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.tools import Tools

_COMMAND = "DeepImageJ Install Model"
_KEY = "source"


def install(
    source: str,
    tools: Tools,
    *,
    replace: bool = False,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> ModelSpec:
    """Install the bundle at a path or an address.

    Raises
    ------
    DeepImageJError
        If it cannot be had, is broken, or another model of its name is installed.
    RunCancelled
        If `cancel` was used.
    """
    if not is_address(source):
        progress(Step("installing", 0, 1))
        return tools.library.install(Path(source), replace=replace)
    with tempfile.TemporaryDirectory(prefix="deepimagej-") as folder:
        file = download(source, Path(folder), progress=progress, cancel=cancel)
        return tools.library.install(file, replace=replace)


def install_line(source: str) -> str:
    """The macro line that installs the same; empty where it cannot carry the name."""
    try:
        return f'run("{_COMMAND}", {quote(join_pairs([Pair(_KEY, source)], [_KEY]))});'
    except OptionError:
        return ""


def install_command(options: str) -> str:
    """``run("DeepImageJ Install Model", "source=[model.zip]")``.

    Raises
    ------
    OptionError
        If the line names no source.
    """
    from deepimagej.process import tools

    pairs = split_pairs(options)
    if [pair.key for pair in pairs] != [_KEY]:
        raise OptionError(
            f"{_COMMAND} takes the key {_KEY}, and nothing else.",
            hint=f'Name a zip, a folder or an address, as in run("{_COMMAND}", '
            '"source=[model.zip]").',
        )
    install(pairs[0].value, tools())
    return install_line(pairs[0].value)
