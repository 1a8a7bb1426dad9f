"""The road of a segmentation: image -> network -> objects, at every position.

As `road`, but the stages around the network belong to a method, such as StarDist, not to the
bundle. Results are a label image, ROIs in the ROI Manager and, if the method gives some, other
images.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deepimagej import writing
from deepimagej.axes import AxisName, SizeReference, SizeRule
from deepimagej.delivery import Finished, deliver
from deepimagej.errors import OptionError
from deepimagej.image import Image
from deepimagej.job import Clock, prepare
from deepimagej.loop import Loop, Stages
from deepimagej.outcome import Outcome, join_images, join_rois
from deepimagej.positions import count, is_table
from deepimagej.progress import Step, silent
from deepimagej.sources import by_tensor, check_images, read_images

if TYPE_CHECKING:
    from collections.abc import Mapping

    import roifile
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.job import Job
    from deepimagej.positions import Layout
    from deepimagej.processing import Tensor
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import RunRequest
    from deepimagej.result import RunResult
    from deepimagej.tools import Tools

LABELS = "labels"
"""The last result of a method, and so the active image at the end."""


class Method(Stages, Protocol):
    """What a method does around the network."""

    spec: ModelSpec
    request: RunRequest

    def lay_out(self, job: Job, images: Mapping[str, Image]) -> dict[str, Layout]:
        """How the images are fed to the network."""

    def line(self, request: RunRequest) -> str:
        """The macro line that repeats the run; `request` has what was resolved."""

    def record(self) -> Mapping[str, Any]:
        """The stages, for the provenance."""


def run_method(
    method: Method,
    tools: Tools,
    *,
    images: Mapping[str, Image] | None = None,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> RunResult:
    """Run a method on an image.

    Parameters
    ----------
    images
        As in `road.run`.

    Raises
    ------
    DeepImageJError
        What went wrong, in one sentence; nothing of the user's is changed.
    RunCancelled
        If `cancel` was used.
    """
    clock, request = Clock(), method.request
    with clock.time("checks"):
        _check_paths(request)
        job = prepare(request, tools, spec=method.spec)
    with clock.time("reading"):
        found = by_tensor(images, job.spec) if images else read_images(request, job.spec, tools)
        check_images(found.values())
    layouts = method.lay_out(job, found)
    progress(Step("loading", 0, 1))
    with clock.time("loading"):
        network = tools.engines.load(
            job.spec, job.choice.weights, device=request.device, cancel=cancel
        )
    with closing(network):
        loop = Loop(job, network, tools.tiles, clock, progress=progress, cancel=cancel)
        passed = loop.run(layouts, method)
    outcome = Outcome(
        stem=next(iter(found.values())).stem,
        images=join_images(passed.parts, next(iter(layouts.values()))),
        rois=join_rois(passed.parts),
    )
    _leave_rois(outcome, tools, cancel)
    finished = Finished(
        job,
        found,
        outcome,
        network,
        passed,
        clock,
        write_line=method.line,
        described=method.record(),
    )
    return deliver(finished, tools)


def _check_paths(request: RunRequest) -> None:
    if request.output_folder is not None:
        writing.check_folder(Path(request.output_folder).expanduser())
    if request.input_path is not None and Path(request.input_path).expanduser().is_dir():
        raise OptionError(
            f"input_path={request.input_path} is a folder, and this command takes one image.",
            hint="Name a file, and let the macro loop over the folder.",
        )


def _leave_rois(outcome: Outcome, tools: Tools, cancel: CancelToken | None) -> None:
    """Put the ROIs into the ROI Manager, after those of the user."""
    host = tools.shown_host()
    if host is None:
        return
    from deepimagej.host.session import isolated

    with isolated(host, outcome.stem, cancel=cancel) as session:
        session.keep(outcome.rois, None)


def result_image(name: str, values: NDArray[Any], source: Image) -> Image:
    """Values of (Y, X) or (C, Y, X) as the result `name` for `source`."""
    axes = (AxisName.CHANNEL, AxisName.Y, AxisName.X)[-values.ndim :]
    return Image(
        pixels=values,
        axes=axes,
        title=f"{source.stem}_{name}",
        calibration=source.calibration,
        is_label=name == LABELS,
    )


def channel_counts(spec: ModelSpec) -> dict[str, int | None]:
    """Channels of each output that is an image; None where the bundle leaves the number open."""
    counts: dict[str, int | None] = {}
    for output in spec.outputs:
        if is_table(output):
            continue
        axis = output.axis(AxisName.CHANNEL)
        if axis is None:
            counts[output.name] = 1
        else:
            size = axis.size
            counts[output.name] = size.min if isinstance(size, SizeRule) else None
            if isinstance(size, SizeReference) and size.scale == 0:
                counts[output.name] = size.length(0)
    return counts


def told_outputs(spec: ModelSpec) -> str:
    """The outputs of a model in words."""
    counts = channel_counts(spec)
    words = [
        f"{name} ({'?' if counts[name] is None else count(counts[name] or 0)})" for name in counts
    ]
    return ", ".join(words) or "no image"


def channels_of(tensor: Tensor) -> NDArray[Any]:
    """An output of a network as (C, Y, X); of other axes the first value."""
    values, names = tensor.values, list(tensor.names)
    for name in tensor.names:
        if name not in (AxisName.CHANNEL, AxisName.Y, AxisName.X):
            values = values.take(0, names.index(name))
            names.remove(name)
    if AxisName.CHANNEL not in names:
        values, names = values[np.newaxis], [AxisName.CHANNEL, *names]
    order = [names.index(name) for name in (AxisName.CHANNEL, AxisName.Y, AxisName.X)]
    return np.transpose(values, order)


def polygon_roi(corners: NDArray[Any], label: int) -> roifile.ImagejRoi:
    """A polygon of (n, 2) x and y, called as its label; px (0, 0) reaches from 0 to 1."""
    import roifile

    roi = roifile.ImagejRoi.frompoints(corners, name=str(label))
    roi.roitype = roifile.ROI_TYPE.POLYGON
    return roi
