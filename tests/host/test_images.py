from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deepimagej.axes import AxisName, parse_axes
from deepimagej.errors import ImageError
from deepimagej.host.display import label_colours
from deepimagej.host.images import to_image, to_imageplus
from deepimagej.image import Calibration, Display, Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from deepimagej.host.running import Host

pytestmark = pytest.mark.usefixtures("imagej")

_CALIBRATION = Calibration(
    x=0.25,
    y=0.5,
    z=1.5,
    unit="mm",
    x_origin=3,
    y_origin=-4,
    z_origin=5,
    frame_interval=7.5,
    time_unit="min",
)


def _counted(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Values that differ along every axis."""
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("YX", (3, 5)),
        ("CYX", (2, 3, 5)),
        ("ZYX", (4, 3, 5)),
        ("TYX", (4, 3, 5)),
        ("TZCYX", (2, 3, 2, 4, 5)),
        ("ZCYX", (3, 11, 2, 5)),
        ("TZYX", (3, 2, 1, 1)),
    ],
)
def test_pixels_and_axes_come_back(
    dtype: type[np.generic], axes: str, shape: tuple[int, ...]
) -> None:
    image = Image(_counted(shape, dtype), parse_axes(axes), title="a")
    back = to_image(to_imageplus(image))
    assert back.axes == image.axes
    assert back.pixels.dtype == dtype
    assert_array_equal(back.pixels, image.pixels)


def test_axes_in_another_order_are_sorted_as_imagej_does(imagej: Host) -> None:
    image = Image(_counted((5, 3, 2, 4), np.uint16), parse_axes("YXCZ"))
    imp = to_imageplus(image)
    assert (imp.getNChannels(), imp.getNSlices(), imp.getNFrames()) == (2, 4, 1)
    imp.setPositionWithoutUpdate(2, 3, 1)
    value = imp.getStack().getProcessor(imp.getStackIndex(2, 3, 1)).get(1, 4)
    assert value == image.pixels[4, 1, 1, 2]


def test_a_batch_of_one_is_no_axis() -> None:
    image = to_image(to_imageplus(Image(_counted((1, 3, 5), np.uint8), parse_axes("BYX"))))
    assert image.axes == (AxisName.Y, AxisName.X)


def test_a_macro_reads_the_pixels_that_python_wrote(imagej: Host) -> None:
    imp = to_imageplus(Image(_counted((300, 400), np.uint16), parse_axes("YX")))
    assert imp.getProcessor().get(399, 299) == (300 * 400 - 1) % 65536
    imp.getProcessor().set(7, 2, 12)
    assert to_image(imp).pixels[2, 7] == 12


def test_changing_the_imagej_image_leaves_the_array() -> None:
    pixels = _counted((3, 4), np.float32)
    imp = to_imageplus(Image(pixels, parse_axes("YX")))
    imp.getProcessor().setf(0, 0, 99)
    assert pixels[0, 0] == 0


@pytest.mark.parametrize(
    ("values", "bits", "expected"),
    [
        (np.array([[False, True]]), 8, [[0, 255]]),
        (np.array([[0, 255]], np.int64), 8, [[0, 255]]),
        (np.array([[0, 256]], np.int32), 16, [[0, 256]]),
        (np.array([[0, 65535]], np.uint64), 16, [[0, 65535]]),
        (np.array([[0, 65536]], np.uint32), 32, [[0, 65536]]),
        (np.array([[0, 2**24]], np.int64), 32, [[0, 2**24]]),
        (np.array([[-1, 5]], np.int8), 32, [[-1, 5]]),
        (np.array([[0.5, -2]], np.float16), 32, [[0.5, -2]]),
        (np.array([[0.5, 1e300]], np.float64), 32, [[0.5, np.inf]]),
        (np.array([[1, 258]], ">u2"), 16, [[1, 258]]),
    ],
)
def test_other_types_keep_their_values(values: NDArray[Any], bits: int, expected: Any) -> None:
    imp = to_imageplus(Image(values, parse_axes("YX")))
    assert imp.getBitDepth() == bits
    assert_array_equal(to_image(imp).pixels, expected)


def test_rgb_comes_back_as_three_channels() -> None:
    image = Image(_counted((2, 3, 4, 5), np.uint8), parse_axes("ZCYX"), is_rgb=True)
    imp = to_imageplus(image)
    assert imp.getBitDepth() == 24
    assert imp.getStack().getProcessor(2).getPixel(1, 3) & 0xFFFFFF == (
        (int(image.pixels[1, 0, 3, 1]) << 16)
        | (int(image.pixels[1, 1, 3, 1]) << 8)
        | int(image.pixels[1, 2, 3, 1])
    )
    back = to_image(imp)
    assert back.is_rgb
    assert back.axes == image.axes
    assert_array_equal(back.pixels, image.pixels)


def test_rgb_with_the_colours_last_is_the_same_image() -> None:
    image = Image(_counted((4, 5, 3), np.uint8), parse_axes("YXC"), is_rgb=True)
    assert_array_equal(to_image(to_imageplus(image)).pixels, np.moveaxis(image.pixels, -1, 0))


def test_an_8_bit_image_with_a_colour_lut_is_one_channel(imagej: Host) -> None:
    imp = to_imageplus(Image(_counted((3, 5), np.uint8), parse_axes("YX")))
    imagej.java_class("ij.IJ").run(imp, "Fire", "")
    image = to_image(imp)
    assert image.axes == (AxisName.Y, AxisName.X)
    assert image.display is not None
    assert len(set(map(tuple, image.display.luts[0].tolist()))) > 100
    again = to_image(to_imageplus(image))
    assert again.display is not None
    assert_array_equal(again.display.luts[0], image.display.luts[0])


def test_signed_16_bit_is_read_as_its_true_values(imagej: Host) -> None:
    imp = to_imageplus(Image(np.array([[0, 32768, 65535]], np.uint16), parse_axes("YX")))
    imp.getCalibration().setSigned16BitCalibration()
    image = to_image(imp)
    assert image.pixels.dtype == np.int16
    assert_array_equal(image.pixels, [[-32768, 0, 32767]])


def test_a_virtual_stack_is_read_slice_by_slice(imagej: Host, tmp_path: Path) -> None:
    image = Image(_counted((5, 3, 4), np.uint16), parse_axes("ZYX"))
    path = str(tmp_path / "stack.tif")
    imagej.java_class("ij.IJ").saveAsTiff(to_imageplus(image), path)
    imp = imagej.java_class("ij.IJ").openVirtual(path)
    assert imp.getStack().isVirtual()
    assert_array_equal(to_image(imp).pixels, image.pixels)


def test_calibration_labels_and_properties_come_back() -> None:
    image = Image(
        _counted((2, 3, 4, 5), np.uint8),
        parse_axes("ZCYX"),
        title="cells.tif",
        calibration=_CALIBRATION,
        labels=("a", "b", "", "d", "e", "f"),
        properties=(("Info", "who made it"), ("Key", "value")),
    )
    back = to_image(to_imageplus(image))
    assert back.title == "cells.tif"
    assert back.calibration == _CALIBRATION
    assert back.labels == image.labels
    assert back.properties == image.properties


def test_the_label_of_a_single_slice_comes_back() -> None:
    image = Image(_counted((4, 5), np.uint8), parse_axes("YX"), labels=("only",))
    imp = to_imageplus(image)
    assert imp.getStack().getSliceLabel(1) == "only"
    assert to_image(imp).labels == ("only",)


def test_ranges_luts_and_mode_of_a_composite_come_back() -> None:
    ramp = np.arange(256, dtype=np.uint8)
    red = np.stack([ramp, ramp * 0, ramp * 0], axis=1)
    ice = np.stack([255 - ramp, ramp, ramp // 2], axis=1)
    display = Display(((1, 10), (2, 200)), (red, ice), "color")
    image = Image(_counted((2, 4, 5), np.uint16), parse_axes("CYX"), display=display)
    for mode in ("color", "composite", "grayscale"):
        back = to_image(to_imageplus(replace(image, display=replace(display, mode=mode)))).display
        assert back is not None
        assert back.mode == mode
        assert back.ranges == display.ranges
        assert_array_equal(back.luts, display.luts)


def test_the_range_of_a_grey_image_comes_back() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    display = Display(((-1.5, 3.25),), (ramp,))
    image = Image(_counted((4, 5), np.float32), parse_axes("YX"), display=display)
    back = to_image(to_imageplus(image)).display
    assert back is not None
    assert back.ranges == ((-1.5, 3.25),)


def test_labels_get_label_colours_and_the_range_of_the_labels() -> None:
    image = Image(_counted((4, 5), np.int32), parse_axes("YX"), is_label=True)
    display = to_image(to_imageplus(image)).display
    assert display is not None
    assert display.ranges == ((0, 19),)
    assert_array_equal(display.luts[0], label_colours())
    assert_array_equal(label_colours()[0], [0, 0, 0])
    assert len(set(map(tuple, label_colours().tolist()))) == 256


def test_a_float_stack_shows_the_range_of_the_whole_stack() -> None:
    image = Image(_counted((3, 4, 5), np.float32), parse_axes("ZYX"))
    imp = to_imageplus(image)
    assert (imp.getDisplayRangeMin(), imp.getDisplayRangeMax()) == (0, 59)


def test_each_channel_of_a_float_image_shows_its_own_range() -> None:
    pixels = _counted((2, 4, 5), np.float32)
    pixels[1, 0, 0] = np.nan
    display = to_image(to_imageplus(Image(pixels, parse_axes("CYX")))).display
    assert display is not None
    assert display.ranges == ((0, 19), (21, 39))


def _refused(image: Image) -> tuple[str, str]:
    with pytest.raises(ImageError) as caught:
        to_imageplus(image)
    return caught.value.message, caught.value.hint


def test_a_large_integer_is_refused() -> None:
    image = Image(np.array([[0, 2**24 + 1]]), parse_axes("YX"), title="labels")
    assert _refused(image) == (
        '"labels" holds the integer 16777217; ImageJ keeps integers up to 16777216 exactly.',
        "Number the objects anew, or convert the image to float32 if digits may be lost.",
    )


def test_complex_pixels_are_refused() -> None:
    assert _refused(Image(np.zeros((2, 2), np.complex64), parse_axes("YX"), title="fft")) == (
        '"fft" has pixels of type complex64, which ImageJ has not.',
        "Convert it to float32, uint8, uint16 or bool.",
    )


def test_a_batch_of_samples_is_refused() -> None:
    assert _refused(Image(np.zeros((2, 3, 4)), parse_axes("BYX"), title="b")) == (
        '"b" holds 2 samples in a batch; ImageJ has no such axis.',
        "Name that axis t or z, or show one sample at a time.",
    )


def test_a_list_is_refused() -> None:
    assert _refused(Image(np.zeros((2, 3)), parse_axes("IC"), title="rows")) == (
        '"rows" has the axes IC, and an image has Y and X and no rows.',
        "Name the axes, as in axes=ZYX; lists are tables.",
    )


def test_no_pixels_are_refused() -> None:
    assert _refused(Image(np.zeros((0, 3)), parse_axes("YX"), title="e")) == (
        '"e" has no pixels: its shape is (0, 3).',
        "Check what made the image.",
    )


def test_rgb_of_two_channels_is_refused() -> None:
    image = Image(np.zeros((2, 3, 4), np.uint8), parse_axes("CYX"), title="c", is_rgb=True)
    assert _refused(image) == (
        '"c" is not RGB: uint8 (2, 3, 4), axes CYX.',
        "RGB images have three channels of type uint8.",
    )


def test_a_plane_too_large_for_java_is_refused() -> None:
    one = np.broadcast_to(np.uint8(0), (50000, 50000))
    assert _refused(Image(one, parse_axes("YX"), title="slide")) == (
        'A plane of "slide" has 50000 x 50000 px; ImageJ holds at most 2147483646 in one.',
        "Crop the image, or scale it down.",
    )
