"""The axes of images and tensors: names, legal lengths, and how lengths follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deepimagej.errors import OptionError


class AxisName(StrEnum):
    """What runs along an axis; the value is the letter that users write."""

    BATCH = "b"
    TIME = "t"
    Z = "z"
    CHANNEL = "c"
    Y = "y"
    X = "x"
    INDEX = "i"
    """Rows of a list: objects, detections. The old ``r`` is read as this."""

    @property
    def is_spatial(self) -> bool:
        """Whether lengths along the axis are distances."""
        return self in (AxisName.X, AxisName.Y, AxisName.Z)


Axes = tuple[AxisName, ...]

_ALIASES = {"r": "i", "s": "c"}


def parse_axes(text: str) -> Axes:
    """Axes named by letters, as in ``ZYX``, ``byxc`` or ``Y,X,C``.

    Parameters
    ----------
    text
        One letter an axis, any case; commas and spaces are passed over.

    Raises
    ------
    OptionError
        If a letter names no axis, or one axis comes twice.
    """
    letters = [letter for letter in text.lower() if letter not in ", "]
    known = {name.value for name in AxisName}
    names = []
    for letter in letters:
        value = _ALIASES.get(letter, letter)
        if value not in known:
            raise OptionError(
                f'"{letter}" in axes "{text}" names no axis.',
                hint="Use the letters B, T, Z, C, Y and X, one for each axis, as in ZYX.",
            )
        names.append(AxisName(value))
    if len(set(names)) != len(names):
        raise OptionError(
            f'Axes "{text}" name one axis twice.', hint="Name each axis once, as in ZYX."
        )
    return tuple(names)


def format_axes(axes: Axes) -> str:
    """Letters of `axes`, upper case: what `parse_axes` reads."""
    return "".join(axes).upper()


@dataclass(frozen=True, slots=True)
class SizeRule:
    """Legal lengths of an input axis: ``min + n·step`` px (step 0: exactly `min`)."""

    min: int
    step: int = 0

    def accepts(self, size: int) -> bool:
        """Whether `size` is legal."""
        if self.step == 0:
            return size == self.min
        return size >= self.min and (size - self.min) % self.step == 0

    def at_least(self, size: int) -> int:
        """The smallest legal length that is not below `size`; `min` where the size is fixed."""
        if self.step == 0 or size <= self.min:
            return self.min
        return self.min + -(-(size - self.min) // self.step) * self.step

    def at_most(self, size: int) -> int:
        """The largest legal length that is not above `size`; at least `min`."""
        if self.step == 0 or size <= self.min:
            return self.min
        return self.min + (size - self.min) // self.step * self.step


@dataclass(frozen=True, slots=True)
class SizeReference:
    """Length computed from another axis: ``ceil(size·scale) + 2·offset`` (terms of format 0.4).

    A 0.5 reference ``tensor.axis`` with own scale s, reference scale r and offset o has
    scale r/s and offset o/2 here.
    """

    tensor: str
    axis: str
    """The axis id in the referenced tensor."""
    scale: float = 1.0
    offset: float = 0.0
    """Half the difference of the lengths, in px of this axis; a multiple of 0.5."""

    def length(self, size: int) -> int:
        """Length of this axis when the referenced one is `size` px."""
        # A tiny slack keeps 3 * (1 / 3) from becoming 2 by rounding.
        scaled = size * self.scale
        ceiled = -int(-(scaled - 1e-9) // 1)
        return ceiled + round(2 * self.offset)


@dataclass(frozen=True, slots=True)
class DataDependentSize:
    """Length known only after the run: objects found, for example."""

    min: int = 1
    max: int | None = None


AxisSize = SizeRule | SizeReference | DataDependentSize


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a tensor at the model's border."""

    id: str
    """As the RDF calls it; the letter itself before 0.5."""
    name: AxisName
    size: AxisSize
    """On outputs a `SizeRule` with step 0 is a fixed length."""
    halo: int = 0
    """Output px on each side that depend on what lies beyond the tile; outputs only."""
    channel_names: tuple[str, ...] = ()
    scale: float = 1.0
    """Physical size of a pixel in `unit` (format 0.5)."""
    unit: str = ""
    concatenable: bool = False
    """Samples may be stacked along it: an open batch, or 0.5's ``concatenable``."""
