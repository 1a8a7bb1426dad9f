"""Images between ImageJ and Python: pixels, axes and what ImageJ keeps beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import Axes, AxisName, format_axes
from deepimagej.errors import ImageError
from deepimagej.host.display import needs_spans, read_display, span, write_display
from deepimagej.host.pixels import (
    check_plane,
    from_java,
    from_java_rgb,
    imagej_pixels,
    in_order,
    to_java,
    to_java_rgb,
)
from deepimagej.image import Calibration, Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STACK: Final = (AxisName.TIME, AxisName.Z, AxisName.CHANNEL)
_PLANE: Final = (AxisName.Y, AxisName.X)
_RGB: Final = 24
_TYPES: Final[dict[int, type[np.generic]]] = {
    8: np.uint8,
    16: np.uint16,
    _RGB: np.uint8,
    32: np.float32,
}
_LABEL: Final = "Slice_Label"
"""The property in which ImageJ keeps the label of an image of one slice."""
_INFO: Final = "Info"


def to_image(imp: Any) -> Image:
    """The `Image` of an ImagePlus.

    Axes are T, Z, C, Y, X without those of length 1. RGB is three channels; an 8-bit image with a
    colour LUT is one. Pixels of ImageJ's signed 16 bit are int16.
    """
    pixels, axes = read_pixels(imp)
    is_rgb = imp.getBitDepth() == _RGB
    return Image(
        pixels=pixels,
        axes=axes,
        title=str(imp.getTitle()),
        calibration=read_calibration(imp),
        labels=_labels(imp),
        display=None if is_rgb else read_display(imp),
        is_rgb=is_rgb,
        properties=_properties(imp),
    )


def read_pixels(imp: Any) -> tuple[NDArray[Any], Axes]:
    """Pixels and axes of an ImagePlus; a virtual stack is read slice by slice."""
    planes = _read_planes(imp)
    if read_type(imp) is np.int16:
        planes = (planes ^ np.uint16(0x8000)).view(np.int16)
    shape, axes = read_axes(imp)
    return planes.reshape(shape), axes


def read_axes(imp: Any) -> tuple[tuple[int, ...], Axes]:
    """Shape and axes of an ImagePlus, as `read_pixels` gives them; no pixel is read."""
    channels, slices, frames = imp.getNChannels(), imp.getNSlices(), imp.getNFrames()
    if imp.getBitDepth() == _RGB:
        channels, slices = 3, slices * channels  # an RGB stack has no other channels
    sizes = (int(frames), int(slices), int(channels))
    kept = [(axis, size) for axis, size in zip(_STACK, sizes, strict=True) if size > 1]
    shape = (*(size for _, size in kept), int(imp.getHeight()), int(imp.getWidth()))
    return shape, (*(axis for axis, _ in kept), *_PLANE)


def read_type(imp: Any) -> type[np.generic]:
    """The type of the pixels of an ImagePlus."""
    depth = int(imp.getBitDepth())
    is_signed = depth == 16 and imp.getCalibration().isSigned16Bit()
    return np.int16 if is_signed else _TYPES[depth]


def to_imageplus(image: Image) -> Any:
    """A new ImagePlus, not shown, with pixels of its own; see `imagej_pixels` for their type.

    Raises
    ------
    ImageError
        An axis or a type that ImageJ has not, or no pixels at all.
    """
    import jpype

    planes, (frames, slices, channels) = _planes(image)
    height, width = planes.shape[-2:]
    check_plane(height, width, title=image.title)
    stack = jpype.JClass("ij.ImageStack")(width, height)
    labels = image.labels if len(image.labels) == len(planes) else (None,) * len(planes)
    spans = []
    has_spans = not image.is_rgb and needs_spans(image, planes, channels)
    for plane, label in zip(in_order(planes), labels, strict=True):
        stack.addSlice(label or None, (to_java_rgb if image.is_rgb else to_java)(plane))
        if has_spans:
            spans.append(span(plane))
    imp = jpype.JClass("ij.ImagePlus")(image.title, stack)
    imp.setDimensions(channels, slices, frames)
    if sum(size > 1 for size in (channels, slices, frames)) > 1:
        imp.setOpenAsHyperStack(True)
    if len(planes) == 1 and labels[0]:
        imp.setProp(_LABEL, labels[0])
    _write_properties(imp, image)
    write_calibration(imp, image.calibration)
    return imp if image.is_rgb else write_display(imp, image, spans)


def read_calibration(imp: Any) -> Calibration:
    """Size and place of the pixels of an ImagePlus."""
    source = imp.getCalibration()
    return Calibration(
        x=float(source.pixelWidth),
        y=float(source.pixelHeight),
        z=float(source.pixelDepth),
        unit=str(source.getUnit()),
        x_origin=float(source.xOrigin),
        y_origin=float(source.yOrigin),
        z_origin=float(source.zOrigin),
        frame_interval=float(source.frameInterval),
        time_unit=str(source.getTimeUnit()),
    )


def write_calibration(imp: Any, calibration: Calibration) -> None:
    """Give `imp` size and place of its pixels."""
    target = imp.getCalibration()
    target.pixelWidth, target.pixelHeight = calibration.x, calibration.y
    target.pixelDepth = calibration.z
    target.setUnit(calibration.unit)
    target.xOrigin, target.yOrigin = calibration.x_origin, calibration.y_origin
    target.zOrigin = calibration.z_origin
    target.frameInterval = calibration.frame_interval
    target.setTimeUnit(calibration.time_unit)


def _read_planes(imp: Any) -> NDArray[Any]:
    size, height, width = (int(n) for n in (imp.getStackSize(), imp.getHeight(), imp.getWidth()))
    # getStack() searches a new plane for its range, which takes as long as the copy.
    stack = imp.getStack() if size > 1 else None
    depth = int(imp.getBitDepth())
    shape = (size, 3, height, width) if depth == _RGB else (size, height, width)
    planes = np.empty(shape, _TYPES[depth])
    for index in range(size):
        pixels = imp.getProcessor().getPixels() if stack is None else stack.getPixels(index + 1)
        (from_java_rgb if depth == _RGB else from_java)(pixels, planes[index])
    return planes


def _labels(imp: Any) -> tuple[str, ...]:
    size = int(imp.getStackSize())
    if size == 1:
        label = imp.getProp(_LABEL)
        return () if label is None else (str(label),)
    labels = [imp.getStack().getSliceLabel(index + 1) for index in range(size)]
    if all(label is None for label in labels):
        return ()
    return tuple("" if label is None else str(label) for label in labels)


def _properties(imp: Any) -> tuple[tuple[str, str], ...]:
    flat = [str(text) for text in imp.getPropertiesAsArray() or ()]
    pairs = sorted(pair for pair in zip(flat[::2], flat[1::2], strict=True) if pair[0] != _LABEL)
    info = imp.getInfoProperty()
    return (*(() if info is None else ((_INFO, str(info)),)), *pairs)


def _write_properties(imp: Any, image: Image) -> None:
    for key, value in image.properties:
        if key == _INFO:
            imp.setProperty(key, value)
        else:
            imp.setProp(key, value)


def _planes(image: Image) -> tuple[NDArray[Any], tuple[int, int, int]]:
    """Planes in ImageJ's order, (N, Y, X) or (N, 3, Y, X), and the numbers of t, z, c."""
    _check(image)
    pixels = image.pixels if image.is_rgb else imagej_pixels(image.pixels, title=image.title)
    axes = [axis for axis in image.axes if axis is not AxisName.BATCH]
    pixels = pixels.reshape([image.sizes[axis] for axis in axes])
    order = [axis for axis in (*_STACK, *_PLANE) if axis in axes]
    pixels = pixels.transpose([axes.index(axis) for axis in order])
    frames, slices, channels = (image.sizes.get(axis, 1) for axis in _STACK)
    if image.is_rgb:
        return pixels.reshape(frames * slices, 3, *pixels.shape[-2:]), (frames, slices, 1)
    planes = pixels.reshape(frames * slices * channels, *pixels.shape[-2:])
    return planes, (frames, slices, channels)


def _check(image: Image) -> None:
    axes, title = format_axes(image.axes), image.title
    if not set(_PLANE) <= set(image.axes) or AxisName.INDEX in image.axes:
        raise ImageError(
            f'"{title}" has the axes {axes}, and an image has Y and X and no rows.',
            hint="Name the axes, as in axes=ZYX; lists are tables.",
        )
    if image.sizes.get(AxisName.BATCH, 1) != 1:
        raise ImageError(
            f'"{title}" holds {image.sizes[AxisName.BATCH]} samples in a batch; '
            "ImageJ has no such axis.",
            hint="Name that axis t or z, or show one sample at a time.",
        )
    if image.pixels.size == 0:
        raise ImageError(
            f'"{title}" has no pixels: its shape is {image.pixels.shape}.',
            hint="Check what made the image.",
        )
    if image.is_rgb and (image.pixels.dtype != np.uint8 or image.sizes[AxisName.CHANNEL] != 3):
        raise ImageError(
            f'"{title}" is not RGB: {image.pixels.dtype} {image.pixels.shape}, axes {axes}.',
            hint="RGB images have three channels of type uint8.",
        )
