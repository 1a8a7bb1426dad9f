"""Which weights a run takes, and what is said about those it does not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from deepimagej.bundle.spec import ModelSpec, Weights
from deepimagej.engines.choice import check_weights, choose
from deepimagej.engines.table import Engine, EngineStatus, status, status_of
from deepimagej.errors import BundleError, EngineMissing, OptionError
from deepimagej.request import WeightsFormat as Format
from engine_cases import make_spec, write_identity

if TYPE_CHECKING:
    from pathlib import Path


def _trusted(weights: Weights) -> bool:
    return True


def _make(folder: Path, *formats: Format, missing: tuple[Format, ...] = ()) -> ModelSpec:
    path = write_identity(folder / "weights.onnx")
    spec, _ = make_spec(Format.ONNX, path)
    weights = {
        name: Weights(name, None if name in missing else path, f"{name}.bin") for name in formats
    }
    return dataclasses.replace(spec, weights=weights)


def test_auto_takes_the_first_that_runs_and_says_what_it_passed_over(tmp_path: Path) -> None:
    spec = _make(
        tmp_path,
        Format.PYTORCH_STATE_DICT,
        Format.TORCHSCRIPT,
        Format.ONNX,
        missing=(Format.TORCHSCRIPT,),
    )
    choice = choose(spec, None, _trusted)
    assert choice.weights.format is Format.ONNX
    assert choice.passed_over == (
        "pytorch_state_dict: pytorch_state_dict needs the architecture's Python code; deepimagej "
        "runs files that hold the whole network",
        "torchscript: the file 'torchscript.bin' is missing",
    )


def test_auto_passes_over_weights_with_code_that_nobody_trusted(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.TORCHSCRIPT, Format.ONNX)
    choice = choose(spec, None, lambda weights: weights.format is Format.ONNX)
    assert choice.weights.format is Format.ONNX
    assert choice.passed_over == ("torchscript: it holds code that is not trusted yet",)


def test_untrusted_weights_are_taken_when_there_are_no_others(tmp_path: Path) -> None:
    choice = choose(_make(tmp_path, Format.ONNX), None, lambda _: False)
    assert choice.weights.format is Format.ONNX
    assert choice.passed_over == ()


def test_format_that_the_bundle_lacks_is_refused_with_those_it_has(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.TORCHSCRIPT, Format.ONNX)
    with pytest.raises(OptionError) as caught:
        choose(spec, Format.KERAS_V3, _trusted)
    assert caught.value.message == "The model 'Nuclei' has no weights in the format 'keras_v3'."
    assert caught.value.hint == "It has: torchscript, onnx."


def test_wanted_format_without_its_file_is_an_error(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.TORCHSCRIPT, Format.ONNX, missing=(Format.ONNX,))
    with pytest.raises(BundleError) as caught:
        choose(spec, Format.ONNX, _trusted)
    assert caught.value.message == "The weights 'onnx.bin' of the model 'Nuclei' are missing."
    assert caught.value.hint == (
        "Install the model again, or choose another format: torchscript, onnx."
    )


def test_wanted_format_that_never_runs_says_what_it_needs(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.PYTORCH_STATE_DICT)
    with pytest.raises(EngineMissing) as caught:
        check_weights(spec, spec.weights[Format.PYTORCH_STATE_DICT])
    assert caught.value.message == (
        "The model 'Nuclei' cannot run: pytorch_state_dict needs the architecture's Python code; "
        "deepimagej runs files that hold the whole network."
    )
    assert caught.value.hint == (
        "Export the network to TorchScript or ONNX and add that to the bundle."
    )


def test_bundle_of_which_nothing_runs_says_why_for_each_format(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.ONNX, Format.TENSORFLOW_JS, missing=(Format.ONNX,))
    with pytest.raises(EngineMissing) as caught:
        choose(spec, None, _trusted)
    assert caught.value.message == (
        "No weights of the model 'Nuclei' can run here: onnx: the file 'onnx.bin' is missing; "
        "tensorflow_js: tensorflow_js runs in web browsers only."
    )
    assert caught.value.hint == (
        "Convert the network to a TensorFlow SavedModel or ONNX and add that to the bundle."
    )


def test_bundle_without_any_file_is_broken(tmp_path: Path) -> None:
    spec = _make(tmp_path, Format.ONNX, missing=(Format.ONNX,))
    with pytest.raises(BundleError) as caught:
        choose(spec, None, _trusted)
    assert caught.value.message == (
        "No weights of the model 'Nuclei' can run here: onnx: the file 'onnx.bin' is missing."
    )
    assert caught.value.hint == "Install the model again."


def test_bundle_without_weights_is_broken(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        choose(_make(tmp_path), None, _trusted)
    assert caught.value.message == "The model 'Nuclei' has no weights."
    assert caught.value.hint == "Install the model again."


def test_engine_that_is_not_installed_comes_with_its_pip_line() -> None:
    engine = Engine("Caffe", module="no_such_framework", script="caffe", extra="caffe")
    assert status_of(engine, Format.ONNX) == EngineStatus(
        runnable=False,
        reason="onnx needs Caffe, which is not installed",
        hint='Install it: pip install "deepimagej[caffe]"',
    )


def test_every_format_has_a_status() -> None:
    runnable = {name for name in Format if status(name).runnable}
    assert Format.ONNX in runnable
    assert not runnable & {Format.PYTORCH_STATE_DICT, Format.TENSORFLOW_JS}
