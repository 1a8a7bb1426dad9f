"""The record of a run: what made an image, enough to make it again.

A plain dictionary that goes into the JSON beside the files and, as text, into the ``Info``
property of each image. It is built from given values only, so that the same run gives the same
record.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import format_axes

if TYPE_CHECKING:
    from deepimagej.image import Image

SCHEMA: Final = 1
"""Raised when a key changes its meaning."""
_PASSING: Final = ("created", "timings", "files")
"""What differs between two runs that give the same pixels."""
_TITLE: Final = "deepImageJ run"


def build_record(
    *,
    model: Mapping[str, Any],
    weights: Mapping[str, Any],
    inputs: Mapping[str, Mapping[str, Any]],
    request: str,
    engine: str,
    device: str,
    options: Mapping[str, Any],
    tiles: Mapping[str, Any],
    preprocessing: Mapping[str, Any],
    postprocessing: Mapping[str, Any],
    versions: Mapping[str, str],
    notes: Sequence[str] = (),
    timings: Mapping[str, float] | None = None,
    created: datetime | None = None,
) -> dict[str, Any]:
    """The record of one run.

    Parameters
    ----------
    model
        ``name``, ``id``, ``nickname``, ``version``, ``format_version``.
    weights
        ``format``, ``file``, ``sha256``.
    inputs
        By tensor name: what `describe_image` gives.
    request
        The macro line with all that was resolved.
    engine
        Framework and version, as in ``onnxruntime 1.27.0``.
    device
        As resolved: ``cpu`` or ``cuda:0``.
    options
        Of the framework, ``threads`` among them.
    tiles
        ``tile`` and ``halo`` by axis, ``number`` of tiles, ``padded`` shape by tensor.
    preprocessing, postprocessing
        ``source`` (macro, zoo, none), ``macros`` (file to sha256), ``operations``.
    versions
        What `versions` gives.
    notes
        What the user was told: choices made, formats passed over, warnings.
    timings
        Seconds of each stage.
    created
        End of the run; None: now.
    """
    created = created or datetime.now(UTC)
    return {
        "schema": SCHEMA,
        "model": _plain(model),
        "weights": _plain(weights),
        "inputs": _plain(inputs),
        "request": request,
        "engine": engine,
        "device": device,
        "options": _plain(options),
        "tiles": _plain(tiles),
        "preprocessing": _plain(preprocessing),
        "postprocessing": _plain(postprocessing),
        "versions": _plain(versions),
        "notes": list(notes),
        "timings": {stage: round(float(s), 4) for stage, s in (timings or {}).items()},
        "created": created.isoformat(timespec="seconds"),
    }


def describe_image(image: Image, path: str = "") -> dict[str, Any]:
    """Title, path, axes, shape and type of an input, and the sha256 of its pixels.

    Notes
    -----
    The hash is of type, axes, shape and the values in C order, little-endian: the same image has
    the same hash wherever it came from.
    """
    pixels = image.pixels
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    axes = format_axes(image.axes)
    digest = hashlib.sha256(f"{little.dtype.str} {axes} {little.shape}\n".encode())
    digest.update(little.data.cast("B") if little.size else b"")
    return {
        "title": image.title,
        "path": path,
        "axes": axes,
        "shape": list(pixels.shape),
        "type": pixels.dtype.name,
        "sha256": digest.hexdigest(),
    }


def versions(imagej: str = "") -> dict[str, str]:
    """Versions of deepimagej, Python, NumPy and the system; ImageJ's if it took part."""
    found = {
        "deepimagej": _version("deepimagej"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
    }
    return {**found, "imagej": imagej} if imagej else found


@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"  # run from a checkout that is not installed


def same_run(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two records are of runs that give the same pixels: all but time is equal.

    `old` may come from a JSON file, `new` from `build_record`.
    """
    return _lasting(old) == _lasting(new)


def _lasting(record: Mapping[str, Any]) -> object:
    kept = {key: value for key, value in record.items() if key not in _PASSING}
    return json.loads(json.dumps(_plain(kept), sort_keys=True))


def to_info(record: Mapping[str, Any]) -> str:
    """`record` as the lines of ImageJ's ``Info`` property: ``key = value``, as ImageJ writes it."""
    lines = [f"{key} = {value}" for key, value in _flat("", record)]
    return "\n".join([_TITLE, *lines]) + "\n"


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        pairs = ((f"{prefix}.{key}" if prefix else str(key), v) for key, v in value.items())
        return [line for key, inner in pairs for line in _flat(key, inner)]
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            items = ((f"{prefix}.{i}", item) for i, item in enumerate(value, 1))
            return [line for key, inner in items for line in _flat(key, inner)]
        value = ", ".join(str(item) for item in value)
    text = " ".join(str(value).split())
    return [(prefix, text)] if text else []


def _plain(value: Any) -> Any:
    """`value` in JSON's types: enums and paths as text, NumPy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)
