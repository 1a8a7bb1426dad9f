"""The smallest RDFs that can be read, to be changed in one place by each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from bundle_factory import write_bundle
from deepimagej.bundle import read_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deepimagej.bundle import ModelSpec


def rdf_0_4(**changes: Any) -> dict[str, Any]:
    """Format 0.4: 16 + n·8 px, one channel, output of the same size; `changes` by key."""
    return {
        "format_version": "0.4.9",
        "name": "Small",
        "inputs": [tensor("raw", shape={"min": [1, 1, 16, 16], "step": [0, 0, 8, 8]})],
        "outputs": [tensor("prob", shape={"reference_tensor": "raw"})],
        "weights": {"onnx": {"source": "weights.onnx"}},
        **changes,
    }


def tensor(name: str, *, axes: Any = "bcyx", **values: Any) -> dict[str, Any]:
    """A tensor of format 0.4."""
    return {"name": name, "axes": axes, **values}


def rdf_0_5(
    inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], **changes: Any
) -> dict[str, Any]:
    """Format 0.5 with the axes of its one input and one output."""
    return {
        "format_version": "0.5.4",
        "name": "Small",
        "inputs": [{"id": "raw", "axes": inputs}],
        "outputs": [{"id": "prob", "axes": outputs}],
        "weights": {"onnx": {"source": "weights.onnx"}},
        **changes,
    }


def read(folder: Path, rdf: Mapping[str, Any] | str) -> ModelSpec:
    """`rdf` with an (empty) weights file, written and read back."""
    bundle = write_bundle(folder / "bundle", rdf, {"weights.onnx": b""})
    return read_bundle(bundle, unpack=folder / "unpack")


def dump(rdf: Mapping[str, Any]) -> str:
    """`rdf` as YAML."""
    return yaml.safe_dump(dict(rdf), sort_keys=False)
