"""A run of the window as Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepimagej.errors import OptionError
from deepimagej.macro_options import format_macro_options
from deepimagej.option_text import split_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.request import RunRequest

_OWN = ("model", "image", "input_path", "output_folder")
"""Keys that are arguments of their own in Python."""


def python_code(request: RunRequest, images: Mapping[str, str]) -> str:
    """The lines of Python that do the same; empty where a name cannot be written.

    Parameters
    ----------
    images
        Path, or title where there is no file, of the image of each input.
    """
    try:
        pairs = split_pairs(format_macro_options(request, short=True))
    except OptionError:
        return ""
    arguments = [repr(request.model), _image(images)]
    if request.output_folder is not None:
        arguments.append(f"output={request.output_folder!r}")
    arguments += [f"{pair.key}={pair.value!r}" for pair in pairs if pair.key not in _OWN]
    return f"import deepimagej\nresult = deepimagej.run({', '.join(arguments)})\n"


def _image(images: Mapping[str, str]) -> str:
    if len(images) == 1:
        return repr(next(iter(images.values())))
    return repr(dict(images))
