"""The weights as files: checked, unpacked, and named by their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deepimagej.bundle.archive import unpack_bundle
from deepimagej.errors import BundleError
from deepimagej.library.hashes import cached_sha256, check_sha256
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    digest = (
        _folder_digest(source, settings)
        if source.is_dir()
        else _file_digest(source, weights, settings)
    )
    path = source
    if weights.format is WeightsFormat.TENSORFLOW_SAVED_MODEL:
        if source.is_file():
            path = unpack_bundle(source, settings.cache / _UNPACKED)
        # A graph without signature has no other names for its ends.
        options["inputs"] = [tensor.name for tensor in spec.inputs]
        options["outputs"] = [tensor.name for tensor in spec.outputs]
    key = hashlib.sha256(f"{digest} {options}".encode()).hexdigest()
    return Source(path, weights.declared, key, options)


def _file_digest(source: Path, weights: Weights, settings: Settings) -> str:
    check_sha256(source, weights.sha256, settings.cache)
    return cached_sha256(source, settings.cache)


def _folder_digest(folder: Path, settings: Settings) -> str:
    """Names and contents of a folder's files: a copy elsewhere is the same network."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = cached_sha256(path, settings.cache)
            digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
