"""Pixels cross whole and unchanged, however they lie in numpy's memory and however large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from deepimagej.axes import parse_axes
from deepimagej.host.images import read_pixels, to_image, to_imageplus
from deepimagej.image import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.host.running import Host

pytestmark = pytest.mark.usefixtures("imagej")


def ramp(*shape: int, dtype: str) -> NDArray[np.generic]:
    """Values that differ from plane to plane, row to row and piece to piece."""
    steps = np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(2654435761)
    return (steps >> np.uint32(24 if dtype == "uint8" else 16)).astype(dtype).reshape(shape)


def test_channels_that_lie_last_are_sorted_into_planes() -> None:
    """Several at a time, and more than go at once."""
    pixels = ramp(1021, 1023, 5, dtype="float32")
    imp = to_imageplus(Image(pixels, parse_axes("YXC")))
    for channel in range(5):
        plane = np.array(imp.getStack().getPixels(channel + 1)).reshape(1021, 1023)
        np.testing.assert_array_equal(plane, pixels[..., channel])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (2048, 2048), (2897, 3001), (4097, 4099)])
def test_planes_of_part_of_a_piece_and_of_many_come_back(
    shape: tuple[int, int], dtype: str
) -> None:
    pixels = ramp(*shape, dtype=dtype)
    imp = to_imageplus(Image(pixels, parse_axes("YX")))
    assert np.array_equal(read_pixels(imp)[0], pixels)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", ">f4"])
def test_a_view_that_is_turned_stepped_and_of_foreign_order_comes_back(dtype: str) -> None:
    pixels = ramp(3, 2100, 4300, dtype=dtype)[:, ::-1, ::2].transpose(0, 2, 1)
    imp = to_imageplus(Image(pixels, parse_axes("ZYX")))
    assert np.array_equal(read_pixels(imp)[0], pixels)


def test_a_large_rgb_image_comes_back() -> None:
    pixels = ramp(3, 2500, 2500, dtype="uint8")
    back = to_image(to_imageplus(Image(pixels, parse_axes("CYX"), is_rgb=True)))
    assert np.array_equal(back.pixels, pixels)


def test_reading_does_not_set_the_range_of_a_new_image(imagej: Host) -> None:
    processor = imagej.java_class("ij.process.FloatProcessor")(2, 2)
    imp = imagej.java_class("ij.ImagePlus")("new", processor)
    processor.setf(1, 1, 7.0)
    assert read_pixels(imp)[0].max() == 7
    assert (imp.getDisplayRangeMin(), imp.getDisplayRangeMax()) == (0, 7)
