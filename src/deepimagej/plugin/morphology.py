"""MorphoLibJ's commands that published macros call, with its parameters and titles."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.errors import ImageError
from deepimagej.methods.morphology import CHAMFERS, ELEMENTS, FILTERS, fill_grey_holes
from deepimagej.methods.watersheds import flood, split_by_distance, sunk
from deepimagej.option_table import Option
from deepimagej.plugin.calls import Call, short_title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from deepimagej.image import Image

_SIZES: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "Greater_Than": operator.gt,
    "Lower_Than": operator.lt,
    "Greater_Than_Or_Equal": operator.ge,
    "Lower_Than_Or_Equal": operator.le,
    "Equal": operator.eq,
    "Not_Equal": operator.ne,
}
_BITS: Final = {"32 bits": np.float32, "16 bits": np.uint16}

MARKERS: Final = (
    Option("input", "TITLE", "Title of the image whose low values are flooded first."),
    Option("marker", "TITLE", "Title of the image with the markers, as in marker=markers."),
    Option("mask", "TITLE", "Title of the image that tells what may be flooded, or None."),
    Option("compactness", "NUMBER", "0, or more for labels of more even sizes."),
    Option("binary", "", "Markers that touch are one."),
    Option("calculate", "", "Draw dams where two floods meet."),
    Option("use", "", "Px touch at their corners too."),
)
FILTER: Final = (
    Option("operation", "NAME", "As in operation=Opening."),
    Option("element", "NAME", "As in element=Disk."),
    Option("radius", "PX", "Whole px from the middle of the element, as in radius=3."),
    Option("show", "", "MorphoLibJ shows the element; passed over here."),
    Option("preview", "", "Passed over."),
)
DISTANCE: Final = (
    Option("distances", "NAME", "As in distances=[Borgefors (3,4)]."),
    Option("output", "BITS", "output=[32 bits] or output=[16 bits]."),
    Option("normalize", "", "Distances are in px."),
    Option("dynamic", "NUMBER", "How far peaks rise above the pass between two objects, in px."),
    Option("connectivity", "NUMBER", "connectivity=4 or connectivity=8."),
    Option("preview", "", "Passed over."),
)
SIZE: Final = (
    Option("operation", "NAME", "As in operation=Greater_Than."),
    Option("size", "PX", "Number of px, as in size=10."),
)
LABELS: Final = (Option("label(s)", "NUMBERS", "Labels between commas, as in label(s)=1,2."),)


def marker_watershed(call: Call) -> None:
    """Flood an image from markers."""
    source, markers = call.named_or_active("input"), call.named("marker")
    mask = None if call.options.text("mask", "None") == "None" else call.named("mask")
    for other in (markers, mask):
        if other is not None and other.pixels.shape != source.pixels.shape:
            raise _unequal(source, other)
    labels = flood(
        sunk(source.pixels, markers.pixels),
        markers.pixels,
        mask=None if mask is None else mask.pixels,
        is_binary=call.options.is_ticked("binary"),
        has_dams=call.options.is_ticked("calculate"),
        diagonal=call.options.is_ticked("use"),
        compactness=call.options.number("compactness", 0),
    )
    stem, dot, extension = source.title.rpartition(".")
    title = f"{stem}-watershed.{extension}" if dot else f"{source.title}-watershed"
    call.show(_result(source, labels.astype(np.float32), title))


def morphological_filter(call: Call) -> None:
    """Filter each plane of the active image."""
    image = call.image()
    operation = call.options.choice("operation", FILTERS, "Dilation")
    element = ELEMENTS[call.options.choice("element", ELEMENTS, "Square")](
        call.options.whole("radius", 2)
    )
    planes = image.pixels.reshape(-1, *image.pixels.shape[-2:])
    filtered = np.stack([FILTERS[operation](plane, element) for plane in planes])
    title = f"{short_title(image.title)}-{operation}"
    call.show(replace(image, pixels=filtered.reshape(image.pixels.shape), title=title))


def distance_watershed(call: Call) -> None:
    """Split the objects of a mask where they are narrow."""
    image = call.image()
    if image.axes != (AxisName.Y, AxisName.X) or not _is_binary(image.pixels):
        raise ImageError(
            f'"{image.title}" is no mask: Distance Transform Watershed takes a single plane of 8 '
            "bit whose values are 0 and 255.",
            hint='Make one with run("Convert to Mask").',
        )
    name = call.options.choice("distances", CHAMFERS, "Chessknight (5,7,11)")
    bits = call.options.choice("output", _BITS, "32 bits")
    labels = split_by_distance(
        image.pixels,
        CHAMFERS[name],
        dynamic=call.options.whole("dynamic", 1),
        diagonal=call.options.choice("connectivity", ("4", "8"), "4") == "8",
        normalize=call.options.is_ticked("normalize"),
    )
    title = f"{short_title(image.title)}-dist-watershed"
    call.show(_result(image, labels.astype(_BITS[bits]), title))


def filter_sizes(call: Call) -> None:
    """Keep the labels whose number of px passes a test."""
    image = call.image()
    passes = _SIZES[call.options.choice("operation", _SIZES, "Greater_Than")]
    limit = call.options.whole("size", 100)
    labels, places, sizes = np.unique(image.pixels, return_inverse=True, return_counts=True)
    kept = np.where(passes(sizes, limit) & (labels != 0), labels, 0)
    pixels = kept[places].reshape(image.pixels.shape).astype(image.pixels.dtype)
    call.show(replace(image, pixels=pixels, title=f"{short_title(image.title)}-sizeFilt"))


def select_labels(call: Call) -> None:
    """Keep the labels that are named."""
    image = call.image()
    given = call.options.text("label(s)")
    words = given.replace(",", " ").split()
    if not words or not all(word.isdecimal() for word in words):
        raise call.options.values["label(s)"].refused("these are no whole numbers")
    kept = np.isin(image.pixels, [int(word) for word in words])
    pixels = np.where(kept, image.pixels, 0).astype(image.pixels.dtype)
    call.show(replace(image, pixels=pixels, title=f"{short_title(image.title)}-keepLabels"))


def fill_holes(call: Call) -> None:
    """Fill dark holes in bright structures."""
    image = call.image()
    title = f"{short_title(image.title)}-fillHoles"
    call.show(_result(image, fill_grey_holes(image.pixels), title))


def _result(source: Image, pixels: NDArray[Any], title: str) -> Image:
    """A new image in the place of `source`, in ImageJ's own grey."""
    return replace(source, pixels=pixels, title=title, display=None, is_label=False)


def _is_binary(pixels: NDArray[Any]) -> bool:
    return pixels.dtype == np.uint8 and not np.isin(pixels, (0, 255), invert=True).any()


def _unequal(first: Image, second: Image) -> ImageError:
    sizes = (
        f'"{image.title}" ({" x ".join(map(str, image.pixels.shape[::-1]))} px)'
        for image in (first, second)
    )
    return ImageError(
        f"{' and '.join(sizes)} are not of one size.",
        hint="Crop or scale one of them, or choose another image.",
    )
