"""An array whose axes have names, and how the axes of a bundle's text find theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from deepimagej.axes import Axes

WORDS = {
    "batch": AxisName.BATCH,
    "time": AxisName.TIME,
    "channel": AxisName.CHANNEL,
    "index": AxisName.INDEX,
    "r": AxisName.INDEX,
}
"""Names of axes beside their letters: the ids that format 0.5 fixes, and 0.3's rows."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An array at the model's border, its axes in the model's order."""

    values: NDArray[Any]
    axes: tuple[str, ...]
    """Axis ids as the RDF calls them; the letters before format 0.5."""
    names: Axes
    """What runs along each axis."""

    def find(self, word: str) -> int | None:
        """Position of the axis with the id `word`, else with that name; None if there is none."""
        if word in self.axes:
            return self.axes.index(word)
        name = axis_name(word)
        return self.names.index(name) if name in self.names else None

    @property
    def batch(self) -> int | None:
        """Position of the batch axis."""
        return self.find("batch")

    def replace(self, values: NDArray[Any]) -> Tensor:
        """The same axes with other values."""
        return Tensor(values, self.axes, self.names)


def axis_name(word: str) -> AxisName | None:
    """What the word for an axis, a letter or a name of format 0.5, stands for."""
    if word in WORDS:
        return WORDS[word]
    return AxisName(word) if word in {name.value for name in AxisName} else None


def spread(values: Sequence[float], axis: int, ndim: int) -> NDArray[np.float64]:
    """`values` along `axis` of an array with `ndim` axes, ready to broadcast."""
    shape = [1] * ndim
    shape[axis] = len(values)
    return np.asarray(values, dtype=np.float64).reshape(shape)


def carry_over(statistic: NDArray[Any], source: Tensor, target: Tensor) -> NDArray[Any] | None:
    """A statistic of `source` arranged to broadcast against `target`.

    Parameters
    ----------
    statistic
        Has the axes of `source`, those that were reduced with length 1.

    Returns
    -------
    The statistic with the axes of `target`; None if `source` has an axis longer than 1 that
    `target` lacks or that has another length there.
    """
    shape = [1] * target.values.ndim
    order = []
    for axis, size in enumerate(statistic.shape):
        if size == 1:
            continue
        place = _counterpart(axis, source, target)
        if place is None or target.values.shape[place] != size:
            return None
        shape[place] = size
        order.append((place, axis))
    kept = [axis for _, axis in sorted(order)]
    squeezed = statistic.transpose(
        *kept, *(axis for axis in range(statistic.ndim) if axis not in kept)
    )
    return squeezed.reshape(shape)


def _counterpart(axis: int, source: Tensor, target: Tensor) -> int | None:
    if source.axes[axis] in target.axes:
        return target.axes.index(source.axes[axis])
    name = source.names[axis]
    return target.names.index(name) if name in target.names else None
