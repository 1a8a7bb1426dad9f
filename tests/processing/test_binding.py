"""Operations on parts, on the whole and in place: one result, bit for bit."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from deepimagej.axes import AxisName
from deepimagej.errors import BundleError
from deepimagej.processing import Tensor, apply, bind, chain, finish, referred_to, statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Operation = tuple[str, dict[str, Any]]

DTYPES = ("uint8", "int8", "uint16", "int16", "int32", "bool", "float16", "float32", "float64")

PERCENTS = st.sampled_from([0.0, 0.1, 1.0, 25.0, 50.0, 99.8])


def tensor(values: NDArray[Any], axes: str) -> Tensor:
    return Tensor(values, tuple(axes), tuple(AxisName(letter) for letter in axes))


def ramp(*shape: int, dtype: str = "float32") -> Tensor:
    values = np.random.default_rng(5).gamma(3.0, 20.0, shape).astype(dtype)
    return tensor(values, "bczyx"[-len(shape) :] if len(shape) == 5 else "bcyx"[-len(shape) :])


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    axes = draw(st.sampled_from([None, "yx", "cyx", "bc", "x", "byx"]))
    mode = draw(st.sampled_from([None, "per_sample", "per_dataset"]))
    reference = draw(st.sampled_from([None, "self", "other"]))
    joint = {"axes": axes, "mode": mode}
    drawn: list[Operation] = [
        (
            "scale_range",
            joint | {"min_percentile": draw(PERCENTS), "reference_tensor": reference},
        ),
        ("zero_mean_unit_variance", joint),
        ("scale_mean_variance", joint | {"reference_tensor": reference or "other"}),
        ("scale_linear", {"gain": [0.5, 2.0, -3.0], "offset": 1.25, "axis": "c"}),
        ("clip", {"min_percentile": draw(PERCENTS), "max": 1e9, "axes": axes}),
        ("binarize", {"threshold": 0.3}),
        ("sigmoid", {}),
        ("softmax", {"axis": draw(st.sampled_from("cyx"))}),
        ("ensure_dtype", {"dtype": draw(st.sampled_from(["float32", "float64", "int16"]))}),
    ]
    return draw(st.sampled_from(drawn))


@st.composite
def sources(draw: st.DrawFn) -> Tensor:
    order = draw(st.permutations("bcyx"))
    sizes = {
        "b": st.integers(1, 2),
        "c": st.just(3),
        "y": st.integers(1, 9),
        "x": st.integers(1, 9),
    }
    shape = [draw(sizes[letter]) for letter in order]
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(20, 40, shape)
    stored = np.abs(values).astype(draw(st.sampled_from(DTYPES)))
    is_turned = draw(st.booleans())
    return tensor(np.asfortranarray(stored) if is_turned else stored, "".join(order))


@st.composite
def parts(draw: st.DrawFn, shape: Sequence[int]) -> tuple[slice, ...]:
    edges = [sorted(draw(st.tuples(*[st.integers(0, length)] * 2))) for length in shape]
    return tuple(slice(start, stop) for start, stop in edges)


def references(source: Tensor) -> dict[str, Tensor]:
    other = source.values.astype(np.float32) * 2 - 5
    return {"self": source, "other": source.replace(other)}


def in_turn(
    steps: Sequence[Operation], source: Tensor, tensors: Mapping[str, Tensor]
) -> NDArray[Any]:
    for name, kwargs in steps:
        source = apply(name, kwargs, source, tensors)
    return source.values


@pytest.fixture(scope="module", autouse=True)
def small_slabs() -> Iterator[None]:
    """Statistics of small arrays are taken in many slabs, and by counting digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_SLAB", 24)
        yield


