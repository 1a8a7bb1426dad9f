from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deepimagej
from bundle_factory import make_convolution_bundle, make_identity_bundle, make_list_bundle
from deepimagej.bundle.tensors import load_tensor
from deepimagej.errors import BundleError, DeepImageJError
from shared_bundles import (
    make_defcon_bundle,
    make_fixed_unet_bundle,
    make_n2v_bundle,
    make_stardist_bundle,
    make_unet_bundle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


PLAIN = 1e-5
"""Against the framework's own call on the same file, times max(1, |reference|)."""


def test_a_bundle_that_gives_what_it_says_passes(tmp_path: Path) -> None:
    report = deepimagej.test(make_convolution_bundle(tmp_path / "model"))
    assert report.passed
    assert (report.model, report.format, report.device) == ("Convolution", "onnx", "cpu")
    output = report.outputs["output"]
    assert output.max_abs_error < 1e-6
    assert (output.tolerance_exceeded, output.absolute, output.relative) == (0, 1.5e-4, 1e-4)
    assert report.tiling_error is not None
    assert report.tiling_error < 1e-6
    assert report.notes == ()


def test_a_wrong_test_tensor_fails_with_the_number_of_values(tmp_path: Path) -> None:
    folder = make_identity_bundle(tmp_path / "model")
    values = np.load(folder / "test_output.npy")
    values[..., 0, :3] += 0.5
    np.save(folder / "test_output.npy", values)
    report = deepimagej.test(folder)
    assert not report.passed
    assert report.outputs["output"].tolerance_exceeded == 3
    assert report.outputs["output"].max_abs_error == pytest.approx(0.5)


def test_nan_and_another_shape_fail(tmp_path: Path) -> None:
    folder = make_identity_bundle(tmp_path / "model")
    values = np.load(folder / "test_output.npy")
    np.save(folder / "test_output.npy", np.full_like(values, np.nan))
    assert not deepimagej.test(folder).passed
    np.save(folder / "test_output.npy", values[..., :-1])
    report = deepimagej.test(folder)
    assert not report.passed
    assert report.outputs["output"].max_abs_error == float("inf")


def test_the_tolerance_of_the_rdf_is_taken(tmp_path: Path) -> None:
    tolerance = {"absolute_tolerance": 0.9, "relative_tolerance": 0.0}
    extra = {"config": {"bioimageio": {"reproducibility_tolerance": [tolerance]}}}
    folder = make_identity_bundle(tmp_path / "model", extra=extra)
    np.save(folder / "test_output.npy", np.load(folder / "test_output.npy") + np.float32(0.5))
    report = deepimagej.test(folder)
    assert report.passed
    assert report.outputs["output"].absolute == 0.9


def test_a_halo_that_is_too_small_is_told_and_no_failure(tmp_path: Path) -> None:
    folder = make_convolution_bundle(tmp_path / "model")
    rdf = folder / "bioimageio.yaml"
    rdf.write_text(rdf.read_text("utf-8").replace("halo: 1", "halo: 0"), encoding="utf-8")
    report = deepimagej.test(folder)
    assert report.passed
    assert report.tiling_error is not None
    assert report.tiling_error > 1e-2
    assert report.notes == (
        "The halo that the bundle declares is smaller than what the network sees: tiles of "
        f"4x5 px differ by up to {report.tiling_error:.1e} from the whole image.",
    )


def test_macros_take_no_part_and_lists_are_compared(tmp_path: Path) -> None:
    macros = {"postprocessing": {"post.ijm": 'run("Invert");'}}
    report = deepimagej.test(make_list_bundle(tmp_path / "model", macros=macros))
    assert report.passed
    assert list(report.outputs) == ["image", "points"]
    assert "Its macros take no part: post.ijm." in report.notes


def test_a_bundle_without_test_tensors_says_so(tmp_path: Path) -> None:
    folder = make_identity_bundle(tmp_path / "model")
    (folder / "test_input.npy").unlink()
    with pytest.raises(BundleError) as caught:
        deepimagej.test(folder)
    assert str(caught.value) == '"Identity" ships no test tensor for its input "input".'
    assert caught.value.hint == "Run the model on an image of your own instead."


def test_an_output_without_test_tensor_is_noted(tmp_path: Path) -> None:
    folder = make_identity_bundle(tmp_path / "model")
    (folder / "test_output.npy").unlink()
    report = deepimagej.test(folder)
    assert not report.passed
    assert 'The bundle ships no test tensor for its output "output".' in report.notes


# The real models


def check_against_the_framework(folder: Path) -> None:
    """Each value of `predict` is as close as 1e-5 to the framework's own."""
    spec = deepimagej.info(folder)
    (tensor,) = spec.inputs
    assert tensor.test is not None
    given = deepimagej.predict(folder, load_tensor(tensor.test), axes="".join(tensor.names))
    for output in spec.outputs:
        assert output.test is not None
        reference = load_tensor(output.test)
        values = given[output.name].values.reshape(reference.shape)
        assert (np.abs(values - reference) / np.maximum(1, np.abs(reference))).max() <= PLAIN


@pytest.mark.shared_data
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_unet_passes_in_both_formats_and_versions(
    tmp_path: Path, shared_data: Path, version: str
) -> None:
    folder = make_unet_bundle(tmp_path / "unet", shared_data, version=version)
    check_against_the_framework(folder)
    with deepimagej.load_model(folder) as model:
        reports = model.test_all()
    assert sorted(report.format for report in reports) == ["onnx", "torchscript"]
    assert all(report.passed for report in reports), reports


@pytest.mark.shared_data
def test_the_halo_of_the_unet_is_found_too_small(tmp_path: Path, shared_data: Path) -> None:
    folder = make_unet_bundle(tmp_path / "unet", shared_data)
    rdf = folder / "bioimageio.yaml"
    text = rdf.read_text(encoding="utf-8")
    flexible = text.replace("size: 512", "size: {min: 16, step: 16}")  # as TorchScript takes any
    rdf.write_text(flexible, encoding="utf-8")
    report = deepimagej.test(folder, format="torchscript")
    assert report.passed
    assert report.tiling_error is not None
    assert 1e-3 < report.tiling_error < 2e-2
    assert report.notes == (
        "The halo that the bundle declares is smaller than what the network sees: tiles of "
        f"128x128 px differ by up to {report.tiling_error:.1e} from the whole image.",
    )


@pytest.mark.shared_data
def test_a_state_dict_says_why_it_cannot_run(tmp_path: Path, shared_data: Path) -> None:
    folder = make_fixed_unet_bundle(tmp_path / "fixed", shared_data)
    with pytest.raises(DeepImageJError, match="pytorch_state_dict") as caught:
        deepimagej.test(folder)
    assert caught.value.hint


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (make_stardist_bundle, {"weights": "onnx"}),
        (make_stardist_bundle, {"weights": "tensorflow_saved_model_bundle"}),
        (make_stardist_bundle, {"weights": "keras_v3"}),
        (make_stardist_bundle, {"weights": "keras_hdf5", "version": "0.4"}),
        (make_defcon_bundle, {"weights": "onnx"}),
        (make_defcon_bundle, {"weights": "tensorflow_saved_model_bundle"}),
        (make_defcon_bundle, {"weights": "keras_hdf5"}),
        (make_n2v_bundle, {}),
    ],
)
def test_every_real_model_passes(
    tmp_path: Path, shared_data: Path, make: Callable[..., Path], options: dict[str, Any]
) -> None:
    folder = make(tmp_path / "model", shared_data, **options)
    report = deepimagej.test(folder)
    assert report.passed, report
    assert report.format == options.get("weights", "tensorflow_saved_model_bundle")
    check_against_the_framework(folder)
