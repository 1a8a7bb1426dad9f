"""From a folder or zip to an installed bundle: all of it or nothing."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from deepimagej.bundle import read_bundle
from deepimagej.errors import HostError, LibraryError
from deepimagej.library.hashes import check_sha256, sha256_of

if TYPE_CHECKING:
    from deepimagej.bundle import ModelSpec

_LOCK = ".installing.lock"
_IGNORED = shutil.ignore_patterns("__MACOSX", ".DS_Store", "Thumbs.db")


def folder_name(name: str) -> str:
    """The name of a model as that of its folder: readable, and legal on three systems."""
    plain = re.sub(r"[^\w.+-]+", "-", name, flags=re.ASCII).strip("-.")
    return plain[:80].rstrip("-.") or "model"


def install_bundle(source: Path, folder: Path, *, unpack: Path, replace: bool) -> ModelSpec:
    """Copy the bundle at `source` into `folder` and read it there.

    Raises
    ------
    BundleError
        If the bundle is broken, or a file is not the one that its sha256 declares.
    LibraryError
        If another model of this name is installed and `replace` is not set, or `source` is
        neither a folder nor a zip.
    HostError
        If the disk is full or the folder cannot be written.
    """
    if source.is_file() and not zipfile.is_zipfile(source):
        raise LibraryError(
            f"{source} is neither a folder nor a zip.",
            hint="Install the folder or the zip of the model.",
        )
    spec = read_bundle(source, unpack=unpack)
    check_files(spec, unpack)
    target = folder / folder_name(spec.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK):
            if not _is_installed(spec, target, replace=replace):
                _place(spec.folder, target)
    except OSError as error:
        raise _not_installed(spec, folder, error) from error
    return read_bundle(target / spec.rdf.name, unpack=unpack)


def check_files(spec: ModelSpec, cache: Path) -> None:
    """Check the sha256 that the RDF declares of its weights.

    Raises
    ------
    BundleError
        If a file is not the declared one.
    """
    for weights in spec.weights.values():
        if weights.source is not None:
            check_sha256(weights.source, weights.sha256, cache)


def _is_installed(spec: ModelSpec, target: Path, *, replace: bool) -> bool:
    """Whether the same content is there; a different one is an error unless it is replaced."""
    if not target.exists():
        return False
    if target.resolve() == spec.folder.resolve() or sha256_of(target) == sha256_of(spec.folder):
        return True
    if replace:
        return False
    raise LibraryError(
        f'Another model called "{spec.name}" is installed in {target}.',
        hint=f'Install with --replace, or remove it first: deepimagej remove "{target.name}".',
    )


def _place(source: Path, target: Path) -> None:
    """Copy beside the target, then rename; an older model goes only when the new one is there."""
    work = Path(tempfile.mkdtemp(prefix=".installing-", dir=target.parent))
    try:
        new = work / "new"
        shutil.copytree(source, new, ignore=_IGNORED)
        if target.exists():
            old = work / "old"
            target.rename(old)
            try:
                new.rename(target)
            except OSError:
                old.rename(target)
                raise
        else:
            new.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _not_installed(spec: ModelSpec, folder: Path, error: OSError) -> HostError:
    # copytree reports all that went wrong as text in one list.
    text = str(error) if isinstance(error, shutil.Error) else error.strerror or str(error)
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in text
    needs = sum(file.stat().st_size for file in spec.folder.rglob("*") if file.is_file())
    if is_full:
        free = shutil.disk_usage(folder).free
        return HostError(
            f'"{spec.name}" cannot be installed: the disk of {folder} is full '
            f"({free / 1e6:.1f} MB free; the model takes {needs / 1e6:.1f} MB).",
            hint="Free some space, or choose another folder with DEEPIMAGEJ_MODELS.",
        )
    return HostError(
        f'"{spec.name}" cannot be installed in {folder}: {text}.',
        hint="Choose a folder that you may write to with DEEPIMAGEJ_MODELS.",
    )
