"""Cellpose: from flows and cell probabilities to masks.

Reference: Stringer et al., "Cellpose: a generalist algorithm for cellular segmentation", Nature
Methods 2021, and `cellpose.dynamics` of cellpose 4.2, of which the 2-D steps are done here on
numpy alone: every px walks along the flow to the centre of its cell; where many px end there is a
cell; a cell whose shape would give other flows than those of the network is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.methods.holes import fill_holes
from deepimagej.methods.walking import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOW_SCALE: Final = 5.0
"""Cellpose's networks give flows of length 5 inside cells."""
_PAD: Final = 20
_SEED: Final = 10
"""More px than this end where a cell is."""
_GROWTH: Final = 5
"""Px around a seed that belong to it, where more than two px end."""
_NEIGHBOURS: Final = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def masks(
    flows: NDArray[Any],
    cellprob: NDArray[Any],
    *,
    steps: int = 200,
    cellprob_threshold: float = 0.0,
    flow_threshold: float = 0.4,
    min_size: int = 15,
    max_size_fraction: float = 0.4,
) -> NDArray[np.int32]:
    """The cells that a Cellpose network found, (Y, X) labels, 0 is the background.

    Parameters
    ----------
    flows : (2, Y, X)
        Towards the centre of the cell along y and x, `FLOW_SCALE` long, as the network gives them.
    cellprob : (Y, X)
        Cell probability before the sigmoid.
    steps
        How often a px moves, at most 1 px a time.
    cellprob_threshold
        Px with a larger `cellprob` belong to cells.
    flow_threshold
        Largest mean squared difference of a cell's flows from those of its shape; 0: any.
    min_size
        Least number of px of a cell.
    max_size_fraction
        A cell larger than this part of the image is dropped.

    Raises
    ------
    ImageError
        If `flows` and `cellprob` do not fit each other.
    """
    flows, cellprob = np.asarray(flows), np.asarray(cellprob)
    if cellprob.ndim != 2 or flows.shape != (2, *cellprob.shape):
        raise ImageError(
            f"Flows of shape {flows.shape} and cell probabilities of shape {cellprob.shape} do not "
            "fit each other.",
            hint="Give flows as (2, Y, X) and cell probabilities as (Y, X).",
        )
    is_cell = cellprob > cellprob_threshold
    if not is_cell.any():
        return np.zeros(cellprob.shape, np.int32)
    starts = np.nonzero(is_cell)
    ends = walk((flows * is_cell / FLOW_SCALE).astype(np.float32), starts, steps)
    labels = np.zeros(cellprob.shape, np.int32)
    labels[starts] = _cells_of(ends, cellprob.shape)
    labels = _without(labels, np.bincount(labels.ravel()) > labels.size * max_size_fraction)
    if flow_threshold > 0 and labels.any():
        labels = _without(labels, flow_errors(labels, flows) > flow_threshold)
    labels = _without(labels, np.bincount(labels.ravel()) < min_size)
    fill_holes(labels)
    return _without(labels, np.bincount(labels.ravel()) < min_size)


