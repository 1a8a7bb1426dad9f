"""From a file as the RDF names it to a file on this machine."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from deepimagej.bundle.values import mapping_of, text_of

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_DRIVE = re.compile(r"[a-zA-Z]:")


def declared_source(value: Any) -> str:
    """The source in `value`: a name, or a mapping with ``source`` (format 0.5)."""
    mapping = mapping_of(value)
    return text_of(mapping.get("source")) if mapping else text_of(value)


def is_url(declared: str) -> bool:
    """Whether `declared` is an address and not a path."""
    return _URL.match(declared) is not None


def file_name(declared: str) -> str:
    """The name that the file of an address or path has in a bundle."""
    if not is_url(declared):
        return declared.replace("\\", "/").rstrip("/").rpartition("/")[2]
    parts = [part for part in unquote(urlsplit(declared).path).split("/") if part]
    if len(parts) > 1 and parts[-1] == "content":  # Zenodo: .../files/NAME/content
        parts.pop()
    return parts[-1] if parts else ""


def find_source(folder: Path, declared: str) -> Path | None:
    """The file or folder in `folder` that `declared` means; None if it is not there.

    An address means the file of its name; a path never leaves the folder.
    """
    if not declared or "\0" in declared:
        return None
    names = [] if is_url(declared) else _inner_paths(declared)
    # StarDist's published RDF names ".resultImage.tif" and means "./resultImage.tif".
    last = file_name(declared)
    names += [name for name in (last, last.lstrip(".")) if name not in {"", ".", ".."}]
    return next((path for name in names if (path := _existing(folder, name)) is not None), None)


def _inner_paths(declared: str) -> list[str]:
    path = PurePosixPath(declared.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(declared):
        return []
    return [str(path)]


def _existing(folder: Path, name: str) -> Path | None:
    path = folder / name
    try:
        return path if path.exists() else None
    except (OSError, ValueError):  # a name too long, or one that this system cannot have
        return None


def class_files(file: Path) -> tuple[Path, ...]:
    """A Java class file with those of its inner classes beside it."""
    return (file, *sorted(file.parent.glob(f"{file.stem}$*.class")))
