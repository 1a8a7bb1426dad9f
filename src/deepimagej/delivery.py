"""The end of a run: what it made is recorded, shown and saved."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej import provenance
from deepimagej.errors import OptionError
from deepimagej.image import DataArrays
from deepimagej.library.hashes import cached_sha256, sha256_of
from deepimagej.macro_options import format_line
from deepimagej.planning import resolved_tile
from deepimagej.request import Source
from deepimagej.result import RunResult
from deepimagej.writing import write_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.choices import StagePlan
    from deepimagej.engines import Network
    from deepimagej.host.running import Host
    from deepimagej.image import Image
    from deepimagej.job import Clock, Job
    from deepimagej.loop import Passed
    from deepimagej.outcome import Outcome
    from deepimagej.request import RunRequest
    from deepimagej.tools import Tools

_log = logging.getLogger("deepimagej")


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A run whose positions are all done."""

    job: Job
    images: Mapping[str, Image]
    """The user's images by tensor name."""
    outcome: Outcome
    network: Network
    passed: Passed
    clock: Clock
    write_line: Callable[[RunRequest], str] = format_line
    """The macro line of the resolved request."""
    described: Mapping[str, Any] = field(default_factory=dict)
    """What stands in the record in the place of the bundle's own stages."""

    @property
    def request(self) -> RunRequest:
        """The request with what was resolved: it gives the same pixels again."""
        return replace(
            self.job.request,
            model=_findable(self.job.request, self.job.spec),
            format=self.job.choice.weights.format,
            preprocessing=self.job.pre.choice,
            postprocessing=self.job.post.choice,
            tile=resolved_tile(self.job.spec, self.passed.plans[0], self.job.request.tile),
            device=self.network.device,
            batch=self.passed.batch,
            model_dir=_absolute(self.job.request.model_dir),
            output_folder=_absolute(self.job.request.output_folder),
        )


def _absolute(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser().absolute())


def _findable(request: RunRequest, spec: ModelSpec) -> str:
    """The model as the request names it; a path from the root, to be found from anywhere."""
    path = Path(request.model).expanduser()
    is_path = len(path.parts) > 1 or path.suffix.lower() in (".zip", ".yaml", ".yml")
    is_path = is_path or path.resolve() == spec.folder.resolve()
    if is_path and request.model_dir is None and path.exists():
        return str(path.absolute())
    return request.model


def deliver(finished: Finished, tools: Tools) -> RunResult:
    """The result of a finished run, shown in ImageJ and saved as its request says."""
    request = finished.request
    line = macro_line(request, finished.write_line)
    record = record_of(finished, line, tools)
    images = {
        name: _with_info(image, provenance.to_info(record))
        for name, image in finished.outcome.images.items()
    }
    outcome = replace(finished.outcome, images=images)
    _tell(finished, record)
    host = tools.shown_host()
    if host is not None and is_shown(request):
        with finished.clock.time("showing"):
            _show(host, outcome)
    files = {}
    if request.output_folder is not None:
        with finished.clock.time("saving"):
            files = write_result(
                Path(request.output_folder).expanduser(),
                first_image(finished).stem,
                images=images,
                tables=outcome.tables,
                rois=outcome.rois,
                record=record,
            )
    return RunResult(
        images=DataArrays(images),
        tables=outcome.tables,
        rois=list(outcome.rois),
        request=line,
        timings=dict(finished.clock.seconds),
        files=files,
        provenance=record,
    )


def _show(host: Host, outcome: Outcome) -> None:
    from deepimagej.host.results import show_results

    show_results(
        host,
        outcome.stem,
        images=outcome.images,
        tables={} if outcome.has_table_windows else outcome.tables,
        imageplus=outcome.imageplus,
        active=outcome.active,
    )


