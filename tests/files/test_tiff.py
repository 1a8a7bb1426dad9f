"""TIFF files: what ImageJ keeps comes back, and nothing of the pixels is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from deepimagej.axes import Axes, AxisName, format_axes, parse_axes
from deepimagej.errors import ImageError
from deepimagej.files import label_lut, read_image, write_tiff
from deepimagej.image import Calibration, Display, Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MICRON = "\N{MICRO SIGN}m"
_TYPES = ["?", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "uint64"]
_TYPES += ["float16", "float32", "float64"]
_SAME_FILE = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _ramp(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Values that differ along each axis."""
    values = np.arange(np.prod(shape)).reshape(shape)
    return (values % 2 == 1) if dtype == "?" else values.astype(dtype)


def _squeezed(image: Image) -> tuple[NDArray[Any], Axes]:
    """Pixels in ImageJ's order, without axes of length 1 other than y and x."""
    order = [a for a in parse_axes("TZCYX") if a in image.axes]
    pixels = image.pixels.transpose([image.axes.index(axis) for axis in order])
    keep = [a for a in order if image.sizes[a] > 1 or a in (AxisName.Y, AxisName.X)]
    return pixels.reshape([image.sizes[axis] for axis in keep]), tuple(keep)


@_SAME_FILE
@given(data=st.data())
def test_pixels_axes_and_calibration_come_back(tmp_path: Path, data: st.DataObject) -> None:
    others = data.draw(st.lists(st.sampled_from("tzc"), unique=True))
    axes = parse_axes("".join(data.draw(st.permutations([*others, "y", "x"]))))
    shape = tuple(data.draw(st.lists(st.integers(1, 6), min_size=len(axes), max_size=len(axes))))
    dtype = data.draw(st.sampled_from(_TYPES))
    sizes = st.floats(1e-6, 1e6, allow_subnormal=False).map(lambda v: float(f"{v:.5g}"))
    calibration = Calibration(
        x=data.draw(sizes),
        y=data.draw(sizes),
        z=data.draw(sizes),
        unit=data.draw(st.sampled_from(["pixel", "micron", _MICRON, "nm", "Å"])),
        x_origin=data.draw(sizes),
        y_origin=-2.5,
        z_origin=0.125,
        frame_interval=data.draw(sizes),
        time_unit=data.draw(st.sampled_from(["sec", "ms", "min"])),
    )
    image = Image(_ramp(shape, dtype), axes, calibration=calibration)
    write_tiff(tmp_path / "a.tif", image)
    back = read_image(tmp_path / "a.tif")
    pixels, kept = _squeezed(image)
    assert format_axes(back.axes) == format_axes(kept)
    np.testing.assert_array_equal(back.pixels, pixels * 255 if dtype == "?" else pixels)
    for name in Calibration.__dataclass_fields__:
        value = getattr(calibration, name)
        expected = pytest.approx(value, rel=2e-6) if isinstance(value, float) else value
        assert getattr(back.calibration, name) == expected, name


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([[False, True]]), "uint8"),
        (np.array([[0, 65535]], np.int32), "uint16"),
        (np.array([[-5, 7]], np.int8), "int16"),
        (np.array([[0, 65536]], np.int64), "int32"),
        (np.array([[-70000, 3]], np.int64), "int32"),
        (np.array([[0, 2**32 - 1]], np.int64), "uint32"),
        (np.array([[-1, 2**32]], np.int64), "int64"),
        (np.array([[0.5, 1.25]], np.float16), "float32"),
        (np.array([[0.5, np.nan]], np.float64), "float32"),
        (np.array([[0.1, 1.0]], np.float64), "float64"),
        (np.array([[1, 258]], ">u2"), "uint16"),
    ],
)
def test_types_that_imagej_lacks_keep_every_value(
    tmp_path: Path, values: NDArray[Any], dtype: str
) -> None:
    write_tiff(tmp_path / "a.tif", Image(values, parse_axes("YX")))
    back = read_image(tmp_path / "a.tif").pixels
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, values * 255 if values.dtype == bool else values)


def test_labels_ranges_luts_mode_and_properties_come_back(tmp_path: Path) -> None:
    lut = np.stack([np.arange(256), np.zeros(256), 255 - np.arange(256)], 1).astype(np.uint8)
    image = Image(
        _ramp((2, 3, 4, 5), "uint16"),
        parse_axes("ZCYX"),
        labels=tuple(f"plane {i} \N{MICRO SIGN}" for i in range(6)),
        display=Display(((1.0, 7.5), (2.0, 8.0), (0.0, 9.0)), (lut, lut[::-1], lut), "composite"),
        properties=(("Info", "first\nsecond = 2"), ("key", "value")),
    )
    write_tiff(tmp_path / "a.tif", image)
    back = read_image(tmp_path / "a.tif")
    assert back.labels == image.labels
    assert back.properties == image.properties
    assert back.display is not None
    assert image.display is not None
    assert (back.display.ranges, back.display.mode) == (image.display.ranges, "composite")
    np.testing.assert_array_equal(np.stack(back.display.luts), np.stack(image.display.luts))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "int32"])
