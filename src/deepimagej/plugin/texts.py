"""Texts that the windows show: help, what this is, the source of a bundle's file."""

from __future__ import annotations

import platform
from html import escape
from importlib import metadata
from typing import TYPE_CHECKING

from deepimagej.engines.table import ENGINES
from deepimagej.errors import BundleError
from deepimagej.macro_options import OPTIONS

if TYPE_CHECKING:
    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.tools import Tools

_MOST = 1_000_000
"""Bytes of a file that are shown."""


def help_text() -> str:
    """How the window is used, by mouse and by keys, and what a macro line may hold."""
    keys = "".join(
        f"<tr><td valign='top'><code>{option.key}={option.value}</code></td>"
        f"<td>{escape(option.meaning)}</td></tr>"
        for option in OPTIONS
    )
    return f"""
<h1 style='margin-top: 0'>Run a model</h1>
<ol>
<li>Open an image in ImageJ.</li>
<li>Choose a model on the left. The tabs tell what its author said of it.</li>
<li>Press <b>Run</b>. What is set to <i>auto</i> is what the author intended.</li>
</ol>
<p>A field whose value cannot be is marked, with the nearest values that can.
<b>Run on the sample image</b> shows the author's own example beside what this computer makes of
it.</p>
<p>Results stand in ImageJ as images, tables and ROIs; <i>Image &gt; Show Info</i> tells how an
image was made. With <i>Plugins &gt; Macros &gt; Record</i> open, a run is recorded as one line that
repeats it.</p>
<h2>Keys</h2>
<table>
<tr><td>Enter</td><td>run</td></tr>
<tr><td>Esc</td><td>cancel the run</td></tr>
<tr><td>Ctrl+F</td><td>search models; down arrow goes to the list</td></tr>
<tr><td>Alt and an underlined letter</td><td>the button with that letter; Alt+1 to Alt+5 the
tabs</td></tr>
<tr><td>F1, F5, Ctrl+W</td><td>this help, read the models again, close the window</td></tr>
</table>
<h2>Macro line</h2>
<p><code>run("DeepImageJ Run", "model=[Nuclei Probability] tile=512,512");</code></p>
<table>{keys}</table>
"""


def about_text(tools: Tools) -> str:
    """Version, licence, and what runs networks here."""
    rows = []
    for name in dict.fromkeys(engine.name for engine in ENGINES.values()):
        weights = next(format_ for format_, engine in ENGINES.items() if engine.name == name)
        state = tools.engines.status(weights)
        told = "ready" if state.runnable else f"{state.reason}. {state.hint}"
        rows.append(f"<tr><td>{name}</td><td>{escape(told)}</td></tr>")
    folders = "<br>".join(escape(str(folder)) for folder in tools.library.folders)
    return f"""
<h1 style='margin-top: 0'>deepimagej {metadata.version("deepimagej")}</h1>
<p>Trained networks in ImageJ, with the steps that their authors put around them.</p>
<table>
<tr><td>Licence</td><td>BSD-2-Clause</td></tr>
<tr><td>Python</td><td>{platform.python_version()}</td></tr>
<tr><td valign='top'>Models</td><td>{folders}</td></tr>
</table>
<h2>Engines</h2>
<table>{"".join(rows)}</table>
<p class='muted'>Models come from their authors: cite them (tab <i>About</i> of a model).</p>
"""


def source_text(spec: ModelSpec, name: str) -> str:
    """The text of a file of the bundle.

    Raises
    ------
    BundleError
        If there is no such file in it.
    """
    path = (spec.folder / name).resolve()
    if not path.is_relative_to(spec.folder.resolve()) or not path.is_file():
        raise BundleError(f'"{spec.name}" has no file {name}.', hint="Install the model again.")
    with path.open("rb") as file:
        return file.read(_MOST).decode("utf-8-sig", errors="replace")