def _without(labels: NDArray[np.int32], dropped: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Labels in the order in which they come, without those that `dropped` names by number."""
    flat = np.where(dropped[labels], 0, labels).ravel()
    found, first = np.unique(flat, return_index=True)
    first = first[found > 0]
    found = found[found > 0]
    new = np.zeros(len(dropped), np.int32)
    new[found[np.argsort(first)]] = np.arange(1, len(found) + 1)
    return new[flat].reshape(labels.shape)


def _cells_of(ends: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """The cell of each px, by where it ended.

    Parameters
    ----------
    ends : (2, n) y and x in px
    """
    height, width = shape[0] + 2 * _PAD, shape[1] + 2 * _PAD
    places = (ends[0] + _PAD) * width + ends[1] + _PAD
    counts = np.bincount(places, minlength=height * width)
    square = counts.reshape(height, width)
    is_seed = (square == _maximum(_maximum(square, 2, 0), 2, 1)) & (square > _SEED)
    seeds = np.flatnonzero(is_seed)
    seeds = seeds[np.argsort(counts[seeds], kind="stable")]
    reach = np.arange(-_GROWTH, _GROWTH + 1)
    around = seeds[:, np.newaxis, np.newaxis] + reach[:, np.newaxis] * width + reach
    is_busy = counts[around] > 2
    grown = np.zeros(around.shape, bool)
    grown[:, _GROWTH, _GROWTH] = True
    for _ in range(_GROWTH):
        grown = _maximum(_maximum(grown, 1, 1), 1, 2) & is_busy
    owner = np.zeros(height * width, np.int32)
    number = np.nonzero(grown)[0]
    owner[around[grown]] = number + 1  # the seed with more px comes later and wins
    return np.asarray(owner[places], np.int32)


def _maximum(values: NDArray[Any], radius: int, axis: int) -> NDArray[Any]:
    """The maximum of each value and those up to `radius` before and after it."""
    result = values.copy()
    size = values.shape[axis]
    for shift in range(1, radius + 1):
        low = [slice(None)] * values.ndim
        high = list(low)
        low[axis], high[axis] = slice(0, size - shift), slice(shift, size)
        np.maximum(result[tuple(low)], values[tuple(high)], out=result[tuple(low)])
        np.maximum(result[tuple(high)], values[tuple(low)], out=result[tuple(high)])
    return result


def flow_errors(labels: NDArray[np.int32], flows: NDArray[Any]) -> NDArray[np.float64]:
    """How far the flows in each cell are from those of its shape, by label; 0 for none.

    Parameters
    ----------
    flows : (2, Y, X), `FLOW_SCALE` long
    """
    difference = flows_of(labels) - flows / FLOW_SCALE
    errors = (difference**2).sum(0)
    counts = np.bincount(labels.ravel())
    sums = np.bincount(labels.ravel(), weights=errors.ravel())
    means = sums / np.maximum(counts, 1)
    means[0] = 0
    return np.asarray(means, np.float64)


def flows_of(labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Flows of unit length towards the centre of each cell: (2, Y, X) y and x, 0 outside.

    Notes
    -----
    Heat that is fed in the centre of a cell spreads within it; the flow is its gradient.
    """
    shape = (labels.shape[0] + 2, labels.shape[1] + 2)
    padded = np.zeros(shape, np.int64)
    padded[1:-1, 1:-1] = labels
    flat = padded.ravel()
    cells = np.flatnonzero(flat)
    result = np.zeros((2, *labels.shape))
    if not len(cells):
        return result
    offsets = [dy * shape[1] + dx for dy, dx in _NEIGHBOURS]
    # Compact numbers, so that the heat of all cells lies together; the last one is "no neighbour".
    numbers = np.full(flat.size, len(cells), np.intp)
    numbers[cells] = np.arange(len(cells))
    near = [
        np.where(flat[cells + offset] == flat[cells], numbers[cells + offset], len(cells))
        for offset in offsets
    ]
    centers, extent = _centers(padded)
    heat = np.zeros(len(cells) + 1)
    sources = numbers[centers]
    total = np.empty(len(cells))
    part = np.empty(len(cells))
    for _ in range(2 * extent):
        heat[sources] += 1
        total[:] = heat[:-1]
        for neighbours in near[1:]:
            np.take(heat, neighbours, out=part, mode="clip")
            total += part
        np.divide(total, len(near), out=heat[:-1])
    field = np.zeros(flat.size)
    field[cells] = heat[:-1]
    y, x = (
        field[cells + offsets[2]] - field[cells + offsets[1]],
        field[cells + offsets[4]] - field[cells + offsets[3]],
    )
    length = 1e-60 + np.sqrt(y**2 + x**2)
    rows, columns = np.divmod(cells, shape[1])
    result[:, rows - 1, columns - 1] = y / length, x / length
    return result


def _centers(labels: NDArray[np.int64]) -> tuple[NDArray[np.intp], int]:
    """Flat index of the px nearest to the centre of each cell, and the largest extent in px."""
    y, x = np.nonzero(labels)
    found = labels[y, x]
    order = np.argsort(found, kind="stable")
    y, x, found = y[order], x[order], found[order]
    starts = np.flatnonzero(np.diff(found, prepend=0))
    counts = np.diff(starts, append=len(found))
    cell = np.repeat(np.arange(len(starts)), counts)
    top, left = np.minimum.reduceat(y, starts), np.minimum.reduceat(x, starts)
    bottom, right = np.maximum.reduceat(y, starts), np.maximum.reduceat(x, starts)
    # In the cell's own box: means of half a px are rounded to even there.
    in_box = y - top[cell], x - left[cell]
    mean_y, mean_x = (
        np.rint(np.add.reduceat(values, starts) / counts).astype(np.intp) for values in in_box
    )
    distance = (in_box[0] - mean_y[cell]) ** 2 + (in_box[1] - mean_x[cell]) ** 2
    nearest = np.lexsort((distance, cell))[starts]  # stable: the first of equals
    extent = (bottom - top + right - left).max() + 4
    return y[nearest] * labels.shape[1] + x[nearest], int(extent)
