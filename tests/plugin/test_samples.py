"""A bundle's own example, and how results differ from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

from bundle_factory import make_identity_bundle
from deepimagej import examples
from deepimagej.bundle import read_bundle
from deepimagej.plugin.samples import compare, find_sample, read_sample

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    return read_bundle(make_identity_bundle(tmp_path / "b"), unpack=tmp_path / "unpack")


def test_what_has_a_result_to_compare_with_comes_first(tmp_path: Path) -> None:
    spec = read_bundle(examples.path("nuclei"), unpack=tmp_path)
    sample = find_sample(spec)
    assert sample is not None
    assert [path.name for path in sample.inputs.values()] == ["test_raw.npy"]
    assert [path.name for path in sample.expected.values()] == ["test_probability.npy"]


def test_a_sample_with_the_pixels_of_the_test_expects_its_result(
    spec: ModelSpec, tmp_path: Path
) -> None:
    assert spec.inputs[0].test is not None
    np.save(tmp_path / "same.npy", np.load(spec.inputs[0].test).squeeze())
    same = replace(spec.inputs[0], sample=tmp_path / "same.npy")
    sample = find_sample(replace(spec, inputs=(same,)))
    assert sample is not None
    assert sample.inputs == {same.name: tmp_path / "same.npy"}
    assert sample.expected == {spec.outputs[0].name: spec.outputs[0].test}


def test_without_samples_the_test_tensors_serve(spec: ModelSpec) -> None:
    sample = find_sample(spec)
    assert sample is not None
    assert list(sample.inputs.values()) == [spec.inputs[0].test]
    assert list(sample.expected.values()) == [spec.outputs[0].test]


def test_a_sample_of_other_pixels_does_not_expect_the_tests_result(
    spec: ModelSpec, tmp_path: Path
) -> None:
    np.save(tmp_path / "other.npy", np.ones((1, 1, 8, 8), np.float32))
    other = replace(spec.inputs[0], sample=tmp_path / "other.npy")
    sample = find_sample(replace(spec, inputs=(other,)))
    assert sample is not None
    assert sample.inputs == {other.name: spec.inputs[0].test}


def test_a_sample_without_any_result_is_still_one(spec: ModelSpec, tmp_path: Path) -> None:
    np.save(tmp_path / "only.npy", np.ones((1, 1, 8, 8), np.float32))
    only = replace(spec.inputs[0], sample=tmp_path / "only.npy", test=None)
    sample = find_sample(replace(spec, inputs=(only,)))
    assert sample is not None
    assert sample.expected == {}
    assert find_sample(replace(spec, inputs=(replace(only, sample=None),))) is None


def test_a_tensor_is_opened_without_its_singleton_axes(spec: ModelSpec) -> None:
    assert spec.inputs[0].test is not None
    image = read_sample(spec.inputs[0].test, spec.inputs[0], "title")
    assert ("".join(image.axes), image.title) == ("yx", "title")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([[0.0, 1.0]], '"output" is equal to the author\'s in every pixel.'),
        (
            [[0.0, 1.00001]],
            '"output" differs from the author\'s by at most 1e-05 (values 0 to 1): as good as '
            "equal.",
        ),
        (
            [[0.5, 1.0]],
            '"output" differs from the author\'s by at most 0.5 (values 0 to 1): 1 pixels differ '
            "more than they should.",
        ),
        (
            [[0.5]],
            '"output" has the shape (), the author\'s has (2,): they cannot be compared.',
        ),
    ],
)
def test_differences_are_told(given: list[list[float]], told: str, spec: ModelSpec) -> None:
    results = {"output": xr.DataArray(np.array(given), dims=("y", "x"))}
    assert compare(spec, results, {"output": np.array([[[0.0, 1.0]]])}) == told


def test_what_is_not_there_is_not_compared(spec: ModelSpec) -> None:
    assert compare(spec, {}, {}) == "The bundle ships no expected result."
    assert compare(spec, {}, {"output": np.zeros((1, 1))}) == (
        'The step after the network kept no "output" to compare.'
    )
