"""(e) and (i): the macro command in a running ImageJ, without the network's own time."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from benchmarks.memory import of_tree
from benchmarks.row import Goal, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.asking import Side
    from benchmarks.models import Model
    from benchmarks.setup import Setup

_OVERHEAD: Final = Goal(20.0, of="value")
_STEADY: Final = Goal(1.1)
_FLAT: Final = Goal(1.02)
_MEASURED: Final = ("unet-onnx", "unet-torchscript", "stardist-savedmodel", "example")
"""A model of each engine."""


def overhead(setup: Setup) -> Iterator[Row]:
    """(e) A warm macro call, everything but the network, each time on another image."""
    for model in _models(setup):
        with setup.ours() as side:
            side.ask("start")
            size, count = setup.effort.macro, setup.effort.macro_images
            answers = [_call(setup, side, model, seed=seed) for seed in range(-3, count)][3:]
        rest = [1e3 * (seconds - network) for seconds, network in answers]
        network = [1e3 * network for _, network in answers]
        yield Row(
            "e",
            f"{model.title}, {size}², macro without network",
            statistics.median(rest),
            statistics.median(network),
            against="the network's call",
            unit="ms",
            goal=_OVERHEAD,
            note=f"{count} images, slowest {max(rest):.0f} ms",
            samples={"ours": rest, "the network's call": network},
        )


def loop(setup: Setup) -> Iterator[Row]:
    """(i) Many macro calls: the last take as long as the first, and no memory grows."""
    for model in _models(setup):
        yield from _loop(setup, model)


def _loop(setup: Setup, model: Model) -> Iterator[Row]:
    seconds: list[float] = []
    rest: list[float] = []
    client: list[int] = []
    worker: list[int] = []
    count = setup.effort.loop
    part = max(2, count // 10)
    with setup.ours() as side:
        side.ask("start")
        # Java takes memory until it collects for the first time, which it puts off that long.
        for _ in range(count // 2):
            _call(setup, side, model, seed=-1)
        heaps = [side.ask("heap")["bytes"]]
        for seed in range(count):
            taken, network = _call(setup, side, model, seed=seed)
            seconds.append(taken)
            rest.append(taken - network)
            own, children = of_tree(side.pid)
            client.append(own)
            worker.append(children)
        heaps.append(side.ask("heap")["bytes"])
    what = f"{model.title}, {count} calls"
    yield _last_by_first(f"{what}, time of a call", seconds, part, goal=_STEADY, unit="s")
    yield _last_by_first(f"{what}, time without network", rest, part, goal=None, unit="s")
    yield _last_by_first(f"{what}, memory of Python and Java", client, part, goal=_FLAT, unit="MB")
    yield _last_by_first(f"{what}, memory of the worker", worker, part, goal=_FLAT, unit="MB")
    first, last = (size / 1e6 for size in heaps)
    title = f"{what}, live Java objects"
    yield Row(
        "i",
        title,
        last,
        first,
        against="before",
        unit="MB",
        ratio=last / first,
        is_contest=False,
    )


def _models(setup: Setup) -> list[Model]:
    return [model for model in (setup.model(key) for key in _MEASURED) if model is not None]


def _call(setup: Setup, side: Side, model: Model, *, seed: int) -> tuple[float, float]:
    image = setup.image(setup.effort.macro, seed)
    answer = side.ask("macro", image=str(image), options=model.options)
    setup.forget(seed)
    return float(answer["seconds"]), float(answer["network"])


def _last_by_first(
    title: str, values: Sequence[float], part: int, *, goal: Goal | None, unit: str
) -> Row:
    scale = 1e-6 if unit == "MB" else 1.0
    first = scale * statistics.median(values[:part])
    last = scale * statistics.median(values[-part:])
    return Row(
        "i",
        title,
        last,
        first,
        against=f"the first {part}",
        unit=unit,
        ratio=last / first,
        goal=goal,
        is_contest=False,
        samples={"ours": [scale * value for value in values]},
    )
