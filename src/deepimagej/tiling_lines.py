"""Which axes of a model's tensors run along the same line of the image, and how long they are.

A *line* is one spatial direction that inputs and outputs share. Lengths along it are counted in
px of its root, the input axis that the others follow; every *member* says how its own px follow::

    line Y      0 ............... size ...... padded        root px
    raw.y       |── image ──────────|─ mirror ─|            scale 1
    low.y       |─────────|────|                            scale 1/2, another input
    prob.y      |─────────|                                 scale 1/2, an output, cropped
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from deepimagej.axes import AxisName, DataDependentSize, SizeReference, SizeRule
from deepimagej.errors import BundleError, ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.axes import Axis

Tensors: TypeAlias = "Mapping[str, tuple[Axis, ...]]"
"""Axes of some tensors by the tensors' names."""
_Place = tuple[str, int]
"""A tensor and the position of one of its axes."""


@dataclass(frozen=True, slots=True)
class Member:
    """An axis of a tensor on a line."""

    tensor: str
    axis: int
    """Position of the axis in the tensor."""
    chain: tuple[SizeReference, ...] = ()
    """From the root's length to that of this axis; empty: the same."""
    halo: int = 0

    def length(self, size: int) -> int:
        """Px of this axis for `size` px of the root."""
        for reference in self.chain:
            size = reference.length(size)
        return size

    @property
    def scales(self) -> tuple[Fraction, ...]:
        """Scale from the root to each link of the chain."""
        found = [Fraction(1)]
        for reference in self.chain:
            found.append(found[-1] * _fraction(reference.scale))
        return tuple(found)

    @property
    def scale(self) -> Fraction:
        """Px of this axis for one px of the root."""
        return self.scales[-1]

    @property
    def offset(self) -> Fraction:
        """Half the px that this axis has beyond its scaled length; negative for valid networks."""
        offset = Fraction(0)
        for reference in self.chain:
            offset = offset * _fraction(reference.scale) + _fraction(reference.offset)
        return offset

    def at(self, origin: int) -> int:
        """Where a tile starts on this axis if it starts at `origin`, a multiple of the unit."""
        return int(origin * self.scale)


def _fraction(value: float) -> Fraction:
    """What was meant by 0.333333."""
    return Fraction(value).limit_denominator(1000)


