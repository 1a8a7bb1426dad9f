from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.axes import Axes, Axis, AxisName, DataDependentSize, SizeReference, SizeRule
from deepimagej.bundle.spec import ModelSpec, Operation, TensorSpec
from deepimagej.errors import EngineError, ImageError, OptionError, RunCancelled
from deepimagej.inference import Prediction, predict_sample
from deepimagej.planning import plan_sample, tile_sizes
from deepimagej.progress import CancelToken, Step
from deepimagej.request import Device, TileChoice
from networks import Layer, Net, input_axes, output_axes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

Y, X = AxisName.Y, AxisName.X
GRID = SizeRule(16, 16)


class Recorder:
    """A network made of a function; keeps what it was given."""

    device = Device("cpu")

    def __init__(self, function: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
        self.function = function
        self.calls: list[dict[str, NDArray[Any]]] = []

    def stream(
        self,
        calls: Iterable[Mapping[str, NDArray[Any]]],
        outputs: Sequence[str],
        *,
        room: int = 0,
        keep: bool = False,
    ) -> Iterator[dict[str, NDArray[Any]]]:
        for inputs in calls:
            self.calls.append(dict(inputs))
            made = self.function(inputs["raw"])
            yield {name: made.copy() if keep else made for name in outputs}


def same(values: NDArray[Any]) -> NDArray[Any]:
    return values


def per_sample(net: Net) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """`net` on each sample of a (b, c, y, x) batch."""
    return lambda values: np.stack([net(sample[0])[np.newaxis] for sample in values])


def model(
    rule: SizeRule = GRID,
    outputs: Mapping[str, tuple[Axis, ...]] | None = None,
    *,
    halo: int = 0,
    has_batch: bool = True,
    **options: Any,
) -> ModelSpec:
    """A model of one input "raw" and outputs of the same size, unless `outputs` gives others."""
    given = outputs or {"out": output_axes(Net(()), halo=halo, has_batch=has_batch)}
    return ModelSpec(
        name="small",
        folder=Path(),
        rdf=Path("rdf.yaml"),
        format_version="0.5.3",
        inputs=(TensorSpec("raw", input_axes(rule, 2, has_batch=has_batch)),),
        outputs=tuple(TensorSpec(name, axes) for name, axes in given.items()),
        weights={},
        **options,
    )


def with_operations(
    spec: ModelSpec,
    *,
    pre: Sequence[Operation] = (),
    post: Sequence[Operation] = (),
    data_type: str = "float32",
) -> ModelSpec:
    raw, out = spec.inputs[0], spec.outputs[0]
    return replace(
        spec,
        inputs=(replace(raw, operations=tuple(pre), data_type=data_type),),
        outputs=(replace(out, operations=tuple(post)),),
    )


def image(size: int = 40, dtype: Any = np.float32) -> NDArray[Any]:
    random = np.random.default_rng(1)
    return random.uniform(0, 100, size=(1, 1, size, size)).astype(dtype)


def run(
    spec: ModelSpec,
    pixels: NDArray[Any],
    network: Recorder,
    *tile: int,
    max_pixels: int | None = None,
    **options: Any,
) -> Prediction:
    plan = plan_sample(spec, {"raw": pixels.shape}, tile=TileChoice(tile), max_pixels=max_pixels)
    return predict_sample(spec, {"raw": pixels}, network, plan=plan, **options)


def test_a_sample_comes_back_with_the_axes_of_the_output() -> None:
    given = run(model(), image(), Recorder(same))
    assert_array_equal(given.outputs["out"].values, image())
    assert given.outputs["out"].axes == ("b", "c", "y", "x")
    assert given.plan.padded["raw"] == (1, 1, 48, 48)
    assert given.notes == ()


def test_a_legal_image_is_fed_as_it_is_and_the_result_is_an_array_of_its_own() -> None:
    network = Recorder(same)
    pixels = image(48)
    given = run(model(), pixels, network)
    assert np.shares_memory(network.calls[0]["raw"], pixels)
    assert not np.shares_memory(given.outputs["out"].values, pixels)


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 70), layers=st.lists(st.sampled_from((Layer.CONV3, Layer.UP)), max_size=2)
)
def test_tiled_equals_untiled(size: int, layers: list[Layer]) -> None:
    net = Net(tuple(layers))
    spec = model(outputs={"out": output_axes(net)})
    network = Recorder(per_sample(net))
    whole = run(spec, image(size), network)
    tiled = run(spec, image(size), network, 32, 32)
    assert_allclose(tiled.outputs["out"].values, whole.outputs["out"].values, rtol=1e-5, atol=1e-5)


