"""How an image is cut into tiles: pure geometry.

One line of the image (see `tiling_lines`), cut into tiles of one size. Three kinds of px:

- *padded input px*: the image with its mirrored far end; `Tile.outer` counts in them;
- *output px*: the final result, cropped to the image; `Tile.inner` counts in them;
- *tile-local px*: what the network returns for one tile; `Tile.local` counts in them.

::

    padded input px   0                                       size    padded
                      |─────────────── image ───────────────────|~ mirror ~|
    outer             [─────── tile 0 ───────]                             |
                              [─────── tile 1 ───────]                     |
                                                     [────── tile 2 ───────]
                                       (origins are multiples of the unit)
    output px         0 (scale 1)                              size
    inner             [── tile 0 ─────)[── tile 1 ────...
    tile-local px     0 ...... local ..)[halo]
                              [halo](.. local ...

The first and the last tile are flush with the padded grid, so what the network sees beyond their
outer ends is what it sees when it runs on the whole; between two tiles the border of the inner
parts is the middle of what they share, at least a halo from the end of either.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.tiling_cuts import choose_cuts
from deepimagej.tiling_lines import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from deepimagej.tiling_cuts import Cut
    from deepimagej.tiling_lines import Layout, Member, Tensors

Slices = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """What one call of the network reads, and what is kept of its answer."""

    outer: Mapping[str, Slices]
    """Part of each input that is read, in padded input px."""
    inner: Mapping[str, Slices]
    """Part of each output that is filled, in px of the cropped result."""
    local: Mapping[str, Slices]
    """The same part, in px of what the network returns for this tile."""


@dataclass(frozen=True, slots=True)
class TilePlan:
    """The tiles of one sample; made by `plan_tiles` only."""

    padded: Mapping[str, tuple[int, ...]]
    """Shape of each input after padding."""
    output_shapes: Mapping[str, tuple[int, ...] | None]
    """Shape of each output after the crop; None if only the run can tell."""
    returned_shapes: Mapping[str, tuple[int, ...] | None]
    """Shape that the network returns for one tile."""
    tiles: tuple[Tile, ...]
    tile: Mapping[str, int]
    """Px of a tile along the spatial axes of the first input, by axis id."""
    notes: tuple[str, ...] = ()
    """What the user should know: sizes that were changed, tiles without a halo."""

    @property
    def is_whole(self) -> bool:
        """Whether one tile is the whole padded image."""
        return len(self.tiles) == 1

    @property
    def tile_pixels(self) -> int:
        """Spatial px of a tile of the first input."""
        return math.prod(self.tile.values())


def plan_tiles(
    inputs: Tensors,
    outputs: Tensors,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    tile: Mapping[str, int] | None = None,
    overlap: int | None = None,
    max_pixels: int | None = None,
    allow_tiling: bool = True,
    pyramidal: bool = False,
) -> TilePlan:
    """The tiles that cover an image, and where their results lie.

    The image is padded at the far end of each axis to the smallest legal length; "untiled" is the
    network on that image, and a tiled run gives the same wherever the halo holds the receptive
    field.

    Parameters
    ----------
    inputs, outputs
        Axes of the model's tensors, by name.
    shapes
        Shape of the image for each input, px.
    tile
        Px by axis id of the first input; axes that are not named are left to the plan. None: all.
    overlap
        Least halo, input px.
    max_pixels
        Spatial px of a tile of the first input at most, where that can be had.
    allow_tiling
        Whether the model may see parts of the image.
    pyramidal
        Whether the sizes of the outputs have nothing to do with that of the image: one tile.

    Raises
    ------
    ImageError
        If an image does not fit the model.
    OptionError
        If `tile` is not legal.
    """
    layout = lay_out(
        inputs, outputs, shapes, can_tile=allow_tiling and not pyramidal, pyramidal=pyramidal
    )
    _check_results(layout)
    cuts, notes = choose_cuts(
        layout.lines, inputs, tile=tile or {}, overlap=overlap, max_pixels=max_pixels
    )
    first = next(iter(inputs))
    own = [(cut, m) for cut in cuts for m in cut.line.inputs if m.tensor == first]
    return TilePlan(
        padded=_padded(layout, shapes),
        output_shapes=_output_shapes(layout, [line.size for line in layout.lines]),
        returned_shapes=_output_shapes(layout, [cut.tile for cut in cuts]),
        tiles=tuple(_tiles(layout, _padded(layout, shapes), cuts)),
        tile={inputs[first][member.axis].id: member.length(cut.tile) for cut, member in own},
        notes=(*notes, *_warn_of_no_halo(cuts)),
    )


@dataclass(frozen=True, slots=True)
class Price:
    """What it takes to run a sample in tiles of at most some size."""

    max_pixels: int
    """Spatial px of a tile of the first input at most."""
    pixels: int
    """Spatial px of a tile."""
    n_tiles: int
    is_seamless: bool
    """Whether the model declares a halo wherever two tiles meet."""


def price(
    inputs: Tensors,
    outputs: Tensors,
    shapes: Mapping[str, tuple[int, ...]],
    limits: Iterable[int],
    *,
    overlap: int | None = None,
    allow_tiling: bool = True,
    pyramidal: bool = False,
) -> list[Price]:
    """What each of `limits` as `max_pixels` of `plan_tiles` comes to; no tile is made."""
    layout = lay_out(
        inputs, outputs, shapes, can_tile=allow_tiling and not pyramidal, pyramidal=pyramidal
    )
    first = next(iter(inputs))
    found = []
    for limit in limits:
        cuts, _ = choose_cuts(layout.lines, inputs, tile={}, overlap=overlap, max_pixels=limit)
        own = [m.length(cut.tile) for cut in cuts for m in cut.line.inputs if m.tensor == first]
        found.append(
            Price(
                max_pixels=limit,
                pixels=math.prod(own),
                n_tiles=math.prod(cut.n_tiles for cut in cuts),
                is_seamless=all(cut.halo > 0 for cut in cuts if cut.n_tiles > 1),
            )
        )
    return found


def _warn_of_no_halo(cuts: list[Cut]) -> tuple[str, ...]:
    bare = [cut.line.name.upper() for cut in cuts if cut.n_tiles > 1 and cut.halo == 0]
    if not bare:
        return ()
    return (
        f"The tiles have no halo along {' and '.join(bare)}: pixels near their borders may differ "
        "from those of an untiled run.",
    )


def _check_results(layout: Layout) -> None:
    """Refuse images of which a valid network leaves nothing."""
    lines = [line for line in layout.lines if line.outputs]
    for line in lines:
        for member in line.outputs:
            if member.length(line.size) < 1:
                names = ", ".join(one.name.upper() for one in lines)
                sizes = " x ".join(str(one.size) for one in lines)
                least = " x ".join(str(one.least_size) for one in lines)
                raise ImageError(
                    f"The image is {sizes} px ({names}), of which the model leaves nothing in "
                    f'"{member.tensor}".',
                    hint=f"The smallest image for this model is {least} px ({names}).",
                )


def _padded(layout: Layout, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    padded = {name: list(shape) for name, shape in shapes.items()}
    for line in layout.lines:
        for member in line.inputs:
            padded[member.tensor][member.axis] = member.length(line.padded)
    return {name: tuple(shape) for name, shape in padded.items()}


def _output_shapes(layout: Layout, sizes: list[int]) -> dict[str, tuple[int, ...] | None]:
    """Shapes of the outputs where the lines are `sizes` px long."""
    found = {
        (member.tensor, member.axis): member.length(size)
        for line, size in zip(layout.lines, sizes, strict=True)
        for member in line.outputs
    }
    return {
        name: None
        if name in layout.free
        else tuple(
            found[name, axis] if length is None else length for axis, length in enumerate(lengths)
        )
        for name, lengths in layout.outputs.items()
    }


@dataclass(frozen=True, slots=True)
class _Piece:
    """One tile along one line: a slice for each axis on the line."""

    outer: Mapping[Member, slice]
    inner: Mapping[Member, slice]
    local: Mapping[Member, slice]


def _pieces(cut: Cut) -> list[_Piece]:
    line, origins = cut.line, cut.origins()
    borders = {member: _borders(member, cut, origins) for member in line.outputs}
    pieces = []
    for number, origin in enumerate(origins):
        outer = {
            member: slice(member.at(origin), member.at(origin) + member.length(cut.tile))
            for member in line.inputs
        }
        inner = {member: slice(*borders[member][number : number + 2]) for member in line.outputs}
        local = {
            member: slice(part.start - member.at(origin), part.stop - member.at(origin))
            for member, part in inner.items()
        }
        pieces.append(_Piece(outer, inner, local))
    return pieces


def _borders(member: Member, cut: Cut, origins: list[int]) -> list[int]:
    """Where inner parts begin and end: in the middle of what two tiles share."""
    length, end = member.length(cut.tile), member.length(cut.line.size)
    middles = [
        min((member.at(one) + length + member.at(other)) // 2, end)
        for one, other in itertools.pairwise(origins)
    ]
    return [0, *middles, end]


def _tiles(
    layout: Layout, padded: Mapping[str, tuple[int, ...]], cuts: list[Cut]
) -> Iterator[Tile]:
    """All combinations of the pieces along the lines, the last line fastest."""
    whole = {name: [slice(0, size) for size in shape] for name, shape in padded.items()}
    results = {
        name: [slice(None) if name in layout.free else slice(0, size) for size in lengths]
        for name, lengths in layout.outputs.items()
    }
    for pieces in itertools.product(*(_pieces(cut) for cut in cuts)):
        tile = Tile(
            outer=_placed(whole, [piece.outer for piece in pieces]),
            inner=_placed(results, [piece.inner for piece in pieces]),
            local=_placed(results, [piece.local for piece in pieces]),
        )
        if any(_has_pixels(part) for part in tile.inner.values()):
            yield tile


def _placed(
    base: Mapping[str, list[slice]], pieces: list[Mapping[Member, slice]]
) -> dict[str, Slices]:
    slices = {name: list(axes) for name, axes in base.items()}
    for piece in pieces:
        for member, part in piece.items():
            slices[member.tensor][member.axis] = part
    return {name: tuple(axes) for name, axes in slices.items()}


def _has_pixels(part: Slices) -> bool:
    return all(one.start is None or one.stop > one.start for one in part)


def pad(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """`array` mirrored at the far end of each axis up to `shape`, px.

    The edge px is not repeated: ``a b c`` becomes ``a b c b a b c b``; an axis of length 1 is
    repeated. Without anything to pad the same array comes back, not a copy.
    """
    where = tuple(slice(0, size) for size in shape)
    return array if shape == array.shape else read_padded(array.__getitem__, array.shape, where)


def read_padded(
    read: Callable[[Slices], NDArray[Any]], shape: tuple[int, ...], where: Slices
) -> NDArray[Any]:
    """A part of an image that is mirrored as `pad` does; the whole is not made.

    Parameters
    ----------
    read
        Gives a part of the image itself.
    shape
        Of the image, px.
    where
        The part, in padded px: a start and a stop for each axis.
    """
    own: list[slice] = []
    picks: list[NDArray[np.intp] | None] = []
    for size, part in zip(shape, where, strict=True):
        if part.stop <= size:
            own.append(part)
            picks.append(None)
            continue
        period = max(2 * (size - 1), 1)
        at = np.arange(part.start, part.stop) % period
        at = np.where(at < size, at, period - at)
        own.append(slice(int(at.min()), int(at.max()) + 1))
        picks.append(at - at.min())
    values = read(tuple(own))
    for axis, pick in enumerate(picks):
        if pick is not None:
            values = np.take(values, pick, axis=axis)
    return values