def record_of(finished: Finished, line: str, tools: Tools) -> dict[str, Any]:
    """The provenance of a run."""
    job, plan = finished.job, finished.passed.plans[0]
    known = known_before(job, finished.images, tools)
    record = provenance.build_record(
        model=known["model"],
        weights=known["weights"],
        inputs=known["inputs"],
        request=line,
        engine=finished.network.engine,
        device=str(finished.network.device),
        options=finished.network.options,
        tiles={
            "tile": plan.tile,
            "number": len(plan.tiles),
            "padded": plan.padded,
            "positions": len(finished.passed.plans),
            "chosen": finished.passed.reason or "as asked",
        },
        preprocessing=known["preprocessing"],
        postprocessing=known["postprocessing"],
        versions=known["versions"],
        notes=(*job.notes, *finished.passed.notes),
        timings=finished.clock.seconds,
    )
    return {**record, **finished.described, "asked": known["asked"]}


def known_before(job: Job, images: Mapping[str, Image], tools: Tools) -> dict[str, Any]:
    """What decides the pixels of a run, as far as it is known before: ``--resume`` compares it."""
    spec, weights = job.spec, job.choice.weights
    path = job.request.input_path or ""
    return {
        "model": {
            "name": spec.name,
            "id": spec.id,
            "nickname": spec.nickname,
            "version": spec.version,
            "format_version": spec.format_version,
        },
        "weights": {
            "format": str(weights.format),
            "file": weights.declared,
            "sha256": cached_sha256(weights.source, tools.settings.cache) if weights.source else "",
        },
        "inputs": {name: provenance.describe_image(i, path) for name, i in images.items()},
        "preprocessing": _describe_stage(job.pre, spec.inputs),
        "postprocessing": _describe_stage(job.post, spec.outputs),
        "versions": provenance.versions(),
        "asked": {
            "tile": list(job.request.tile.sizes),
            "overlap": job.request.tile.overlap,
            "channel": "all" if job.request.channel.each else list(job.request.channel.numbers),
            "device": str(job.request.device),
            "batch": job.request.batch,
        },
    }


def _describe_stage(plan: StagePlan, tensors: Sequence[TensorSpec]) -> dict[str, Any]:
    record: dict[str, Any] = {"source": str(plan.source)}
    if plan.steps:
        record["macros"] = {step.path.name: sha256_of(step.path) for step in plan.steps}
    if plan.source is Source.ZOO:
        record["operations"] = [
            {"tensor": tensor.name, "name": operation.name, "kwargs": dict(operation.kwargs)}
            for tensor in tensors
            for operation in tensor.operations
        ]
    return record


def macro_line(request: RunRequest, write: Callable[[RunRequest], str] = format_line) -> str:
    """The macro line of `request`; empty where ImageJ's options cannot carry a name in it."""
    try:
        return write(request)
    except OptionError as error:
        _log.warning("%s %s", error.message, error.hint)
        return ""


def _tell(finished: Finished, record: Mapping[str, Any]) -> None:
    """What the run did, for the log."""
    for note in record["notes"]:
        _log.info("%s", note)
    tiles = record["tiles"]
    _log.debug(
        "%s: %s on %s, %s tiles of %s, %s positions",
        finished.job.spec.name,
        record["engine"],
        record["device"],
        tiles["number"],
        " x ".join(str(size) for size in finished.passed.plans[0].tile.values()),
        tiles["positions"],
    )
    for stage, seconds in finished.clock.seconds.items():
        _log.debug("%s took %.3f s", stage, seconds)


def is_shown(request: RunRequest) -> bool:
    """Whether the results are opened in ImageJ: unless a file becomes files, or the key says so."""
    if request.display_output is not None:
        return request.display_output
    return request.output_folder is None or request.input_path is None


def first_image(finished: Finished) -> Image:
    """The image of the first input, which names the results."""
    return next(iter(finished.images.values()))


def _with_info(image: Image, info: str) -> Image:
    others = tuple((key, text) for key, text in image.properties if key != "Info")
    return replace(image, properties=(*others, ("Info", info)))
