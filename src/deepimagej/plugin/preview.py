"""What a run will do, in sentences."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepimagej.bundle.spec import StepKind
from deepimagej.plugin.words import duration, listed, times
from deepimagej.request import Source
from deepimagej.tile_learning import Known, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.choices import StagePlan
    from deepimagej.job import Job
    from deepimagej.positions import Layout
    from deepimagej.tiling import TilePlan


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of a run before it."""

    device: str = ""
    """Empty where only the run can tell."""
    known: Known = field(default_factory=Known)


def preview(
    job: Job,
    layouts: Mapping[str, Layout],
    plan: TilePlan,
    known: Estimate,
    *,
    asks_for_trust: bool,
) -> str:
    """What the run will do, a sentence each line."""
    first = next(iter(layouts.values()))
    lines = [
        _tiles(first, plan, known),
        _stages(job),
        *plan.notes,
        *(f"Passed over {text}." for text in job.choice.passed_over),
    ]
    if asks_for_trust:
        lines.append("The model brings code; you are asked about it before it runs.")
    return "\n".join(line for line in lines if line)


def _tiles(layout: Layout, plan: TilePlan, known: Estimate) -> str:
    sizes = list(plan.tile.values())
    image = [size for axis, size in layout.image.sizes.items() if axis.is_spatial][-len(sizes) :]
    n_tiles = len(plan.tiles)
    what = f"{times(image[::-1])} px"
    n_samples = math.prod(size for _, size in layout.looped)
    each = f", each of {n_samples} planes" if n_samples > 1 else ""
    if n_tiles == 1:
        padded = f" (padded to {times(sizes[::-1])})" if sizes != image else ""
        how = f" at once{padded}"
    else:
        how = f" in {n_tiles} tiles of {times(sizes[::-1])}{_overlap(plan)}"
    seconds = estimate(known.known, pixels=plan.tile_pixels, n_tiles=n_tiles * n_samples)
    when = f", about {duration(seconds)}" if seconds is not None else ""
    where = f" on {known.device}" if known.device else ""
    unknown = "" if seconds is not None else " How long it takes is known after a first run."
    return f"{what}{each}{how}{when}{where}.{unknown}"


def _overlap(plan: TilePlan) -> str:
    """How many px neighbouring tiles share at least."""
    shared = []
    outers = [next(iter(tile.outer.values())) for tile in plan.tiles]
    for axis in range(len(outers[0])):
        starts = sorted({(outer[axis].start, outer[axis].stop) for outer in outers})
        shared += [one[1] - other[0] for one, other in itertools.pairwise(starts)]
    least = min(shared, default=0)
    return f", overlap {least}" if least > 0 else ""


def _stages(job: Job) -> str:
    before, after = _stage(job.pre), _stage(job.post)
    return f"Before the network: {before}. After it: {after}."


def _stage(plan: StagePlan) -> str:
    if plan.source is Source.MACRO:
        files = listed([step.path.name for step in plan.steps])
        kind = "macro" if all(s.kind is StepKind.MACRO for s in plan.steps) else "step"
        return f"the {kind}{'s' if len(plan.steps) > 1 else ''} {files}"
    return "the author's operations" if plan.source is Source.ZOO else "nothing"
