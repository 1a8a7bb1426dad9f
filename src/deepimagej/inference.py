"""One sample through a network: the zoo's operations, tiles, the engine. Arrays only, no Java.

::

    tensors ─┬─ outer part ─ pre-operations, cast, pad ─ network ─ local part ─┬─ post-operations
             │              (statistics of the whole sample)                   │  (on the whole)
             └────────────────────────── tile by tile ─────────────────────────┘
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.errors import EngineError
from deepimagej.feeding import feed
from deepimagej.image import check_finite
from deepimagej.processing import Tensor, finish, referred_to
from deepimagej.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.feeding import Feed
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import Device
    from deepimagej.tiling import Tile, TilePlan


class Predictor(Protocol):
    """A loaded network: the engines' `Network`, or anything that answers as it does."""

    device: Device

    def stream(
        self,
        calls: Iterable[Mapping[str, NDArray[Any]]],
        outputs: Sequence[str],
        *,
        room: int = 0,
        keep: bool = False,
    ) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The outputs of each call, on arrays in the model's axis order.

        They may lie in memory that the next call needs: to be used before it is asked for, unless
        `keep` is said. `room` is the bytes that they take, as far as known.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a network gave for one sample."""

    outputs: Mapping[str, Tensor]
    """All outputs by name, after post-processing if it was asked for."""
    plan: TilePlan
    batch: int = 1
    """Tiles in one call of the network."""
    notes: tuple[str, ...] = ()
    """What the user should know of the tiles."""


def predict_sample(
    spec: ModelSpec,
    tensors: Mapping[str, NDArray[Any]],
    network: Predictor,
    *,
    plan: TilePlan,
    batch: int = 1,
    preprocess: bool = True,
    postprocess: bool = True,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> Prediction:
    """The outputs of a model for one sample.

    Parameters
    ----------
    tensors
        Input arrays by tensor name, axes in the model's order.
    plan
        Of `plan_sample` for these tensors.
    batch
        Tiles in one call of the network, where the model leaves the batch open.
    preprocess, postprocess
        Whether the zoo operations of the bundle run.

    Raises
    ------
    ImageError
        If an image has pixels that are NaN or infinite.
    EngineError
        If the network fails, or returns other sizes than the bundle says.
    RunCancelled
        If `cancel` was used.
    """
    inputs = {t.name: _as_tensor(t, tensors[t.name]) for t in spec.inputs if t.name in tensors}
    for name, tensor in inputs.items():
        check_finite(tensor.values, f'the image for "{name}"')
    size, notes = _batch_size(spec, plan, batch)
    progress(Step("preprocessing", 0, 1, str(network.device)))
    feeds = {
        t.name: feed(t, inputs[t.name], inputs, preprocess=preprocess)
        for t in spec.inputs
        if t.name in inputs
    }
    results: dict[str, NDArray[Any]] = {}
    steps = infer(plan, feeds, network, into=results, batch=size, axes=_batch_axes(spec))
    with closing(steps):
        _watch(steps, len(plan.tiles), network, progress, cancel)
    outputs = {t.name: _as_tensor(t, results.pop(t.name)) for t in spec.outputs}
    if postprocess and any(t.operations for t in spec.outputs):
        progress(Step("postprocessing", 0, 1, str(network.device)))
        outputs = _postprocess(spec, inputs, outputs)
    return Prediction(outputs, plan, size, (*plan.notes, *notes))


def infer(
    plan: TilePlan,
    feeds: Mapping[str, Feed],
    network: Predictor,
    *,
    into: dict[str, NDArray[Any]],
    batch: int = 1,
    axes: Mapping[str, int] | None = None,
) -> Generator[int]:
    """Run the network on each tile; yields the number of tiles done after each call.

    Parameters
    ----------
    feeds
        Gives the inputs by name, processed and padded.
    into
        Filled with the outputs by name, each allocated once at its final size.
    batch
        Tiles in one call.
    axes
        Position of the batch axis of each tensor by name; needed where `batch` is more than 1.

    Raises
    ------
    EngineError
        If an output has another shape than planned.
    """
    groups = [plan.tiles[start : start + batch] for start in range(0, len(plan.tiles), batch)]
    calls = (_inputs(group, feeds, axes or {}) for group in groups)
    is_one = len(plan.tiles) == 1
    answers = network.stream(
        calls, list(plan.output_shapes), room=_bytes_returned(plan, batch), keep=is_one
    )
    done = 0
    with closing(cast("Generator[Mapping[str, NDArray[Any]]]", answers)):
        for group, returned in zip(groups, answers, strict=True):
            for number, tile in enumerate(group):
                for name, values in returned.items():
                    if len(group) > 1:
                        values = _one_of(values, (axes or {})[name], number, len(group))
                    _check_shape(name, values, plan.returned_shapes[name])
                    _place(into, name, values, tile=tile, plan=plan)
            done += len(group)
            yield done


def _bytes_returned(plan: TilePlan, batch: int) -> int:
    """What the outputs of a call take if they are float32, as nearly all are."""
    shapes = [shape for shape in plan.returned_shapes.values() if shape is not None]
    aligned = 128 * len(shapes)
    return batch * sum(4 * math.prod(shape) for shape in shapes) + aligned


def _place(
    into: dict[str, NDArray[Any]],
    name: str,
    values: NDArray[Any],
    *,
    tile: Tile,
    plan: TilePlan,
) -> None:
    """Copy what is kept of a tile's output to where it belongs; that of an only tile stays."""
    if len(plan.tiles) == 1:
        into[name] = np.ascontiguousarray(values[tile.local[name]])
        return
    shape = plan.output_shapes[name]
    if name not in into and shape is not None:
        into[name] = np.empty(shape, values.dtype)
    into[name][tile.inner[name]] = values[tile.local[name]]


