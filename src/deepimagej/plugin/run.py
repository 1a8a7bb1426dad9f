"""``run("DeepImageJ Run", "...")``."""

from __future__ import annotations

from deepimagej.api import run_request
from deepimagej.errors import OptionError
from deepimagej.host.status import StatusBar
from deepimagej.macro_options import parse_macro_options


def run_command(options: str) -> str:
    """Run a model as a macro line says, and return the line that repeats it.

    Raises
    ------
    OptionError
        If the line has no options.
    """
    if not options.strip():
        raise OptionError(
            "DeepImageJ Run was called without options.",
            hint='Name a model, as in run("DeepImageJ Run", "model=[Nuclei StarDist]").',
        )
    with StatusBar() as bar:
        result = run_request(parse_macro_options(options), progress=bar, cancel=bar.cancel)
    return result.request
