"""Operations in a row on one tensor, computed for any part of it when asked.

An operation is, once its statistics are known, a function of one pixel (`Pointwise`; softmax: of
the pixels along one axis). A `Chain` holds the tensor and such functions, so a part of the result
needs that part of the tensor only, and the whole is made block by block in the cache.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from deepimagej.processing.tensor import Tensor

Box = tuple[slice, ...]
"""A part of an array: one slice with a start and a stop for each axis."""

WIDE = np.dtype(np.float64)
"""Type that most operations compute in, whatever the type of the values."""

_BLOCK = 1 << 16
"""Elements that go through all operations at a time: their float64 values stay in the cache."""


@dataclass(frozen=True, slots=True)
class Pointwise:
    """One operation with its parameters: what it makes of a part of the values before it."""

    function: Callable[..., NDArray[Any]]
    """``function(values, *parameters)``: `values` are its own to change, the parameters are cut
    to match."""
    dtype: np.dtype[Any]
    """Type that the result is rounded or cast to."""
    parameters: tuple[NDArray[Any], ...] = ()
    """Arrays with the axes of the tensor, each of full length or 1."""
    inside: np.dtype[Any] | None = WIDE
    """Type that `function` gets; None: as the values are."""
    whole: int | None = None
    """The axis that `function` must see whole."""

    def __call__(
        self, values: NDArray[Any], where: Box, scratch: Scratch, *, is_own: bool = False
    ) -> NDArray[Any]:
        """What `values`, which lie at `where` in the tensor, become.

        They stay as they are, unless `is_own`. The result is not of type `dtype` yet: writing it
        to an array of that type rounds it.
        """
        cut = [parameter[matching(parameter, where)] for parameter in self.parameters]
        inside = self.inside or values.dtype
        # C order whatever the layout: numpy rounds some functions differently along strides.
        if is_own and values.dtype == inside and values.flags.c_contiguous:
            return self.function(values, *cut)
        return self.function(scratch.copy(values, inside), *cut)


class Scratch:
    """Memory for the blocks of one `Chain.part`, used again and again.

    New arrays for each block took longer than the operations: the system fills their pages with
    zeros each time. Two buffers take turns, as one step reads what the step before it made.
    """

    def __init__(self) -> None:
        self._buffers = [np.empty(0, np.uint8), np.empty(0, np.uint8)]

    def copy(self, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """`values` as `dtype` in C order, until the copy after the next one."""
        size = values.size * dtype.itemsize
        buffer = self._buffers.pop(0)
        if buffer.size < size:
            buffer = np.empty(size, np.uint8)
        self._buffers.append(buffer)
        own: NDArray[Any] = buffer[:size].view(dtype).reshape(values.shape)
        np.copyto(own, values, casting="unsafe")
        return own


@dataclass(frozen=True, slots=True)
class Chain:
    """A tensor with operations still to be done on it."""

    source: Tensor
    """The tensor before the first operation; its values are read at each call of `part`."""
    steps: tuple[Pointwise, ...] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values after the last operation."""
        dtype: np.dtype[Any] = self.source.values.dtype
        return self.steps[-1].dtype if self.steps else dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor; no operation changes it."""
        return self.source.values.shape

    def then(self, step: Pointwise) -> Chain:
        """The chain with one more operation at its end; a cast to the type there is is none."""
        if step.inside is None and step.dtype == self.dtype:
            return self
        return Chain(self.source, (*self.steps, step))

    def part(self, where: Sequence[slice], *, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The values of a part after all operations, the same bits whatever the part.

        Parameters
        ----------
        where
            One slice for each axis, without a step, in elements of the tensor.
        out
            Array of the part's shape that takes the values instead of a new one, cast to its
            type if that is another. It may be the part of the source itself: every block is read
            before it is written.

        Returns
        -------
        `out`, or a new array of type `dtype`.

        Notes
        -----
        An axis that an operation must see whole (softmax: its own) is read and computed whole for
        every part: a part costs as much as the part extended along that axis.
        """
        box = resolved(where, self.shape)
        whole = {step.whole for step in self.steps if step.whole is not None}
        reach = tuple(
            slice(0, self.shape[axis]) if axis in whole else side for axis, side in enumerate(box)
        )
        # In coordinates of `reach`, which are those of the result but along the whole axes.
        wanted = tuple(s if axis in whole else slice(None) for axis, s in enumerate(box))
        result = np.empty(lengths(box), dtype=self.dtype) if out is None else out
        scratch = Scratch()
        # Each block is read once, and then written over with what became of it.
        is_own = out is self.source.values and not whole and box == everything(self)
        for block in boxes(lengths(reach), _BLOCK, whole=whole):
            place = tuple(slice(None) if axis in whole else s for axis, s in enumerate(block))
            values = self._computed(shifted(block, reach), scratch, is_own=is_own)[wanted]
            if result.dtype != self.dtype:
                values = values.astype(self.dtype, copy=False)
            if not (is_own and np.may_share_memory(values, result)):
                result[place] = values
        return result

    def read(self, where: Box) -> NDArray[Any]:
        """As `part`, to be read only: without operations a view of the tensor."""
        return self.part(where) if self.steps else self.source.values[where]

    def _computed(self, where: Box, scratch: Scratch, *, is_own: bool = False) -> NDArray[Any]:
        values, dtype = self.source.values[where], self.source.values.dtype
        for step in self.steps:
            values = values.astype(dtype, copy=False)
            values, dtype = step(values, where, scratch, is_own=is_own), step.dtype
        return values


def boxes(shape: Sequence[int], size: int, *, whole: Collection[int] = ()) -> Iterator[Box]:
    """Boxes that cover `shape` once, in C order, each of about `size` elements.

    The axes in `whole` are not cut; a box is larger than `size` where these alone are.
    """
    left = size // max(1, math.prod(shape[axis] for axis in whole))
    edges = []
    for axis in reversed(range(len(shape))):
        length = shape[axis]
        step = length if axis in whole else min(length, max(1, left))
        if axis not in whole:
            left //= max(1, length)
        starts = range(0, length, max(1, step))
        edges.append([slice(start, min(start + step, length)) for start in starts])
    yield from itertools.product(*reversed(edges))


def resolved(where: Sequence[slice], shape: Sequence[int]) -> Box:
    """`where` with the start and stop of each slice told."""
    return tuple(
        slice(*side.indices(length)[:2]) for side, length in zip(where, shape, strict=True)
    )


def lengths(box: Box) -> tuple[int, ...]:
    """Shape of what `box` cuts out."""
    return tuple(max(0, side.stop - side.start) for side in box)


def shifted(box: Box, origin: Box) -> Box:
    """`box`, told in coordinates of the box `origin`, in those of the array."""
    return tuple(
        slice(side.start + base.start, side.stop + base.start)
        for side, base in zip(box, origin, strict=True)
    )


def everything(chain: Chain) -> Box:
    """The box that is the whole tensor."""
    return tuple(slice(0, length) for length in chain.shape)


def real_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Type of the result for values of `dtype`."""
    return WIDE if dtype == WIDE else np.dtype(np.float32)


def matching(parameter: NDArray[Any], where: Box) -> Box:
    """Where in `parameter`, whose axes have full length or 1, the values for `where` stand."""
    sides = zip(parameter.shape, where, strict=True)
    return tuple(side if length > 1 else slice(None) for length, side in sides)
