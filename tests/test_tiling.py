from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.axes import Axis, AxisName, DataDependentSize, SizeReference, SizeRule
from deepimagej.errors import BundleError, ImageError, OptionError
from deepimagej.tiling import TilePlan, pad, plan_tiles, read_padded
from networks import SPATIAL, Layer, Net, around, input_axes, nets, output_axes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


def run_tiled(
    plan: TilePlan, images: Mapping[str, NDArray[Any]], network: Callable[..., Any]
) -> dict[str, NDArray[Any]]:
    """The network on every tile, put together; what no tile fills stays NaN."""
    padded = {name: pad(image, plan.padded[name]) for name, image in images.items()}
    results = {
        name: np.full(shape, np.nan)
        for name, shape in plan.output_shapes.items()
        if shape is not None
    }
    for tile in plan.tiles:
        returned = network({name: padded[name][part] for name, part in tile.outer.items()})
        for name, result in results.items():
            assert returned[name].shape == plan.returned_shapes[name]
            result[tile.inner[name]] = returned[name][tile.local[name]]
    return results


def run_whole(
    plan: TilePlan, images: Mapping[str, NDArray[Any]], network: Callable[..., Any]
) -> dict[str, NDArray[Any]]:
    """The network on the padded image, cropped."""
    returned = network({name: pad(image, plan.padded[name]) for name, image in images.items()})
    return {
        name: returned[name][tuple(slice(0, size) for size in shape)]
        for name, shape in plan.output_shapes.items()
        if shape is not None
    }


def check_cover(plan: TilePlan) -> None:
    """Each output px is filled once; every outer lies within the padded grid."""
    for name, shape in plan.output_shapes.items():
        assert shape is not None
        hits = np.zeros(shape, dtype=int)
        for tile in plan.tiles:
            hits[tile.inner[name]] += 1
        assert_array_equal(hits, 1)
    for tile in plan.tiles:
        for name, part in tile.outer.items():
            for one, size in zip(part, plan.padded[name], strict=True):
                assert 0 <= one.start < one.stop <= size


def check_grid(plan: TilePlan, rule: SizeRule, name: str = "raw") -> None:
    """Outer tiles have one legal size, start on the step grid and are flush with its ends."""
    for axis in range(-len(plan.tile), 0):
        parts = [tile.outer[name][axis] for tile in plan.tiles]
        assert len({part.stop - part.start for part in parts}) == 1
        assert rule.accepts(parts[0].stop - parts[0].start)
        assert all(part.start % (rule.step or 1) == 0 for part in parts)
        assert min(part.start for part in parts) == 0
        assert max(part.stop for part in parts) == plan.padded[name][axis]


def as_network(net: Net, *, has_batch: bool = True) -> Callable[..., Any]:
    """`net` on tensors with a channel axis and perhaps a batch axis."""
    lead = (0,) * (1 + has_batch)

    def network(inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"out": net(inputs["raw"][lead])[(np.newaxis,) * len(lead)]}

    return network


