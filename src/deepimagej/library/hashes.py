"""Hashes of files and folders: the content of weights, macros and bundles."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from filelock import FileLock

from deepimagej.errors import BundleError
from deepimagej.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

_CACHE = "sha256.json"
_LOCK = "sha256.lock"
_LIMIT = 2000
"""Entries kept; the cache starts anew beyond."""
_of_this_process: dict[str, str] = {}
"""What was read or made since the start: a warm run asks several times."""


def state_of(path: Path) -> tuple[object, ...]:
    """Changes when the file, or a file in the folder, is written: names, sizes and times.

    Raises
    ------
    OSError
        If there is nothing at `path`, or it goes away meanwhile.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return tuple((str(f), s.st_size, s.st_mtime_ns) for f in files for s in (f.stat(),))


def sha256_of(path: Path) -> str:
    """The sha256 of a file, or of all names and contents in a folder (a SavedModel).

    Raises
    ------
    BundleError
        If it cannot be read.
    """
    try:
        if not path.is_dir():
            return _of_file(path)
        whole = hashlib.sha256()
        for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            whole.update(f"{file.relative_to(path).as_posix()}\0{_of_file(file)}\n".encode())
        return whole.hexdigest()
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read: {error.strerror}.", hint="Install the model again."
        ) from error


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached_sha256(path: Path, cache: Path) -> str:
    """`sha256_of`, remembered in the folder `cache` until size or time of the file change."""
    if path.is_dir():
        return _folder_sha256(path)
    try:
        state = path.stat()
    except OSError:
        return sha256_of(path)
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    digest = _of_this_process.get(key)
    if digest is None:
        digest = _read(cache / _CACHE).get(key)
        if digest is None:
            digest = sha256_of(path)
            _remember(cache, key, digest)
        _of_this_process[key] = digest
    return digest


def _folder_sha256(folder: Path) -> str:
    """Remembered in this process only: the states of all files would make a long key."""
    try:
        key = repr(state_of(folder))
    except OSError:
        return sha256_of(folder)
    if key not in _of_this_process:
        _of_this_process[key] = sha256_of(folder)
    return _of_this_process[key]


def _read(file: Path) -> dict[str, str]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a cache: what cannot be read is made again
    if not isinstance(values, dict):
        return {}
    return {str(key): value for key, value in values.items() if isinstance(value, str)}


def _remember(cache: Path, key: str, digest: str) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / _LOCK):
        known = _read(cache / _CACHE)
        known = known if len(known) < _LIMIT else {}
        write_json(cache / _CACHE, {**known, key: digest})


def check_sha256(path: Path, expected: str, cache: Path) -> None:
    """Pass if the file has the sha256 that the RDF declares, or if it declares none.

    Parameters
    ----------
    cache
        Folder that remembers hashes by path, size and time.

    Raises
    ------
    BundleError
        If the hash differs, or the file cannot be read.
    """
    if not expected or path.is_dir():
        return
    found = cached_sha256(path, cache)
    if found != expected.lower():
        raise BundleError(
            f"{path} has the sha256 {found}; the bundle declares {expected.lower()}.",
            hint="The file is damaged or was changed; get the model again.",
        )
