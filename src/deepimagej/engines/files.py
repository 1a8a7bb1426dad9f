"""The weights as files: checked, unpacked, and named by their content."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import BundleError
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.settings import Settings

_UNPACKED: Final = "weights"
"""Folder of the cache with unpacked SavedModels."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a worker loads."""

    path: Path
    """The file, or the folder of a SavedModel."""
    file: str
    """The weights as the bundle names them."""
    key: str
    """Same key, same network: content and what changes how it is loaded."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for the worker."""


def prepare(spec: ModelSpec, weights: Weights, settings: Settings) -> Source:
    """Check the weights' sha256, unpack a zipped SavedModel once, and name the content.

    Raises
    ------
    BundleError
        If the sha256 differs, or the zip is damaged or holds paths that leave it.
    """
    source = weights.source
    if source is None:
        raise BundleError(
            f"The weights '{weights.declared}' of the model '{spec.name}' are missing.",
            hint="Install the model again.",
        )
    options: dict[str, Any] = {
        "format": str(weights.format),
        "tag": spec.model_keys.get("tag", ""),
        "signature": spec.model_keys.get("signature", ""),
    }
    digest = _folder_digest(source) if source.is_dir() else _file_digest(source, weights, settings)
    path = source
    if weights.format is WeightsFormat.TENSORFLOW_SAVED_MODEL:
        if source.is_file():
            path = _unpack(source, settings.cache / _UNPACKED / digest[:32])
        # A graph without signature has no other names for its ends.
        options["inputs"] = [tensor.name for tensor in spec.inputs]
        options["outputs"] = [tensor.name for tensor in spec.outputs]
    key = hashlib.sha256(f"{digest} {options}".encode()).hexdigest()
    return Source(path, weights.declared, key, options)


def _file_digest(source: Path, weights: Weights, settings: Settings) -> str:
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if weights.sha256 and digest != weights.sha256.lower():
        raise BundleError(
            f"The file '{source.name}' has the sha256 {digest}, the bundle says {weights.sha256}.",
            hint="Install the model again.",
        )
    return digest


def _folder_digest(folder: Path) -> str:
    """Names, sizes and times of a folder's files: it changes when any of them is written."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state = path.stat()
            digest.update(f"{path}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _unpack(archive: Path, target: Path) -> Path:
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        with zipfile.ZipFile(archive) as content:
            for name in content.namelist():
                _refuse_escape(archive, name)
            content.extractall(temporary)
        temporary.rename(target)
    except (zipfile.BadZipFile, EOFError) as error:
        raise BundleError(
            f"The weights '{archive.name}' are not a readable zip file: {error}.",
            hint="The file may be damaged: install the model again.",
        ) from error
    except OSError:
        if not target.is_dir():  # else another process was faster with the same content
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _refuse_escape(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise BundleError(
            f"The zip '{archive.name}' holds '{name}', which would leave its folder.",
            hint="Do not use this file: it may be an attack. Get the model from its authors.",
        )
