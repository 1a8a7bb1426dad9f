"""The road of a run, as a straight line.

::

    request -> bundle -> image -> positions ┬ pre -> inference -> post ┬ -> result
                                            └──── for each position ───┘

Every door (menu, macro, Python, shell) builds a `RunRequest` and calls `run`.
"""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej import writing
from deepimagej.array_steps import after, before
from deepimagej.delivery import Finished, deliver, known_before, macro_line
from deepimagej.errors import OptionError
from deepimagej.image import DataArrays
from deepimagej.job import Clock, prepare
from deepimagej.loop import Loop
from deepimagej.outcome import Part, join_images, output_image
from deepimagej.positions import check_loops, fits_channels, match_axes, to_tensor
from deepimagej.progress import Step, silent
from deepimagej.request import ChannelChoice
from deepimagej.sources import by_tensor, check_images, read_images
from deepimagej.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.engines import Engines
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.positions import Layout, Position
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import RunRequest
    from deepimagej.result import RunResult
    from deepimagej.tools import Tools


def run(
    request: RunRequest,
    tools: Tools,
    *,
    images: Mapping[str, Image] | None = None,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> RunResult:
    """Run a model on an image, as `request` says.

    Parameters
    ----------
    tools
        The library, the engines and ImageJ of this process.
    images
        Images by tensor name, ``""`` for the first; None: those that the request names, else the
        active one.
    progress
        Called with each step, from this thread.
    cancel
        Stops the run from another thread.

    Raises
    ------
    DeepImageJError
        What went wrong, in one sentence; nothing of the user's is changed.
    RunCancelled
        If `cancel` was used.
    """
    clock = Clock()
    with clock.time("checks"):
        job = prepare(request, tools)
        if request.output_folder is not None:
            writing.check_folder(Path(request.output_folder).expanduser())
    with clock.time("reading"):
        may_lack = job.pre.makes_inputs
        if images:
            found = by_tensor(images, job.spec, may_lack=may_lack)
        else:
            found = read_images(request, job.spec, tools, may_lack=may_lack)
        check_images(found.values())
    tools.engines.begin(job.spec, job.choice.weights)
    with Workbench(job, found, tools=tools, clock=clock, cancel=cancel) as bench:
        layouts = lay_out(job, bench.prepare_stack())
        progress(Step("loading", 0, 1))
        with clock.time("loading"):
            network = tools.engines.load(
                job.spec, job.choice.weights, device=request.device, cancel=cancel
            )
        with closing(network):
            loop = Loop(job, network, tools.tiles, clock, progress=progress, cancel=cancel)
            passed = loop.run(layouts, bench)
        outcome = bench.finish(passed.parts, next(iter(layouts.values())))
    return deliver(Finished(job, found, outcome, network, passed, clock), tools)


def predict(
    spec: ModelSpec,
    request: RunRequest,
    tools: Tools,
    *,
    images: Mapping[str, Image],
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> dict[str, xr.DataArray]:
    """The outputs of the network on every position of the images, without ImageJ.

    Raises
    ------
    OptionError
        If a stage is an ImageJ macro.
    """
    job = prepare(request, tools, spec=spec)
    if job.has_macros:
        names = ", ".join(m.name for m in (*job.pre.macros, *job.post.macros))
        raise OptionError(
            f'predict runs no ImageJ macros, and "{spec.name}" has {names}.',
            hint="Use deepimagej.run, or choose preprocessing and postprocessing zoo or none.",
        )
    found = by_tensor(images, spec, may_lack=job.pre.makes_inputs)
    check_images(found.values())
    tools.engines.begin(job.spec, job.choice.weights)
    if "xarray" not in sys.modules:  # while the worker starts: it takes about as long
        threading.Thread(target=import_module, args=("xarray",), daemon=True).start()
    layouts = lay_out(job, found)
    network = tools.engines.load(spec, job.choice.weights, device=request.device, cancel=cancel)
    with closing(network):
        loop = Loop(job, network, tools.tiles, progress=progress, cancel=cancel)
        passed = loop.run(layouts, _Arrays(job, tools.engines, cancel))
    return dict(DataArrays(join_images(passed.parts, next(iter(layouts.values())))))


@dataclass(frozen=True, slots=True)
class _Arrays:
    """The stages of `predict`: no macro, and every output is an array."""

    job: Job
    engines: Engines
    cancel: CancelToken | None

    def preprocess(
        self, layouts: Mapping[str, Layout], position: Position
    ) -> tuple[Image, dict[str, NDArray[Any]]]:
        samples = {name: layout.sample(position) for name, layout in layouts.items()}
        tensors = {
            tensor.name: to_tensor(samples[tensor.name], tensor)
            for tensor in self.job.spec.inputs
            if tensor.name in samples
        }
        tensors = before(self.job, tensors, self.engines, cancel=self.cancel)
        return next(iter(samples.values())), tensors

    def postprocess(self, position: Position, prediction: Prediction, source: Image) -> Part:
        prediction = after(self.job, prediction, self.engines, cancel=self.cancel)
        spec = self.job.spec
        images = {
            output.name: output_image(output, prediction.outputs[output.name], source, spec)
            for output in spec.outputs
        }
        return Part(position, images)


def line_of(request: RunRequest) -> str:
    """The macro line of `request`; empty where ImageJ's options cannot carry a name in it."""
    return macro_line(request)


def is_done(request: RunRequest, tools: Tools) -> bool:
    """Whether the folder of `request` holds the results of the same run on the same image."""
    if request.output_folder is None or (request.input_path is None and not request.images):
        return False
    job = prepare(request, tools)
    images = read_images(request, job.spec, tools)
    known = known_before(job, images, tools)
    stem = next(iter(images.values())).stem
    return writing.is_done(Path(request.output_folder).expanduser(), stem, known)


def lay_out(job: Job, images: Mapping[str, Image]) -> dict[str, Layout]:
    """How each image is fed to its tensor.

    Raises
    ------
    ImageError
        If an image does not fit its tensor, or the images do not fit each other.
    """
    strict = not job.pre.macros or job.spec.per_stack
    layouts: dict[str, Layout] = {}
    for tensor in job.spec.inputs:
        if tensor.name in images:
            image = images[tensor.name]
            # channel= speaks of the first image, and of others that do not fit as they are
            is_chosen = not layouts or not fits_channels(image, tensor)
            channel = job.request.channel if is_chosen else ChannelChoice()
            layouts[tensor.name] = match_axes(image, tensor, channel, strict=strict)
    check_loops(layouts)
    return layouts
