from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
import xarray as xr
from numpy.testing import assert_array_equal

from deepimagej.errors import ImageError
from deepimagej.host.imagej import ImageJ
from deepimagej.host.windows import find_image, unique_title

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    ij = ImageJ(imagej)
    yield ij
    ij.close_all()


def test_images_stay_open_until_they_are_closed(ij: ImageJ) -> None:
    assert ij.active_image is None
    first = ij.show(np.zeros((3, 4), np.uint8), title="first")
    ij.show(np.zeros((3, 4), np.uint8), title="second")
    assert ij.run_macro("return getTitle() + nImages;") == "second2"
    ij.run_macro('selectImage("first");')
    assert first.equals(ij.active_image)
    assert ij.run_macro("return getTitle();") == "first"
    ij.close_all()
    assert not ij.active_image
    assert ij.run_macro('return "" + nImages;') == "0"


def test_an_image_shown_again_becomes_active(ij: ImageJ) -> None:
    first = ij.show(np.zeros((3, 4), np.uint8), title="first")
    ij.show(np.zeros((3, 4), np.uint8), title="second")
    ij.show(first)
    assert ij.run_macro("return getTitle() + nImages;") == "first2"


@pytest.mark.parametrize(
    ("shape", "axes", "dims"),
    [
        ((3, 4), None, "yx"),
        ((2, 3, 4), None, "zyx"),
        ((2, 5, 3, 4), None, "zcyx"),
        ((6, 2, 5, 3, 4), None, "tzcyx"),
        ((2, 3, 4), "TYX", "tyx"),
        ((3, 4, 2), "YXC", "cyx"),
        ((1, 3, 4), "CYX", "yx"),
    ],
)
def test_arrays_come_back_with_named_axes(
    ij: ImageJ, shape: tuple[int, ...], axes: str | None, dims: str
) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(np.float32)
    back = ij.to_numpy(ij.to_imagej(array, axes, "a"))
    assert "".join(map(str, back.dims)) == dims
    expected = xr.DataArray(array, dims=list(axes.lower() if axes else dims))
    assert_array_equal(back, expected.squeeze().transpose(*dims))


def test_three_uint8_channels_at_the_end_are_rgb(ij: ImageJ) -> None:
    array = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    imp = ij.to_imagej(array)
    assert imp.getBitDepth() == 24
    assert_array_equal(ij.to_numpy(imp), np.moveaxis(array, -1, 0))


def test_a_data_array_keeps_its_calibration_and_name(ij: ImageJ) -> None:
    array = xr.DataArray(
        np.zeros((3, 4)), dims=["y", "x"], name="cells", attrs={"x": 0.5, "unit": "mm"}
    )
    imp = ij.to_imagej(array)
    assert str(imp.getTitle()) == "cells"
    back = ij.to_numpy(imp)
    assert back.attrs["x"] == 0.5
    assert back.attrs["unit"] == "mm"


def test_a_file_is_opened(ij: ImageJ, tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    tifffile.imwrite(tmp_path / "a.tif", array)
    assert_array_equal(ij.to_numpy(ij.show(tmp_path / "a.tif")), array)
    assert ij.run_macro("return getTitle();") == "a.tif"


def test_a_file_that_is_not_there_is_an_error(ij: ImageJ, tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        ij.show(tmp_path / "none.tif")
    assert caught.value.message == f"There is no image {tmp_path / 'none.tif'}."
    assert caught.value.hint == "Check the name of the file."


def test_a_file_that_is_no_image_is_an_error(ij: ImageJ, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"no image at all")
    with pytest.raises(ImageError) as caught:
        ij.show(str(tmp_path / "a.tif"))
    assert caught.value.message == f"ImageJ cannot open {tmp_path / 'a.tif'} as an image."
    assert caught.value.hint == "Convert it to TIFF, or open it in Python and show the array."


def test_one_dimension_is_no_image(ij: ImageJ) -> None:
    with pytest.raises(ImageError) as caught:
        ij.to_imagej(np.zeros(3))
    assert caught.value.message == "An array of 1 dimensions is no image."
    assert caught.value.hint == (
        "Give an array of 2 to 5 dimensions, or name them, as in axes='ZYX'."
    )


def test_another_thread_opens_files_and_sees_the_images(ij: ImageJ, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 4), np.uint8))
    answers: list[object] = []

    def work() -> None:
        answers.append(ij.run_macro("return getTitle();"))
        answers.append(ij.run_macro(f'open("{tmp_path / "a.tif"}"); return getTitle();'))

    ij.show(np.zeros((3, 4), np.uint8), title="first")
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == ["first", "a.tif"]


def test_images_are_found_by_title_and_id(ij: ImageJ, imagej: Host) -> None:
    imp = ij.show(np.zeros((3, 4), np.uint8), title="a.tif")
    assert find_image(imagej, "a.tif").equals(imp)
    assert find_image(imagej, str(imp.getID())).equals(imp)
    with pytest.raises(ImageError) as caught:
        find_image(imagej, "b")
    assert caught.value.message == 'No open image is called "b".'
    assert caught.value.hint == 'Open are "a.tif".'
    ij.close_all()
    with pytest.raises(ImageError) as caught:
        find_image(imagej, "b")
    assert caught.value.hint == "Open the image first; no image is open."


def test_a_title_that_is_taken_gets_a_number_before_its_extension(ij: ImageJ, imagej: Host) -> None:
    for title in ("a.tif", "a-1.tif", "b"):
        ij.show(np.zeros((3, 4), np.uint8), title=title)
    assert unique_title(imagej, "a.tif") == "a-2.tif"
    assert unique_title(imagej, "b") == "b-1"
    assert unique_title(imagej, "c") == "c"