@pytest.mark.parametrize("axes", ["YX", "ZYX"])
def test_a_label_image_has_the_label_lut_and_is_known_by_it(
    tmp_path: Path, dtype: str, axes: str
) -> None:
    values = _ramp((3, 4, 5)[-len(axes) :], dtype)
    values = values + 70000 if dtype == "int32" else values
    write_tiff(tmp_path / "a.tif", Image(values, parse_axes(axes), is_label=True))
    back = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.pixels, values)
    assert back.is_label
    assert back.display is not None
    np.testing.assert_array_equal(back.display.luts[0], label_lut())


def test_the_label_lut_gives_neighbours_clearly_different_colours() -> None:
    colours = label_lut().astype(int)
    assert colours[0].tolist() == [0, 0, 0]
    assert np.abs(np.diff(colours, axis=0)).sum(1).min() > 100
    assert len({tuple(colour) for colour in colours}) == 256


@pytest.mark.parametrize("axes", ["CYX", "YXC", "TZCYX"])
def test_rgb_comes_back_as_rgb(tmp_path: Path, axes: str) -> None:
    sizes = {"t": 2, "z": 3, "c": 3, "y": 4, "x": 5}
    pixels = _ramp(tuple(sizes[letter] for letter in axes.lower()), "uint8")
    image = Image(pixels, parse_axes(axes), is_rgb=True)
    write_tiff(tmp_path / "a.tif", image)
    back = read_image(tmp_path / "a.tif")
    expected, kept = _squeezed(image)
    assert (back.axes, back.is_rgb) == (kept, True)
    np.testing.assert_array_equal(back.pixels, expected)