@given(data=st.data(), source=sources(), steps=st.lists(operations(), max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_part_has_the_bits_of_the_whole(
    data: st.DataObject, source: Tensor, steps: list[Operation]
) -> None:
    kept = source.values.copy()
    tensors = references(source)
    expected = in_turn(steps, source, tensors)
    where = data.draw(parts(source.values.shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "_BLOCK", data.draw(st.sampled_from([1, 7, 40])))
        bound = bind(steps, source, tensors)
        part = bound.part(where)
        again = bound.part(where)
    assert part.dtype == bound.dtype == expected.dtype
    assert part.tobytes() == again.tobytes() == expected[where].tobytes()
    assert_array_equal(source.values, kept)


@given(source=sources(), steps=st.lists(operations(), max_size=3))
@settings(max_examples=200, deadline=None)
def test_what_is_finished_in_place_has_the_bits_of_the_whole(
    source: Tensor, steps: list[Operation]
) -> None:
    tensors = references(source)
    expected = in_turn(steps, source, tensors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "_BLOCK", 7)
        result = finish(steps, source, tensors)
    assert result.values.dtype == expected.dtype
    assert result.values.tobytes() == expected.tobytes()
    is_same_type = source.values.dtype == expected.dtype
    assert np.shares_memory(result.values, source.values) == is_same_type


def test_a_part_is_written_where_it_is_wanted() -> None:
    source = ramp(1, 2, 40, 50)
    bound = bind([("zero_mean_unit_variance", {})], source, {})
    room = np.zeros((1, 2, 20, 20), np.float32)
    where = (slice(None), slice(None), slice(10, 20), slice(-10, None))
    result = bound.part(where, out=room[..., 5:15, 5:15])
    assert np.shares_memory(result, room)
    assert_array_equal(room[..., 5:15, 5:15], bound.part(where))
    assert np.count_nonzero(room) == np.count_nonzero(result)


def test_a_part_is_rounded_before_it_is_cast_to_the_type_of_the_room() -> None:
    source = ramp(1, 1, 30, 40)
    bound = bind([("scale_linear", {"gain": 1 / 3})], source, {})
    everywhere = (slice(None),) * 4
    room = bound.part(everywhere, out=np.empty(bound.shape, np.float64))
    assert_array_equal(room, bound.part(everywhere).astype(np.float64))


def test_a_part_of_no_operations_is_a_copy() -> None:
    source = ramp(1, 1, 4, 5)
    part = bind([], source, {}).part((slice(None),) * 4)
    assert_array_equal(part, source.values)
    assert not np.shares_memory(part, source.values)


def test_old_values_that_somebody_still_reads_are_kept() -> None:
    source = ramp(1, 1, 4, 5)
    before = source.values.copy()
    result = finish([("scale_range", {})], source, {"raw": source}, keep=True)
    assert_array_equal(source.values, before)
    assert not np.shares_memory(result.values, source.values)


def test_values_that_may_not_be_written_are_kept(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", ramp(1, 1, 4, 5).values)
    source = tensor(np.load(tmp_path / "image.npy", mmap_mode="r"), "bcyx")
    result = finish([("scale_range", {})], source, {})
    assert_array_equal(result.values, apply("scale_range", {}, source, {}).values)


@pytest.mark.parametrize("steps", [[], [("ensure_dtype", {"dtype": "float32"})]])
def test_where_nothing_changes_the_tensor_is_its_result(steps: list[Operation]) -> None:
    source = ramp(1, 1, 4, 5)
    assert finish(steps, source, {}) is source


def test_statistics_of_a_later_operation_are_those_of_the_values_before_it() -> None:
    source = ramp(1, 1, 30, 40)
    steps: list[Operation] = [("clip", {"max": 50}), ("scale_range", {})]
    result = bind(steps, source, {}).part((slice(None),) * 4)
    clipped = np.minimum(source.values, 50).astype(np.float64)
    low, high = clipped.min(), clipped.max()
    assert_array_equal(result, ((clipped - low) / (high - low + 1e-6)).astype(np.float32))


def test_errors_come_when_the_operations_are_bound() -> None:
    with pytest.raises(BundleError, match='There is no operation "scale_rang"'):
        bind([("sigmoid", {}), ("scale_rang", {})], ramp(1, 1, 4, 5), {})


def test_the_tensors_referred_to_are_told() -> None:
    steps: list[Operation] = [
        ("sigmoid", {}),
        ("scale_range", {"reference_tensor": "raw"}),
        ("scale_range", {"reference_tensor": None}),
        ("scale_mean_variance", {"reference_tensor": "mask"}),
    ]
    assert referred_to(steps) == {"raw", "mask"}


def test_an_image_is_normalised_in_its_own_memory() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_SLAB", 1 << 20)
        source = ramp(1, 1, 4096, 2048)
        steps: list[Operation] = [
            ("clip", {"max": 200}),
            ("scale_range", {"min_percentile": 1, "max_percentile": 99.8}),
            ("zero_mean_unit_variance", {}),
        ]
        tracemalloc.start()
        finish(steps, source, {})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # A slab of 2**20 values as float64 and as float32, and blocks of 2**17: 8 + 4 + 3 MB. The
    # image has 34 MB, and each of three operations made a copy.
    assert peak < 18e6, peak
