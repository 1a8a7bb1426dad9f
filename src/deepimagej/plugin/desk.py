"""What answers ImageJ's windows: the library, the judge and the road, behind plain values."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from deepimagej.errors import LibraryError, TrustError
from deepimagej.guide import Ended, Page, Untrusted, Verdict
from deepimagej.plugin import page as pages
from deepimagej.plugin.cards import cards
from deepimagej.plugin.citations import bibtex
from deepimagej.plugin.form import IMAGE, fields, inputs
from deepimagej.plugin.judging import judge, request_for
from deepimagej.plugin.pictures import thumbnail
from deepimagej.plugin.samples import compare, find_sample, read_sample
from deepimagej.plugin.texts import about_text, help_text, source_text

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.engines import EngineStatus
    from deepimagej.guide import Field
    from deepimagej.host.outlines import OpenImage
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.tools import Tools

_CARD: Final = 128
_PAGE: Final = 480
"""Px of the pictures as they are kept: more than is shown, for screens with small pixels."""
_SHOWN: Final = 160
"""Px of a page's pictures as they are shown."""

Choices = Sequence[Sequence[str]]


class Desk:
    """Answers the windows; every method may be called from any thread.

    Parameters
    ----------
    tools
        What the runs of this process share.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lock = threading.Lock()

    def models(self) -> list[tuple[str, ...]]:
        """A row for each model of the library."""
        with self._lock:  # the library keeps what it read
            entries = self._tools.library.entries()
        return cards(entries, self._status, lambda path: self._file(path, _CARD))

    def page(self, model: str) -> Page:
        """All there is to read about a model, and what can be chosen for its run."""
        spec = self._spec(model)
        cover = next((made for path in spec.covers if (made := self._file(path, _PAGE))), "")
        return Page(
            header=pages.header(spec),
            picture=cover,
            bibtex=bibtex(spec),
            tabs=tuple(pages.tabs(spec, model, self._picture)),
            inputs=tuple(inputs(spec)),
            fields=tuple(field.row for field in self._fields(spec)),
            has_sample=find_sample(spec) is not None,
        )

    def judge(self, model: str, choices: Choices) -> Verdict:
        """What the choices come to, and what is wrong with them."""
        spec = self._spec(model)
        return judge(
            spec,
            model,
            self._fields(spec),
            _mapping(choices),
            opened=self._opened(),
            tools=self._tools,
        )

    def run(
        self, model: str, choices: Choices, *, progress: Progress, cancel: CancelToken
    ) -> Ended | Untrusted:
        """Run a model as the window says; returns when its results are shown.

        Raises
        ------
        DeepImageJError
            What went wrong.
        RunCancelled
            If `cancel` was used.
        """
        from deepimagej.api import run_request

        spec = self._spec(model)
        request = request_for(model, self._fields(spec), _mapping(choices), self._opened())
        try:
            result = run_request(request, progress=progress, cancel=cancel)
        except TrustError as error:
            return self._ask(spec, error)
        return Ended(result.request, _told(result.timings, result.provenance))

    def run_sample(
        self, model: str, choices: Choices, *, progress: Progress, cancel: CancelToken
    ) -> Ended | Untrusted:
        """Run a model on its sample, and show the author's result beside its own."""
        from deepimagej.api import run_request
        from deepimagej.bundle.tensors import load_tensor
        from deepimagej.host.beside import show_beside, show_sample

        spec = self._spec(model)
        sample = find_sample(spec)
        if sample is None:
            raise LibraryError(
                f'"{spec.name}" ships no sample image.', hint="Open an image of your own."
            )
        tensors = {tensor.name: tensor for tensor in (*spec.inputs, *spec.outputs)}
        host = self._tools.start_host()
        shown = {
            name: show_sample(host, read_sample(path, tensors[name], _title(spec, name, sample)))
            for name, path in sample.inputs.items()
        }
        texts = {key: text for key, text in _mapping(choices).items() if not key.startswith(IMAGE)}
        request = request_for(model, self._fields(spec), texts, ())
        named = tuple(shown.items()) if len(shown) > 1 else (("", next(iter(shown.values()))),)
        try:
            result = run_request(replace(request, images=named), progress=progress, cancel=cancel)
        except TrustError as error:
            return self._ask(spec, error)
        wanted = {
            name: read_sample(path, tensors[name], f"{name} expected by the author")
            for name, path in sample.expected.items()
        }
        stem = next(iter(shown.values()))
        show_beside(host, first=stem, results=list(result.images), expected=wanted)
        expected = {name: load_tensor(path) for name, path in sample.expected.items()}
        return Ended(result.request, compare(spec, result.images, expected))

    def install(
        self, source: str, *, replace: bool, progress: Progress, cancel: CancelToken
    ) -> Ended:
        """Install a model from a folder, a zip or an address."""
        from deepimagej.plugin.installing import install, install_line

        spec = install(source, self._tools, replace=replace, progress=progress, cancel=cancel)
        return Ended(install_line(source), spec.name)

    def trust(self, model: str) -> None:
        """Trust the code of a model, in exactly this state."""
        self._tools.trust.trust(self._spec(model))

    def text(self, name: str) -> tuple[str, str]:
        """Title and text of what a link or a command of the menu leads to."""
        if name == "help":
            return "DeepImageJ Help", help_text()
        if name == "about":
            return "About DeepImageJ", about_text(self._tools)
        _, model, file = name.split("?", 2)
        return file, source_text(self._spec(model), file)

    def _spec(self, model: str) -> ModelSpec:
        with self._lock:
            return self._tools.library.find(model)

    def _fields(self, spec: ModelSpec) -> list[Field]:
        runnable = (w for w in spec.weights.values() if self._status(w, spec).runnable)
        first = next((str(weights.format) for weights in runnable), "")
        return fields(spec, self._status, first)

    def _status(self, weights: Weights, spec: ModelSpec) -> EngineStatus:
        return self._tools.engines.status(weights.format, spec)

    def _opened(self) -> list[OpenImage]:
        from deepimagej.host.outlines import open_outlines

        host = self._tools.running_host()
        return [] if host is None else open_outlines(host)

    def _ask(self, spec: ModelSpec, error: TrustError) -> Untrusted:
        """What to ask the user about; code that is never run stays an error."""
        found = self._tools.trust.untrusted(spec)
        if not found or any(finding.is_refused for finding in found):
            raise error
        return Untrusted(error.message, "Trust it only if you know where it comes from.")

    def _file(self, path: Path, size: int) -> str:
        made = thumbnail(path, self._tools.settings.cache, size=size)
        return "" if made is None else str(made)

    def _picture(self, path: Path) -> pages.Picture | None:
        from PIL import Image

        made = thumbnail(path, self._tools.settings.cache, size=_PAGE)
        if made is None:
            return None
        with Image.open(made) as picture:
            width, height = picture.size
        part = min(1.0, _SHOWN / max(width, height))
        return made.as_uri(), max(1, round(width * part)), max(1, round(height * part))


def _mapping(choices: Choices) -> dict[str, str]:
    return {str(key): str(text) for key, text in choices}


def _title(spec: ModelSpec, name: str, sample: object) -> str:
    """Of a sample: short, and legal in a macro line."""
    return f"{spec.folder.name} {name}".replace("[", "(").replace("]", ")")


def _told(timings: Mapping[str, float], record: Mapping[str, object]) -> str:
    from deepimagej.plugin.words import duration

    tiles = record["tiles"]
    n_tiles = int(tiles["number"]) if isinstance(tiles, Mapping) else 1
    many = f" in {n_tiles} tiles" if n_tiles > 1 else ""
    notes = record["notes"]
    more = " " + " ".join(map(str, notes)) if isinstance(notes, list) and notes else ""
    return f"Done{many} on {record['device']} in {duration(sum(timings.values()))}.{more}"
