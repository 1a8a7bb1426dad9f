"""``DeepImageJ Cellpose``: a network of Cellpose's kind from the image to labels and outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import AxisName, SizeRule
from deepimagej.errors import BundleError, ImageError
from deepimagej.method_options import format_cellpose_line
from deepimagej.method_run import (
    LABELS,
    channel_counts,
    channels_of,
    polygon_roi,
    result_image,
    told_outputs,
)
from deepimagej.methods.flows import masks
from deepimagej.methods.outlines import outlines
from deepimagej.methods.resizing import resize
from deepimagej.outcome import Part
from deepimagej.positions import count, match_axes, to_tensor
from deepimagej.request import ChannelChoice, Source, StageChoice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.method_options import CellposeOptions
    from deepimagej.positions import Layout, Position
    from deepimagej.request import RunRequest

_CELLS: Final = 30.0
_NUCLEI: Final = 17.0
"""Diameters in px at which Cellpose's own models were trained."""
_PERCENTILES: Final = (1, 99)
_COLORS: Final = ("red", "green", "blue")
_STEPS: Final = 200


class Cellpose:
    """What Cellpose does around its network.

    The bundle's own operations before the network run if it has some; else percentiles 1 and 99 of
    each channel become 0 and 1, as in Cellpose.

    Parameters
    ----------
    spec
        A model whose outputs are the flows along y and x and the cell probability, in this order.

    Raises
    ------
    BundleError
        If the outputs are others, or it takes more than three channels.
    """

    def __init__(self, spec: ModelSpec, options: CellposeOptions) -> None:
        self.spec = spec
        self._options = options
        self._diameter = _trained(spec)
        self._rescale = self._diameter / options.diameter if options.diameter else 1.0
        self._is_zoo = bool(spec.inputs[0].operations)
        zoo = StageChoice(Source.ZOO)
        self.request = replace(
            options.request,
            preprocessing=zoo if self._is_zoo else StageChoice(Source.NONE),
            postprocessing=zoo,
        )
        channels = spec.inputs[0].axis(AxisName.CHANNEL)
        rule = SizeRule(1) if channels is None else channels.size
        self._fed = rule.min if isinstance(rule, SizeRule) else 1
        numbers = list(channel_counts(spec).values())
        is_volume = any(output.axis(AxisName.Z) for output in spec.outputs)
        known = [number for number in numbers if number is not None]
        if is_volume or self._fed > 3 or (len(known) == len(numbers) and sum(known) != 3):
            raise self._refusal()

    def lay_out(self, job: Job, images: Mapping[str, Image]) -> dict[str, Layout]:
        """The image with all its channels; the colours pick some at each position."""
        tensor = self.spec.inputs[0]
        return {tensor.name: match_axes(images[tensor.name], tensor, ChannelChoice(), strict=False)}

    def preprocess(
        self, layouts: Mapping[str, Layout], position: Position
    ) -> tuple[Image, dict[str, NDArray[Any]]]:
        """One sample: the channels of the colours, at the size that the network was trained for."""
        tensor = self.spec.inputs[0]
        source = layouts[tensor.name].sample(position)
        values = self._channels(source)
        if not self._is_zoo:
            values = np.stack([_normalised(channel) for channel in values])
        if self._rescale != 1:
            height, width = (int(size * self._rescale) for size in values.shape[1:])
            if not height or not width:
                raise ImageError(
                    f'"{source.title}" has less than a px left at '
                    f"diameter={self._options.diameter:g}.",
                    hint=f"The model knows objects of {self._diameter:g} px; give a smaller "
                    "diameter.",
                )
            values = resize(values, (height, width))
        axes = (AxisName.CHANNEL, AxisName.Y, AxisName.X)
        return source, {tensor.name: to_tensor(source.with_pixels(values, axes), tensor)}

    def postprocess(self, position: Position, prediction: Prediction, source: Image) -> Part:
        """Labels and outlines of the cells; the flows as well where they were asked for."""
        maps = [channels_of(prediction.outputs[name]) for name in channel_counts(self.spec)]
        maps.sort(key=len, reverse=len(maps) == 2)  # flows before probability
        values = np.concatenate(maps)
        if len(values) != 3:
            raise self._refusal()
        size = source.sizes[AxisName.Y], source.sizes[AxisName.X]
        values = resize(values, size)
        labels = masks(values[:2], values[2], steps=max(int(_STEPS / self._rescale), 1))
        images = {}
        if self._options.display_all:
            images["flows"] = result_image("flows", values[:2], source)
            images["cellprob"] = result_image("cellprob", values[2], source)
        images[LABELS] = result_image(LABELS, labels, source)
        rois = tuple(polygon_roi(corners, label) for label, corners in outlines(labels))
        return Part(position, images, rois=rois)

    def line(self, request: RunRequest) -> str:
        """The macro line that repeats the run."""
        return format_cellpose_line(replace(self._options, request=request))

    def record(self) -> Mapping[str, Any]:
        """The stages, for the provenance."""
        options = self._options
        record: dict[str, Any] = {
            "postprocessing": {
                "source": "DeepImageJ Cellpose",
                "diameter": options.diameter or self._diameter,
                "model_diameter": self._diameter,
                "cyto_color": options.cyto_color,
                "nuclei_color": options.nuclei_color,
            }
        }
        if not self._is_zoo:
            low, high = _PERCENTILES
            record["preprocessing"] = {
                "source": "DeepImageJ Cellpose",
                "min_percentile": low,
                "max_percentile": high,
            }
        return record

    def _channels(self, source: Image) -> NDArray[Any]:
        """(C, Y, X) as the network takes them: cells, nuclei, zeros."""
        names = list(source.axes)
        pixels = source.pixels
        if AxisName.CHANNEL not in names:
            pixels, names = pixels[np.newaxis], [AxisName.CHANNEL, *names]
        order = [names.index(name) for name in (AxisName.CHANNEL, AxisName.Y, AxisName.X)]
        pixels = np.transpose(pixels, order)
        if self._options.cyto_color == "gray":
            if len(pixels) > 1 and not source.is_rgb:
                raise ImageError(
                    f'"{source.title}" has {count(len(pixels))}, and cyto_color=gray takes one.',
                    hint="Name the colour of each, as in cyto_color=green nuclei_color=blue.",
                )
            chosen = [pixels.mean(0) if len(pixels) > 1 else pixels[0]]
        else:
            colors = (self._options.cyto_color, self._options.nuclei_color)[: self._fed]
            chosen = [self._channel(source, pixels, color) for color in colors]
        empty = np.zeros_like(chosen[0])
        return np.stack([*chosen, *[empty] * (self._fed - len(chosen))])

    def _channel(self, source: Image, pixels: NDArray[Any], color: str) -> NDArray[Any]:
        number = _COLORS.index(color)
        if number >= len(pixels):
            raise ImageError(
                f'"{source.title}" has {count(len(pixels))}, and none is {color}.',
                hint="Red, green and blue are the first three; use gray for an image of one.",
            )
        return np.asarray(pixels[number])

    def _refusal(self) -> BundleError:
        return BundleError(
            f'"{self.spec.name}" is no Cellpose model: it takes {count(self._fed)} and its outputs '
            f"are {told_outputs(self.spec)}.",
            hint="Such a model takes 1 to 3 channels and gives three: the flows along y and x and "
            "the cell probability; run others with DeepImageJ Run.",
        )


def _trained(spec: ModelSpec) -> float:
    """The diameter of objects, in px, at which the network was trained."""
    config = spec.config.get("cellpose")
    if isinstance(config, Mapping):
        for key in ("diameter", "diam_mean"):
            value = config.get(key)
            if isinstance(value, (int, float)) and value > 0:
                return float(value)
    return _NUCLEI if "nuclei" in spec.name.lower() else _CELLS


def _normalised(values: NDArray[Any]) -> NDArray[np.float32]:
    """Percentiles 1 and 99 become 0 and 1; a channel without contrast becomes 0."""
    low, high = np.percentile(values, _PERCENTILES)
    if high - low <= 1e-3:
        return np.zeros(values.shape, np.float32)
    return np.asarray((values.astype(np.float32) - low) / (high - low), np.float32)
