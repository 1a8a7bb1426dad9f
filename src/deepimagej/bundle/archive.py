"""Unpacking a zipped bundle, once and safely."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from deepimagej.errors import BundleError, HostError

_DRIVE = re.compile(r"[a-zA-Z]:")
_CHUNK = 1 << 20
_CORRUPT_HINT = "Download the file again."


def unpack_bundle(path: Path, unpack: Path) -> Path:
    """The folder that holds what is in the zip `path`.

    Parameters
    ----------
    path
        The zip.
    unpack
        Where unpacked bundles are kept; the folder in it is named by the zip and its content,
        so that an unchanged zip is unpacked once.

    Raises
    ------
    BundleError
        If it is no zip, if it is damaged, or if an entry would leave the folder.
    HostError
        If the file system cannot take it.
    """
    target = unpack / f"{_stem(path)}-{_content_hash(path)[:16]}"
    if target.is_dir():
        return target
    try:
        unpack.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=unpack))
    except OSError as error:
        raise _unwritable(unpack, error) from error
    try:
        _extract(path, temporary)
        _publish(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _publish(temporary: Path, target: Path) -> None:
    """Give the finished folder its name; another process may have been faster."""
    try:
        temporary.rename(target)
    except OSError as error:
        if not target.is_dir():
            raise _unwritable(target, error) from error


def _extract(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                _check_entry(path, entry)
            for entry in archive.infolist():
                _extract_entry(archive, entry, folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError is an encrypted entry, NotImplementedError a compression without a decoder.
        words = str(error).splitlines()[0].rstrip(".") if str(error) else "it ends too early"
        raise BundleError(f"{path} cannot be unpacked: {words}.", hint=_CORRUPT_HINT) from error


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename.replace("\\", "/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    leaves = name.startswith("/") or ".." in PurePosixPath(name).parts or _DRIVE.match(name)
    if leaves or is_link or "\0" in name:
        what = "is a link" if is_link else "leaves the bundle's folder"
        raise BundleError(
            f'Entry "{name}" of {path} {what}.',
            hint="Do not use this file; get the model from another source.",
        )


def _extract_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    name = entry.filename.replace("\\", "/")
    target = folder.joinpath(*PurePosixPath(name).parts)
    try:
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise BundleError(
            f'Entry "{name}" of {archive.filename} is a file and a folder.', hint=_CORRUPT_HINT
        ) from error
    except OSError as error:
        raise _unwritable(target, error) from error


def _content_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the path and its permissions."
        ) from error


def _stem(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", path.stem)[:80]


def _unwritable(path: Path, error: OSError) -> HostError:
    return HostError(
        f"{path} cannot be written: {error.strerror}.",
        hint="Free space on the disk, or choose another folder with DEEPIMAGEJ_CACHE.",
    )