def test_several_tiles_in_one_call_give_the_same_as_one_by_one() -> None:
    net = Net((Layer.CONV3,))
    spec = model(outputs={"out": output_axes(net)})
    one, several = Recorder(per_sample(net)), Recorder(per_sample(net))
    expected = run(spec, image(70), one, 32, 32)
    given = run(spec, image(70), several, 32, 32, batch=4)
    assert_array_equal(given.outputs["out"].values, expected.outputs["out"].values)
    assert [call["raw"].shape[0] for call in one.calls] == [1] * len(one.calls)
    assert {call["raw"].shape[0] for call in several.calls[:-1]} == {4}
    assert sum(call["raw"].shape[0] for call in several.calls) == len(one.calls)


def test_a_model_without_an_open_batch_gets_one_sample_a_call() -> None:
    network = Recorder(same)
    pixels = image(64)[0]
    given = run(model(has_batch=False, halo=2), pixels, network, 32, 32, batch=4)
    assert_array_equal(given.outputs["out"].values, pixels)
    assert given.notes == ("batch=4 is read as 1: the model takes one sample a call.",)


def test_statistics_are_those_of_the_whole_sample_before_it_is_padded() -> None:
    spec = with_operations(
        model(halo=4), pre=[Operation("zero_mean_unit_variance", {"axes": "yx"})]
    )
    network = Recorder(same)
    given = run(spec, image(40), network, 32, 32)
    pixels = image(40)
    expected = (pixels - pixels.mean()) / (pixels.std() + 1e-6)
    assert len(network.calls) > 1
    assert_allclose(given.outputs["out"].values, expected, rtol=1e-5, atol=1e-5)
    bare = run(spec, pixels, Recorder(same), preprocess=False)
    assert_array_equal(bare.outputs["out"].values, pixels)


def test_post_operations_see_the_whole_result_and_the_image_as_reference() -> None:
    post = [
        Operation("scale_range", {"axes": "yx", "mode": "per_sample", "reference_tensor": "raw"})
    ]
    spec = with_operations(model(halo=4), pre=[Operation("scale_linear", {"gain": 0.5})], post=post)
    given = run(spec, image(40), Recorder(same), 32, 32)
    pixels = image(40)
    span = pixels.max() - pixels.min() + 1e-6
    expected = (0.5 * pixels - pixels.min()) / span
    assert_allclose(given.outputs["out"].values, expected, rtol=1e-5, atol=1e-5)
    bare = run(spec, pixels, Recorder(same), postprocess=False)
    assert_allclose(bare.outputs["out"].values, 0.5 * pixels, rtol=1e-6)


@pytest.mark.parametrize(
    ("declared", "operations", "fed"),
    [
        ("float32", [], np.float32),
        ("uint8", [], np.uint8),
        ("float64", [], np.float64),
        ("uint16", [Operation("scale_linear", {"gain": 0.01})], np.float32),
        ("uint16", [Operation("ensure_dtype", {"dtype": "float64"})], np.float64),
    ],
)
def test_the_network_gets_the_type_it_takes(
    declared: str, operations: list[Operation], fed: type
) -> None:
    spec = with_operations(model(), pre=operations, data_type=declared)
    network = Recorder(same)
    run(spec, image(16, np.uint16), network)
    run(spec, image(16, np.float64), network, preprocess=False)
    assert [call["raw"].dtype for call in network.calls] == [fed, fed]


