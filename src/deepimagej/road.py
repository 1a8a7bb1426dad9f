"""The road of a run, as a straight line.

::

    request -> bundle -> image -> positions ┬ pre -> inference -> post ┬ -> result
                                            └──── for each position ───┘

Every door (menu, macro, Python, shell) builds a `RunRequest` and calls `run`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej import writing
from deepimagej.delivery import Finished, deliver, known_before, macro_line, resolved_tile
from deepimagej.errors import OptionError
from deepimagej.inference import predict_sample
from deepimagej.job import Clock, prepare
from deepimagej.outcome import Part, as_data_arrays, join_images, output_image
from deepimagej.positions import check_loops, fits_channels, match_axes, to_tensor
from deepimagej.progress import Step, silent
from deepimagej.request import ChannelChoice, Source
from deepimagej.sources import by_tensor, check_images, read_images
from deepimagej.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.engines import Network
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.positions import Layout, Position
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import RunRequest
    from deepimagej.result import RunResult
    from deepimagej.tiling import TilePlan
    from deepimagej.tools import Tools

_BYTES_PER_PX = 4096


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
        found = by_tensor(images, job.spec) if images else read_images(request, job.spec, tools)
        check_images(found.values())
    with Workbench(job, found, tools=tools, clock=clock, cancel=cancel) as bench:
        layouts = lay_out(job, bench.prepare_stack())
        progress(Step("loading", 0, 1))
        with clock.time("loading"):
            network = tools.engines.load(
                job.spec, job.choice.weights, device=request.device, cancel=cancel
            )
        parts: list[Part] = []
        plans: list[TilePlan] = []
        with closing(network):
            for position, report in walk(layouts, progress, cancel):
                source, tensors = bench.preprocess(layouts, position)
                with clock.time("inference"):
                    prediction = call_network(
                        job, tensors, network, plans=plans, progress=report, cancel=cancel
                    )
                plans.append(prediction.plan)
                parts.append(bench.postprocess(position, prediction, source))
        outcome = bench.finish(parts, next(iter(layouts.values())))
    return deliver(Finished(job, found, outcome, network, tuple(plans), clock), tools)


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
    found = by_tensor(images, spec)
    check_images(found.values())
    layouts = lay_out(job, found)
    network = tools.engines.load(spec, job.choice.weights, device=request.device, cancel=cancel)
    parts: list[Part] = []
    plans: list[TilePlan] = []
    with closing(network):
        for position, report in walk(layouts, progress, cancel):
            tensors = {
                tensor.name: to_tensor(layouts[tensor.name].sample(position), tensor)
                for tensor in spec.inputs
                if tensor.name in layouts
            }
            prediction = call_network(
                job, tensors, network, plans=plans, progress=report, cancel=cancel
            )
            plans.append(prediction.plan)
            source = next(iter(layouts.values())).sample(position)
            images = {
                output.name: output_image(output, prediction.outputs[output.name], source, spec)
                for output in spec.outputs
            }
            parts.append(Part(position, images))
    return as_data_arrays(join_images(parts, next(iter(layouts.values()))))


def call_network(
    job: Job,
    tensors: Mapping[str, NDArray[Any]],
    network: Network,
    *,
    plans: Sequence[TilePlan],
    progress: Progress,
    cancel: CancelToken | None,
) -> Prediction:
    """The outputs of one sample; all samples of a run have the tile of the first."""
    request = job.request
    tile = resolved_tile(job.spec, plans[0], request.tile) if plans else request.tile
    return predict_sample(
        job.spec,
        tensors,
        network,
        tile=tile,
        batch=request.batch,
        preprocess=job.pre.source is Source.ZOO,
        postprocess=job.post.source is Source.ZOO,
        max_pixels=None if plans else largest_tile(),
        progress=progress,
        cancel=cancel,
    )


def largest_tile() -> int:
    """Spatial px of a tile that ``tile=auto`` takes at most, from the memory of the machine.

    Networks need memory for what lies between their layers. Measured at 1024 x 1024 px: 420 to
    560 bytes a px for U-Nets whose first layer has 16 features (torch 2.15, TensorFlow 2.21,
    onnxruntime 1.32). 4 kB is a reserve for wider ones, set by hand. Half of all memory may go
    there; all of it rather than what is free just now, so that one machine takes the same tile
    each time.
    """
    import psutil

    return int(psutil.virtual_memory().total / 2 / _BYTES_PER_PX)


def walk(
    layouts: Mapping[str, Layout], progress: Progress, cancel: CancelToken | None
) -> Iterator[tuple[Position, Progress]]:
    """Each position with the display of its steps: tiles counted over all positions."""
    positions = list(next(iter(layouts.values())).positions())
    for number, position in enumerate(positions):
        if cancel is not None:
            cancel.check()
        yield position, _counted(progress, number, len(positions))


def _counted(progress: Progress, number: int, n_positions: int) -> Progress:
    def report(step: Step) -> None:
        progress(
            replace(
                step,
                done=number * step.total + step.done,
                total=n_positions * step.total,
            )
        )

    return report


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
