"""What a bundle says of its model, as the pages of the window."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from deepimagej.axes import AxisName
from deepimagej.bundle.spec import StepKind
from deepimagej.plugin.markdown import render
from deepimagej.plugin.words import (
    axis_in_words,
    dimensions,
    listed,
    operation_in_words,
    pixel_size,
    task_of,
)
from deepimagej.request import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec, StageStep, TensorSpec

Picture = tuple[str, int, int]
"""Address, width and height as shown, px."""

SOURCE: Final = "source"
"""Links ``deepimagej:source?MODEL?FILE`` lead to the text of a file."""
_DOI: Final = "https://doi.org/"


def header(spec: ModelSpec) -> str:
    """Name, description and origin, beside the cover."""
    task = f"{task_of(spec).capitalize()} in " if task_of(spec) else ""
    facts = [
        f"{task}{dimensions(spec)}",
        f"by {listed(spec.authors)}" if spec.authors else "",
        spec.license,
        f"version {spec.version}" if spec.version else "",
    ]
    line = " &nbsp;·&nbsp; ".join(escape(fact) for fact in facts if fact)
    return (
        f"<h1 style='margin-top: 0'>{escape(spec.name)}</h1>"
        f"<p>{escape(_cut(spec.description, 260))}</p><p class='muted'>{line}</p>"
    )


def tabs(
    spec: ModelSpec, identity: str, picture: Callable[[Path], Picture | None]
) -> list[tuple[str, str]]:
    """Title and HTML of each page.

    Parameters
    ----------
    identity
        The model as its card names it, for links to its files.
    picture
        A small picture of a file; None if it cannot be shown.
    """
    pages = [
        ("About", _about(spec, picture)),
        ("Inputs and outputs", _tensors(spec, picture)),
        ("Steps", _steps(spec, identity)),
    ]
    documentation = _documentation(spec, picture)
    return [*pages, ("Documentation", documentation)] if documentation else pages


def _about(spec: ModelSpec, picture: Callable[[Path], Picture | None]) -> str:
    covers = "&nbsp; ".join(_image(made) for path in spec.covers if (made := picture(path)))
    called = [("Id", spec.id), ("Nickname", spec.nickname), ("Version", spec.version)]
    rows = [
        ("Authors", escape(listed(spec.authors)) or _unsaid()),
        ("Licence", escape(spec.license) or _unsaid()),
        *((name, escape(text)) for name, text in called if text),
        ("Format", escape(f"{spec.format_version}: {spec.rdf.name}")),
        ("Weights", escape(", ".join(str(format_) for format_ in spec.weights)) or _unsaid()),
        ("Tags", escape(", ".join(spec.tags)) or _unsaid()),
        ("Folder", escape(str(spec.folder))),
    ]
    parts = [
        f"<p>{covers}</p>" if covers else "",
        f"<p>{escape(spec.description)}</p>",
        _table(rows),
        "<h2>Please cite</h2>",
        _list(_linked(citation) for citation in spec.citations) or f"<p>{_unsaid()}</p>",
    ]
    if spec.warnings:
        parts += ["<h2>What is odd in the bundle</h2>", _list(map(escape, spec.warnings))]
    return "".join(parts)


def _unsaid() -> str:
    return "<span class='muted'>the bundle does not say</span>"


def _linked(citation: str) -> str:
    """A citation whose DOI or address leads to the browser."""
    text, _, last = citation.rpartition(", ")
    if last.startswith("10."):
        return f'{escape(text)}, <a href="{escape(_DOI + last)}">{escape(last)}</a>'
    if last.startswith(("http://", "https://")):
        return f'{escape(text)} <a href="{escape(last)}">{escape(last)}</a>'
    return escape(citation)


def _tensors(spec: ModelSpec, picture: Callable[[Path], Picture | None]) -> str:
    parts = ["<h2 style='margin-top: 0'>It takes</h2>"]
    parts += [_tensor(tensor, picture) for tensor in spec.inputs]
    parts.append("<h2>It gives</h2>")
    parts += [_tensor(tensor, picture) for tensor in spec.outputs]
    return "".join(parts) + "<h2>Tiles</h2>" + f"<p>{escape(tiling_rule(spec))}</p>"


def _tensor(tensor: TensorSpec, picture: Callable[[Path], Picture | None]) -> str:
    sizes = [axis_in_words(a) for a in tensor.axes if a.name is not AxisName.BATCH]
    facts = [*sizes, f"data type: {tensor.data_type}"]
    if size := pixel_size(tensor):
        facts.append(f"pixel size: {size}")
    optional = " (may be left out)" if tensor.optional else ""
    made = next((m for p in (tensor.sample, tensor.test) if p and (m := picture(p))), None)
    about = f"<p>{escape(tensor.description)}</p>" if tensor.description else ""
    text = (
        f"<h3 style='margin-top: 0'>{escape(tensor.name)}{optional}</h3>{about}"
        f"{_list(map(escape, facts))}"
    )
    if made is None:
        return text
    return (
        f"<table><tr><td valign='top'>{_image(made)}</td><td valign='top'>{text}</td></tr></table>"
    )


def tiling_rule(spec: ModelSpec) -> str:
    """How a large image is cut for the network, in words."""
    if spec.pyramidal or not spec.allow_tiling:
        return "The network sees the whole image at once; it is not cut into tiles."
    halos = {
        axis.id: axis.halo
        for tensor in spec.outputs
        for axis in tensor.axes
        if axis.name.is_spatial
    }
    rule = "Images that are too large for the memory are cut into tiles."
    if not any(halos.values()):
        return (
            f"{rule} The author declares no halo: what lies beyond a tile's border is not seen, "
            "and pixels near it may differ from those of an untiled run."
        )
    told = listed([f"{halo} px along {axis}" for axis, halo in halos.items() if halo])
    return (
        f"{rule} Neighbouring tiles overlap: {told} at each side of a tile are thrown away, as "
        "they depend on what lies beyond it (halo)."
    )


def _steps(spec: ModelSpec, identity: str) -> str:
    parts: list[str] = []
    for stage, tensors in (
        (Stage.PREPROCESSING, spec.inputs),
        (Stage.POSTPROCESSING, spec.outputs),
    ):
        place = "Before" if stage is Stage.PREPROCESSING else "After"
        top = " style='margin-top: 0'" if not parts else ""
        steps = spec.steps.get(stage, ())
        parts.append(f"<h2{top}>{place} the network</h2>")
        operations = [
            f"{escape(operation_in_words(operation))} <span class='muted'>({escape(t.name)}: "
            f"{escape(operation.name)})</span>"
            for t in tensors
            for operation in t.operations
        ]
        if steps:
            parts.append(_list(_step(step, identity) for step in steps))
        if steps and operations:
            parts.append(
                "<p class='muted'>The bundle also describes this stage as operations; the macro is "
                "taken, never both. <i>zoo</i> chooses these instead:</p>"
            )
        parts.append(_list(operations) or ("" if steps else "<p class='muted'>Nothing.</p>"))
    files = sorted({p.name for p in spec.folder.glob("*.ijm")})
    named = {step.file for steps in spec.steps.values() for step in steps}
    if others := [name for name in files if name not in named]:
        parts.append("<h2>Other macros of the bundle</h2>")
        parts.append(_list(_source_link(name, identity) for name in others))
    return "".join(parts)


def _step(step: StageStep, identity: str) -> str:
    if step.kind is StepKind.MACRO:
        return f"ImageJ macro {_source_link(step.file, identity)}"
    if step.kind is StepKind.PYTHON:
        return f"Python {_source_link(step.file, identity)}"
    return escape(f"{step.kind.value}: {step.spec} {step.file}".strip())


def _source_link(name: str, identity: str) -> str:
    target = escape(f"deepimagej:{SOURCE}?{identity}?{name}")
    return f'<a href="{target}">{escape(name)}</a> <span class="muted">(click to read it)</span>'


def _documentation(spec: ModelSpec, picture: Callable[[Path], Picture | None]) -> str:
    if spec.documentation is None:
        return ""
    try:
        text = spec.documentation.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""

    def shown(path: Path) -> str:
        made = picture(path)
        return _image(made) if made else ""

    return render(text, spec.folder, shown)


def _image(picture: Picture) -> str:
    address, width, height = picture
    return f'<img src="{escape(address)}" width="{width}" height="{height}" border="0">'


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><td valign='top' class='muted'>{name}</td><td>{text}</td></tr>" for name, text in rows
    )
    return f"<table>{cells}</table>"


def _list(items: Iterable[str]) -> str:
    entries = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{entries}</ul>" if entries else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} ..."
