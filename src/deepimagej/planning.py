"""How a sample is cut: from the tile of a request to the plan of its tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepimagej.axes import format_axes
from deepimagej.errors import OptionError
from deepimagej.request import TileChoice
from deepimagej.tiling import plan_tiles, price

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from deepimagej.axes import Axis
    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.tiling import Price, TilePlan


def plan_sample(
    spec: ModelSpec,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    tile: TileChoice,
    max_pixels: int | None = None,
) -> TilePlan:
    """How a sample is cut into tiles.

    Parameters
    ----------
    shapes
        Of the input tensors by name, axes in the model's order.
    max_pixels
        Spatial px of a tile at most, where `tile` leaves it open.

    Raises
    ------
    ImageError
        If an image does not fit the model.
    OptionError
        If the tile is not legal.
    """
    first = spec.inputs[0]
    return plan_tiles(
        *_axes_of(spec, shapes),
        shapes,
        tile=tile_sizes(first, tile, shapes[first.name]),
        overlap=tile.overlap,
        max_pixels=max_pixels,
        allow_tiling=spec.allow_tiling,
        pyramidal=spec.pyramidal,
    )


def price_sample(
    spec: ModelSpec,
    shapes: Mapping[str, tuple[int, ...]],
    limits: Iterable[int],
    *,
    overlap: int | None = None,
) -> list[Price]:
    """What each of `limits` as `max_pixels` of `plan_sample` comes to."""
    return price(
        *_axes_of(spec, shapes),
        shapes,
        limits,
        overlap=overlap,
        allow_tiling=spec.allow_tiling,
        pyramidal=spec.pyramidal,
    )


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


def resolved_tile(spec: ModelSpec, plan: TilePlan, asked: TileChoice) -> TileChoice:
    """The tile of `plan` as a request names it: spatial axes of the first input, in its order."""
    axes = [axis for axis in spec.inputs[0].axes if axis.id in plan.tile]
    return TileChoice(
        sizes=tuple(plan.tile[axis.id] for axis in axes),
        axes=tuple(axis.name for axis in axes),
        overlap=asked.overlap,
    )


def _axes_of(
    spec: ModelSpec, names: Collection[str]
) -> tuple[dict[str, tuple[Axis, ...]], dict[str, tuple[Axis, ...]]]:
    """Axes of the inputs in `names` and of all outputs."""
    inputs = {tensor.name: tensor.axes for tensor in spec.inputs if tensor.name in names}
    return inputs, {tensor.name: tensor.axes for tensor in spec.outputs}
