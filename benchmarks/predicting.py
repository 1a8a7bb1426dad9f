"""(a) to (d): `deepimagej.predict` against the raw framework and against the peers."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import psutil

from benchmarks.peers import NOT_MADE
from benchmarks.row import Goal, Row, compare
from benchmarks.setup import interleave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.asking import Side
    from benchmarks.models import Model
    from benchmarks.setup import Setup

_RAW: Final = "raw call"
_TUNED: Final = "raw, our options"
_OVERHEAD: Final = Goal(1.05)
_AIM: Final = {("unet-torchscript", 2048): 0.80}
"""Of the raw whole image, where small tiles stay in the processor's cache."""
_WHOLE_BYTES_PER_PX: Final = 1200
_CORE_GOALS: Final = {512: Goal(0.65), 2048: Goal(0.85)}
_CORE_BLOCKS: Final = 10
"""The default of its ``blocksize_parameter``."""
_BLOCK: Final = 512
_STARDIST: Final = Goal(0.85)
_NETWORKS: Final = (
    "unet-onnx",
    "unet-torchscript",
    "stardist-savedmodel",
    "stardist-onnx",
    "example",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A model on images of one size."""

    setup: Setup
    model: Model
    size: int

    @property
    def one_tile(self) -> dict[str, Any]:
        """Keys of a run of which the image is one tile."""
        return {**self.model.python_keys, "tile": [self.size, self.size]}

    @property
    def auto(self) -> dict[str, Any]:
        """Keys of a run that chooses its tile."""
        return {**self.model.python_keys, "tile": "auto"}

    def image(self, seed: int) -> str:
        """A user's image."""
        return str(self.setup.image(self.size, seed))

    def learn(self, ours: Side) -> dict[str, Any]:
        """Let ``tile=auto`` settle."""
        bundle = str(self.model.bundle)
        return ours.ask("learn", model=bundle, image=self.image(-1), keys=self.auto)

    def ours(self, side: Side, keys: dict[str, Any]) -> Callable[[int], float]:
        """Seconds of `deepimagej.predict` by the number of the round."""
        bundle = str(self.model.bundle)
        return lambda seed: _seconds(
            side.ask("predict", model=bundle, image=self.image(seed), keys=keys)
        )

    def raw(self, side: Side, tiles: Any = None) -> Callable[[int], float]:
        """Seconds of the framework's own calls."""
        return lambda seed: _seconds(
            side.ask("run", image=str(self.setup.fed(self.model, self.size, seed)), tiles=tiles)
        )

    def peer(self, side: Side, **keys: Any) -> Callable[[int], float]:
        """Seconds of a peer's own predict."""
        return lambda seed: _seconds(side.ask("run", image=self.image(seed), **keys))

    def title(self, text: str) -> str:
        """Of a row."""
        return f"{self.model.title}, {self.size}², {text}"


def whole(setup: Setup) -> Iterator[Row]:
    """(a) One tile, against one call of the framework on the same array."""
    for model in _networks(setup):
        raw, tuned = setup.raw_default(model), setup.raw_tuned(model)
        with setup.ours() as ours, raw, tuned:
            for size in setup.effort.whole:
                case = Case(setup, model, size)
                bits = _same_bits(case, ours, tuned)
                sides = {
                    "ours": case.ours(ours, case.one_tile),
                    _RAW: case.raw(raw),
                    _TUNED: case.raw(tuned),
                }
                samples = interleave(setup, sides, size=size)
                title = case.title("one tile")
                yield compare("a", title, samples, against=_RAW, goal=_OVERHEAD)
                yield compare("a", title, samples, against=_TUNED, goal=_OVERHEAD, note=bits)


def tiled(setup: Setup) -> Iterator[Row]:
    """(b) ``tile=auto`` after it learnt, against raw calls on the same tiles and on the whole."""
    for model in _networks(setup):
        raw, tuned = setup.raw_default(model), setup.raw_tuned(model)
        with setup.ours() as ours, raw, tuned:
            for size in setup.effort.tiled:
                yield from _tiled(Case(setup, model, size), ours, {_RAW: raw, _TUNED: tuned})


def _tiled(case: Case, ours: Side, raw: Mapping[str, Side]) -> Iterator[Row]:
    learnt = case.learn(ours)
    places = learnt["places"]
    tiles = "raw, same tiles and options"
    sides = {"ours": case.ours(ours, case.auto), tiles: case.raw(raw[_TUNED], tiles=places)}
    fits = psutil.virtual_memory().available > _WHOLE_BYTES_PER_PX * case.size**2
    wholes = {f"{name}, whole image": name for name in raw}
    if fits:
        sides |= {side: case.raw(raw[name]) for side, name in wholes.items()}
    samples = interleave(case.setup, sides, size=case.size)
    tile = " x ".join(str(length) for length in learnt["tile"].values())
    note = f"{len(places)} of {tile} px, settled after {learnt['runs']} runs"
    if case.learn(ours)["tile"] != learnt["tile"]:
        note += "; another tile afterwards"
    title = case.title("tile=auto")
    yield compare("b", title, samples, against=tiles, goal=_OVERHEAD, note=note)
    share = sum(_area(place) for place in places) / case.size**2
    for side, name in wholes.items():
        if not fits:
            yield Row("b", title, against=side, note="not measured: too little memory")
            continue
        aim = _AIM.get((case.model.key, case.size)) if name == _RAW else None
        goal = Goal(aim or share * _OVERHEAD.limit)
        note = f"the tiles have {share:.2f} times the image's px"
        yield compare("b", title, samples, against=side, goal=goal, note=note)


def core(setup: Setup) -> Iterator[Row]:
    """(c) bioimageio.core's predict, whole and in blocks."""
    for key in ("unet-torchscript", "unet-onnx"):
        model = setup.model(key)
        if model is None:
            yield Row("c", f"{key}, bioimageio.core", note="not measured: needs the test data")
            continue
        side = setup.peer("core")
        if side is None:
            yield Row("c", f"{model.title}, bioimageio.core", note=NOT_MADE)
            continue
        with side as peer, setup.ours() as ours:
            peer.ask("load", path=str(model.bundle / "bioimageio.yaml"), format=model.format)
            for size in setup.effort.core:
                yield from _core(Case(setup, model, size), ours, peer)


def _core(case: Case, ours: Side, peer: Side) -> Iterator[Row]:
    case.learn(ours)
    sides = {"ours": case.ours(ours, case.auto), "core, whole": case.peer(peer)}
    if case.size > _BLOCK:
        steps = (_BLOCK - case.model.smallest) // case.model.step
        sides["core, its blocks"] = case.peer(peer, blocksize=_CORE_BLOCKS)
        sides[f"core, blocks of {_BLOCK}"] = case.peer(peer, blocksize=steps)
    samples = interleave(case.setup, sides, size=case.size)
    medians = {name: statistics.median(seconds) for name, seconds in samples.items()}
    modes = sorted((name for name in sides if name != "ours"), key=medians.__getitem__)
    for mode in modes:
        is_best = mode == modes[0]
        goal = _CORE_GOALS.get(case.size) if is_best else None
        note = "its best mode" if is_best and len(modes) > 1 else ""
        title = case.title("bioimageio.core")
        yield compare("c", title, samples, against=mode, goal=goal, note=note)


def stardist(setup: Setup) -> Iterator[Row]:
    """(d) StarDist's own predict, tiled as it guesses and by its default, on the Keras twin."""
    for key in ("stardist-savedmodel", "stardist-keras"):
        model = setup.model(key)
        if model is None or model.stardist is None:
            yield Row("d", f"{key}, StarDist's predict", note="not measured: needs the test data")
            continue
        side = setup.peer("stardist")
        if side is None:
            yield Row("d", f"{model.title}, StarDist's predict", note=NOT_MADE)
            continue
        with side as peer, setup.ours() as ours:
            peer.ask("load", path=str(model.stardist))
            for size in setup.effort.stardist:
                yield from _stardist(Case(setup, model, size), ours, peer)


def _stardist(case: Case, ours: Side, peer: Side) -> Iterator[Row]:
    case.learn(ours)
    tiles = peer.ask("run", image=case.image(-1), guess=True)["tiles"]
    guessed, default = "stardist, tiles it guesses", "stardist, n_tiles=None"
    sides = {
        "ours": case.ours(ours, case.auto),
        guessed: case.peer(peer, guess=True),
        default: case.peer(peer),
    }
    samples = interleave(case.setup, sides, size=case.size)
    title = case.title("StarDist's predict")
    note = f"{tiles[0]} x {tiles[1]} tiles"
    yield compare("d", title, samples, against=guessed, goal=_STARDIST, note=note)
    yield compare("d", title, samples, against=default, note="it does not tile")


def _networks(setup: Setup) -> list[Model]:
    return [model for model in setup.models if model.key in _NETWORKS]


def _same_bits(case: Case, ours: Side, raw: Side) -> str:
    """Whether the network alone gives what the framework's own call gives."""
    folder, model = case.setup.folder, case.model
    fed, ready = case.setup.fed(model, case.size, -1), folder / "ready.npy"
    np.save(ready, np.load(fed).reshape(case.size, case.size))
    keys = {**case.one_tile, "preprocessing": "none", "postprocessing": "none"}
    names = [str(folder / f"{name}-output.npy") for name in ("ours", "raw")]
    ours.ask("predict", model=str(model.bundle), image=str(ready), keys=keys, save=names[0])
    raw.ask("run", image=str(fed), save=names[1])
    own, plain = (np.squeeze(np.load(name)) for name in names)
    if model.channels_last and own.ndim == 3:  # an image's channels come before y and x
        own = np.moveaxis(own, 0, -1)
    if own.shape != plain.shape:
        return f"shapes {own.shape} and {plain.shape}"
    if np.array_equal(own, plain):
        return "same bits"
    return f"differs by {np.abs(own - plain).max():.1e}"


def _area(place: list[list[int]]) -> int:
    """Px of a tile: its lengths other than 1 are those in space."""
    return math.prod(end - begin for begin, end in place)


def _seconds(answer: dict[str, Any]) -> float:
    return float(answer["seconds"])
