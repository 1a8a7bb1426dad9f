"""How large the tiles are: those asked for, checked, or the largest that fit a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deepimagej.errors import ImageError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.axes import Axis
    from deepimagej.tiling_lines import Line, Member


@dataclass(frozen=True, slots=True)
class Cut:
    """A line with the tile size along it; lengths in px of the line's root."""

    line: Line
    halo: int
    tile: int

    @property
    def stride(self) -> int:
        """Px from one origin to the next at most; not positive if tiles would leave gaps."""
        return (self.tile - 2 * self.halo) // self.line.unit * self.line.unit

    @property
    def n_tiles(self) -> int:
        """Tiles along the line."""
        rest = self.line.padded - self.tile
        return 1 if rest <= 0 else 1 + -(-rest // self.stride)

    def origins(self) -> list[int]:
        """Where the tiles start: multiples of the unit, the last tile flush with the grid."""
        rest, n, unit = self.line.padded - self.tile, self.n_tiles, self.line.unit
        if self.line.is_fixed:
            return [min(number * self.stride, rest) for number in range(n)]
        return [rest // unit * number // max(n - 1, 1) * unit for number in range(n)]

    @property
    def least(self) -> int:
        """The smallest tile that may be asked for; the whole line where none is smaller."""
        size = self.line.rule.at_least(2 * self.halo + 1)
        while self.aligned(size) < min(2 * self.halo + self.line.unit, self.line.padded):
            size += self.line.rule.step
        return min(size, self.line.padded)

    def aligned(self, tile: int) -> int:
        """The smallest size from `tile` on with which the last tile is flush with the grid."""
        return tile + (self.line.padded - tile) % self.line.unit

    def in_tiles(self, n: int) -> Cut:
        """The same line in at most `n` tiles, as small as can be."""
        about = -(-(self.line.padded + 2 * self.halo * (n - 1)) // n)
        found = replace(self, tile=self.aligned(max(self.line.rule.at_least(about), self.least)))
        while found.n_tiles > n:
            found = replace(found, tile=found.tile + self.line.unit)
        return found


def choose_cuts(
    lines: tuple[Line, ...],
    axes: Mapping[str, tuple[Axis, ...]],
    *,
    tile: Mapping[str, int],
    overlap: int | None,
    max_pixels: int | None,
) -> tuple[list[Cut], list[str]]:
    """Tile sizes for all lines, and what to tell of them.

    Parameters
    ----------
    axes
        The inputs of the model; `tile` speaks of the first.

    Raises
    ------
    OptionError
        If a size in `tile` is not legal.
    ImageError
        If the image is too large for a network of fixed size whose halo leaves nothing.
    """
    first = next(iter(axes))
    cuts: list[Cut] = []
    notes: list[str] = []
    open_cuts: list[int] = []
    for line in lines:
        member = next((one for one in line.inputs if one.tensor == first), None)
        cut = Cut(line, max(line.halo, overlap or 0), line.padded)
        asked = tile.get(axes[first][member.axis].id) if member is not None else None
        if line.is_fixed:
            cut = _fixed(cut)
        if member is not None and asked is not None:
            cut = _asked(cut, member, asked)
            notes += _tell_of_size(cut, member, asked)
        elif line.can_tile and not line.is_fixed:
            open_cuts.append(len(cuts))
        cuts.append(cut)
    if max_pixels is not None:
        _shrink(cuts, open_cuts, first, max_pixels)
    return cuts, [*notes, *_tell_of_overlap(cuts, overlap)]


def _tell_of_size(cut: Cut, member: Member, asked: int) -> list[str]:
    size = member.length(cut.tile)
    if size <= asked:
        return []
    return [
        f"The tile is {size} px along {cut.line.name.upper()} instead of {asked} px, "
        "so that tiles meet on whole pixels of the outputs."
    ]


def _tell_of_overlap(cuts: list[Cut], overlap: int | None) -> list[str]:
    if overlap is None or all(cut.n_tiles == 1 for cut in cuts):
        return []
    model, used = max(cut.line.halo for cut in cuts), max(cut.halo for cut in cuts)
    return [f"The halo is {used} px: the larger of overlap={overlap} and the model's {model} px."]


def _fixed(cut: Cut) -> Cut:
    """The only tile of a network of fixed size."""
    line, name = cut.line, cut.line.name.upper()
    cut = replace(cut, tile=line.rule.min)
    if line.padded > cut.tile and cut.stride < 1:
        raise ImageError(
            f"The image is {line.size} px along {name}; the model takes {cut.tile} px, of which "
            f"its halo of {cut.halo} px on each side leaves nothing.",
            hint=f"Crop or scale the image to {cut.tile} px along {name}, or lower the overlap.",
        )
    return cut


def _asked(cut: Cut, member: Member, asked: int) -> Cut:
    """The tile of `asked` px along `member`; larger than the padded line is cut to it."""
    line, name = cut.line, cut.line.name.upper()
    if asked >= member.length(line.padded):
        return cut
    if not line.can_tile:
        raise OptionError(
            f"The tile is {asked} px along {name}, but the model takes the whole image at once: "
            f"{member.length(line.padded)} px.",
            hint="Use tile=auto.",
        )
    legal = [cut.tile] if line.is_fixed else _neighbours(cut, member, asked)
    size = next((size for size in legal if member.length(size) == asked), None)
    if size is None:
        size = None if line.is_fixed else _root_size(line, member, asked)
        px = " or ".join(str(member.length(one)) for one in legal)
        if size is not None:
            raise OptionError(
                f"The tile is {asked} px along {name}, of which the halo of "
                f"{cut.halo} px on each side leaves nothing.",
                hint=f"Take {member.length(legal[0])} px or more along {name}.",
            )
        rule = f"{line.rule.min} px" if line.is_fixed else _in_words(line, member)
        raise OptionError(
            f"The tile is {asked} px along {name}; the model takes {rule}.",
            hint=f"Take {px} px along {name}.",
        )
    return replace(cut, tile=cut.aligned(size))


def _in_words(line: Line, member: Member) -> str:
    least = member.length(line.rule.min)
    return f"{least} + n * {member.length(line.rule.min + line.rule.step) - least} px"


def _root_size(line: Line, member: Member, asked: int) -> int | None:
    """The legal length of the line at which `member` is `asked` px."""
    about = math.floor((asked - 2 * member.offset) / member.scale)
    size = line.rule.at_most(max(about, line.rule.min))
    while member.length(size) > asked and size > line.rule.min:
        size -= line.rule.step
    while member.length(size) < asked:
        size += line.rule.step
    return size if member.length(size) == asked else None


def _neighbours(cut: Cut, member: Member, asked: int) -> list[int]:
    """The legal tiles next to `asked`, below and above; `asked` alone if it is one."""
    rule, padded = cut.line.rule, cut.line.padded
    about = math.floor((asked - 2 * member.offset) / member.scale)
    start = max(rule.at_most(about), cut.least)
    while start > cut.least and member.length(start) > asked:
        start -= rule.step
    return list(dict.fromkeys((start, min(start + rule.step, padded))))


def _shrink(cuts: list[Cut], at: list[int], first: str, max_pixels: int) -> None:
    """Cut the longest open line into one tile more until a tile fits; in place."""

    def pixels() -> int:
        return math.prod(c.tile for c in cuts if any(m.tensor == first for m in c.line.inputs))

    while pixels() > max_pixels:
        left = [
            number for number in at if cuts[number].tile > cuts[number].aligned(cuts[number].least)
        ]
        if not left:
            return
        number = max(left, key=lambda one: cuts[one].tile)
        cut, n = cuts[number], cuts[number].n_tiles
        while cut.tile >= cuts[number].tile:
            n += 1
            cut = cut.in_tiles(n)
        cuts[number] = cut
