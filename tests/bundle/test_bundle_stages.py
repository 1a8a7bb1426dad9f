"""``config.deepimagej`` in its real spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deepimagej.bundle import StageStep, StepKind
from deepimagej.request import Stage
from minimal_rdf import rdf_0_4, read

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.bundle import ModelSpec

MACRO = "ij.IJ::runMacroFile"
JAVA = "General.jar PostProcessing::postProcessingRoutineUsingImage"
TF = "tf.saved_model."


def read_config(folder: Path, **config: Any) -> ModelSpec:
    return read(folder, rdf_0_4(config={"deepimagej": config}))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"spec": MACRO, "kwargs": "./a.ijm"}, [StageStep(StepKind.MACRO, "a.ijm", MACRO)]),
        (
            [{"spec": MACRO, "kwargs": ["a.ijm", "b.txt"]}],
            [StageStep(StepKind.MACRO, "a.ijm", MACRO), StageStep(StepKind.MACRO, "b.txt", MACRO)],
        ),
        ([{"spec": JAVA}], [StageStep(StepKind.JAVA, "General.jar", JAVA)]),
        (
            {"spec": "python", "kwargs": "pre.py::normalise"},
            [StageStep(StepKind.PYTHON, "pre.py", "python pre.py::normalise", "normalise")],
        ),
        ({"spec": None, "kwargs": "a.txt"}, [StageStep(StepKind.MACRO, "a.txt", "")]),
        ({"spec": "org.example.Do::it"}, [StageStep(StepKind.UNKNOWN, "", "org.example.Do::it")]),
        ({"spec": None}, []),
        ([None], []),
        (None, []),
    ],
)
def test_steps_are_told_apart(tmp_path: Path, entry: Any, expected: list[StageStep]) -> None:
    spec = read_config(tmp_path, prediction={"preprocess": entry})
    assert list(spec.steps.get(Stage.PREPROCESSING, ())) == expected
    assert Stage.POSTPROCESSING not in spec.steps


def test_a_stage_may_mix_macros_and_java_in_its_order(tmp_path: Path) -> None:
    entry = [{"spec": JAVA}, {"spec": MACRO, "kwargs": "post.ijm"}]
    steps = read_config(tmp_path, prediction={"postprocess": entry}).steps[Stage.POSTPROCESSING]
    assert [step.kind for step in steps] == [StepKind.JAVA, StepKind.MACRO]


def test_a_missing_macro_is_a_warning(tmp_path: Path) -> None:
    spec = read_config(tmp_path, prediction={"preprocess": {"spec": MACRO, "kwargs": "a.ijm"}})
    assert spec.warnings == ("The processing file a.ijm is not in the bundle.",)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {
                "tensorflow_model_tag": f"{TF}tag_constants.SERVING",
                "tensorflow_siganture_def": (
                    f"{TF}signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY"
                ),
            },
            {"tag": "serve", "signature": "serving_default"},
        ),
        (
            {"model_tag": "serve", "signature_definition": "predict"},
            {"tag": "serve", "signature": "predict"},
        ),
        (None, {}),
    ],
)
def test_model_keys_are_values_and_not_names_of_constants(
    tmp_path: Path, keys: Any, expected: dict[str, str]
) -> None:
    assert read_config(tmp_path, model_keys=keys).model_keys == expected


def test_switches_may_be_words(tmp_path: Path) -> None:
    spec = read_config(tmp_path, allow_tiling="False", pyramidal_model="yes", per_stack=1)
    assert (spec.allow_tiling, spec.pyramidal, spec.per_stack) == (False, True, True)


def test_without_configuration_tiling_is_allowed(tmp_path: Path) -> None:
    spec = read(tmp_path, rdf_0_4(config=None))
    assert (spec.allow_tiling, spec.pyramidal, spec.per_stack) == (True, False, False)