def test_floats_are_rounded_for_a_network_of_integers() -> None:
    network = Recorder(same)
    pixels = np.full((1, 1, 16, 16), 2.6)
    pixels[0, 0, 0, :2] = (-3, 300)
    run(with_operations(model(), data_type="uint8"), pixels, network)
    assert network.calls[0]["raw"][0, 0, 0, :3].tolist() == [0, 255, 3]


def test_lists_are_taken_as_they_come() -> None:
    boxes = (
        Axis("i", AxisName.INDEX, DataDependentSize()),
        Axis("c", AxisName.CHANNEL, SizeRule(4)),
    )
    spec = model(outputs={"boxes": boxes})
    given = run(spec, image(), Recorder(lambda values: np.ones((7, 4))), max_pixels=1)
    assert given.outputs["boxes"].values.shape == (7, 4)
    assert given.plan.is_whole


def test_a_second_input_of_another_scale_goes_along() -> None:
    half = tuple(
        replace(axis, size=SizeReference("raw", axis.id, 0.5)) if axis.name in (Y, X) else axis
        for axis in input_axes(SizeRule(1, 1), 2)
    )
    spec = model(SizeRule(2, 2), halo=2)
    spec = replace(spec, inputs=(*spec.inputs, TensorSpec("low", half)))
    network = Recorder(same)
    pixels, low = image(20), image(10)
    tensors = {"raw": pixels, "low": low}
    shapes = {name: values.shape for name, values in tensors.items()}
    plan = plan_sample(spec, shapes, tile=TileChoice((8, 20)))
    predict_sample(spec, tensors, network, plan=plan)
    for call in network.calls:
        start = int(np.argwhere(np.all(pixels == call["raw"][:, :, :1], axis=(0, 1, 3)))[0, 0])
        assert_array_equal(call["low"], low[:, :, start // 2 : start // 2 + 4])


def test_progress_counts_tiles_and_tells_the_time_left() -> None:
    steps: list[Step] = []
    run(model(halo=2), image(64), Recorder(same), 32, 64, progress=steps.append)
    told = [(step.stage, step.done, step.total, step.device) for step in steps]
    assert told == [
        ("preprocessing", 0, 1, "cpu"),
        ("inference", 0, 3, "cpu"),
        ("inference", 1, 3, "cpu"),
        ("inference", 2, 3, "cpu"),
        ("inference", 3, 3, "cpu"),
    ]
    left = [step.seconds_left for step in steps]
    assert left[:2] == [None, None]
    assert left[-1] == 0
    assert left[2] is not None
    assert left[2] > 0


def test_a_cancelled_run_ends_before_the_next_tile() -> None:
    cancel = CancelToken()
    network = Recorder(same)

    def stop_after_two(step: Step) -> None:
        if step.done == 2:
            cancel.cancel()

    with pytest.raises(RunCancelled):
        run(model(halo=2), image(64), network, 32, 32, progress=stop_after_two, cancel=cancel)
    assert len(network.calls) == 2


def test_a_tiled_run_without_a_halo_says_that_it_is_not_exact() -> None:
    given = run(model(), image(64), Recorder(same), 32, 32)
    assert given.notes == (
        "The tiles have no halo along Y and X: pixels near their borders may differ from those "
        "of an untiled run.",
    )


@pytest.mark.parametrize(("n_bad", "said"), [(1, "1 pixel is"), (3, "3 pixels are")])
def test_nan_and_infinite_pixels_are_refused_with_their_number(n_bad: int, said: str) -> None:
    pixels = image()
    pixels[0, 0, 0, :n_bad] = (np.nan, np.inf, -np.inf)[:n_bad]
    with pytest.raises(ImageError) as error:
        run(model(), pixels, Recorder(same))
    assert error.value.message == f'{said} NaN or infinite in the image for "raw".'
    assert error.value.hint == (
        'Replace them first: in ImageJ with run("Macro...", "code=[if (isNaN(v)) v = 0]"), '
        "in Python with numpy.nan_to_num."
    )


def test_pixels_whose_sum_overflows_are_fine() -> None:
    pixels = np.full((1, 1, 16, 16), 1e308)
    given = run(with_operations(model(), data_type="float64"), pixels, Recorder(same))
    assert_array_equal(given.outputs["out"].values, pixels)


def test_an_output_of_another_shape_than_planned_is_an_error() -> None:
    with pytest.raises(EngineError) as error:
        run(model(), image(16), Recorder(lambda values: values[..., ::2]))
    assert error.value.message == (
        'The network returned "out" with 1 x 1 x 16 x 8 px; '
        "the bundle's sizes say 1 x 1 x 16 x 16 px."
    )
    assert error.value.hint == (
        "The RDF does not describe these weights: correct the sizes of the output, "
        "or tell the model's authors."
    )


def test_a_batch_that_comes_back_as_one_sample_is_an_error() -> None:
    with pytest.raises(EngineError) as error:
        run(model(halo=2), image(64), Recorder(lambda values: values[:, :, :8]), 32, 32, batch=4)
    assert error.value.message == (
        'The network returned "out" with 1 x 1 x 8 x 32 px; '
        "the bundle's sizes say 1 x 1 x 32 x 32 px."
    )


def sizes_of(tile: tuple[int, ...], axes: Axes = ()) -> dict[str, int]:
    return tile_sizes(model().inputs[0], TileChoice(tile, axes), (1, 1, 40, 40))


def test_a_tile_names_the_spatial_axes_in_the_order_of_the_model() -> None:
    channel = AxisName.CHANNEL
    assert sizes_of(()) == {}
    assert sizes_of((32, 16)) == {"y": 32, "x": 16}
    assert sizes_of((16, 32, 1), (X, Y, channel)) == {"x": 16, "y": 32}


def test_a_tile_with_the_wrong_number_of_sizes_is_refused() -> None:
    with pytest.raises(OptionError) as error:
        sizes_of((32,))
    assert error.value.message == "tile=32 has 1 size for the axes Y,X."
    assert error.value.hint == "Give one for each axis, as in axes=Y,X tile=256,256."


def test_a_tile_along_an_axis_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(OptionError) as error:
        sizes_of((8, 32, 32), (AxisName.Z, Y, X))
    assert error.value.message == 'tile names the axis Z, which "raw" of the model lacks.'
    assert error.value.hint == "The model takes the axes BCYX."


def test_a_tile_with_other_channels_than_the_models_is_refused() -> None:
    with pytest.raises(OptionError) as error:
        sizes_of((32, 32, 3), (Y, X, AxisName.CHANNEL))
    assert error.value.message == "tile is 3 along C, which is never tiled; it is 1 here."
    assert error.value.hint == "Give 1, or leave C out of axes and tile."


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_output_that_another_refers_to_is_read_as_the_network_gave_it(order: str) -> None:
    axes = output_axes(Net(()))
    spec = model(outputs=dict.fromkeys(order, axes))
    scaled = Operation("scale_linear", {"gain": 10.0, "offset": -500.0})
    matched = Operation("scale_mean_variance", {"reference_tensor": "a"})
    operations = {"a": (scaled,), "b": (matched,)}
    outputs = tuple(replace(out, operations=operations[out.name]) for out in spec.outputs)
    pixels = image()
    given = run(replace(spec, outputs=outputs), pixels, Recorder(same))
    assert_allclose(given.outputs["b"].values.mean(), pixels.mean(), rtol=1e-4)
    assert_allclose(given.outputs["a"].values, 10 * pixels - 500, rtol=1e-4, atol=1e-3)
