"""Files other than TIFF, and what is no image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as Pillow

from deepimagej.axes import format_axes, parse_axes
from deepimagej.errors import ImageError
from deepimagej.files import read_image, read_npy

if TYPE_CHECKING:
    from pathlib import Path

_GREY = np.arange(20, dtype=np.uint8).reshape(4, 5)
_RGB = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


def _refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    "pixels", [_GREY, _GREY.astype(np.uint16) * 3000, _GREY % 2 == 1], ids=["8", "16", "1"]
)
def test_a_grey_png_has_its_own_values(tmp_path: Path, pixels: np.ndarray[Any, Any]) -> None:
    Pillow.fromarray(pixels).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    expected = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
    assert (format_axes(image.axes), image.pixels.dtype) == ("YX", expected.dtype)
    np.testing.assert_array_equal(image.pixels, expected)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_png_is_rgb_without_transparency(tmp_path: Path, mode: str) -> None:
    Pillow.fromarray(_RGB).convert(mode).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert (format_axes(image.axes), image.is_rgb, image.title) == ("CYX", True, "a.png")
    np.testing.assert_array_equal(image.pixels, np.moveaxis(_RGB, -1, 0))


def test_a_grey_png_with_transparency_is_grey(tmp_path: Path) -> None:
    Pillow.fromarray(_GREY).convert("LA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, _GREY)


def test_a_png_with_a_palette_is_one_channel_with_a_lut(tmp_path: Path) -> None:
    picture = Pillow.fromarray(_GREY % 4)
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture.save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.pixels, _GREY % 4)
    assert image.display is not None
    assert image.display.luts[0][:4].tolist() == [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_a_jpeg_is_read_whatever_its_name(tmp_path: Path) -> None:
    Pillow.fromarray(np.full((8, 8, 3), 128, np.uint8)).save(tmp_path / "a.dat", format="JPEG")
    assert read_image(tmp_path / "a.dat").pixels.shape == (3, 8, 8)


def test_a_16_bit_colour_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Pillow.fromarray(_RGB).save(path)
    content = bytearray(path.read_bytes())
    content[24] = 16
    path.write_bytes(content)
    assert _refusal(path) == (
        f"{path} has 16-bit colours, which PNG readers here reduce to 8 bits.",
        "Save it as TIFF.",
    )


def test_a_damaged_png_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    Pillow.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    message, hint = _refusal(path)
    assert message.startswith(f"{path} cannot be read: ")
    assert hint == "The file may be damaged; save it again."


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.tif"
    assert _refusal(path) == (f"There is no file {path}.", "Check the path of the image.")


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    assert _refusal(tmp_path) == (
        f"{tmp_path} cannot be read: it is a folder.",
        "Name an image file that you may read.",
    )


def test_a_text_file_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_text("not a TIFF")
    assert _refusal(path) == (
        f"{path} is not an image that can be read.",
        "Readable are TIFF, PNG, JPEG, BMP and .npy files; open others in ImageJ.",
    )


def test_two_dimensions_of_an_npy_are_y_and_x(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", _GREY)
    assert format_axes(read_image(tmp_path / "a.npy").axes) == "YX"


def test_three_dimensions_of_an_npy_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, _RGB)
    assert _refusal(path) == (
        f"{path} has 3 dimensions (4, 5, 3) and no axes.",
        "Name the axes, as in axes=ZYX or axes=CYX.",
    )
    assert format_axes(read_image(path, axes=parse_axes("YXC")).axes) == "YXC"


@pytest.mark.parametrize("array", [_RGB, _RGB.T, _RGB.astype(">f4"), np.zeros((0, 3)), np.ones(())])
def test_arrays_come_back(tmp_path: Path, array: np.ndarray[Any, Any]) -> None:
    np.save(tmp_path / "a.npy", array)
    back = read_npy(tmp_path / "a.npy")
    np.testing.assert_array_equal(back, array)
    assert back.dtype.isnative


@pytest.mark.shared_data
def test_a_header_with_a_false_axis_of_length_0_is_survived(shared_data: Path) -> None:
    folder = shared_data / "models" / "defcon" / "deepimagej"
    array = read_npy(folder / "exampleImage.npy")
    assert array.shape == (64, 64, 1, 1)
    tiff = read_image(folder / "exampleImage.tif").pixels
    np.testing.assert_array_equal(array[:, :, 0, 0].T, tiff)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x93NUMPY\x01\x00", "EOF: reading array header length, expected 2 bytes got 0"),
        (b"hello", "EOF: reading magic string, expected 8 bytes got 5"),
    ],
)
def test_what_is_no_array_is_said(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        read_npy(path)
    assert caught.value.message == f"{path} cannot be read as an array: {reason}."
    assert caught.value.hint == "Save it with numpy.save(path, array), the array being numbers."


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ImageError, match="cannot be read as an array: it holds Python objects"):
        read_npy(path)


def test_an_array_cut_short_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, _RGB)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ImageError, match=r"shape \(4, 5, 3\) needs more than its 59 bytes\.$"):
        read_npy(path)


def test_an_array_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        read_npy(tmp_path / "a.npy")
    assert caught.value.message == f"There is no file {tmp_path / 'a.npy'}."
    assert caught.value.hint == "Check the path."