def _inputs(
    tiles: Sequence[Tile], feeds: Mapping[str, Feed], axes: Mapping[str, int]
) -> dict[str, NDArray[Any]]:
    """What the network is fed with for some tiles at once."""
    made = {}
    for name, source in feeds.items():
        parts = [source.part(tile.outer[name]) for tile in tiles]
        made[name] = parts[0] if len(parts) == 1 else np.concatenate(parts, axes[name])
    return made


def _one_of(values: NDArray[Any], axis: int, number: int, count: int) -> NDArray[Any]:
    """Sample `number` of a batch of `count`; all of it where the sizes do not fit."""
    if values.ndim <= axis or values.shape[axis] != count:
        return values
    return values[(slice(None),) * axis + (slice(number, number + 1),)]


def _check_shape(name: str, values: NDArray[Any], planned: tuple[int, ...] | None) -> None:
    if planned is not None and values.shape != planned:
        raise EngineError(
            f'The network returned "{name}" with {_by(values.shape)} px; '
            f"the bundle's sizes say {_by(planned)} px.",
            hint="The RDF does not describe these weights: correct the sizes of the output, "
            "or tell the model's authors.",
        )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _watch(
    steps: Iterator[int],
    total: int,
    network: Predictor,
    progress: Progress,
    cancel: CancelToken | None,
) -> None:
    """Run `steps` to the end, tell how far they are, and stop between two when cancelled."""
    device, start = str(network.device), time.perf_counter()
    progress(Step("inference", 0, total, device))
    if cancel is not None:
        cancel.check()
    for done in steps:
        left = (time.perf_counter() - start) / done * (total - done)
        progress(Step("inference", done, total, device, left))
        if cancel is not None:
            cancel.check()


def _batch_axes(spec: ModelSpec) -> dict[str, int]:
    """Position of the batch axis of each tensor that has one."""
    return {
        tensor.name: tensor.names.index(AxisName.BATCH)
        for tensor in (*spec.inputs, *spec.outputs)
        if AxisName.BATCH in tensor.names
    }


def _batch_size(spec: ModelSpec, plan: TilePlan, batch: int) -> tuple[int, tuple[str, ...]]:
    """Tiles in one call, and what to tell if these are fewer than asked for."""
    if batch == 1 or plan.is_whole:
        return 1, ()
    axes = _batch_axes(spec)
    is_single = all(shape[axes[name]] == 1 for name, shape in plan.padded.items() if name in axes)
    if spec.batch_is_open and is_single and all(tensor.name in axes for tensor in spec.outputs):
        return batch, ()
    return 1, (f"batch={batch} is read as 1: the model takes one sample a call.",)


def _as_tensor(spec: TensorSpec, values: NDArray[Any]) -> Tensor:
    return Tensor(values, tuple(axis.id for axis in spec.axes), spec.names)


def _postprocess(
    spec: ModelSpec, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The outputs after the zoo's operations, which may refer to inputs and raw outputs."""
    references = {**inputs, **outputs}
    operations = {t.name: [(o.name, o.kwargs) for o in t.operations] for t in spec.outputs}
    read = {name: referred_to(each) for name, each in operations.items()}
    made = {}
    for name, tensor in outputs.items():
        is_read = any(name in names for other, names in read.items() if other != name)
        made[name] = finish(operations[name], tensor, references, keep=is_read)
    return made
