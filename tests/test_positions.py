from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from deepimagej.axes import Axes, Axis, AxisName, DataDependentSize, SizeRule, parse_axes
from deepimagej.bundle.spec import TensorSpec
from deepimagej.errors import ImageError, OptionError
from deepimagej.image import Image
from deepimagej.positions import check_loops, is_table, match_axes, to_tensor
from deepimagej.request import ChannelChoice

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = ChannelChoice(each=True)
AS_IS = ChannelChoice()


def tensor(axes: str = "bcyx", channels: int = 1) -> TensorSpec:
    rules = {"b": SizeRule(1), "c": SizeRule(channels)}
    named = [Axis(n.value, n, rules.get(n.value, SizeRule(1, 1))) for n in parse_axes(axes)]
    return TensorSpec("raw", tuple(named))


def image(axes: str, *shape: int, **options: Any) -> Image:
    pixels = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return Image(pixels, parse_axes(axes), title="cells.tif", **options)


def refusal(kind: type[Exception], call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    return f"{caught.value} {getattr(caught.value, 'hint', '')}"


def test_axes_that_the_model_lacks_are_looped_the_last_one_fastest() -> None:
    layout = match_axes(image("TZYX", 2, 3, 4, 5), tensor(), AS_IS)
    t, z = AxisName.TIME, AxisName.Z
    assert list(layout.positions()) == [((t, i), (z, j)) for i in range(2) for j in range(3)]
    sample = layout.sample(((t, 1), (z, 2)))
    assert sample.axes == parse_axes("YX")
    assert_array_equal(sample.pixels, layout.image.pixels[1, 2])


def test_an_axis_that_the_model_has_is_not_looped() -> None:
    layout = match_axes(image("TZYX", 2, 3, 4, 5), tensor("bczyx"), AS_IS)
    assert layout.looped == ((AxisName.TIME, 2),)
    assert layout.sample(((AxisName.TIME, 0),)).axes == parse_axes("ZYX")


def test_an_image_without_such_axes_is_one_position() -> None:
    assert list(match_axes(image("YX", 4, 5), tensor(), AS_IS).positions()) == [()]


@given(st.permutations("tzcyx"), st.permutations("bcyx"), st.data())
def test_looping_and_arranging_gives_the_image_back_in_its_own_order(
    own: list[str], models: list[str], data: st.DataObject
) -> None:
    letters = [n for n in own if n in "yx" or data.draw(st.booleans())]
    sizes = {"t": 2, "z": 3, "c": data.draw(st.sampled_from([1, 2])), "y": 4, "x": 5}
    picture = image("".join(letters), *(sizes[letter] for letter in letters))
    spec = tensor("".join(models), picture.sizes.get(AxisName.CHANNEL, 1))
    layout = match_axes(picture, spec, AS_IS)
    parts = [(p, to_tensor(layout.sample(p), spec)) for p in layout.positions()]
    pixels, axes = layout.arrange(parts, spec.names)
    assert axes == picture.axes
    assert_array_equal(pixels, picture.pixels)


@given(st.permutations("zcyx"))
def test_each_channel_alone_gives_the_image_back(own: list[str]) -> None:
    picture = image("".join(own), *({"z": 3, "c": 2, "y": 4, "x": 5}[n] for n in own))
    layout = match_axes(picture, tensor(), ALL)
    parts = [(p, to_tensor(layout.sample(p), tensor())) for p in layout.positions()]
    assert len(parts) == 6
    pixels, axes = layout.arrange(parts, tensor().names)
    assert axes == picture.axes
    assert_array_equal(pixels, picture.pixels)


@pytest.mark.parametrize(
    ("axes", "shape", "result", "arranged"),
    [
        ("YX", (4, 5), (1, 1, 4, 5), "YX"),
        ("YX", (4, 5), (1, 3, 4, 5), "CYX"),
        ("CYX", (1, 4, 5), (1, 1, 4, 5), "CYX"),
        ("CYX", (1, 4, 5), (1, 3, 4, 5), "CYX"),
        ("YXC", (4, 5, 1), (1, 3, 4, 5), "YXC"),
    ],
)
def test_singleton_axes_that_the_image_lacks_are_dropped(
    axes: str, shape: tuple[int, ...], result: tuple[int, ...], arranged: str
) -> None:
    layout = match_axes(image(axes, *shape), tensor(), AS_IS)
    _, names = layout.arrange([((), np.zeros(result))], parse_axes("bcyx"))
    assert names == parse_axes(arranged)


def test_a_time_lapse_with_several_output_channels_has_them_after_time() -> None:
    layout = match_axes(image("TYX", 2, 4, 5), tensor(), AS_IS)
    parts = [(p, np.full((1, 3, 4, 5), n)) for n, p in enumerate(layout.positions())]
    pixels, names = layout.arrange(parts, parse_axes("bcyx"))
    assert names == parse_axes("TCYX")
    assert pixels[:, 0, 0, 0].tolist() == [0, 1]


def test_one_channel_of_several_is_fed_and_leaves_no_axis() -> None:
    layout = match_axes(image("CYX", 3, 4, 5), tensor(), ChannelChoice((2,)))
    fed = to_tensor(layout.sample(()), tensor())
    assert_array_equal(fed[0, 0], layout.image.pixels[1])
    assert layout.arrange([((), fed)], tensor().names)[1] == parse_axes("YX")


def test_several_channels_are_fed_in_the_order_of_the_request() -> None:
    layout = match_axes(image("CYX", 3, 4, 5), tensor(channels=2), ChannelChoice((3, 1)))
    fed = to_tensor(layout.sample(()), tensor(channels=2))
    assert_array_equal(fed[0], layout.image.pixels[[2, 0]])


def test_each_channel_of_an_image_of_one_is_that_image() -> None:
    assert list(match_axes(image("YX", 4, 5), tensor(), ALL).positions()) == [()]


@pytest.mark.parametrize(
    ("shape", "channels", "choice", "sentence"),
    [
        (
            (2, 4, 5),
            1,
            AS_IS,
            '"cells.tif" has 2 channels, "raw" of the model takes 1. '
            "Choose one with channel=1, or run the model on each with channel=all.",
        ),
        (
            (3, 4, 5),
            2,
            AS_IS,
            '"cells.tif" has 3 channels, "raw" of the model takes 2. Choose 2 with channel=1,2.',
        ),
        (
            (3, 4, 5),
            2,
            ALL,
            '"cells.tif" has 3 channels, channel=all feeds one at a time, "raw" of the model '
            "takes 2. Choose 2 with channel=1,2.",
        ),
        (
            (3, 4, 5),
            2,
            ChannelChoice((3,)),
            '"cells.tif" has 3 channels, channel=3, "raw" of the model takes 2. '
            "Choose 2 with channel=1,2.",
        ),
        (
            (1, 4, 5),
            3,
            AS_IS,
            '"cells.tif" has 1 channel, "raw" of the model takes 3. '
            "Merge 3 channels in one image first; channel= chooses those of one image.",
        ),
    ],
)
def test_a_wrong_number_of_channels_names_both_numbers_and_the_key(
    shape: tuple[int, ...], channels: int, choice: ChannelChoice, sentence: str
) -> None:
    picture = image("CYX", *shape)
    assert refusal(ImageError, match_axes, picture, tensor("bcyx", channels), choice) == sentence


def test_rgb_for_a_model_of_one_channel_says_that_it_is_rgb() -> None:
    picture = Image(np.zeros((4, 5, 3), np.uint8), parse_axes("YXC"), "photo", is_rgb=True)
    assert refusal(ImageError, match_axes, picture, tensor(), AS_IS) == (
        '"photo" is RGB: 3 channels, "raw" of the model takes 1. '
        "Choose one with channel=1, or run the model on each with channel=all."
    )
    sample = match_axes(picture, tensor(), ChannelChoice((2,))).sample(())
    assert not sample.is_rgb


def test_a_channel_that_the_image_lacks_is_refused() -> None:
    picture = image("CYX", 2, 4, 5)
    assert refusal(OptionError, match_axes, picture, tensor(), ChannelChoice((3,))) == (
        'channel=3 does not exist: "cells.tif" has 2 channels. '
        "Give a number from 1 to 2, or channel=all."
    )


def test_before_a_macro_any_number_of_channels_goes() -> None:
    picture = image("CYX", 2, 4, 5)
    assert match_axes(picture, tensor(), AS_IS, strict=False).sample(()).axes == picture.axes


def test_rows_of_a_list_have_no_place_in_a_model_of_images() -> None:
    assert refusal(ImageError, match_axes, image("IYX", 2, 4, 5), tensor(), AS_IS) == (
        '"cells.tif" has an axis I, which "raw" of the model lacks. The model takes the axes BCYX.'
    )


def test_an_axis_that_a_macro_added_is_refused() -> None:
    made = image("ZYX", 3, 4, 5)
    assert refusal(ImageError, to_tensor, made, tensor(), from_macro=True) == (
        '"cells.tif" has 3 px along Z, which "raw" of the model lacks. '
        "The model takes the axes BCYX."
    )


@pytest.mark.parametrize("axes", ["ZYX", "TYX", "CYX"])
def test_a_stack_that_a_macro_made_is_read_as_the_channels_of_the_model(axes: str) -> None:
    made = image(axes, 3, 4, 5)
    assert_array_equal(to_tensor(made, tensor(channels=3), from_macro=True)[0], made.pixels)


def test_slices_of_the_users_own_image_are_never_read_as_channels() -> None:
    picture = image("ZYX", 3, 4, 5)
    assert refusal(ImageError, to_tensor, picture, tensor(channels=3)).startswith(
        '"cells.tif" has 1 channel, "raw" of the model takes 3.'
    )


def test_a_second_image_must_have_as_many_positions_as_the_first() -> None:
    first = match_axes(image("ZYX", 3, 4, 5), tensor(), AS_IS)
    second = match_axes(Image(np.zeros((2, 4, 5)), parse_axes("ZYX"), "mask"), tensor(), AS_IS)
    assert refusal(ImageError, check_loops, {"raw": first, "mask": second}) == (
        '"cells.tif" has 3 positions along Z, "mask" has 2. '
        "Give images of the same length, or one without that axis."
    )


def test_a_second_image_of_one_plane_serves_all_positions() -> None:
    first = match_axes(image("ZYX", 3, 4, 5), tensor(), AS_IS)
    second = match_axes(image("YX", 4, 5), tensor(), AS_IS)
    check_loops({"raw": first, "mask": second})
    assert_array_equal(second.sample(((AxisName.Z, 2),)).pixels, second.image.pixels)


LABELS = tuple(f"t{t} z{z} c{c}" for t in range(2) for z in range(3) for c in range(2))


@pytest.mark.parametrize(
    ("choice", "axes", "shape", "expected"),
    [
        (ALL, "TZCYX", (2, 3, 2, 4, 5), LABELS),
        (ALL, "TZCYX", (2, 3, 1, 4, 5), ()),
        (ChannelChoice((2,)), "TZYX", (2, 3, 4, 5), LABELS[1::2]),
        (ChannelChoice((2,)), "TYX", (2, 4, 5), ()),
        (AS_IS, "TZCYX", (2, 3, 2, 4, 5), ()),
        (AS_IS, "TZYX", (2, 3, 4, 5), ()),
    ],
)
def test_labels_are_those_of_the_planes_that_were_fed(
    choice: ChannelChoice, axes: str, shape: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    picture = image("TZCYX", 2, 3, 2, 4, 5, labels=LABELS)
    layout = match_axes(picture, tensor(channels=2), choice, strict=False)
    assert layout.labels(parse_axes(axes), shape) == expected


def test_labels_of_an_rgb_stack_are_one_a_slice() -> None:
    pixels: NDArray[np.uint8] = np.zeros((2, 4, 5, 3), np.uint8)
    rgb = Image(pixels, parse_axes("ZYXC"), "photo", labels=("a", "b"), is_rgb=True)
    layout = match_axes(rgb, tensor(channels=3), AS_IS)
    assert layout.labels(parse_axes("ZYX"), (2, 4, 5)) == ("a", "b")


@pytest.mark.parametrize(("axes", "is_list"), [("bic", True), ("bc", True), ("bcyx", False)])
def test_an_output_without_y_and_x_is_a_table(axes: str, is_list: bool) -> None:
    names: Axes = parse_axes(axes)
    output = TensorSpec("out", tuple(Axis(n.value, n, DataDependentSize()) for n in names))
    assert is_table(output) is is_list
