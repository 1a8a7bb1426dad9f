"""The positions of a run, one after the other, through the stages and the network.

All have one tile size: that of the request, or what ``tile=auto`` takes for the first. Where the
memory does not hold it, the run begins again with a smaller one, and says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from deepimagej import tile_learning
from deepimagej.errors import OutOfMemory
from deepimagej.inference import predict_sample
from deepimagej.job import Clock
from deepimagej.planning import plan_sample, resolved_tile
from deepimagej.progress import Step, silent
from deepimagej.request import Source, TileChoice
from deepimagej.tile_choice import choose_auto

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from deepimagej.engines import Network
    from deepimagej.image import Image
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.outcome import Part
    from deepimagej.positions import Layout, Position
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.tile_learning import Known, TileStore
    from deepimagej.tiling import TilePlan

_log = logging.getLogger("deepimagej")

_ON_GPU: Final = 4
"""Tiles in one call on a GPU, which a single small tile does not fill."""

_Shapes = dict[str, tuple[int, ...]]


class Stages(Protocol):
    """What is done around the network for one position."""

    def preprocess(
        self, layouts: Mapping[str, Layout], position: Position
    ) -> tuple[Image, dict[str, NDArray[Any]]]:
        """The image of the first input, and the input tensors before zoo operations."""

    def postprocess(self, position: Position, prediction: Prediction, source: Image) -> Part:
        """What the position gives."""


@dataclass(slots=True)
class Passed:
    """What all positions gave."""

    parts: list[Part] = field(default_factory=list)
    plans: list[TilePlan] = field(default_factory=list)
    """One for each position, all with the same tile."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of the tiles."""
    batch: int = 1
    """Tiles in one network call."""
    reason: str = ""
    """Why ``tile=auto`` took its size; empty where the request named one."""


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """The network of a run with what decides on its tiles."""

    job: Job
    network: Network
    store: TileStore
    clock: Clock = field(default_factory=Clock)
    progress: Progress = silent
    cancel: CancelToken | None = None

    def run(self, layouts: Mapping[str, Layout], stages: Stages) -> Passed:
        """All positions through the stages and the network.

        Raises
        ------
        OutOfMemory
            If the smallest legal tile does not fit into the memory.
        DeepImageJError, RunCancelled
            As stages and network do.
        """
        tiles = _Tiles(self.job, self.network, self.store)
        notes: list[str] = []
        while True:
            passed = Passed(notes=list(notes))
            try:
                self._walk(layouts, stages, tiles, passed)
            except OutOfMemory as error:
                self.network.close()  # the next tiles need not share the memory with the last
                notes.append(tiles.shrink(error))
                _log.warning("%s", notes[-1])
                continue
            tiles.learn()
            passed.reason = tiles.reason
            return passed

    @property
    def _batch(self) -> int:
        """Tiles in one call, as asked for or as the device likes it."""
        asked = self.job.request.batch
        is_gpu = self.network.device.kind != "cpu"
        return asked or (_ON_GPU if is_gpu and self.job.spec.batch_is_open else 1)

    def _walk(
        self, layouts: Mapping[str, Layout], stages: Stages, tiles: _Tiles, passed: Passed
    ) -> None:
        positions = list(next(iter(layouts.values())).positions())
        for number, position in enumerate(positions):
            if self.cancel is not None:
                self.cancel.check()
            source, tensors = stages.preprocess(layouts, position)
            with self.clock.time("inference"):
                prediction = predict_sample(
                    self.job.spec,
                    tensors,
                    self.network,
                    plan=tiles.plan({name: values.shape for name, values in tensors.items()}),
                    batch=self._batch,
                    preprocess=self.job.pre.source is Source.ZOO,
                    postprocess=self.job.post.source is Source.ZOO,
                    progress=_counted(self.progress, number, len(positions)),
                    cancel=self.cancel,
                )
            if not passed.plans:
                is_asked = self.job.request.batch is not None
                passed.notes += prediction.notes if is_asked else prediction.plan.notes
            passed.plans.append(prediction.plan)
            passed.batch = tiles.batch = prediction.batch
            if self.job.post.macros:  # they may take longer than the network
                self.progress(Step("postprocessing", number, len(positions)))
            passed.parts.append(stages.postprocess(position, prediction, source))


class _Tiles:
    """The tile size of a run: found for the first position, kept for all others."""

    def __init__(self, job: Job, network: Network, store: TileStore) -> None:
        self._job = job
        self._network = network
        self._store = store
        self._key = tile_learning.key_of(
            network.content, network.engine, str(network.device), memory=network.memory
        )
        self._known: Known = store.read(self._key)
        self._tile: TileChoice = job.request.tile
        self._most: int | None = None
        self._plan: TilePlan | None = None
        self._shapes: _Shapes = {}
        self.reason = ""
        self.batch = 1

    def plan(self, shapes: _Shapes) -> TilePlan:
        """The tiles of a sample."""
        limit = self._limit(shapes) if self._tile.is_auto else None
        self._shapes = shapes
        self._plan = plan_sample(self._job.spec, shapes, tile=self._tile, max_pixels=limit)
        self._tile = resolved_tile(self._job.spec, self._plan, self._tile)
        return self._plan

    def shrink(self, error: OutOfMemory) -> str:
        """Take smaller tiles from now on; what to tell of it.

        Raises
        ------
        OutOfMemory
            The same error, if there is no smaller tile.
        """
        if self._plan is None:
            raise error
        before = self._plan
        self._known = tile_learning.without(self._known, before.tile_pixels)
        self._store.write(self._key, self._known)
        self._most = before.tile_pixels // 2
        self._tile = TileChoice(overlap=self._tile.overlap)
        if self.plan(self._shapes).tile_pixels >= before.tile_pixels:
            raise error
        self._network.calls.clear()
        return (
            f"Tiles of {_sizes(before)} px did not fit into the memory; "
            f"the run went on with {_sizes(self._plan)} px."
        )

    def learn(self) -> None:
        """Keep what the calls of this run took, for the next."""
        if self._plan is None:
            return
        calls = self._network.calls
        pixels = self._plan.tile_pixels
        # The first call of a size is slower: frameworks prepare for it.
        timed = calls[1:] if self._store.is_new(self._key, pixels * self.batch) else calls
        if len(self._plan.tiles) % self.batch:
            timed = []  # the last call had fewer tiles
        learnt = tile_learning.with_run(
            self._known,
            pixels=pixels,
            seconds=[call.seconds for call in timed],
            memory=self._memory_taken(),
            batch=self.batch,
        )
        if learnt is not self._known:
            self._store.write(self._key, learnt)

    def _memory_taken(self) -> int | None:
        """Most bytes that a call took; what a GPU has is not seen."""
        if self._network.device.kind != "cpu":
            return None
        taken = [call.memory for call in self._network.calls if call.memory is not None]
        return max(taken, default=None)

    def _limit(self, shapes: _Shapes) -> int:
        if self._most is not None:
            return self._most
        choice = choose_auto(
            self._job.spec,
            shapes,
            self._known,
            device=self._network.device,
            allowed=self._network.memory,
            overlap=self._job.request.tile.overlap,
        )
        self.reason = choice.reason
        return choice.max_pixels


def _sizes(plan: TilePlan) -> str:
    return " x ".join(str(size) for size in plan.tile.values())


def _counted(progress: Progress, number: int, n_positions: int) -> Progress:
    """The display of the steps of one position: tiles counted over all."""

    def report(step: Step) -> None:
        progress(
            replace(step, done=number * step.total + step.done, total=n_positions * step.total)
        )

    return report