def test_signed_16_bits_as_imagej_saves_them_are_signed_again(tmp_path: Path) -> None:
    description = {"cf": 0, "c0": -32768.0, "c1": 1.0, "vunit": "Gray Value"}
    stored = np.array([[0, 32768, 65535]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stored, imagej=True, metadata=description)
    assert read_image(tmp_path / "a.tif").pixels.tolist() == [[-32768, 0, 32767]]


def test_pages_without_a_word_are_slices(tmp_path: Path) -> None:
    pixels = _ramp((4, 5, 6), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", metadata=None)
    assert format_axes(read_image(tmp_path / "a.tif").axes) == "ZYX"


def test_axes_that_are_not_clear_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _ramp((2, 3, 5, 6), "uint16"), photometric="minisblack")
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.message == (
        f"{path} does not say clearly which axes its array (2, 3, 5, 6) has (QQYX)."
    )
    assert caught.value.hint == "Name the axes, as in axes=TZYX."
    assert format_axes(read_image(path, axes=parse_axes("TCYX")).axes) == "TCYX"


def test_ome_axes_and_pixel_sizes_are_read(tmp_path: Path) -> None:
    metadata = {
        "axes": "TCYX", "PhysicalSizeX": 650.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.7,
        "TimeIncrement": 2.0, "TimeIncrementUnit": "min",
    }  # fmt: skip
    tifffile.imwrite(tmp_path / "a.ome.tif", _ramp((2, 3, 5, 6), "uint16"), metadata=metadata)
    image = read_image(tmp_path / "a.ome.tif")
    assert format_axes(image.axes) == "TCYX"
    assert image.calibration == Calibration(0.65, 0.7, 1.0, unit=_MICRON, frame_interval=120.0)


@pytest.mark.parametrize(
    ("resolution", "unit", "calibration"),
    [
        ((10000, 5000), "centimeter", Calibration(1.0, 2.0, unit=_MICRON)),
        ((100, 50), "centimeter", Calibration(0.01, 0.02, unit="cm")),
        ((72, 72), "inch", Calibration()),
        ((100, 50), "inch", Calibration(0.01, 0.02, unit="inch")),
        ((100, 50), "none", Calibration()),
    ],
)
def test_plain_tiffs_are_calibrated_as_imagej_does(
    tmp_path: Path, resolution: tuple[int, int], unit: str, calibration: Calibration
) -> None:
    path = tmp_path / "a.tif"
    pixels = _ramp((5, 6), "uint8")
    tifffile.imwrite(path, pixels, resolution=resolution, resolutionunit=unit, metadata=None)
    found = read_image(path).calibration
    assert (found.x, found.y) == pytest.approx((calibration.x, calibration.y))
    assert found.unit == calibration.unit


def test_transparency_is_no_channel(tmp_path: Path) -> None:
    pixels = _ramp((5, 6, 4), "uint8")
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    image = read_image(tmp_path / "a.tif")
    assert image.is_rgb
    np.testing.assert_array_equal(image.pixels, np.moveaxis(pixels[..., :3], -1, 0))


def test_colours_of_16_bits_are_three_channels(tmp_path: Path) -> None:
    pixels = _ramp((5, 6, 3), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    image = read_image(tmp_path / "a.tif")
    assert (format_axes(image.axes), image.is_rgb) == ("CYX", False)


@pytest.mark.parametrize("codec", ["tiff_lzw", "packbits", "tiff_deflate", "tiff_adobe_deflate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "?"])
def test_compressed_pages_are_read(tmp_path: Path, codec: str, dtype: str) -> None:
    pages = [
        _ramp((20, 30), dtype),
        ~_ramp((20, 30), "?") if dtype == "?" else 2 * _ramp((20, 30), dtype),
    ]
    pictures = [Pillow.fromarray(page) for page in pages]
    path = tmp_path / "a.tif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], compression=codec)
    expected = np.stack(pages)
    expected = expected.astype(np.uint8) * 255 if dtype == "?" else expected
    np.testing.assert_array_equal(read_image(path).pixels, expected)


def test_a_compression_nobody_here_knows_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _ramp((20, 30), "uint8"), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["Compression"].overwrite(34933)
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.message == (f"{path} is compressed with PNG, which cannot be read here.")
    assert caught.value.hint == (
        "Install imagecodecs (pip install imagecodecs), or save the image uncompressed."
    )


@pytest.mark.parametrize("size", [8, 9, 20, 200, 400])
def test_a_damaged_tiff_is_one_sentence(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, Image(_ramp((3, 20, 30), "uint16"), parse_axes("ZYX")))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.message.startswith(f"{path} cannot be read: ")
    assert caught.value.message.endswith(".")
    assert caught.value.hint == (
        "The file may be damaged; open it in ImageJ and save it as TIFF again."
    )


def test_axes_that_tiff_lacks_are_refused(tmp_path: Path) -> None:
    image = Image(np.zeros((2, 3)), parse_axes("IC"), title="points")
    with pytest.raises(ImageError) as caught:
        write_tiff(tmp_path / "a.tif", image)
    assert caught.value.message == '"points" has axes IC; a TIFF holds T, Z, C, Y and X.'
    assert caught.value.hint == "Save it as a table, or name its axes with these letters."


def test_complex_pixels_are_refused(tmp_path: Path) -> None:
    image = Image(np.zeros((2, 3), complex), parse_axes("YX"), title="fft")
    with pytest.raises(ImageError) as caught:
        write_tiff(tmp_path / "a.tif", image)
    assert caught.value.message == (
        '"fft" has pixels of type complex128; a TIFF holds integers and floats.'
    )
    assert caught.value.hint == "Take its real part, its phase or its magnitude."


def test_an_image_without_pixels_is_refused(tmp_path: Path) -> None:
    image = Image(np.zeros((0, 3), np.uint8), parse_axes("YX"), title="empty")
    with pytest.raises(ImageError) as caught:
        write_tiff(tmp_path / "a.tif", image)
    assert caught.value.message == '"empty" has no pixels (shape (0, 3)).'
    assert caught.value.hint == "Check the step that made it."


def test_a_batch_is_written_as_time(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", Image(_ramp((2, 4, 5), "uint8"), parse_axes("BYX")))
    assert format_axes(read_image(tmp_path / "a.tif").axes) == "TYX"


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "axes", "shape", "calibration"),
    [
        ("biop_zstack_7z_2c_256.tif", "ZCYX", (7, 2, 256, 256), (0.37966, 0.5, _MICRON)),
        ("pyimagej_test_still_stack.tif", "CYX", (3, 300, 300), (0.325, 1.0, "micron")),
        ("stardist_img3d.tif", "ZYX", (31, 61, 57), (1.0, 1.0, "pixel")),
        ("deepimagej_usiigaci_phase_u16.tif", "YX", (1022, 1024), (1.0, 1.0, "pixel")),
    ],
)
def test_real_images_are_read_with_axes_and_calibration(
    shared_data: Path,
    name: str,
    axes: str,
    shape: tuple[int, ...],
    calibration: tuple[float, float, str],
) -> None:
    image = read_image(shared_data / "images" / name)
    assert (format_axes(image.axes), image.pixels.shape) == (axes, shape)
    assert (image.title, image.calibration.unit) == (name, calibration[2])
    found = (image.calibration.x, image.calibration.z)
    assert found == pytest.approx(calibration[:2], rel=1e-4)


@pytest.mark.shared_data
def test_what_imagej_shows_of_a_real_composite_comes_back(
    shared_data: Path, tmp_path: Path
) -> None:
    image = read_image(shared_data / "images" / "pyimagej_test_still_stack.tif")
    assert image.display is not None
    assert image.display.ranges == ((115.0, 3348.0), (425.0, 1185.0), (98.0, 65535.0))
    assert len(image.labels) == 3
    write_tiff(tmp_path / "a.tif", image)
    back = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.pixels, image.pixels)
    assert (back.labels, back.properties) == (image.labels, image.properties)
    assert back.calibration.x == pytest.approx(image.calibration.x, rel=1e-9)
    assert back.display is not None
    assert (back.display.ranges, back.display.mode) == (image.display.ranges, "color")
