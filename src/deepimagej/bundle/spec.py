"""What a bundle says of its model, whatever the version of its RDF."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from deepimagej.axes import Axis, AxisName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deepimagej.request import Stage, WeightsFormat


@dataclass(frozen=True, slots=True)
class Operation:
    """A processing operation of the zoo, by its name and arguments."""

    name: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor at the model's border: an input or an output."""

    name: str
    """``name`` in 0.3 and 0.4, ``id`` in 0.5."""
    axes: tuple[Axis, ...]
    data_type: str = "float32"
    description: str = ""
    operations: tuple[Operation, ...] = ()
    """Pre-processing of an input, post-processing of an output."""
    test: Path | None = None
    """Test tensor (.npy); None where the bundle names none or the file is missing."""
    sample: Path | None = None
    optional: bool = False

    def axis(self, name: AxisName) -> Axis | None:
        """The axis called `name`, None if the tensor lacks it."""
        return next((axis for axis in self.axes if axis.name is name), None)

    @property
    def names(self) -> tuple[AxisName, ...]:
        """Axis names in the tensor's order."""
        return tuple(axis.name for axis in self.axes)


class StepKind(StrEnum):
    """What a stage step of a bundle is written in."""

    MACRO = "macro"
    JAVA = "java"
    PYTHON = "python"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StageStep:
    """A step that ``config.deepimagej.prediction`` names."""

    kind: StepKind
    file: str
    """File name in the bundle: ``.ijm``/``.txt``, ``.jar``/``.class`` or ``.py``."""
    spec: str = ""
    """The RDF's words, as in ``ij.IJ::runMacroFile``."""
    function: str = ""
    """Of a Python step, as in ``steps.py::function``."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of trained weights."""

    format: WeightsFormat
    source: Path | None
    """The local file or folder; None if it is missing or only an address is known."""
    declared: str
    """``source`` as the RDF has it."""
    sha256: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """The RDF's other fields: ``opset_version``, ``architecture``, ``kwargs``, ..."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything that a bundle says, in one form for all versions of the RDF."""

    name: str
    folder: Path
    """Where the bundle's files lie; a zip is unpacked."""
    rdf: Path
    format_version: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    weights: Mapping[WeightsFormat, Weights]
    """In the order of the RDF: the author's ranking."""
    id: str = ""
    nickname: str = ""
    version: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    license: str = ""
    tags: tuple[str, ...] = ()
    documentation: Path | None = None
    covers: tuple[Path, ...] = ()
    attachments: tuple[Path, ...] = ()
    steps: Mapping[Stage, tuple[StageStep, ...]] = field(default_factory=dict)
    model_keys: Mapping[str, str] = field(default_factory=dict)
    """``tag`` and ``signature`` of a SavedModel, the typo of the format mended."""
    allow_tiling: bool = True
    pyramidal: bool = False
    per_stack: bool = False
    """Whether stage macros run once a stack instead of once a position."""
    tolerance: tuple[float, float] | None = None
    """Absolute and relative tolerance of the RDF's reproducibility tolerance."""
    config: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """What is wrong in the bundle and not needed for a run."""

    @property
    def batch_is_open(self) -> bool:
        """Whether several samples may go into one network call."""
        return all(
            axis is not None and axis.concatenable
            for axis in (tensor.axis(AxisName.BATCH) for tensor in self.inputs)
        )
