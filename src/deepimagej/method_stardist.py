"""``DeepImageJ StarDist``: a StarDist network from the image to labels and outlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.axes import AxisName, SizeReference
from deepimagej.errors import BundleError, ImageError
from deepimagej.method_options import StarDistOptions, format_stardist_line
from deepimagej.method_run import (
    LABELS,
    channel_counts,
    channels_of,
    polygon_roi,
    result_image,
    told_outputs,
)
from deepimagej.methods.stardist import SMALLEST_DISTANCE, non_maximum_suppression
from deepimagej.outcome import Part
from deepimagej.positions import to_tensor
from deepimagej.request import Source, StageChoice
from deepimagej.road import lay_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.positions import Layout, Position
    from deepimagej.request import RunRequest
    from deepimagej.tiling import TilePlan

_PROB_THRESH: Final = 0.5
_NMS_THRESH: Final = 0.4
"""stardist's own defaults, for bundles that state none."""
_EPS: Final = np.float32(1e-20)
_STEPS: Final = (32, 16, 8, 4, 2)


class StarDist:
    """What StarDist does around its network; the bundle's own stages are left out.

    Parameters
    ----------
    spec
        A model whose outputs are object probability and distances, in one tensor or in two.

    Raises
    ------
    BundleError
        If the outputs are others.
    """

    def __init__(self, spec: ModelSpec, options: StarDistOptions) -> None:
        self.spec = spec
        config = _table(spec.config, "stardist")
        thresholds, training = _table(config, "thresholds"), _table(config, "config")
        self._rays = _number(training.get("n_rays"))
        self._grid = training.get("grid")
        own = _number(thresholds.get("prob")), _number(thresholds.get("nms"))
        prob, nms = options.prob_thresh, options.nms_thresh
        self._prob = _first(prob, own[0], _PROB_THRESH)
        self._nms = _first(nms, own[1], _NMS_THRESH)
        self._percentiles = options.min_percentile, options.max_percentile
        self.request = _with_stages(options.request)
        counts = channel_counts(spec)
        is_volume = any(output.axis(AxisName.Z) for output in spec.outputs)
        if is_volume or (None not in counts.values() and not _roles(_known(counts))):
            raise self._refusal()

    def lay_out(self, job: Job, images: Mapping[str, Image]) -> dict[str, Layout]:
        """How the image is fed to the network."""
        return lay_out(job, images)

    def preprocess(
        self, layouts: Mapping[str, Layout], position: Position
    ) -> tuple[Image, dict[str, NDArray[Any]]]:
        """One sample, percentiles mapped to 0 and 1, not clipped."""
        tensor = self.spec.inputs[0]
        source = layouts[tensor.name].sample(position)
        values = to_tensor(source, tensor)
        low, high = (np.float32(value) for value in np.percentile(values, self._percentiles))
        if low == high and values.min() != values.max():
            raise ImageError(
                f"The percentiles {self._percentiles[0]:g} and {self._percentiles[1]:g} of "
                f'"{source.title}" are both {low:g}, so its values cannot be scaled.',
                hint="Choose a larger max_percentile, such as max_percentile=100.",
            )
        scaled = (values.astype(np.float32) - low) / (high - low + _EPS)
        return source, {tensor.name: scaled}

    def postprocess(self, position: Position, prediction: Prediction, source: Image) -> Part:
        """Labels and outlines of the objects."""
        maps = {name: channels_of(prediction.outputs[name]) for name in channel_counts(self.spec)}
        roles = _roles({name: len(values) for name, values in maps.items()})
        if not roles:
            raise self._refusal()
        prob = maps[roles[0]][0]
        dist = maps[roles[1]]
        if roles[0] == roles[1]:
            dist = dist[1 : None if self._rays is None else 1 + int(self._rays)]
        size = source.sizes[AxisName.Y], source.sizes[AxisName.X]
        grid = self._steps(roles[0], prob.shape, size)
        if grid == (1, 1):
            grid = self._hidden_grid(prob)
            prob, dist = prob[:: grid[0], :: grid[1]], dist[:, :: grid[0], :: grid[1]]
        found = non_maximum_suppression(
            prob,
            np.maximum(np.moveaxis(dist, 0, -1), SMALLEST_DISTANCE),
            grid=grid,
            prob_thresh=self._prob,
            nms_thresh=self._nms,
            shape=size,
            padding=self._padding(prediction.plan, grid, prob.shape),
        )
        # The centre of px (0, 0) lies at 0.5 in ImageJ.
        rois = tuple(
            polygon_roi(corners[::-1].T + 0.5, number + 1)
            for number, corners in enumerate(found.polygons)
        )
        return Part(position, {LABELS: result_image(LABELS, found.labels, source)}, rois=rois)

    def line(self, request: RunRequest) -> str:
        """The macro line that repeats the run."""
        return format_stardist_line(
            StarDistOptions(request, self._prob, self._nms, *self._percentiles)
        )

    def record(self) -> Mapping[str, Any]:
        """The stages, for the provenance."""
        low, high = self._percentiles
        return {
            "preprocessing": {
                "source": "DeepImageJ StarDist",
                "min_percentile": low,
                "max_percentile": high,
            },
            "postprocessing": {
                "source": "DeepImageJ StarDist",
                "prob_thresh": self._prob,
                "nms_thresh": self._nms,
            },
        }

    def _refusal(self) -> BundleError:
        return BundleError(
            f'"{self.spec.name}" is no StarDist model of two dimensions: its outputs are '
            f"{told_outputs(self.spec)}.",
            hint="Such a model gives object probability and distances along 3 or more rays, in "
            "one output (probability first) or in two; run others with DeepImageJ Run.",
        )

    def _padding(
        self, plan: TilePlan, grid: tuple[int, int], shape: tuple[int, ...]
    ) -> tuple[int, int]:
        """Px of the grid that were cut off at the bottom and at the right."""
        tensor = self.spec.inputs[0]
        padded = dict(zip(tensor.names, plan.padded[tensor.name], strict=True))
        bottom, right = (
            max(padded[axis] // step - length, 0)
            for axis, step, length in zip((AxisName.Y, AxisName.X), grid, shape, strict=True)
        )
        return bottom, right

    def _steps(self, name: str, shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
        """Px of the image a px of the output, along y and x."""
        output = next(tensor for tensor in self.spec.outputs if tensor.name == name)
        steps = []
        for axis, length, px in zip((AxisName.Y, AxisName.X), shape, size, strict=True):
            found = output.axis(axis)
            rule = None if found is None else found.size
            scale = rule.scale if isinstance(rule, SizeReference) else length / px
            steps.append(max(round(1 / scale), 1))
        return steps[0], steps[1]

    def _hidden_grid(self, prob: NDArray[Any]) -> tuple[int, int]:
        """The grid of an output of full size: StarDist's export sets px between to a constant."""
        if isinstance(self._grid, list) and len(self._grid) == 2:
            return int(self._grid[0]), int(self._grid[1])
        for step in _STEPS:
            between = np.ones(prob.shape, bool)
            between[::step, ::step] = False
            if between.any() and np.ptp(prob[between]) == 0:
                return step, step
        return 1, 1


def _with_stages(request: RunRequest) -> RunRequest:
    from dataclasses import replace

    none, zoo = StageChoice(Source.NONE), StageChoice(Source.ZOO)
    return replace(request, preprocessing=none, postprocessing=zoo)


def _roles(counts: Mapping[str, int]) -> tuple[str, str] | None:
    """The outputs with probability and with distances, by their channels."""
    single = [name for name, number in counts.items() if number == 1]
    several = [name for name, number in counts.items() if number >= 3]
    if len(counts) == 1 and counts[next(iter(counts))] >= 4:
        return several[0], several[0]
    if len(single) == 1 and len(several) >= 1:
        return single[0], several[0]
    return None


def _known(counts: Mapping[str, int | None]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number is not None}


def _first(*numbers: float | None) -> float:
    return next(float(number) for number in numbers if number is not None)


def _number(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # narrowed above


def _table(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = config.get(key)
    return found if isinstance(found, Mapping) else {}
