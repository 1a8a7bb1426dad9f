"""Real ImageJ opens the TIFFs that we write, and we read those that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepimagej.axes import parse_axes
from deepimagej.files import label_lut, read_image, write_tiff
from deepimagej.image import Calibration, Display, Image

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.host.running import Host

_LUT = np.stack([np.arange(256), np.zeros(256), 255 - np.arange(256)], 1).astype(np.uint8)
_CALIBRATION = Calibration(0.125, 0.25, 0.5, "micron", 1.5, 2.5, 3.5, 2.0, "min")


def _ramp(axes: str, dtype: str, start: int = 0) -> Image:
    shape = [{"t": 2, "z": 3, "c": 2, "y": 4, "x": 5}[letter] for letter in axes.lower()]
    pixels = (np.arange(np.prod(shape)) + start).reshape(shape).astype(dtype)
    return Image(pixels, parse_axes(axes), calibration=_CALIBRATION)


def _open(path: Path) -> Any:
    import jpype

    return jpype.JClass("ij.IJ").openImage(str(path))


@pytest.mark.parametrize(
    ("axes", "dtype", "start", "bits"),
    [
        ("YX", "uint8", 0, 8),
        ("ZYX", "uint16", 0, 16),
        ("YX", "int16", -7, 16),
        ("TZCYX", "float32", -3, 32),
        ("CYX", "uint16", 60000, 16),
        ("ZYX", "int32", 70000, 32),
    ],
)
def test_imagej_reads_our_pixels_and_calibration(
    imagej: Host, tmp_path: Path, axes: str, dtype: str, start: int, bits: int
) -> None:
    image = _ramp(axes, dtype, start)
    write_tiff(tmp_path / "a.tif", image)
    imp = _open(tmp_path / "a.tif")
    sizes = image.sizes
    expected = [5, 4, *(sizes.get(axis, 1) for axis in parse_axes("CZT"))]
    assert (list(imp.getDimensions()), imp.getBitDepth()) == (expected, bits)
    calibration = imp.getCalibration()
    found = [calibration.pixelWidth, calibration.pixelHeight, calibration.frameInterval]
    assert found == pytest.approx([0.125, 0.25, 2.0])
    assert (calibration.getUnit(), calibration.getTimeUnit()) == ("micron", "min")
    assert (calibration.xOrigin, calibration.zOrigin) == (1.5, 3.5)
    last = imp.getStack().getProcessor(imp.getStackSize())
    assert last.getValue(4, 3) == image.pixels.flat[-1]


def test_imagej_shows_our_labels_with_their_colours(imagej: Host, tmp_path: Path) -> None:
    import jpype

    for dtype in ("uint8", "uint16", "float32"):
        image = Image(_ramp("YX", dtype).pixels, parse_axes("YX"), is_label=True)
        write_tiff(tmp_path / "a.tif", image)
        table = _open(tmp_path / "a.tif").getProcessor().getLut()
        for label in (1, 2, 255):
            red, green, blue = (int(part) for part in label_lut()[label])
            assert table.getRGB(jpype.JInt(label)) & 0xFFFFFF == red << 16 | green << 8 | blue


def test_what_imagej_saves_of_our_file_is_the_same_image(imagej: Host, tmp_path: Path) -> None:
    import jpype

    image = Image(
        _ramp("TZCYX", "uint16").pixels,
        parse_axes("TZCYX"),
        calibration=_CALIBRATION,
        labels=tuple(f"plane {i}" for i in range(12)),
        display=Display(((1.0, 9.0), (2.0, 8.0)), (_LUT, _LUT[::-1]), "composite"),
        properties=(("Info", "first\nsecond"), ("key", "value")),
    )
    write_tiff(tmp_path / "a.tif", image)
    jpype.JClass("ij.IJ").saveAsTiff(_open(tmp_path / "a.tif"), str(tmp_path / "b.tif"))
    back = read_image(tmp_path / "b.tif")
    np.testing.assert_array_equal(back.pixels, image.pixels)
    assert (back.axes, back.calibration) == (image.axes, _CALIBRATION)
    assert (back.labels, back.properties) == (image.labels, image.properties)
    assert back.display is not None
    assert (back.display.ranges, back.display.mode) == (((1.0, 9.0), (2.0, 8.0)), "composite")
    # ImageJ scales its tables to the range, by one level at most.
    np.testing.assert_allclose(back.display.luts[0].astype(int), _LUT.astype(int), atol=1)
