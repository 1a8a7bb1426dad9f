"""From outputs of a network to objects: StarDist, SplineDist, Cellpose and DeepWater."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.errors import ImageError, OptionError
from deepimagej.image import SOURCE_SIZE
from deepimagej.method_run import polygon_roi
from deepimagej.methods import deepwater, flows, splinedist, stardist
from deepimagej.methods.outlines import outlines
from deepimagej.option_table import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    import roifile
    from numpy.typing import NDArray

    from deepimagej.image import Image
    from deepimagej.methods.polygons import Objects
    from deepimagej.plugin.calls import Call

_IMAGE: Final = Option("image", "TITLE", "Title of the network's output; absent: the active image.")
_POLYGONS: Final = (
    _IMAGE,
    Option("dist", "TITLE", "Title of the other output, where they are two images."),
    Option("grid", "PX", "Px of the result a px of the output, as in grid=2."),
    Option("prob_thresh", "P", "Least object probability, from 0 to 1, as in prob_thresh=0.5."),
    Option("nms_thresh", "P", "Part of the smaller object that may overlap, from 0 to 1."),
)
STARS: Final = _POLYGONS
SPLINES: Final = (
    *_POLYGONS,
    Option("samples", "NUMBER", "Corners of an outline, as in samples=400."),
)
FLOWS: Final = (
    _IMAGE,
    Option("cellprob_thresh", "NUMBER", "Least value of the third channel, as in 0."),
    Option("flow_thresh", "NUMBER", "Largest error of the flows; 0: any, as in 0.4."),
)
WATER: Final = (
    _IMAGE,
    Option("markers", "NUMBER", "Channel with the cores of the cells, as in markers=2."),
    Option("cells", "NUMBER", "Channel with the cells, as in cells=4."),
    Option("marker_thresh", "P", "From which value on a px is core, as in 0.94."),
    Option("cell_thresh", "P", "From which value on a px is cell, as in 0.61."),
    Option("radius", "PX", "Of the disk that opens the cores, as in radius=3; 0: none."),
    Option("height", "NUMBER", "How far a core must rise to be one of its own, as in 0.012."),
    Option("dams", "BOOL", "Whether px where cells meet are 0: true or false."),
)
NMS: Final = (
    Option("command", "CLASS", "As in command=[de.csbdresden.stardist.StarDist2DNMS]."),
    Option("args", "ARGUMENTS", "As in args=['prob':'scores', 'dist':'distances']."),
    Option("process", "BOOL", "Passed over."),
)

_CLASS: Final = "de.csbdresden.stardist.StarDist2DNMS"
_LEAF: Final = "StarDist 2D NMS (postprocessing only)"
_ARGUMENT: Final = re.compile(r"""['"]?(\w+)['"]?\s*:\s*(?:'([^']*)'|"([^"]*)"|([^,'"]+))""")
_OUTPUTS: Final = ("ROI Manager", "Label Image", "Both")
_MOST: Final = 65535
"""Labels in 16 bit; StarDist's plugin begins again with 1 after them."""


def star_objects(call: Call) -> None:
    """Labels and outlines from probability and distances along rays."""
    source, prob, dist = _maps(call)
    options = call.options
    found = stardist.non_maximum_suppression(
        prob,
        np.maximum(np.moveaxis(dist, 0, -1), stardist.SMALLEST_DISTANCE),
        grid=_grid(call),
        prob_thresh=options.number("prob_thresh", 0.5, most=1),
        nms_thresh=options.number("nms_thresh", 0.4, most=1),
        shape=_size(call, source),
    )
    _show_objects(call, source, found)


def spline_objects(call: Call) -> None:
    """Labels and outlines from probability and control points of splines."""
    source, prob, dist = _maps(call)
    options = call.options
    found = splinedist.non_maximum_suppression(
        prob,
        np.moveaxis(dist, 0, -1),
        grid=_grid(call),
        prob_thresh=options.number("prob_thresh", 0.5, most=1),
        nms_thresh=options.number("nms_thresh", 0.4, most=1),
        samples=options.whole("samples", 400, least=3),
        shape=_size(call, source),
    )
    _show_objects(call, source, found)


def flow_objects(call: Call) -> None:
    """Labels and outlines from the flows along y and x and the cell probability."""
    source = call.named_or_active("image")
    channels = _channels(source)
    if len(channels) != 3:
        raise ImageError(
            f'"{source.title}" has {len(channels)} channels, and this takes 3.',
            hint="They are the flows along y and along x and the cell probability.",
        )
    labels = flows.masks(
        channels[:2],
        channels[2],
        cellprob_threshold=call.options.number("cellprob_thresh", 0, least=-1e6),
        flow_threshold=call.options.number("flow_thresh", 0.4),
    )
    _show_labels(call, source, labels)


def water_objects(call: Call) -> None:
    """Labels and outlines from maps of cores and of cells."""
    source, options = call.named_or_active("image"), call.options
    channels = _channels(source)
    numbers = [
        options.whole(key, default, least=1) for key, default in (("markers", 1), ("cells", 2))
    ]
    if max(numbers) > len(channels):
        raise ImageError(
            f'"{source.title}" has {len(channels)} channels, and none is number {max(numbers)}.',
            hint="Name the channels of cores and cells, as in markers=2 cells=4.",
        )
    labels = deepwater.segment(
        channels[numbers[0] - 1],
        channels[numbers[1] - 1],
        marker_thresh=options.number("marker_thresh", 240 / 255),
        cell_thresh=options.number("cell_thresh", 156 / 255),
        radius=options.whole("radius", 3),
        height=options.number("height", 3 / 255),
        has_dams=options.choice("dams", ("true", "false"), "true") == "true",
    )
    _show_labels(call, source, labels)


def command_from_macro(call: Call) -> None:
    """StarDist's plugin for Fiji: suppress, then labels and ROIs as the arguments say.

    Notes
    -----
    The arguments are those of its class ``StarDist2DNMS``, the ROIs are put in the place of those
    in the manager, and the label image is called "Label Image", as there. It cuts corners to
    hundredths of px; here the suppression is that of the Python package.
    """
    name = call.options.text("command")
    if name not in (_CLASS, _LEAF):
        raise OptionError(
            f'Command From Macro runs {_CLASS} here, and not "{name}".',
            hint="Run the macro in a Fiji that has the plugin with this command.",
        )
    arguments = _arguments(call)
    prob, dist = arguments.named("prob"), arguments.named("dist")
    output = arguments.options.choice("outputType", _OUTPUTS, "Both")
    frames = _frames(prob, dist)
    found = [_suppressed(arguments, *frame) for frame in frames]
    if output != "Label Image":
        is_series = len(frames) > 1
        rois = [
            roi
            for number, objects in enumerate(found, 1)
            for roi in _rois(objects.polygons, position=number if is_series else 0, is_named=False)
        ]
        call.add_rois(rois, in_place=True)
    if output != "ROI Manager":
        call.show(_label_image(prob, found))


def _arguments(call: Call) -> Call:
    """The call with the options that `args` holds."""
    pairs = _ARGUMENT.findall(call.options.text("args"))
    known = {option.key for option in ARGUMENTS}
    values = [(key, single or double or plain.strip()) for key, single, double, plain in pairs]
    return call.with_options([pair for pair in values if pair[0] in known], ARGUMENTS)


ARGUMENTS: Final = (
    Option("prob", "TITLE", "Title of the probabilities, as in 'prob':'scores'."),
    Option("dist", "TITLE", "Title of the distances, as in 'dist':'distances'."),
    Option("probThresh", "P", "From 0 to 1, as in 'probThresh':'0.5'."),
    Option("nmsThresh", "P", "From 0 to 1, as in 'nmsThresh':'0.4'."),
    Option("outputType", "NAME", "As in 'outputType':'Both'."),
    Option("excludeBoundary", "PX", "Px along the border without objects, as in '2'."),
    Option("roiPosition", "NAME", "Stack or Hyperstack."),
)
"""What `args` may hold; StarDist's plugin passes over all else."""


def _suppressed(arguments: Call, prob: NDArray[Any], dist: NDArray[Any]) -> Objects:
    options = arguments.options
    return stardist.non_maximum_suppression(
        prob,
        np.moveaxis(dist, 0, -1),
        prob_thresh=options.number("probThresh", 0.5, least=-1e6),
        nms_thresh=options.number("nmsThresh", 0.4, most=1),
        border=options.whole("excludeBoundary", 2),
    )


def _frames(prob: Image, dist: Image) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Probabilities (Y, X) and distances (rays, Y, X) of each time point."""
    count = prob.sizes.get(AxisName.TIME, 1)
    planes = prob.pixels.reshape(-1, *prob.pixels.shape[-2:])
    rays = dist.pixels.reshape(-1, *dist.pixels.shape[-2:])
    if len(planes) != count or len(rays) < 3 * count or rays.shape[1:] != planes.shape[1:]:
        raise ImageError(
            f"Probabilities of shape {prob.pixels.shape} and distances of shape "
            f"{dist.pixels.shape} do not fit each other.",
            hint="Give a plane, or one for each time point, and 3 or more rays for each plane.",
        )
    return list(zip(planes, rays.reshape(count, -1, *rays.shape[1:]), strict=True))


def _label_image(prob: Image, found: Sequence[Objects]) -> Image:
    planes, before = [], 0
    for objects in found:
        numbered = np.where(objects.labels > 0, (objects.labels + before - 1) % _MOST + 1, 0)
        planes.append(numbered.astype(np.uint16))
        before += len(objects.scores)
    pixels = np.stack(planes).reshape(prob.pixels.shape)
    return replace(prob, pixels=pixels, title="Label Image", display=None, is_label=True)


def _maps(call: Call) -> tuple[Image, NDArray[Any], NDArray[Any]]:
    """The output, its probabilities (Y, X), and all other channels."""
    source = call.named_or_active("image")
    channels = _channels(source)
    if call.options.text("dist", ""):
        return source, channels[0], _channels(call.named("dist"))
    return source, channels[0], channels[1:]


def _channels(image: Image) -> NDArray[Any]:
    """An image of one stack as (C, Y, X)."""
    if image.pixels.ndim > 3:
        raise ImageError(
            f'"{image.title}" has several planes of several channels, and this takes one.',
            hint='Take one out first, as with run("Make Substack...", "slices=1").',
        )
    return image.pixels.reshape(-1, *image.pixels.shape[-2:])


def _grid(call: Call) -> tuple[int, int]:
    step = call.options.whole("grid", 1, least=1)
    return step, step


def _size(call: Call, source: Image) -> tuple[int, int] | None:
    """Height and width of the image that `source` is of, where its grid ends beyond that."""
    text = dict(source.properties).get(SOURCE_SIZE, "")
    told = [int(word) for word in text.split() if word.isdecimal()]
    grid = _grid(call)
    covered = [length * step for length, step in zip(source.pixels.shape[-2:], grid, strict=True)]
    if len(told) != 2 or not all(
        0 <= whole - size < step for whole, size, step in zip(covered, told, grid, strict=True)
    ):
        return None
    return told[0], told[1]


def _show_objects(call: Call, source: Image, found: Objects) -> None:
    call.add_rois(_rois(found.polygons))
    call.show(_labels_of(source, found.labels, _grid(call)[0]))


def _show_labels(call: Call, source: Image, labels: NDArray[np.int32]) -> None:
    call.add_rois(polygon_roi(corners, label) for label, corners in outlines(labels))
    call.show(_labels_of(source, labels))


def _labels_of(source: Image, labels: NDArray[np.int32], step: int = 1) -> Image:
    calibration = source.calibration
    finer = replace(calibration, x=calibration.x / step, y=calibration.y / step)
    image = source.with_pixels(labels, (AxisName.Y, AxisName.X))
    return replace(image, title=f"{source.stem}_labels", calibration=finer, is_label=True)


def _rois(
    polygons: NDArray[Any], *, position: int = 0, is_named: bool = True
) -> list[roifile.ImagejRoi]:
    """Polygons of (n, 2, corners) y and x; the centre of px (0, 0) lies at 0.5 in ImageJ."""
    rois = []
    for number, corners in enumerate(polygons, 1):
        roi = polygon_roi(corners[::-1].T + 0.5, number)
        if not is_named:
            roi.name = ""
        roi.position = position
        rois.append(roi)
    return rois
