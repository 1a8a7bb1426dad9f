"""Bundles in the model folders, broken ones included."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepimagej.bundle import ModelSpec, read_bundle
from deepimagej.errors import DeepImageJError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RDF_NAMES = ("bioimageio.yaml", "rdf.yaml", "model.yaml", "config.xml")
"""What makes a folder a bundle."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A bundle in the library."""

    name: str
    path: Path
    """Its folder or zip."""
    id: str = ""
    nickname: str = ""
    version: str = ""
    runnable: bool | None = None
    """Whether an engine here can run it; None: not asked, or broken."""
    problem: str = ""
    """Why the bundle cannot be read; empty if it can."""
    spec: ModelSpec | None = None
    error: DeepImageJError | None = None
    """What reading the bundle raised."""

    @property
    def names(self) -> tuple[str, ...]:
        """All words that the model answers to."""
        words = [self.name, self.id, self.nickname, self.path.name]
        if self.path.suffix.lower() == ".zip":
            words.append(self.path.stem)
        for word in (self.id, self.nickname):
            if word and self.version:
                words.append(f"{word}/{self.version}")
        return tuple(dict.fromkeys(word for word in words if word))


def read_entry(path: Path, *, unpack: Path) -> ModelEntry:
    """The bundle at `path`; one that cannot be read says why in ``problem``."""
    try:
        spec = read_bundle(path, unpack=unpack)
    except DeepImageJError as error:
        return ModelEntry(path.stem, path, problem=error.message, error=error)
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}."
        return ModelEntry(path.stem, path, problem=problem)
    return ModelEntry(
        spec.name, path, id=spec.id, nickname=spec.nickname, version=spec.version, spec=spec
    )


def bundle_paths(folders: Iterable[Path]) -> Iterator[Path]:
    """Folders and zips in `folders` that may be bundles, each once.

    A folder without an RDF is no bundle, unless it looks like one that lost it: named
    ``*.bioimage.io.model`` as deepImageJ names them. A zip beside the folder that was unpacked
    from it is the same model. Hidden names are half-done installations.
    """
    seen: set[Path] = set()
    for folder in folders:
        for path in _children(folder):
            if path.resolve() not in seen and _may_be_bundle(path):
                seen.add(path.resolve())
                yield path


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []  # a folder that is not there, or not readable, has no models


def _may_be_bundle(path: Path) -> bool:
    if not path.is_dir():
        is_unpacked = path.with_suffix("").is_dir() and _may_be_bundle(path.with_suffix(""))
        return path.suffix.lower() == ".zip" and not is_unpacked
    if path.name.endswith(".model") or has_rdf(path):
        return True
    # A zip unpacked into a folder of its own: the bundle is one level deeper.
    inner = _children(path)
    is_wrapped = len(inner) == 1 and inner[0].is_dir()
    return is_wrapped and has_rdf(inner[0])


def has_rdf(folder: Path) -> bool:
    """Whether `folder` is a folder with an RDF in it."""
    # os.path, as Path.is_file raises for a name that is too long.
    return any(os.path.isfile(folder / name) for name in RDF_NAMES)
