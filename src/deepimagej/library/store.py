"""The library: the user's model folders."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej.bundle import read_bundle
from deepimagej.errors import LibraryError
from deepimagej.library.entries import ModelEntry, bundle_paths, has_rdf, read_entry
from deepimagej.library.installing import install_bundle
from deepimagej.library.trust import TrustStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepimagej.bundle import ModelSpec
    from deepimagej.settings import Settings

_SUFFIXES = (".zip", ".yaml", ".yml", ".json")
UNPACKED = "bundles"
"""Folder of the cache with unpacked zips."""


class Library:
    """Models in the folders that the settings name; the first takes new ones.

    A Fiji folder in the settings adds its ``models``, where deepImageJ keeps its own.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[tuple[Path, Path], tuple[tuple[int, ...], ModelEntry]] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where models are looked for."""
        fiji = self._settings.fiji
        in_fiji = Path(fiji).expanduser() / "models" if fiji else None
        extra = (in_fiji,) if in_fiji is not None and in_fiji.is_dir() else ()
        return tuple(dict.fromkeys((*self._settings.model_folders, *extra)))

    @property
    def unpack(self) -> Path:
        """Where zips are unpacked."""
        return self._settings.cache / UNPACKED

    def entries(self, folder: Path | None = None) -> list[ModelEntry]:
        """All models, broken ones with their problem, sorted by name.

        Parameters
        ----------
        folder
            Look there instead of in the library's folders.
        """
        folders = self.folders if folder is None else (folder,)
        found = [self._entry(path) for path in bundle_paths(folders)]
        return sorted(found, key=lambda entry: (entry.name.casefold(), str(entry.path)))

    def _entry(self, path: Path) -> ModelEntry:
        """The bundle at `path`, read again when its RDF, folder or zip changed."""
        state = _state(path)
        key = (path, path.absolute())  # messages name a path as it was given
        known = self._known.get(key)
        if known is None or known[0] != state:
            known = self._known[key] = (state, read_entry(path, unpack=self.unpack))
        return known[1]

    def find(self, text: str, *, model_dir: str | Path | None = None) -> ModelSpec:
        """The model that `text` means.

        Parameters
        ----------
        text
            Name, id, nickname, ``id/version``, name of the folder, or path of a folder, a zip or
            an RDF. Upper and lower case count only where several models differ in nothing else.
            A bare word is a folder of the current one only where no model is called so.
        model_dir
            Folder to look in instead of the library's.

        Raises
        ------
        LibraryError
            If no model or several are called so.
        BundleError
            If the model is broken.
        """
        if path := _as_path(text, model_dir):
            return self._spec(path)
        folder = Path(model_dir).expanduser() if model_dir else None
        entries = self.entries(folder)
        matches = self.match(text, entries)
        here = Path(text).expanduser()
        if not matches and folder is None and has_rdf(here):
            return self._spec(here)
        if not matches:
            raise _unknown(text, entries, (folder,) if folder else self.folders)
        entry = matches[0]
        if entry.spec is None:
            raise entry.error or LibraryError(entry.problem, hint="Install the model again.")
        return entry.spec

    def _spec(self, path: Path) -> ModelSpec:
        """The bundle at `path`, which need not be in the library."""
        entry = self._entry(path)
        return entry.spec or read_bundle(path, unpack=self.unpack)  # which says what is wrong

    def match(self, text: str, entries: Sequence[ModelEntry]) -> list[ModelEntry]:
        """The one entry called `text`, or none.

        Raises
        ------
        LibraryError
            If several are called so.
        """
        wanted = text.strip()
        exact = [entry for entry in entries if wanted in entry.names]
        found = exact or [
            entry
            for entry in entries
            if wanted.casefold() in (name.casefold() for name in entry.names)
        ]
        if len(found) > 1:
            # A name that the broken copy of a model shares does not hide the one that works.
            found = [entry for entry in found if entry.spec is not None] or found
        if len(found) > 1:
            choices = "; ".join(f"{_label(entry)} in {entry.path}" for entry in found)
            raise LibraryError(
                f'"{wanted}" names {len(found)} models: {choices}.',
                hint="Name one by its id or its path.",
            )
        return found

    def install(self, source: Path, *, trust: bool = False, replace: bool = False) -> ModelSpec:
        """Copy a bundle into the library; the whole of it or nothing.

        Parameters
        ----------
        source
            A folder or zip.
        trust
            Trust its code at once.
        replace
            Replace an installed model of the same name.

        Returns
        -------
        The installed model; one with the same content that is there already stays as it is.

        Raises
        ------
        BundleError
            If the bundle is broken, or a file is not the one that its sha256 declares.
        LibraryError
            If another model of this name is installed.
        HostError
            If the disk is full or the folder cannot be written.
        """
        source = Path(source).expanduser()
        folder = self.folders[0]
        spec = install_bundle(source, folder, unpack=self.unpack, replace=replace)
        if trust:
            TrustStore(self._settings.data).trust(spec)
        return spec

    def remove(self, text: str) -> Path:
        """Delete an installed model; the path where it was.

        Raises
        ------
        LibraryError
            If no model or several are called so, or it does not lie in the library's folders.
        """
        path = _as_path(text, None)
        if path is None:
            matches = self.match(text, self.entries())
            if not matches:
                raise _unknown(text, self.entries(), self.folders)
            path = matches[0].path
        if path.resolve().parent not in {folder.resolve() for folder in self.folders}:
            raise LibraryError(
                f"{path} is not in the library, so it is not removed.",
                hint=f"Delete it yourself; the library is {_list(self.folders)}.",
            )
        self._known.clear()
        _delete(path)
        return path


def _state(path: Path) -> tuple[int, ...]:
    files = [path, *path.glob("*.yaml"), *path.glob("config.xml")] if path.is_dir() else [path]
    times = []
    for file in files:
        try:
            times += [file.stat().st_mtime_ns, file.stat().st_size]
        except OSError:
            times += [time.monotonic_ns()]  # it is going away: read again
    return tuple(times)


def _as_path(text: str, model_dir: str | Path | None) -> Path | None:
    """`text` as the path of a bundle, if it is one; relative names are also of `model_dir`."""
    path = Path(text).expanduser()
    # pathlib drops a leading "./", by which a user says that it is a path
    is_marked = path.is_absolute() or text.startswith(("~", "./", "../", ".\\", "..\\"))
    is_path = is_marked or len(path.parts) > 1 or path.suffix.lower() in _SUFFIXES
    places = [Path(model_dir).expanduser() / path] if model_dir else []
    if is_path or path.name.startswith("."):
        places.append(path)
    for place in places:
        if os.path.exists(place):  # Path.exists raises for a name that is too long
            return place
    if is_marked:
        raise LibraryError(f"There is no model at {path}.", hint="Check the path of the model.")
    return None


def _label(entry: ModelEntry) -> str:
    version = f" {entry.version}" if entry.version else ""
    return f"{entry.name}{version}" + (f" ({entry.id})" if entry.id else "")


def _list(folders: Sequence[Path]) -> str:
    return " and ".join(str(folder) for folder in folders)


def _unknown(text: str, entries: Sequence[ModelEntry], folders: Sequence[Path]) -> LibraryError:
    names = {name.casefold(): (name, entry.path) for entry in entries for name in entry.names}
    near = difflib.get_close_matches(text.strip().casefold(), names, n=9, cutoff=0.55)
    if near:
        nearest: dict[Path, str] = {}
        for name in near:  # each model once, by its nearest name
            nearest.setdefault(names[name][1], names[name][0])
        hint = f"Did you mean {' or '.join([*nearest.values()][:3])}?"
    elif entries:
        hint = "deepimagej models lists what is installed; a path names a model that is not."
    else:
        hint = "No model is installed; deepimagej install FOLDER_OR_ZIP does it."
    return LibraryError(f'There is no model "{text.strip()}" in {_list(folders)}.', hint=hint)


def _delete(path: Path) -> None:
    """Take the name away first, so that no half-deleted model is ever listed."""
    try:
        grave = Path(tempfile.mkdtemp(prefix=".removed-", dir=path.parent))
        path.rename(grave / path.name)
        shutil.rmtree(grave)
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be removed: {error.strerror}.",
            hint="Close the programs that use it, and check that you may write there.",
        ) from error
