"""The stages around the network: in ImageJ where a macro asks for it, else on arrays alone."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepimagej.array_steps import after, before, fitted
from deepimagej.errors import MacroError
from deepimagej.outcome import (
    Outcome,
    Part,
    join_images,
    join_rois,
    join_tables,
    split_outputs,
)
from deepimagej.positions import Layout, to_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from deepimagej.choices import StagePlan
    from deepimagej.host.session import Session
    from deepimagej.host.stages import Harvest, Steps
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Clock, Job
    from deepimagej.positions import Position
    from deepimagej.progress import CancelToken
    from deepimagej.tools import Tools

_RESULTS = "Results"


class Workbench:
    """Runs the stages of one run; while macros take part, what is the user's is set aside.

    Parameters
    ----------
    images
        The user's images by tensor name.
    cancel
        Stops the macros from another thread.
    """

    def __init__(
        self,
        job: Job,
        images: Mapping[str, Image],
        *,
        tools: Tools,
        clock: Clock,
        cancel: CancelToken | None = None,
    ) -> None:
        self._job = job
        self._cancel = cancel
        self._images = images
        self._stem = next(iter(images.values())).stem
        self._tools = tools
        self._clock = clock
        self._stack = ExitStack()
        self._session: Session | None = None
        self._harvest: Harvest | None = None
        self._arrays: Mapping[str, NDArray[Any]] = {}  # further inputs that a Java step made

    def __enter__(self) -> Self:
        if self._job.has_macros:
            with self._clock.time("starting ImageJ"):
                host = self._tools.start_host()
            from deepimagej.host.plugins import require_plugins
            from deepimagej.host.session import isolated

            require_plugins(host, (*self._job.pre.macros, *self._job.post.macros))

            self._session = self._stack.enter_context(
                isolated(host, self._stem, cancel=self._cancel)
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def prepare_stack(self) -> Mapping[str, Image]:
        """The images, after the macros of a bundle that asks for them once a stack."""
        if not self._job.spec.per_stack or not self._job.pre.macros:
            return self._images
        return self._run_pre(self._images)

    def preprocess(
        self, layouts: Mapping[str, Layout], position: Position
    ) -> tuple[Image, dict[str, NDArray[Any]]]:
        """One sample: the image of the first input, and the input tensors before zoo operations."""
        samples = {name: layout.sample(position) for name, layout in layouts.items()}
        is_from_macro = bool(self._job.pre.macros)
        if is_from_macro and not self._job.spec.per_stack:
            samples = self._run_pre(samples)
        with self._clock.time("preprocessing"):
            tensors = {
                tensor.name: to_tensor(samples[tensor.name], tensor, from_macro=is_from_macro)
                for tensor in self._job.spec.inputs
                if tensor.name in samples
            }
            for tensor in self._job.spec.inputs:
                if tensor.name in self._arrays:
                    array = self._arrays[tensor.name]
                    tensors[tensor.name] = fitted(tensor, array, "The Java step")
            tensors = before(self._job, tensors, self._tools.engines, cancel=self._cancel)
        # The result takes the user's title, and the calibration of what the network saw.
        first = samples[self._job.spec.inputs[0].name]
        return replace(first, title=next(iter(self._images.values())).title), tensors

    def postprocess(self, position: Position, prediction: Prediction, source: Image) -> Part:
        """What one position gives."""
        with self._clock.time("postprocessing"):
            prediction = after(self._job, prediction, self._tools.engines, cancel=self._cancel)
            images, tables = split_outputs(self._job.spec, prediction.outputs, source)
        part = Part(position, images, tables)
        return part if self._job.spec.per_stack else self._after_macros(part)

    def finish(self, parts: list[Part], layout: Layout) -> Outcome:
        """All positions put together; what stays in ImageJ is said to the session."""
        if self._job.has_macros and self._job.spec.per_stack:
            images = join_images(parts, layout)
            parts = [self._after_macros(Part((), images, join_tables(parts, layout)))]
        outcome = Outcome(
            stem=self._stem,
            images=join_images(parts, layout),
            tables=join_tables(parts, layout),
            rois=join_rois(parts),
        )
        if self._job.post.macros and not (outcome.images or outcome.tables or outcome.rois):
            names = " and ".join(macro.name for macro in self._job.post.macros)
            raise MacroError(
                f"{names} left nothing: no image, no table and no ROI.",
                hint="Let the macro keep what is the result, or choose postprocessing=none.",
            )
        if self._session is not None:
            is_whole = len(parts) == 1
            self._session.keep(outcome.rois, outcome.tables.get(_RESULTS), has_windows=is_whole)
            outcome = replace(outcome, has_table_windows=is_whole and self._harvest is not None)
        if self._harvest is not None:
            active = self._harvest.active_title
            outcome = replace(outcome, active=None if active is None else self._name(active))
        if self._harvest is not None and len(parts) == 1:
            named = {self._name(title): imp for title, imp in self._harvest.imageplus.items()}
            outcome = replace(outcome, imageplus=named)
        return outcome

    def _run_pre(self, samples: Mapping[str, Image]) -> dict[str, Image]:
        session = self._in_imagej()
        from deepimagej.host.stages import preprocess

        names = [tensor.name for tensor in self._job.spec.inputs]
        first, *others = names
        with self._clock.time("preprocessing"):
            session.clear()
            made = preprocess(
                session,
                samples[first],
                self._steps(self._job.pre),
                input_names=names,
                others={name: samples[name] for name in others if name in samples},
                cancel=self._cancel,
            )
        self._arrays = made.arrays
        return {**samples, **made.images}

    def _after_macros(self, part: Part) -> Part:
        """`part` after the macros: what those before the network left belongs to it too."""
        if self._job.post.macros:
            return self._run_post(part)
        if not self._job.pre.macros:
            return part
        from deepimagej.host.stages import read_leftovers

        tables, rois = read_leftovers(self._in_imagej())
        return Part(part.position, part.images, {**part.tables, **tables}, rois)

    def _run_post(self, part: Part) -> Part:
        session = self._in_imagej()
        from deepimagej.host.stages import postprocess

        titled = {f"{self._stem}_{name}": image for name, image in part.images.items()}
        tables = {f"{self._stem}_{name}": table for name, table in part.tables.items()}
        names = {f"{self._stem}_{name}": name for name in (*part.images, *part.tables)}
        with self._clock.time("postprocessing"):
            if not self._job.pre.macros:  # their ROIs and rows are there for those that follow
                session.clear()
            harvest = postprocess(
                session,
                titled,
                self._steps(self._job.post),
                tables=tables,
                names=names,
                cancel=self._cancel,
            )
        self._harvest = harvest
        return Part(
            part.position,
            {self._name(title): image for title, image in harvest.images.items()},
            {self._name(title): table for title, table in harvest.tables.items()},
            harvest.rois,
        )

    def _steps(self, plan: StagePlan) -> Steps:
        from deepimagej.host.stages import Steps

        return Steps(plan.stage, plan.macros, self._job.spec.attachments)

    def _name(self, title: str) -> str:
        """The name of a result: its title without a leading ``<image>_``."""
        return title.removeprefix(f"{self._stem}_") or title

    def _in_imagej(self) -> Session:
        if self._session is None:
            raise RuntimeError("A macro runs inside `with Workbench(...)` only.")
        return self._session