@dataclass(frozen=True, slots=True)
class Line:
    """One spatial direction of the image."""

    name: AxisName
    rule: SizeRule
    """Legal lengths, of all inputs on the line."""
    size: int
    """Px of the image."""
    inputs: tuple[Member, ...]
    """The root first."""
    outputs: tuple[Member, ...] = ()
    can_tile: bool = True

    @property
    def is_fixed(self) -> bool:
        """Whether the network takes one length only."""
        return self.rule.step == 0

    @property
    def unit(self) -> int:
        """Px that divide every tile origin, so that tiles meet on whole px of every tensor."""
        scales = (scale for member in (*self.inputs, *self.outputs) for scale in member.scales)
        return math.lcm(self.rule.step or 1, *(scale.denominator for scale in scales))

    @property
    def padded(self) -> int:
        """Px of the padded grid."""
        if not self.is_fixed or self.size <= self.rule.min:
            return self.rule.at_least(self.size)
        return self.rule.min + -(-(self.size - self.rule.min) // self.unit) * self.unit

    def member_at(self, place: _Place) -> Member | None:
        """The input axis at `place`, None if it does not lie on this line."""
        return next((one for one in self.inputs if (one.tensor, one.axis) == place), None)

    @property
    def least_size(self) -> int:
        """Px of the smallest image of which every output keeps a px."""
        size = 1
        while any(member.length(size) < 1 for member in self.outputs):
            size += 1
        return size

    @property
    def halo(self) -> int:
        """Root px on each side of a tile whose outputs are not used."""
        return max((_margin(member) for member in self.outputs), default=0)


def _margin(member: Member) -> int:
    return max(0, math.ceil((member.halo - member.offset) / member.scale))


@dataclass(frozen=True, slots=True)
class Layout:
    """All lines of a run, and the lengths of the axes that lie on none."""

    lines: tuple[Line, ...]
    """Those of the first input first, in the order of its axes."""
    outputs: Mapping[str, tuple[int | None, ...]]
    """Lengths of the output axes that lie on no line; None for those that do."""
    free: frozenset[str]
    """Outputs whose shape is known only afterwards."""


def lay_out(
    inputs: Tensors,
    outputs: Tensors,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    can_tile: bool,
    pyramidal: bool,
) -> Layout:
    """The lines of a run on images of the given `shapes`.

    Raises
    ------
    ImageError
        If an image does not fit the model, or the images do not fit each other.
    BundleError
        If an axis refers to one that has no size of its own.
    """
    builder = _Builder(inputs, shapes)
    builder.add_inputs()
    if not pyramidal:
        outputs = {name: builder.follow_fixed(axes) for name, axes in outputs.items()}
    tensors = {**inputs, **outputs}
    constants = {name: builder.add_output(name, tensors) for name in outputs}
    free = frozenset(name for name in outputs if _is_free(name, tensors, pyramidal))
    lines = tuple(_settle(line, outputs, can_tile and not free) for line in builder.lines)
    return Layout(lines, constants, free)


class _Builder:
    """Collects the lines of some inputs, then the outputs on them."""

    def __init__(self, inputs: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.inputs = inputs
        self.shapes = shapes
        self.lines: list[Line] = []

    def add_inputs(self) -> None:
        """Make the lines, and refuse images that do not fit."""
        places = [(name, at) for name, axes in self.inputs.items() for at in range(len(axes))]
        for place in places:
            axis = self._axis(place)
            if axis.name.is_spatial and isinstance(axis.size, SizeRule):
                self._add_root(place, axis.name, axis.size)
        for place in places:
            root, chain = follow(self.inputs, place)
            if not self._axis(place).name.is_spatial or self.line_at(root) is None:
                self._check_constant(place, root, chain)
            elif chain:
                self._add_follower(place, root, chain)
        first = next(iter(self.inputs))
        self.lines.sort(key=lambda line: _rank(line, first))

    def _axis(self, place: _Place) -> Axis:
        return self.inputs[place[0]][place[1]]

    def _size(self, place: _Place) -> int:
        return self.shapes[place[0]][place[1]]

    def _add_root(self, place: _Place, name: AxisName, rule: SizeRule) -> None:
        size = self._size(place)
        if size < 1:
            raise ImageError(
                f'The image for "{place[0]}" has no pixel along {name.upper()}.',
                hint="Take an image that is not empty.",
            )
        new = Line(name, rule, size, (Member(*place),))
        for at, line in enumerate(self.lines):
            if line.name is not name or (new.is_fixed and line.rule != new.rule):
                continue  # an input of a fixed size of its own is passed whole
            joint = _joint(line.rule, rule) if line.size == size else None
            if joint is not None:
                self.lines[at] = replace(line, rule=joint, inputs=(*line.inputs, *new.inputs))
                return
            if not new.is_fixed:
                # How these two follow each other is not known: only whole images are right.
                self.lines[at] = replace(line, can_tile=False)
                new = replace(new, can_tile=False)
        self.lines.append(new)

    def line_at(self, place: _Place) -> Line | None:
        """The line on which the input axis at `place` lies."""
        return next((line for line in self.lines if line.member_at(place) is not None), None)

    def _add_follower(self, place: _Place, root: _Place, chain: tuple[SizeReference, ...]) -> None:
        line = self._extend(place, root, chain, halo=None)
        member, size = line.inputs[-1], self._size(place)
        exact = line.size * member.scale + 2 * member.offset
        # Half a px of a binned image may have been rounded either way.
        if size < 1 or abs(size - exact) >= 1:
            raise ImageError(
                f'"{place[0]}" is {size} px along {self._axis(place).name.upper()}; beside '
                f'{line.size} px of "{root[0]}" the model takes {member.length(line.size)} px.',
                hint=f'Give images that fit each other: "{place[0]}" follows "{root[0]}".',
            )

    def _extend(
        self, place: _Place, root: _Place, chain: tuple[SizeReference, ...], *, halo: int | None
    ) -> Line:
        """Put the axis at `place` on the line of `root`; `halo` is None for inputs."""
        at, line = next(
            (at, line) for at, line in enumerate(self.lines) if line.member_at(root) is not None
        )
        found = line.member_at(root)
        whole = (*found.chain, *chain) if found is not None else chain
        if halo is None:
            line = replace(line, inputs=(*line.inputs, Member(*place, whole)))
        else:
            line = replace(line, outputs=(*line.outputs, Member(*place, whole, halo)))
        self.lines[at] = line
        return line

    def _check_constant(
        self, place: _Place, root: _Place, chain: tuple[SizeReference, ...]
    ) -> None:
        """Refuse illegal lengths of axes that are never padded: b, t, c and i."""
        axis, size = self._axis(place), self._size(place)
        if axis.concatenable or isinstance(axis.size, DataDependentSize):
            return
        if isinstance(axis.size, SizeRule):
            rule = axis.size
        else:
            rule = SizeRule(Member("", 0, chain).length(self._fed(root)))
        if not rule.accepts(size):
            takes = f"{rule.min} + n * {rule.step}" if rule.step else f"{rule.min}"
            raise ImageError(
                f'"{place[0]}" has length {size} along {axis.name.upper()}; '
                f"the model takes {takes}.",
                hint="This axis is neither padded nor tiled: give an image of that length.",
            )

    def _fed(self, root: _Place) -> int:
        """Px that the network gets along an input axis."""
        line = self.line_at(root)
        return line.padded if line is not None else self._size(root)

    def follow_fixed(self, axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Fixed lengths of an output of a network with fixed inputs, as references to those.

        Formats 0.3 and 0.4 may give both shapes as plain numbers. Whole multiples and fractions
        are scales, another smaller length is that of a valid network.
        """
        return tuple(self._follow_fixed(axis) for axis in axes)

    def _follow_fixed(self, axis: Axis) -> Axis:
        line = next((one for one in self.lines if one.name is axis.name and one.is_fixed), None)
        if line is None or not isinstance(axis.size, SizeRule) or axis.size.step:
            return axis
        before, after = line.rule.min, axis.size.min
        root = line.inputs[0]
        name = self.inputs[root.tensor][root.axis].id
        if after % before == 0 or before % after == 0:
            return replace(axis, size=SizeReference(root.tensor, name, after / before))
        if after < before:
            return replace(axis, size=SizeReference(root.tensor, name, 1.0, (after - before) / 2))
        return axis

    def add_output(self, name: str, tensors: Tensors) -> tuple[int | None, ...]:
        """Put an output on the lines; the lengths of its axes that lie on none."""
        lengths: list[int | None] = []
        for number, axis in enumerate(tensors[name]):
            root, chain = follow(tensors, (name, number))
            is_on_line = axis.name.is_spatial and self.line_at(root) is not None
            if is_on_line and all(link.scale > 0 for link in chain):
                self._extend((name, number), root, chain, halo=axis.halo)
                lengths.append(None)
            elif axis.name is AxisName.BATCH:
                lengths.append(self._batch())
            elif root[0] in self.inputs:
                lengths.append(Member("", 0, chain).length(self._fed(root)))
            else:
                size = tensors[root[0]][root[1]].size
                known = size.min if isinstance(size, SizeRule) else 1
                lengths.append(Member("", 0, chain).length(known))
        return tuple(lengths)

    def _batch(self) -> int:
        for name, axes in self.inputs.items():
            for axis, size in zip(axes, self.shapes[name], strict=True):
                if axis.name is AxisName.BATCH:
                    return size
        return 1


def _rank(line: Line, first: str) -> tuple[bool, int]:
    own = [member.axis for member in line.inputs if member.tensor == first]
    return (not own, own[0] if own else 0)


def _joint(one: SizeRule, other: SizeRule) -> SizeRule | None:
    """The lengths that both rules accept; None if there is none."""
    if one.step == 0 or other.step == 0:
        fixed = one if one.step == 0 else other
        return fixed if one.accepts(fixed.min) and other.accepts(fixed.min) else None
    step = math.lcm(one.step, other.step)
    start = one.at_least(other.min)
    candidates = range(start, start + step, one.step)
    least = next((size for size in candidates if other.accepts(size)), None)
    return SizeRule(least, step) if least is not None else None


def follow(tensors: Tensors, place: _Place) -> tuple[_Place, tuple[SizeReference, ...]]:
    """The axis that the one at `place` follows in the end, and how."""
    start, chain = place, []
    while isinstance(size := tensors[place[0]][place[1]].size, SizeReference):
        chain.append(size)
        ids = [axis.id for axis in tensors.get(size.tensor, ())]
        if size.axis not in ids or len(chain) > sum(map(len, tensors.values())):
            raise BundleError(
                f'The length of axis "{tensors[start[0]][start[1]].id}" of "{start[0]}" follows '
                f'"{size.tensor}.{size.axis}", which has no length of its own.',
                hint="Correct the sizes in the bundle's RDF.",
            )
        place = (size.tensor, ids.index(size.axis))
    return place, tuple(reversed(chain))


def _is_free(name: str, tensors: Tensors, pyramidal: bool) -> bool:
    """Whether only the run can tell the shape of an output: lists, `pyramidal` outputs."""
    fixed = n_spatial = 0
    for number, axis in enumerate(tensors[name]):
        root, _ = follow(tensors, (name, number))
        size = tensors[root[0]][root[1]].size
        if axis.name is AxisName.INDEX or isinstance(size, DataDependentSize):
            return True
        is_own = isinstance(axis.size, SizeRule) and axis.name is not AxisName.BATCH
        if is_own and isinstance(size, SizeRule) and size.step:
            return True
        n_spatial += axis.name.is_spatial
        fixed += axis.name.is_spatial and isinstance(axis.size, SizeRule)
    return fixed > 0 and (pyramidal or fixed == n_spatial)


def _settle(line: Line, outputs: Tensors, can_tile: bool) -> Line:
    """The line with its last word on tiling: every output must have one axis on it."""
    on_line = [member.tensor for member in line.outputs]
    can_tile = can_tile and line.can_tile and sorted(on_line) == sorted(outputs)
    if line.is_fixed and line.size > line.rule.min and not can_tile:
        raise ImageError(
            f'The image for "{line.inputs[0].tensor}" is {line.size} px along '
            f"{line.name.upper()}; the model takes {line.rule.min} px and cannot be tiled.",
            hint=f"Crop or scale the image to {line.rule.min} px along {line.name.upper()}.",
        )
    return replace(line, can_tile=can_tile)
