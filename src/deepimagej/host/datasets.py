"""Images of ImageJ2, `net.imagej.Dataset` and `net.imagej.ImgPlus`, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.errors import HostError, ImageError
from deepimagej.host.images import to_imageplus
from deepimagej.host.running import running
from deepimagej.image import Calibration, Image

if TYPE_CHECKING:
    from deepimagej.host.running import Host

_AXES: Final = {
    "Time": AxisName.TIME,
    "Z": AxisName.Z,
    "Channel": AxisName.CHANNEL,
    "Y": AxisName.Y,
    "X": AxisName.X,
}
"""By ImageJ2's labels, in the order of our images."""


def is_dataset(image: Any) -> bool:
    """Whether `image` is a Dataset or an ImgPlus."""
    return hasattr(image, "averageScale")


def to_image(dataset: Any) -> Image:
    """The `Image` of a Dataset or ImgPlus, in its own type, with its pixel size.

    Raises
    ------
    HostError
        No ImageJ2 runs as our host.
    ImageError
        It has an axis that ImageJ has not.
    """
    host = running()
    if host is None or host.gateway is None:
        raise HostError(
            "An image of ImageJ2 is given, and ImageJ2 is not the host.",
            hint="Hand over the ImageJ that made it first: deepimagej.start(ij).",
        )
    host.attach()
    title = str(dataset.getName() or "image")
    count = int(dataset.numDimensions())
    labels = [str(dataset.axis(index).type().getLabel()) for index in range(count)]
    if len(labels) == 2 and not set(labels) & _AXES.keys():
        labels = ["X", "Y"]  # of a numpy array without names
    unknown = [label for label in labels if label not in _AXES]
    if unknown:
        raise ImageError(
            f'"{title}" has an axis {", ".join(unknown)}, which ImageJ has not.',
            hint=f"Give an image with axes of {', '.join(_AXES)}.",
        )
    # ImageJ2 names its fastest axis first, numpy its slowest.
    python = host.gateway.py
    pixels = np.asarray(python.rai_to_numpy(dataset, python.initialize_numpy_image(dataset)))
    order = [label for label in _AXES if label in labels]
    pixels = np.ascontiguousarray(pixels.transpose([labels[::-1].index(each) for each in order]))
    axes = tuple(_AXES[label] for label in order)
    return Image(pixels, axes, title, _calibration(dataset, labels))


def to_dataset(host: Host, image: Image) -> Any:
    """A new Dataset with the pixels of `image`.

    Raises
    ------
    HostError
        The host is the embedded ImageJ, which has no ImageJ2.
    """
    if host.gateway is None:
        raise HostError(
            f'"{image.title}" cannot be a Dataset: the embedded ImageJ has no ImageJ2.',
            hint='Start a Fiji, as in deepimagej.start("/path/to/Fiji.app").',
        )
    host.attach()
    dataset = host.java_class("net.imagej.Dataset")
    return host.gateway.convert().convert(to_imageplus(image), dataset.class_)


def _calibration(dataset: Any, labels: list[str]) -> Calibration:
    scales = dict.fromkeys(_AXES, 1.0)
    for index, label in enumerate(labels):
        scales[label] = float(dataset.axis(index).averageScale(0, 1))
    unit = dataset.axis(labels.index("X")).unit()
    return Calibration(
        x=scales["X"],
        y=scales["Y"],
        z=scales["Z"],
        unit="pixel" if unit is None else str(unit),
        frame_interval=scales["Time"] if "Time" in labels else 0.0,
    )
