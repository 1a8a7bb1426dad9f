"""(j) From the outputs of a network to objects, against the methods' own code."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.peers import NOT_MADE
from benchmarks.row import Goal, Row, compare
from benchmarks.setup import interleave
from deepimagej.methods.flows import FLOW_SCALE, flows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.asking import Side
    from benchmarks.setup import Setup

_SPACING: Final = 45
"""Px between nuclei: about 2000 in 2048 x 2048 px."""
_GRID: Final = 2
_RAYS: Final = 32
_SECOND: Final = Goal(1.0, of="value")
_NO_SLOWER: Final = Goal(1.0)
_MASKS: Final = "cellpose.dynamics"
_SUPPRESSION: Final = "stardist's own"


def objects(setup: Setup) -> Iterator[Row]:
    """StarDist's suppression and Cellpose's masks, on perfect outputs for drawn nuclei."""
    yield from _against(setup, "stardist", _SUPPRESSION, "StarDist, outputs to objects", _stars)
    yield from _against(setup, "cellpose", _MASKS, "Cellpose, flows to masks", _flows)


def _against(
    setup: Setup,
    peer: str,
    name: str,
    title: str,
    outputs: Callable[[Setup, int], Path],
) -> Iterator[Row]:
    size = setup.effort.objects
    counts: dict[str, list[int]] = {"ours": [], name: []}

    def ask(side: Side, who: str, function: str) -> Callable[[int], float]:
        def measure(seed: int) -> float:
            answer = side.ask(function, outputs=str(outputs(setup, seed)))
            counts[who].append(answer["count"])
            return float(answer["seconds"])

        return measure

    with setup.ours() as ours:
        sides = {"ours": ask(ours, "ours", f"{peer}_objects")}
        other = setup.peer(peer)
        if other is None:
            seconds = interleave(setup, sides, size=size)["ours"]
            yield Row("j", f"{title}, {size}²", statistics.median(seconds), note=NOT_MADE)
            return
        with other as side:
            sides[name] = ask(side, name, "objects")
            samples = interleave(setup, sides, size=size)
    note = f"{statistics.median(counts['ours']):.0f} objects"
    if counts["ours"] != counts[name]:
        note += f"; {name}: {statistics.median(counts[name]):.0f}"
    title = f"{title}, {size}²"
    yield compare("j", title, samples, against=name, goal=_NO_SLOWER, note=note)
    if peer == "stardist":
        seconds = samples["ours"]
        yield Row("j", title, statistics.median(seconds), goal=_SECOND, note=note)


def _stars(setup: Setup, seed: int) -> Path:
    """Probability and distances on the grid, (Y, X, 33)."""
    size = setup.effort.objects
    path = setup.folder / f"stars_{seed}_{size}.npy"
    if path.exists():
        return path
    shape = (size // _GRID, size // _GRID)
    made = np.zeros((*shape, 1 + _RAYS), np.float32)
    angles = 2 * np.pi * np.arange(_RAYS) / _RAYS
    for middle, radius, box in _nuclei(size, _GRID, seed):
        y, x = (_GRID * values - place for values, place in zip(np.mgrid[box], middle, strict=True))
        squared = y**2 + x**2
        is_inside = squared < radius**2
        along = y[..., None] * np.sin(angles) + x[..., None] * np.cos(angles)
        rays = np.sqrt(np.maximum(along**2 + radius**2 - squared[..., None], 0)) - along
        part = made[box]
        part[is_inside, 0] = 1 - np.sqrt(squared[is_inside]) / radius
        part[is_inside, 1:] = rays[is_inside]
    np.save(path, made)
    return path


def _flows(setup: Setup, seed: int) -> Path:
    """Flows along y and x and cell probability, (3, Y, X)."""
    size = setup.effort.objects
    path = setup.folder / f"flows_{seed}_{size}.npy"
    if path.exists():
        return path
    labels: NDArray[np.int32] = np.zeros((size, size), np.int32)
    for number, (middle, radius, box) in enumerate(_nuclei(size, 1, seed), 1):
        y, x = (values - place for values, place in zip(np.mgrid[box], middle, strict=True))
        labels[box][y**2 + x**2 < radius**2] = number
    made = np.concatenate([FLOW_SCALE * flows_of(labels), np.where(labels > 0, 5.0, -5.0)[None]])
    np.save(path, made.astype(np.float32))
    return path


def _nuclei(
    size: int, grid: int, seed: int
) -> Iterator[tuple[NDArray[Any], float, tuple[slice, slice]]]:
    """Middle and radius in px of nuclei that do not touch, and the box of each on the grid."""
    rng = np.random.default_rng(seed + 1)
    for y in range(_SPACING // 2, size - _SPACING // 2, _SPACING):
        for x in range(_SPACING // 2, size - _SPACING // 2, _SPACING):
            middle, radius = np.array([y, x]) + rng.uniform(-5, 5, 2), rng.uniform(9, 15)
            low = np.maximum((middle - radius) // grid, 0).astype(int)
            high = ((middle + radius) // grid + 1).astype(int)
            yield middle, radius, (slice(low[0], high[0]), slice(low[1], high[1]))
