"""Who made a model, under which licence, and the files that describe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deepimagej.bundle.sources import declared_source, find_source, is_url
from deepimagej.bundle.values import Values, first_of, list_of, mapping_of, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEFAULT_TOLERANCE = 1e-3
"""Of either kind, where format 0.5's ``reproducibility_tolerance`` gives only the other."""


@dataclass(frozen=True, slots=True)
class Credits:
    """What a user reads about a model and a run does not need."""

    authors: tuple[str, ...]
    citations: tuple[str, ...]
    license: str
    tags: tuple[str, ...]
    documentation: Path | None
    covers: tuple[Path, ...]
    attachments: tuple[Path, ...]


def read_credits(rdf: Values, folder: Path, warn: Callable[[str], None]) -> Credits:
    """Authors, citations, licence, tags and files; whatever is odd is left out."""
    documentation = _files("documentation", rdf.get("documentation"), folder, warn)
    return Credits(
        authors=_texts(rdf.get("authors"), _author),
        citations=_texts(rdf.get("cite"), _citation),
        license=", ".join(_texts(rdf.get("license"), _author)),
        tags=_texts(rdf.get("tags"), text_of),
        documentation=documentation[0] if documentation else None,
        covers=_files("cover", rdf.get("covers"), folder, warn),
        attachments=_files("attachment", _all_attachments(rdf), folder, warn),
    )


def read_tolerance(zoo: Values) -> tuple[float, float] | None:
    """Absolute and relative tolerance in ``config.bioimageio`` (format 0.5), if there is one.

    The first entry that holds for all outputs and formats, else the widest of the others;
    else those of the older ``test_kwargs``.
    """
    entries = [mapping_of(entry) for entry in list_of(zoo.get("reproducibility_tolerance"))]
    general = [entry for entry in entries if not _is_limited(entry)]
    older = mapping_of(zoo.get("test_kwargs"))
    candidates = general[:1] or entries or [mapping_of(entry) for entry in older.values()]
    pairs = [pair for entry in (*candidates, older) if (pair := _tolerance(entry)) is not None]
    return max(pairs) if pairs else None


def _is_limited(entry: Values) -> bool:
    return bool(list_of(entry.get("output_ids")) or list_of(entry.get("weights_formats")))


def _tolerance(entry: Values) -> tuple[float, float] | None:
    absolute = number_of(first_of(entry, "absolute_tolerance", "atol"))
    relative = number_of(first_of(entry, "relative_tolerance", "rtol"))
    if absolute is None and relative is None:
        return None
    return (
        _DEFAULT_TOLERANCE if absolute is None else max(absolute, 0.0),
        _DEFAULT_TOLERANCE if relative is None else max(relative, 0.0),
    )


def _texts(value: Any, read: Callable[[Any], str]) -> tuple[str, ...]:
    return tuple(text for item in list_of(value) if (text := read(item)))


def _author(value: Any) -> str:
    values = mapping_of(value)
    return text_of(first_of(values, "name", "id")) if values else text_of(value)


def _citation(value: Any) -> str:
    values = mapping_of(value)
    if not values:
        return text_of(value)
    texts = (text_of(values.get("text")), text_of(first_of(values, "doi", "url")))
    return ", ".join(text for text in texts if text)


def _all_attachments(rdf: Values) -> list[Any]:
    """Of the bundle and of its weights, where deepImageJ 2 wrote those of its Java steps."""
    owners = [rdf, *(mapping_of(entry) for entry in mapping_of(rdf.get("weights")).values())]
    found: list[Any] = []
    for owner in owners:
        found += [
            item for item in list_of(_attachments(owner.get("attachments"))) if item not in found
        ]
    return found


def _attachments(value: Any) -> Any:
    """Formats up to 0.4 have ``{files: [...]}``, 0.5 a list."""
    return mapping_of(value).get("files") if mapping_of(value) else value


def _files(what: str, value: Any, folder: Path, warn: Callable[[str], None]) -> tuple[Path, ...]:
    found = []
    for declared in (declared_source(item) for item in list_of(value)):
        path = find_source(folder, declared)
        if path is not None:
            found.append(path)
        elif declared and not is_url(declared):
            warn(f"The {what} {declared} is not in the bundle.")
    return tuple(found)
