"""What a request means on this machine: model, weights and stages, checked before any work."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepimagej.choices import StagePlan, plan_stage
from deepimagej.request import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.engines import Choice
    from deepimagej.request import RunRequest
    from deepimagej.tools import Tools


@dataclass(frozen=True, slots=True)
class Job:
    """A request with all that was decided for it; made by `prepare` only."""

    spec: ModelSpec
    request: RunRequest
    choice: Choice
    pre: StagePlan
    post: StagePlan

    @property
    def has_macros(self) -> bool:
        """Whether ImageJ takes part."""
        return bool(self.pre.macros or self.post.macros)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the choices made."""
        passed = (f"Passed over {text}." for text in self.choice.passed_over)
        return (*passed, *self.pre.notes, *self.post.notes)


def prepare(request: RunRequest, tools: Tools, *, spec: ModelSpec | None = None) -> Job:
    """Everything that can be checked before an image is read or a framework loaded.

    Parameters
    ----------
    spec
        The model, where it was found already.

    Raises
    ------
    DeepImageJError
        If the model is unknown or broken, its weights cannot run here, a step is missing or not
        trusted, or an option does not fit the model.
    """
    spec = spec or tools.library.find(request.model, model_dir=request.model_dir)
    pre = plan_stage(spec, Stage.PREPROCESSING, request.preprocessing)
    post = plan_stage(spec, Stage.POSTPROCESSING, request.postprocessing)
    choice = tools.engines.choose(spec, request.format, tools.trust.is_trusted)
    tools.trust.require(spec, (*pre.of_bundle, *post.of_bundle, choice.weights))
    return Job(spec, request, choice, pre, post)


@dataclass(slots=True)
class Clock:
    """Seconds of each stage, summed over the positions."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time of the block to `stage`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
