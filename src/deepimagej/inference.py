"""One sample through a network: the zoo's operations, tiles, the engine. Arrays only, no Java.

::

    tensors ─ pre-operations ─ cast ─ pad ─┬ outer ─ network ─ local ┬─ post-operations ─ outputs
              (statistics of the whole     └─ inner parts of results ┘   (on whole results)
              sample)                             tile by tile
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deepimagej.axes import AxisName, format_axes
from deepimagej.errors import EngineError, OptionError
from deepimagej.image import check_finite
from deepimagej.processing import Tensor, apply
from deepimagej.progress import Step, silent
from deepimagej.tiling import pad, plan_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import Device, TileChoice
    from deepimagej.tiling import TilePlan


class Predictor(Protocol):
    """A loaded network: the engines' `Network`, or anything that answers as it does."""

    device: Device

    def predict(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """One call of the network on arrays in the model's axis order."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a network gave for one sample."""

    outputs: Mapping[str, Tensor]
    """All outputs by name, after post-processing if it was asked for."""
    plan: TilePlan
    notes: tuple[str, ...] = ()
    """What the user should know of the tiles."""


def predict_sample(
    spec: ModelSpec,
    tensors: Mapping[str, NDArray[Any]],
    network: Predictor,
    *,
    tile: TileChoice,
    batch: int = 1,
    preprocess: bool = True,
    postprocess: bool = True,
    max_pixels: int | None = None,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> Prediction:
    """The outputs of a model for one sample.

    Parameters
    ----------
    tensors
        Input arrays by tensor name, axes in the model's order.
    batch
        Tiles in one call of the network, where the model leaves the batch open.
    preprocess, postprocess
        Whether the zoo operations of the bundle run.
    max_pixels
        Spatial px of a tile at most, where the tile is left to the run.

    Raises
    ------
    ImageError
        If an image does not fit the model or has pixels that are NaN or infinite.
    OptionError
        If the tile is not legal.
    EngineError
        If the network fails, or returns other sizes than the bundle says.
    RunCancelled
        If `cancel` was used.
    """
    inputs = {t.name: _as_tensor(t, tensors[t.name]) for t in spec.inputs if t.name in tensors}
    for name, tensor in inputs.items():
        check_finite(tensor.values, f'the image for "{name}"')
    axes = {t.name: t.axes for t in spec.inputs if t.name in inputs}
    first = spec.inputs[0]
    plan = plan_tiles(
        axes,
        {t.name: t.axes for t in spec.outputs},
        {name: tensor.values.shape for name, tensor in inputs.items()},
        tile=tile_sizes(first, tile, inputs[first.name].values.shape),
        overlap=tile.overlap,
        max_pixels=max_pixels,
        allow_tiling=spec.allow_tiling,
        pyramidal=spec.pyramidal,
    )
    size, notes = _batch_size(spec, plan, batch)
    progress(Step("preprocessing", 0, 1, str(network.device)))
    fed = _fed(spec, inputs, plan, preprocess=preprocess)
    results: dict[str, NDArray[Any]] = {}
    steps = infer(plan, fed, network.predict, into=results, batch=size, axes=_batch_axes(spec))
    _watch(steps, len(plan.tiles), network, progress, cancel)
    outputs = {t.name: _as_tensor(t, results[t.name]) for t in spec.outputs}
    if postprocess and any(t.operations for t in spec.outputs):
        progress(Step("postprocessing", 0, 1, str(network.device)))
        references = {**inputs, **outputs}
        outputs = {t.name: _operate(t, outputs[t.name], references) for t in spec.outputs}
    return Prediction(outputs, plan, (*plan.notes, *notes))


def infer(
    plan: TilePlan,
    tensors: Mapping[str, NDArray[Any]],
    predict: Callable[[Mapping[str, NDArray[Any]], Sequence[str]], Mapping[str, NDArray[Any]]],
    *,
    into: dict[str, NDArray[Any]],
    batch: int = 1,
    axes: Mapping[str, int] | None = None,
) -> Iterator[int]:
    """Run the network on each tile; yields the number of tiles done after each call.

    Parameters
    ----------
    tensors
        Inputs by name, padded as the plan says.
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
    names = list(plan.output_shapes)
    done = 0
    for tiles in _batched(plan.tiles, batch):
        parts = [{name: tensors[name][part] for name, part in t.outer.items()} for t in tiles]
        returned = predict(_stacked(parts, axes or {}), names)
        for number, tile in enumerate(tiles):
            for name in names:
                values = returned[name]
                if len(tiles) > 1:
                    values = _one_of(values, (axes or {})[name], number, len(tiles))
                _check_shape(name, values, plan.returned_shapes[name])
                if plan.is_whole:
                    into[name] = np.ascontiguousarray(values[tile.local[name]])
                    continue
                shape = plan.output_shapes[name]
                if name not in into and shape is not None:
                    into[name] = np.empty(shape, values.dtype)
                into[name][tile.inner[name]] = values[tile.local[name]]
        done += len(tiles)
        yield done


def _batched(tiles: Sequence[Any], size: int) -> Iterator[tuple[Any, ...]]:
    """`tiles` in groups of `size` (itertools.batched is newer than Python 3.11)."""
    left = iter(tiles)
    while group := tuple(itertools.islice(left, size)):
        yield group


def _stacked(
    parts: list[dict[str, NDArray[Any]]], axes: Mapping[str, int]
) -> dict[str, NDArray[Any]]:
    """Tiles as one batch; a single tile stays the view that it is."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts], axes[name]) for name in parts[0]}


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


def tile_sizes(tensor: TensorSpec, choice: TileChoice, shape: tuple[int, ...]) -> dict[str, int]:
    """The tile that a request names, px by axis id; empty for ``tile=auto``.

    Parameters
    ----------
    tensor
        The first input of the model.
    shape
        Its shape for this image: lengths other than along z, y and x must be these.

    Raises
    ------
    OptionError
        If the request has too few or too many sizes, or names an axis that the model lacks.
    """
    names = choice.axes or tuple(name for name in tensor.names if name.is_spatial)
    if choice.is_auto:
        return {}
    if len(choice.sizes) != len(names):
        listed = ",".join(name.upper() for name in names)
        n_sizes = f"{len(choice.sizes)} size" + ("s" if len(choice.sizes) != 1 else "")
        raise OptionError(
            f"tile={','.join(map(str, choice.sizes))} has {n_sizes} for the axes {listed}.",
            hint=f"Give one for each axis, as in axes={listed} "
            f"tile={','.join(['256' if n.is_spatial else '1' for n in names])}.",
        )
    asked = {}
    for name, size in zip(names, choice.sizes, strict=True):
        axis = tensor.axis(name)
        if axis is None:
            raise OptionError(
                f'tile names the axis {name.upper()}, which "{tensor.name}" of the model lacks.',
                hint=f"The model takes the axes {format_axes(tensor.names)}.",
            )
        own = shape[tensor.names.index(name)]
        if not name.is_spatial and size != own:
            raise OptionError(
                f"tile is {size} along {name.upper()}, which is never tiled; it is {own} here.",
                hint=f"Give {own}, or leave {name.upper()} out of axes and tile.",
            )
        if name.is_spatial:
            asked[axis.id] = size
    return asked


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


def _operate(spec: TensorSpec, tensor: Tensor, references: Mapping[str, Tensor]) -> Tensor:
    for operation in spec.operations:
        tensor = apply(operation.name, operation.kwargs, tensor, references)
    return tensor


def _fed(
    spec: ModelSpec, inputs: Mapping[str, Tensor], plan: TilePlan, *, preprocess: bool
) -> dict[str, NDArray[Any]]:
    """The inputs as the network takes them: processed, cast and padded."""
    fed = {}
    for tensor in spec.inputs:
        if tensor.name in inputs:
            ready = inputs[tensor.name]
            if preprocess:
                ready = _operate(tensor, ready, inputs)
            fed[tensor.name] = pad(_cast(ready.values, _fed_type(tensor)), plan.padded[tensor.name])
    return fed


def _fed_type(tensor: TensorSpec) -> np.dtype[Any]:
    """Type that the network takes.

    Format 0.5 declares the type of the image; its operations end in another, at last in that of
    ``ensure_dtype``. The same holds where a macro stands in for the operations.
    """
    for operation in reversed(tensor.operations):
        if operation.name == "ensure_dtype" and "dtype" in operation.kwargs:
            return np.dtype(str(operation.kwargs["dtype"]))
    declared = np.dtype(tensor.data_type)
    if tensor.operations and not np.issubdtype(declared, np.floating):
        return np.dtype(np.float32)
    return declared


def _cast(values: NDArray[Any], wanted: np.dtype[Any]) -> NDArray[Any]:
    if np.issubdtype(wanted, np.integer) and np.issubdtype(values.dtype, np.floating):
        limits = np.iinfo(wanted)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(wanted, copy=False)