@st.composite
def cases(draw: st.DrawFn, *, fixed: bool = False) -> tuple[Net, SizeRule, TilePlan, bool]:
    """A network, the legal lengths, the plan of a run and whether there is a batch axis."""
    ndim = draw(st.sampled_from((2, 2, 3)))
    net = draw(nets(ndim, pools=not fixed))
    largest = 60 if ndim == 2 else 20
    step = net.step * draw(st.integers(1, 3))
    smallest = net.smallest
    least = -(-smallest // step) * step
    least += step * draw(st.integers(0, 3))
    if fixed:
        unit = 2 ** net.layers.count(Layer.STRIDE)
        least += 2 * math.ceil((net.halo - net.offset) / net.scale) + 2 * unit
    rule = SizeRule(least, 0 if fixed else step)
    has_batch = draw(st.booleans())
    largest += smallest
    half = max(smallest, largest // 2 + 1)
    lengths = st.integers(smallest, largest) | st.integers(half, largest)
    sizes = draw(st.lists(lengths, min_size=ndim, max_size=ndim))
    shape = ((1, 1) if has_batch else (1,)) + tuple(sizes)
    tile = {}
    if not fixed:
        axes = draw(st.lists(st.sampled_from(SPATIAL[3 - ndim :]), unique=True))
        halo = 2 * math.ceil((net.halo - net.offset) / net.scale)
        over = 2 * max(step, 2 ** net.layers.count(Layer.STRIDE))
        for axis in axes:
            tile[axis.value] = rule.at_least(halo + over) + step * draw(st.integers(0, 3))
    plan = plan_tiles(
        {"raw": input_axes(rule, ndim, has_batch=has_batch)},
        {"out": output_axes(net, has_batch=has_batch)},
        {"raw": shape},
        tile=tile,
        max_pixels=draw(st.sampled_from((1, 200, 1000, None))),
        overlap=draw(st.sampled_from((None, 0, 3))) if not fixed and not tile else None,
    )
    return net, rule, plan, has_batch


def image_of(shape: tuple[int, ...]) -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=shape)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_tiled_equals_untiled_where_the_halo_holds_the_receptive_field(
    case: tuple[Net, SizeRule, TilePlan, bool],
) -> None:
    net, rule, plan, has_batch = case
    images = {"raw": image_of(plan.padded["raw"])}
    network = as_network(net, has_batch=has_batch)
    tiled, whole = run_tiled(plan, images, network), run_whole(plan, images, network)
    assert_allclose(tiled["out"], whole["out"], rtol=1e-5, atol=1e-5)
    check_cover(plan)
    check_grid(plan, rule)


@settings(max_examples=60, deadline=None)
@given(cases(fixed=True))
def test_networks_of_fixed_size_see_tiles_of_that_size_only(
    case: tuple[Net, SizeRule, TilePlan, bool],
) -> None:
    net, rule, plan, has_batch = case
    images = {"raw": image_of(plan.padded["raw"])}
    network = as_network(net, has_batch=has_batch)
    tiled, whole = run_tiled(plan, images, network), run_whole(plan, images, network)
    assert_allclose(tiled["out"], whole["out"], rtol=1e-5, atol=1e-5)
    check_cover(plan)
    check_grid(plan, rule)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 50), min_size=2, max_size=2),
    rule=st.builds(SizeRule, st.integers(1, 20), st.integers(1, 8)),
    halo=st.integers(0, 6),
    max_pixels=st.integers(1, 900),
)
def test_the_identity_gives_the_image_back_whatever_the_tiling(
    sizes: list[int], rule: SizeRule, halo: int, max_pixels: int
) -> None:
    shape = (1, *sizes)
    plan = plan_tiles(
        {"raw": input_axes(rule, 2, has_batch=False)},
        {"out": output_axes(Net(()), halo=halo, has_batch=False)},
        {"raw": shape},
        max_pixels=max_pixels,
    )
    image = np.arange(math.prod(shape), dtype=float).reshape(shape)
    result = run_tiled(plan, {"raw": image}, lambda inputs: {"out": inputs["raw"]})
    assert_array_equal(result["out"], image)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=2),
    max_pixels=st.sampled_from((1, 500, 2000)),
    is_half_declared=st.booleans(),
)
def test_inputs_and_outputs_of_several_scales_are_tiled_together(
    sizes: list[int], max_pixels: int, is_half_declared: bool
) -> None:
    coarse, fine = Net((Layer.CONV3, Layer.STRIDE)), Net((Layer.UP, Layer.CONV3))
    half = [Axis(a, AxisName(a), SizeReference("raw", a, 0.5)) for a in "yx"]
    rule = SizeRule(4, 1)

    def network(inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        raw, low, mask = (inputs[name] for name in ("raw", "low", "mask"))
        doubled = low.repeat(2, axis=-1).repeat(2, axis=-2)
        joined = raw * mask + doubled[..., : raw.shape[-2], : raw.shape[-1]]
        return {
            "coarse": coarse(joined[0])[np.newaxis],
            "fine": fine(joined[0])[np.newaxis],
            "low": low,
        }

    outputs = {
        "coarse": output_axes(coarse, has_batch=False),
        "fine": output_axes(fine, has_batch=False),
        "low": around(half, has_batch=False),
    }
    mask = input_axes(SizeRule(2, 2) if is_half_declared else rule, 2, has_batch=False)
    shapes = {
        "raw": (1, *sizes),
        "low": (1, *(-(-size // 2) for size in sizes)),
        "mask": (1, *sizes),
    }
    inputs = {
        "raw": input_axes(rule, 2, has_batch=False),
        "low": around(half, has_batch=False),
        "mask": mask,
    }
    plan = plan_tiles(inputs, outputs, shapes, max_pixels=max_pixels)
    images = {name: image_of(shape) for name, shape in shapes.items()}
    tiled, whole = run_tiled(plan, images, network), run_whole(plan, images, network)
    for name in outputs:
        assert_allclose(tiled[name], whole[name], rtol=1e-5, atol=1e-5)
    check_cover(plan)


RULE = SizeRule(64, 16)


def plan_unet(
    size: int = 100, *, rule: SizeRule = RULE, halo: int = 32, **options: Any
) -> TilePlan:
    """A plan for a network of the same size in and out on a square image."""
    return plan_tiles(
        {"raw": input_axes(rule, 2)},
        {"out": output_axes(Net(()), halo=halo)},
        {"raw": (1, 1, size, size)},
        **options,
    )


def test_the_image_is_padded_to_the_smallest_legal_size() -> None:
    sizes = {size: plan_unet(size).padded["raw"][-1] for size in (1, 64, 65, 80, 100)}
    assert sizes == {1: 64, 64: 64, 65: 80, 80: 80, 100: 112}


def test_padding_mirrors_without_repeating_the_edge_as_often_as_needed() -> None:
    assert "".join(pad(np.array(list("abc")), (10,))) == "abcbabcbab"
    assert "".join(pad(np.array(["a"]), (3,))) == "aaa"
    assert_array_equal(pad(np.array([[1, 2]]), (2, 4)), [[1, 2, 1, 2], [1, 2, 1, 2]])
    image = np.zeros((5, 7))
    assert pad(image, (5, 7)) is image
    far = np.arange(35).reshape(5, 7)
    assert_array_equal(pad(far, (8, 13)), np.pad(far, ((0, 3), (0, 6)), mode="reflect"))


def test_one_tile_is_taken_where_it_fits_and_else_equal_tiles() -> None:
    assert plan_unet(512, max_pixels=512 * 512).is_whole
    plan = plan_unet(512, max_pixels=512 * 511)
    assert plan.tile == {"y": 288, "x": 512}
    assert [tile.outer["raw"][2] for tile in plan.tiles] == [slice(0, 288), slice(224, 512)]
    assert [tile.inner["out"][2] for tile in plan.tiles] == [slice(0, 256), slice(256, 512)]
    assert [tile.local["out"][2] for tile in plan.tiles] == [slice(0, 256), slice(32, 288)]
    assert plan_unet(512, max_pixels=1).tile == {"y": 80, "x": 80}


def test_a_tile_larger_than_the_padded_image_is_cut_to_it() -> None:
    plan = plan_unet(100, tile={"y": 4096, "x": 100 + 12})
    assert plan.tile == {"y": 112, "x": 112}
    assert plan.is_whole


def test_a_tile_of_one_axis_leaves_the_other_to_the_plan() -> None:
    assert plan_unet(512, tile={"y": 128}).tile == {"y": 128, "x": 512}


def test_a_larger_image_for_a_fixed_network_is_cut_with_a_flush_last_tile() -> None:
    plan = plan_unet(300, rule=SizeRule(128), halo=8, tile={"y": 128, "x": 128})
    rows = list(dict.fromkeys(tile.outer["raw"][2].start for tile in plan.tiles))
    assert rows == [0, 112, 172]
    assert plan.padded["raw"] == (1, 1, 300, 300)
    assert plan_unet(100, rule=SizeRule(128), halo=8, tile={"y": 512}).tile == {"y": 128, "x": 128}


def test_tiles_of_outputs_on_a_coarser_grid_start_on_whole_output_pixels() -> None:
    half = Net((Layer.STRIDE,))
    plan = plan_tiles(
        {"raw": input_axes(SizeRule(1, 1), 2)},
        {"out": output_axes(half, halo=2)},
        {"raw": (1, 1, 101, 100)},
        tile={"y": 32, "x": 32},
    )
    assert plan.output_shapes["out"] == (1, 1, 51, 50)
    assert plan.tile == {"y": 33, "x": 32}
    assert {tile.outer["raw"][2].start % 2 for tile in plan.tiles} == {0}
    assert plan.notes == (
        "The tile is 33 px along Y instead of 32 px, so that tiles meet on whole pixels of the "
        "outputs.",
    )


def test_the_halo_of_a_coarser_output_is_counted_in_input_pixels() -> None:
    plan = plan_tiles(
        {"raw": input_axes(SizeRule(8, 8), 2)},
        {"out": output_axes(Net((Layer.STRIDE,)), halo=3)},
        {"raw": (1, 1, 160, 160)},
        tile={"y": 24, "x": 160},
    )
    starts = [tile.outer["raw"][2].start for tile in plan.tiles]
    assert starts == list(range(0, 137, 8))  # 24 - 2·6 px leave 12, of which 8 are on the grid


def test_the_larger_of_overlap_and_halo_is_used_and_said() -> None:
    plan = plan_unet(512, overlap=22, tile={"y": 128, "x": 128})
    assert plan.notes == ("The halo is 32 px: the larger of overlap=22 and the model's 32 px.",)
    plan = plan_unet(512, overlap=40, tile={"y": 128, "x": 128})
    assert plan.notes == ("The halo is 40 px: the larger of overlap=40 and the model's 32 px.",)
    assert plan.tiles[0].inner["out"][2].stop <= 128 - 40
    assert plan_unet(100, overlap=40).notes == ()


def test_tiles_without_a_halo_are_said_to_differ() -> None:
    assert plan_unet(512, halo=0, tile={"y": 128}).notes == (
        "The tiles have no halo along Y: pixels near their borders may differ from those of an "
        "untiled run.",
    )
    assert plan_unet(512, halo=0).notes == ()


def test_outputs_that_only_the_run_can_size_need_one_tile() -> None:
    index = Axis("i", AxisName.INDEX, DataDependentSize())
    inputs, shapes = {"raw": input_axes(RULE, 2)}, {"raw": (1, 1, 500, 500)}
    objects = (index, Axis("c", AxisName.CHANNEL, SizeRule(4)))
    plan = plan_tiles(inputs, {"boxes": objects}, shapes, max_pixels=1)
    assert plan.is_whole
    assert plan.output_shapes == {"boxes": None}
    assert plan.tiles[0].inner["boxes"] == (slice(None), slice(None))
    fixed = {"masks": input_axes(SizeRule(28), 2)}
    plan = plan_tiles(inputs, fixed, shapes, max_pixels=1)
    assert plan.is_whole
    assert plan.output_shapes == {"masks": None}
    plan = plan_tiles(inputs, {"out": output_axes(Net(()))}, shapes, max_pixels=1, pyramidal=True)
    assert plan.is_whole
    assert plan.output_shapes == {"out": (1, 1, 500, 500)}


def test_an_output_without_space_has_its_shape_and_one_tile() -> None:
    scores = (Axis("b", AxisName.BATCH, SizeRule(1)), Axis("c", AxisName.CHANNEL, SizeRule(3)))
    outputs = {"out": output_axes(Net(()), halo=4), "scores": scores}
    plan = plan_tiles({"raw": input_axes(RULE, 2)}, outputs, {"raw": (1, 1, 500, 90)}, max_pixels=1)
    assert plan.is_whole
    assert plan.output_shapes == {"out": (1, 1, 500, 90), "scores": (1, 3)}
    assert plan.returned_shapes == {"out": (1, 1, 512, 96), "scores": (1, 3)}


def test_a_projection_along_z_is_tiled_in_y_and_x_only() -> None:
    reference = [Axis(a, AxisName(a), SizeReference("raw", a), 2) for a in "yx"]
    outputs = {"out": around([Axis("z", AxisName.Z, SizeRule(1)), *reference], has_batch=True)}
    plan = plan_tiles(
        {"raw": input_axes(SizeRule(8, 8), 3)}, outputs, {"raw": (1, 1, 40, 40, 40)}, max_pixels=1
    )
    assert plan.tile == {"z": 40, "y": 16, "x": 16}
    assert plan.output_shapes == {"out": (1, 1, 1, 40, 40)}


def test_fixed_lengths_in_and_out_are_read_as_scale_or_as_a_valid_network() -> None:
    def shape_on(size: int, before: int, after: int) -> int:
        inputs = {"raw": input_axes(SizeRule(before), 2)}
        outputs = {"out": input_axes(SizeRule(after), 2)}
        plan = plan_tiles(inputs, outputs, {"raw": (1, 1, size, size)})
        shape = plan.output_shapes["out"]
        assert shape is not None
        return shape[-1]

    assert shape_on(200, 256, 256) == 200
    assert shape_on(201, 256, 512) == 402
    assert shape_on(201, 256, 128) == 101
    assert shape_on(572, 572, 388) == 388
    assert shape_on(600, 572, 388) == 416


def test_another_input_of_a_size_of_its_own_is_passed_whole() -> None:
    inputs = {"raw": input_axes(SizeRule(8, 8), 2), "psf": input_axes(SizeRule(16), 2)}
    plan = plan_tiles(
        inputs,
        {"out": output_axes(Net(()), halo=4)},
        {"raw": (1, 1, 64, 64), "psf": (1, 1, 11, 16)},
        tile={"y": 32, "x": 32},
    )
    assert plan.padded == {"raw": (1, 1, 64, 64), "psf": (1, 1, 16, 16)}
    assert len(plan.tiles) == 4 * 4 - 7
    assert {str(tile.outer["psf"][2]) for tile in plan.tiles} == {"slice(0, 16, None)"}


def test_inputs_of_unrelated_sizes_are_passed_whole() -> None:
    inputs = {"raw": input_axes(SizeRule(8, 8), 2), "low": input_axes(SizeRule(4, 4), 2)}
    shapes = {"raw": (1, 1, 64, 64), "low": (1, 1, 30, 32)}
    plan = plan_tiles(inputs, {"out": output_axes(Net(()))}, shapes, max_pixels=1)
    assert plan.is_whole
    assert plan.padded == {"raw": (1, 1, 64, 64), "low": (1, 1, 32, 32)}


def message(error: pytest.ExceptionInfo[Any]) -> tuple[str, str]:
    return error.value.message, error.value.hint


@pytest.mark.parametrize(
    ("asked", "said", "hint"),
    [
        (
            100,
            "The tile is 100 px along Y; the model takes 64 + n * 16 px.",
            "Take 96 or 112 px along Y.",
        ),
        (
            10,
            "The tile is 10 px along Y; the model takes 64 + n * 16 px.",
            "Take 80 or 96 px along Y.",
        ),
        (
            64,
            "The tile is 64 px along Y, of which the halo of 32 px on each side leaves nothing.",
            "Take 80 px or more along Y.",
        ),
    ],
)
def test_an_illegal_tile_is_refused_with_the_nearest_legal_ones(
    asked: int, said: str, hint: str
) -> None:
    with pytest.raises(OptionError) as error:
        plan_unet(500, tile={"y": asked, "x": 128})
    assert message(error) == (said, hint)


def test_another_tile_than_the_fixed_one_is_refused() -> None:
    with pytest.raises(OptionError) as error:
        plan_unet(500, rule=SizeRule(256), tile={"x": 128})
    assert message(error) == (
        "The tile is 128 px along X; the model takes 256 px.",
        "Take 256 px along X.",
    )


def test_a_tile_for_a_model_that_needs_the_whole_image_is_refused() -> None:
    with pytest.raises(OptionError) as error:
        plan_unet(500, allow_tiling=False, tile={"y": 128, "x": 128})
    assert message(error) == (
        "The tile is 128 px along Y, but the model takes the whole image at once: 512 px.",
        "Use tile=auto.",
    )


def test_a_large_image_for_a_fixed_network_that_cannot_be_tiled_is_refused() -> None:
    with pytest.raises(ImageError) as error:
        plan_unet(300, rule=SizeRule(256), allow_tiling=False)
    assert message(error) == (
        'The image for "raw" is 300 px along Y; the model takes 256 px and cannot be tiled.',
        "Crop or scale the image to 256 px along Y.",
    )


def test_a_large_image_for_a_fixed_network_whose_halo_leaves_nothing_is_refused() -> None:
    with pytest.raises(ImageError) as error:
        plan_unet(300, rule=SizeRule(256), halo=128)
    assert message(error) == (
        "The image is 300 px along Y; the model takes 256 px, of which its halo of 128 px on each "
        "side leaves nothing.",
        "Crop or scale the image to 256 px along Y, or lower the overlap.",
    )


def test_an_image_of_which_a_valid_network_leaves_nothing_is_refused() -> None:
    with pytest.raises(ImageError) as error:
        plan_tiles(
            {"raw": input_axes(SizeRule(64, 16), 2)},
            {"out": output_axes(Net((Layer.VALID3,) * 20))},
            {"raw": (1, 1, 41, 30)},
        )
    assert message(error) == (
        'The image is 41 x 30 px (Y, X), of which the model leaves nothing in "out".',
        "The smallest image for this model is 41 x 41 px (Y, X).",
    )


def test_an_illegal_length_of_an_axis_that_is_never_padded_is_refused() -> None:
    time = Axis("t", AxisName.TIME, SizeRule(4, 2))
    with pytest.raises(ImageError) as error:
        plan_tiles(
            {"raw": (time, *input_axes(RULE, 2))},
            {"out": output_axes(Net(()))},
            {"raw": (5, 1, 1, 64, 64)},
        )
    assert message(error) == (
        '"raw" has length 5 along T; the model takes 4 + n * 2.',
        "This axis is neither padded nor tiled: give an image of that length.",
    )


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(ImageError) as error:
        plan_unet(0)
    assert message(error) == (
        'The image for "raw" has no pixel along Y.',
        "Take an image that is not empty.",
    )


def test_images_that_do_not_follow_each_other_are_refused() -> None:
    half = [Axis(a, AxisName(a), SizeReference("raw", a, 0.5)) for a in "yx"]
    with pytest.raises(ImageError) as error:
        plan_tiles(
            {"raw": input_axes(RULE, 2), "low": around(half, has_batch=True)},
            {"out": output_axes(Net(()))},
            {"raw": (1, 1, 64, 64), "low": (1, 1, 32, 64)},
        )
    assert message(error) == (
        '"low" is 64 px along X; beside 64 px of "raw" the model takes 32 px.',
        'Give images that fit each other: "low" follows "raw".',
    )


def test_a_length_that_follows_nothing_is_a_broken_bundle() -> None:
    with pytest.raises(BundleError) as error:
        plan_tiles(
            {"raw": input_axes(RULE, 2)},
            {"out": output_axes(Net(()), of="image")},
            {"raw": (1, 1, 64, 64)},
        )
    assert message(error) == (
        'The length of axis "y" of "out" follows "image.y", which has no length of its own.',
        "Correct the sizes in the bundle's RDF.",
    )


def test_a_tile_between_a_fixed_size_and_the_image_is_refused() -> None:
    with pytest.raises(OptionError) as caught:
        plan_tiles(
            {"raw": input_axes(SizeRule(32, 0), 2, has_batch=False)},
            {"out": output_axes(Net(()), halo=4, has_batch=False)},
            {"raw": (1, 100, 100)},
            tile={"y": 64, "x": 64},
        )
    assert caught.value.message == "The tile is 64 px along Y; the model takes 32 px."


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    more=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    data=st.data(),
)
def test_a_part_of_a_padded_image_is_read_from_few_of_its_pixels(
    shape: tuple[int, int], more: tuple[int, int], data: st.DataObject
) -> None:
    image = np.arange(shape[0] * shape[1]).reshape(shape)
    padded = (shape[0] + more[0], shape[1] + more[1])
    starts = [data.draw(st.integers(0, size - 1)) for size in padded]
    stops = [
        data.draw(st.integers(start + 1, size)) for start, size in zip(starts, padded, strict=True)
    ]
    where = tuple(slice(*ends) for ends in zip(starts, stops, strict=True))
    asked: list[tuple[slice, ...]] = []

    def read(part: tuple[slice, ...]) -> NDArray[Any]:
        asked.append(part)
        return image[part]

    assert_array_equal(read_padded(read, shape, where), pad(image, padded)[where])
    lengths = [part.stop - part.start for part in asked[0]]
    assert all(n <= stop - start for n, start, stop in zip(lengths, starts, stops, strict=True))
