"""The trained weights that an RDF lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepimagej.bundle.sources import declared_source, find_source
from deepimagej.bundle.spec import Weights
from deepimagej.bundle.values import Values, mapping_of, text_of
from deepimagej.errors import BundleError
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_OLD_NAMES: Final[Mapping[str, WeightsFormat]] = {
    "pytorch_script": WeightsFormat.TORCHSCRIPT,
    "tensorflow_saved_model": WeightsFormat.TENSORFLOW_SAVED_MODEL,
}
_OWN_FIELDS = ("source", "sha256")


def read_weights(
    rdf: Values, folder: Path, warn: Callable[[str], None]
) -> dict[WeightsFormat, Weights]:
    """The weights by format, in the order of `rdf`; those of unknown formats are warnings.

    Raises
    ------
    BundleError
        If the RDF lists none at all.
    """
    entries = mapping_of(rdf.get("weights"))
    if not entries:
        raise BundleError(
            "The RDF lists no weights.",
            hint="Download the model again, or add its weights to the RDF.",
        )
    found: dict[WeightsFormat, Weights] = {}
    for name, entry in entries.items():
        format_ = _format(name)
        if format_ is None:
            warn(f'Weights of the unknown format "{name}" are passed over.')
        elif entry is None:
            warn(f"The weights entry {name} is empty.")
        else:
            found[format_] = _read_entry(format_, entry, folder, warn)
    return found


def _format(name: str) -> WeightsFormat | None:
    known = {format_.value: format_ for format_ in WeightsFormat}
    return known.get(name.lower()) or _OLD_NAMES.get(name.lower())


def _read_entry(
    format_: WeightsFormat, entry: Any, folder: Path, warn: Callable[[str], None]
) -> Weights:
    values = mapping_of(entry)
    declared = declared_source(entry)
    source = find_source(folder, declared)
    if format_ is WeightsFormat.TENSORFLOW_SAVED_MODEL and source in (None, folder):
        source = _unpacked(folder)
    if source is None:
        warn(
            f"The weights {format_.value}, {declared or 'without a source'}, are not in the bundle."
        )
    return Weights(
        format=format_,
        source=source,
        declared=declared,
        sha256=text_of(values.get("sha256")).lower(),
        attributes={key: value for key, value in values.items() if key not in _OWN_FIELDS},
    )


def _unpacked(folder: Path) -> Path | None:
    """The bundle's own folder where deepImageJ 2 unpacked the SavedModel into it."""
    return folder if (folder / "saved_model.pb").is_file() else None
