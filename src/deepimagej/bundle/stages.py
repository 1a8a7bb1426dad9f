"""``config.deepimagej``: macros and other steps around the network, and how to run it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deepimagej.bundle.sources import file_name, find_source
from deepimagej.bundle.spec import StageStep, StepKind
from deepimagej.bundle.values import (
    Values,
    boolean_of,
    first_of,
    list_of,
    mapping_of,
    text_of,
)
from deepimagej.request import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_KEYS = {Stage.PREPROCESSING: "preprocess", Stage.POSTPROCESSING: "postprocess"}
_JAVA = re.compile(r"\S+\.(?:jar|class)\b", re.IGNORECASE)
_KINDS: Final[Mapping[str, StepKind]] = {
    "ijm": StepKind.MACRO,
    "txt": StepKind.MACRO,
    "jar": StepKind.JAVA,
    "class": StepKind.JAVA,
    "py": StepKind.PYTHON,
}
_CONSTANTS: Final[Mapping[str, str]] = {
    "SERVING": "serve",
    "TRAINING": "train",
    "EVAL": "eval",
    "GPU": "gpu",
    "TPU": "tpu",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default",
}
"""TensorFlow's constants, which the format names instead of their values."""


@dataclass(frozen=True, slots=True)
class DeepImageJConfig:
    """What ``config.deepimagej`` says."""

    steps: Mapping[Stage, tuple[StageStep, ...]] = field(default_factory=dict)
    model_keys: Mapping[str, str] = field(default_factory=dict)
    allow_tiling: bool = True
    pyramidal: bool = False
    per_stack: bool = False


def read_config(rdf: Values, folder: Path, warn: Callable[[str], None]) -> DeepImageJConfig:
    """What ``config.deepimagej`` of `rdf` says; without it the defaults."""
    config = mapping_of(mapping_of(rdf.get("config")).get("deepimagej"))
    prediction = mapping_of(first_of(config, "prediction") or rdf.get("prediction"))
    steps = {stage: _steps(prediction, key) for stage, key in _KEYS.items()}
    for step in (step for stage in steps.values() for step in stage):
        if step.file and find_source(folder, step.file) is None:
            warn(f"The processing file {step.file} is not in the bundle.")
    return DeepImageJConfig(
        steps={stage: found for stage, found in steps.items() if found},
        model_keys=_model_keys(mapping_of(config.get("model_keys"))),
        allow_tiling=boolean_of(config.get("allow_tiling"), True),
        pyramidal=boolean_of(config.get("pyramidal_model"), False),
        per_stack=boolean_of(config.get("per_stack"), False),
    )


def _steps(prediction: Values, key: str) -> tuple[StageStep, ...]:
    entries = list_of(first_of(prediction, key, f"{key}ing"))
    return tuple(step for entry in entries for step in _entry_steps(entry))


def _entry_steps(entry: Any) -> list[StageStep]:
    """The steps of one ``{spec, kwargs}``: as many as it names files."""
    values = mapping_of(entry)
    spec = text_of(values.get("spec")) if values else text_of(entry)
    files = [text for item in list_of(values.get("kwargs")) if (text := text_of(item))]
    if not spec and not files:
        return []
    java = _JAVA.search(spec)
    if java:
        return [StageStep(StepKind.JAVA, _bare(java.group()), spec)]
    if not files:
        return [
            StageStep(_kind(spec, spec), _bare(spec) if _extension(spec) in _KINDS else "", spec)
        ]
    return [_file_step(spec, name) for name in files]


def _file_step(spec: str, name: str) -> StageStep:
    file, _, function = name.partition("::")
    if function:
        # A Python step: the function is part of what the RDF says, and not of the file's name.
        return StageStep(_kind(spec, file), _bare(file), f"{spec} {name}".strip(), function)
    return StageStep(_kind(spec, file), _bare(file), spec)


def _kind(spec: str, file: str) -> StepKind:
    if "runmacro" in spec.lower():
        return StepKind.MACRO
    if spec.lower() == "python":
        return StepKind.PYTHON
    return _KINDS.get(_extension(file), StepKind.UNKNOWN)


def _extension(name: str) -> str:
    return file_name(name).rpartition(".")[2].lower() if "." in name else ""


def _bare(name: str) -> str:
    return name.removeprefix("./")


def _model_keys(values: Values) -> dict[str, str]:
    found = {
        "tag": first_of(values, "tensorflow_model_tag", "model_tag", "tag"),
        "signature": first_of(
            values,
            "tensorflow_siganture_def",  # the typo is the format
            "tensorflow_signature_def",
            "signature_definition",
            "signature",
        ),
    }
    texts = {key: text_of(value) for key, value in found.items()}
    return {key: _constant(text) for key, text in texts.items() if text}


def _constant(text: str) -> str:
    return _CONSTANTS.get(text.rpartition(".")[2], text)
