"""From a folder, an RDF file or a zip to a `ModelSpec`.

::

    path ── archive ──> folder ── rdf ──> values ──┬─ descriptions ─ axis_names ─ axis_sizes
    (zip unpacked)      (RDF found)   (YAML read)  ├─ weights
                                                   ├─ stages (config.deepimagej)
                                                   └─ credits (authors, licence, covers ...)
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej.bundle.archive import unpack_bundle
from deepimagej.bundle.credits import read_credits, read_tolerance
from deepimagej.bundle.csbdeep import from_csbdeep, is_csbdeep
from deepimagej.bundle.descriptions import read_tensors
from deepimagej.bundle.rdf import VERSION_1, find_rdf, read_yaml
from deepimagej.bundle.spec import ModelSpec
from deepimagej.bundle.stages import read_config
from deepimagej.bundle.values import Values, first_of, mapping_of, text_of
from deepimagej.bundle.version1 import read_version_1
from deepimagej.bundle.weights import read_weights
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

_RDF_SUFFIXES = (".yaml", ".yml", ".json")
_KNOWN = ("0.2", "0.3", "0.4", "0.5", "deepImageJ")
_DROSS = ("__MACOSX", ".")


def read_bundle(path: Path, *, unpack: Path) -> ModelSpec:
    """What the bundle at `path` says of its model.

    Parameters
    ----------
    path
        A folder, an RDF file or a zip.
    unpack
        Folder in which zips are unpacked, each once.

    Raises
    ------
    BundleError
        If there is no bundle, or if it lacks what a run needs. What a run does not need is in
        `ModelSpec.warnings`; missing weights are too, as a description can be read without.
    HostError
        If a zip cannot be unpacked for lack of space or permission.
    """
    path = Path(path).expanduser()
    rdf, warnings = _locate(path, unpack)
    values, more = read_version_1(rdf) if rdf.name == VERSION_1 else read_yaml(rdf)
    if is_csbdeep(values):
        values = from_csbdeep(values)
    try:
        return _assemble(values, rdf, [*warnings, *more])
    except BundleError as error:
        raise BundleError(f"{rdf}: {error.message}", hint=error.hint) from error


def _locate(path: Path, unpack: Path) -> tuple[Path, tuple[str, ...]]:
    """The RDF of the bundle at `path`, with warnings."""
    if path.is_dir():
        return find_rdf(_root(path))
    if not path.is_file():
        raise BundleError(
            f"There is no file or folder {path}.", hint="Check the path of the model."
        )
    if path.suffix.lower() in _RDF_SUFFIXES or path.name == VERSION_1:
        return path, ()
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return find_rdf(_root(unpack_bundle(path.absolute(), unpack)))
    raise BundleError(
        f"{path} is not a bundle: neither a folder, nor a zip, nor an RDF.",
        hint="Name the folder or zip of the model, or its rdf.yaml.",
    )


def _root(folder: Path) -> Path:
    """`folder`, or the one folder in it where a zip was made of the folder itself."""
    inner = [entry for entry in folder.iterdir() if not entry.name.startswith(_DROSS)]
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder


def _assemble(rdf: Values, path: Path, warnings: list[str]) -> ModelSpec:
    folder, warn = path.parent, warnings.append
    config = read_config(rdf, folder, warn)
    tensors = read_tensors(rdf, folder, pyramidal=config.pyramidal, warn=warn)
    weights = read_weights(rdf, folder, warn)
    credits = read_credits(rdf, folder, warn)
    general = mapping_of(rdf.get("config"))
    zoo = mapping_of(general.get("bioimageio"))
    return ModelSpec(
        name=_name(rdf, folder, warn),
        folder=folder,
        rdf=path,
        format_version=_format_version(rdf, warn),
        inputs=tensors.inputs,
        outputs=tensors.outputs,
        weights=weights,
        id=text_of(rdf.get("id")),
        nickname=text_of(first_of(zoo, "nickname")),
        version=text_of(rdf.get("version")),
        description=text_of(rdf.get("description")),
        authors=credits.authors,
        citations=credits.citations,
        license=credits.license,
        tags=credits.tags,
        documentation=credits.documentation,
        covers=credits.covers,
        attachments=credits.attachments,
        steps=config.steps,
        model_keys=config.model_keys,
        allow_tiling=config.allow_tiling,
        pyramidal=config.pyramidal,
        per_stack=config.per_stack,
        tolerance=read_tolerance(zoo),
        config=general,
        warnings=tuple(warnings),
    )


def _name(rdf: Values, folder: Path, warn: Callable[[str], None]) -> str:
    name = text_of(rdf.get("name"))
    if not name:
        warn(f"The model has no name; it is called {folder.name} like its folder.")
    return name or folder.name


def _format_version(rdf: Values, warn: Callable[[str], None]) -> str:
    version = text_of(rdf.get("format_version"))
    if not version:
        warn("The RDF does not say its format_version.")
    elif not version.startswith(_KNOWN):
        warn(f"Format {version} is not known; it is read as those up to 0.5 are.")
    return version
