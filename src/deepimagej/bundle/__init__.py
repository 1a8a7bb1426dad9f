"""Reading a model folder or zip into one `ModelSpec`, whatever the version of its RDF."""

from deepimagej.bundle.reader import read_bundle
from deepimagej.bundle.spec import (
    ModelSpec,
    Operation,
    StageStep,
    StepKind,
    TensorSpec,
    Weights,
)
from deepimagej.bundle.strict import validate_strict
from deepimagej.bundle.tensors import load_tensor

__all__ = [
    "ModelSpec",
    "Operation",
    "StageStep",
    "StepKind",
    "TensorSpec",
    "Weights",
    "load_tensor",
    "read_bundle",
    "validate_strict",
]
