"""What the operations do beside the golden figures, and every refusal by its exact text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.axes import AxisName
from deepimagej.errors import BundleError
from deepimagej.processing import Tensor, apply

HINT = (
    "Correct the operation in the bundle's RDF, or run without operations: "
    "preprocessing=none or postprocessing=none."
)


def tensor(values: Any, axes: str = "bcyx", ids: tuple[str, ...] = ()) -> Tensor:
    names = tuple(AxisName(letter) for letter in axes)
    return Tensor(np.asarray(values), ids or tuple(axes), names)


def image(*shape: int) -> Tensor:
    values = np.random.default_rng(3).gamma(3.0, 20.0, shape).astype(np.float32)
    return tensor(values, "bczyx" if len(shape) == 5 else "bcyx"[4 - len(shape) :])


def run(name: str, kwargs: dict[str, Any], source: Tensor, **tensors: Tensor) -> Any:
    return apply(name, kwargs, source, tensors).values


def test_a_number_that_yaml_reads_as_text_is_a_number() -> None:
    source = image(1, 1, 4, 5)
    assert_array_equal(
        run("scale_range", {"eps": "1e-3"}, source), run("scale_range", {"eps": 0.001}, source)
    )


def test_an_argument_that_is_null_counts_as_absent() -> None:
    source = image(1, 2, 4, 5)
    nulls = {"axes": None, "reference_tensor": None, "eps": None}
    assert_array_equal(run("scale_range", nulls, source), run("scale_range", {}, source))


@pytest.mark.parametrize("axes", ["yx", ["y", "x"], ("x", "y"), ["up", "x"], ["b", "y", "x"]])
def test_axes_are_found_by_id_then_by_letter(axes: Any) -> None:
    values = image(1, 3, 4, 5).values
    source = tensor(values, ids=("batch", "colour", "up", "x"))
    expected = run("zero_mean_unit_variance", {"axes": ["up", "x"]}, source)
    assert_array_equal(run("zero_mean_unit_variance", {"axes": axes}, source), expected)
    assert_allclose(expected.mean(axis=(2, 3)), 0, atol=1e-6)


@pytest.mark.parametrize("word", ["channel", "c", "colour"])
def test_one_axis_is_found_by_its_word_its_letter_or_its_id(word: str) -> None:
    source = tensor(image(1, 3, 4, 5).values, ids=("batch", "colour", "y", "x"))
    assert_allclose(run("softmax", {"axis": word}, source).sum(axis=1), 1, rtol=1e-6)


def test_a_single_axis_may_be_written_as_a_word() -> None:
    source = image(1, 3, 4, 5)
    expected = run("scale_range", {"axes": ["c"]}, source)
    assert_array_equal(run("scale_range", {"axes": "channel"}, source), expected)


def test_a_batch_axis_that_the_tensor_lacks_is_passed_over() -> None:
    source = image(4, 5)
    expected = run("scale_range", {"axes": ["y", "x"]}, source)
    assert_array_equal(run("scale_range", {"axes": ["batch", "y", "x"]}, source), expected)


def test_per_sample_without_axes_keeps_samples_apart_and_per_dataset_does_not() -> None:
    source = image(2, 1, 6, 7)
    alone = [
        run("scale_range", {"mode": "per_sample"}, tensor(source.values[i : i + 1]))
        for i in range(2)
    ]
    assert_array_equal(run("scale_range", {"mode": "per_sample"}, source), np.concatenate(alone))
    joint = run("scale_range", {"mode": "per_dataset", "axes": "yx"}, source)
    assert_allclose([joint.min(), joint.max()], [0, 1], atol=1e-6)


def test_zero_mean_unit_variance_of_the_first_formats_needs_no_argument() -> None:
    result = run("zero_mean_unit_variance", {}, image(1, 1, 20, 30))
    assert_allclose([result.mean(), result.std()], [0, 1], atol=1e-6)


def test_a_constant_image_becomes_zero() -> None:
    source = tensor(np.full((1, 1, 4, 5), 7.25, np.float32))
    assert not run("scale_range", {}, source).any()
    assert not run("zero_mean_unit_variance", {}, source).any()


def test_large_means_keep_their_digits() -> None:
    values = 60000 + np.arange(256, dtype=np.float32).reshape(1, 1, 16, 16) / 64
    exact = values.astype(np.float64)
    expected = (exact - exact.mean()) / (exact.std() + 1e-6)
    assert_allclose(
        run("zero_mean_unit_variance", {}, tensor(values)), expected, rtol=1e-6, atol=1e-9
    )


def test_percentiles_of_more_pixels_than_float32_can_count_are_exact() -> None:
    values = np.arange(2**24 + 8, dtype=np.int32).reshape(8, -1)
    source = tensor(values, "yx")
    result = run("scale_range", {"min_percentile": 1, "max_percentile": 99.8}, source)
    low, high = np.percentile(values, [1, 99.8])
    assert_allclose(result[-1, -1], (values[-1, -1] - low) / (high - low), rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 2, 700_001), (700_001, 1, 3, 1)])
def test_slabs_cover_every_pixel_once(shape: tuple[int, ...]) -> None:
    source = image(*shape)
    exact = source.values.astype(np.float64)
    mean, std = exact.mean(axis=(0, 2, 3), keepdims=True), exact.std(axis=(0, 2, 3), keepdims=True)
    result = run("zero_mean_unit_variance", {"axes": ["batch", "y", "x"]}, source)
    assert_allclose(result, (exact - mean) / (std + 1e-6), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "bool", "float16", "float64"])
def test_results_are_float32_or_float64_whatever_the_input(dtype: str) -> None:
    source = tensor(image(1, 2, 5, 6).values.astype(dtype))
    expected = "float64" if dtype == "float64" else "float32"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("scale_range", {"min_percentile": 2.0}),
        ("zero_mean_unit_variance", {}),
        ("scale_linear", {"gain": 2}),
        ("clip", {"max_percentile": 50}),
        ("binarize", {"threshold": 0.5}),
        ("sigmoid", {}),
        ("softmax", {}),
    ]
    assert [run(name, kwargs, source).dtype for name, kwargs in calls] == [expected] * 7


def test_sigmoid_and_softmax_do_not_overflow() -> None:
    source = tensor(np.array([-1e4, -100.0, 0.0, 100.0, 1e4], np.float32).reshape(1, 5, 1, 1))
    sigmoid = run("sigmoid", {}, source).ravel()
    assert_allclose(sigmoid, [0, 3.783506e-44, 0.5, 1, 1], rtol=0.02)
    assert_array_equal(run("softmax", {}, source).ravel(), [0, 0, 0, 0, 1])


def test_a_value_equal_to_the_threshold_is_not_above_it() -> None:
    source = tensor(np.array([[0.1, np.nextafter(np.float32(0.1), 1)]], np.float32), "yx")
    assert run("binarize", {"threshold": 0.1}, source).tolist() == [[0.0, 1.0]]


def test_a_reference_with_other_axes_is_matched_by_name() -> None:
    source = image(1, 3, 4, 5)
    other = tensor(np.moveaxis(image(1, 3, 6, 7).values, 1, 3), "byxc")
    result = run("scale_range", {"reference_tensor": "raw", "axes": "yx"}, source, raw=other)
    low = other.values.min(axis=(0, 1, 2), keepdims=True).reshape(1, 3, 1, 1)
    high = other.values.max(axis=(0, 1, 2), keepdims=True).reshape(1, 3, 1, 1)
    assert_allclose(result, (source.values - low) / (high - low + 1e-6), rtol=1e-5)


def test_a_reference_keeps_the_order_of_several_axes() -> None:
    source = tensor(image(1, 3, 4, 5).values, "bcyx")
    other = tensor(image(4, 3, 6).values, "ycx")
    result = run("scale_range", {"reference_tensor": "raw", "axes": "x"}, source, raw=other)
    low = other.values.min(axis=2).T[None, :, :, None]
    high = other.values.max(axis=2).T[None, :, :, None]
    assert_allclose(result, (source.values - low) / (high - low + 1e-6), rtol=1e-5, atol=1e-6)


def test_lists_of_one_value_count_as_a_number() -> None:
    source = image(1, 3, 4, 5)
    kwargs: dict[str, Any] = {"mode": "fixed", "axes": "cyx", "mean": [3.0], "std": [2.0]}
    assert_allclose(
        run("zero_mean_unit_variance", kwargs, source), (source.values - 3) / 2, rtol=1e-5
    )


def test_casting_cuts_fractions_off() -> None:
    source = tensor(np.array([[-1.9, 0.9, 254.999]], np.float32), "yx")
    assert run("ensure_dtype", {"dtype": "int16"}, source).tolist() == [[-1, 0, 254]]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("scale_rang", {}, 'There is no operation "scale_rang", the nearest is "scale_range".'),
    ("frobnicate", {}, 'There is no operation "frobnicate".'),
    ("custom", {}, 'The operation "custom" is Python code of the bundle, which is not run.'),
    (
        "stardist_postprocessing",
        {},
        'The operation "stardist_postprocessing" is not one of those that run here yet.',
    ),
    (
        "cellpose_flow_dynamics",
        {},
        'The operation "cellpose_flow_dynamics" is not one of those that run here yet.',
    ),
    (
        "scale_range",
        {"max_percentil": 99},
        'The operation "scale_range" has no argument "max_percentil", '
        'the nearest is "max_percentile".',
    ),
    ("sigmoid", {"q": 1}, 'The operation "sigmoid" has no argument "q", it takes none.'),
    ("binarize", {}, 'The operation "binarize" lacks its argument threshold.'),
    ("ensure_dtype", {}, 'The operation "ensure_dtype" lacks its argument dtype.'),
    (
        "ensure_dtype",
        {"dtype": "complex64"},
        'The operation "ensure_dtype" has dtype "complex64" and takes float32, float64, uint8, '
        "int8, uint16, int16, uint32, int32, uint64, int64, bool.",
    ),
    (
        "ensure_dtype",
        {"dtype": 8},
        'The operation "ensure_dtype" needs a word as dtype, not "8".',
    ),
    (
        "binarize",
        {"threshold": "high"},
        'The operation "binarize" needs a number as threshold, not "high".',
    ),
    (
        "binarize",
        {"threshold": True},
        'The operation "binarize" needs a number as threshold, not "True".',
    ),
    (
        "binarize",
        {"threshold": []},
        'The operation "binarize" needs numbers as threshold, not an empty list.',
    ),
    (
        "binarize",
        {"threshold": [1, 2]},
        'The operation "binarize" has 2 values of threshold and no axis for them.',
    ),
    (
        "binarize",
        {"threshold": [1, 2], "axis": "c"},
        'The operation "binarize" has 2 values of threshold for the axis c of length 3.',
    ),
    (
        "clip",
        {"min": [1, 2]},
        'The operation "clip" needs one number as min, not 2.',
    ),
    ("clip", {}, 'The operation "clip" needs min, max, min_percentile or max_percentile.'),
    ("clip", {"min": 2, "max": 1}, 'The operation "clip" has min 2 above max 1.'),
    (
        "clip",
        {"min": 2, "min_percentile": 1},
        'The operation "clip" has both min and min_percentile.',
    ),
    (
        "scale_range",
        {"min_percentile": 5, "max_percentile": 5},
        'The operation "scale_range" has min_percentile 5 and max_percentile 5.',
    ),
    (
        "scale_range",
        {"max_percentile": 0.998},
        'The operation "scale_range" has max_percentile 0.998, percentiles run from 0 to 100.',
    ),
    (
        "scale_range",
        {"mode": "per_slice"},
        'The operation "scale_range" has mode "per_slice" and takes per_sample, per_dataset.',
    ),
    (
        "scale_range",
        {"axes": "xyz"},
        'The operation "scale_range" names the axis "z", and the tensor has b, c, y, x.',
    ),
    ("softmax", {"axis": "i"}, 'The operation "softmax" names the axis "i", and the tensor has '
     "b, c, y, x."),
    (
        "scale_range",
        {"axes": [1, 2]},
        'The operation "scale_range" needs axes as axes, not "[1, 2]".',
    ),
    (
        "scale_range",
        {"reference_tensor": "raw"},
        'The operation "scale_range" refers to the tensor "raw", there are other.',
    ),
    (
        "scale_range",
        {"reference_tensor": "other", "axes": "y"},
        'The operation "scale_range" has a reference tensor of shape (1, 3, 4, 6) that does not '
        "match (1, 3, 4, 5) along the axes kept apart.",
    ),
    (
        "scale_mean_variance",
        {},
        'The operation "scale_mean_variance" lacks its argument reference_tensor.',
    ),
    (
        "zero_mean_unit_variance",
        {"mode": "fixed"},
        'The operation "zero_mean_unit_variance" lacks its argument mean.',
    ),
    (
        "zero_mean_unit_variance",
        {"mode": "per_sample", "mean": 1, "std": 1},
        'The operation "zero_mean_unit_variance" has mode per_sample, and mean or std belong to '
        "mode fixed.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kwargs", "message"), REFUSED)
def test_what_is_wrong_is_said(name: str, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError) as caught:
        run(name, kwargs, image(1, 3, 4, 5), other=image(1, 3, 4, 6))
    assert caught.value.message == message
    assert caught.value.hint == HINT
