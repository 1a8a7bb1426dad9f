"""(f) and (g): the start in its steps, the first run, and the conversions."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Final

from benchmarks.row import Goal, Row, compare
from benchmarks.setup import load_raw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.models import Model
    from benchmarks.setup import Setup

_FIRST_RUN: Final = Goal(1.3)
_MEASURED: Final = ("unet-onnx", "unet-torchscript", "stardist-savedmodel", "example")
"""A model of each engine."""
_CONVERSION: Final = Goal(0.4, at_least=True)


def start(setup: Setup) -> Iterator[Row]:
    """(f) Steps of the start, and the first run against the framework's import + load + run."""
    model = setup.models[0]
    starts = []
    for _ in range(setup.effort.starts):
        with setup.ours() as side:
            answer = side.ask("start")
            starts.append({**answer["steps"], "start() in all": answer["seconds"]})
    for step in starts[0]:
        seconds = [each[step] for each in starts]
        title = f"start: {step}"
        yield Row("f", title, statistics.median(seconds), samples={"ours": seconds})
    for model in setup.models:
        if model.key in _MEASURED:
            yield from _first_run(setup, model)
            yield _warmed(setup, model)


def _first_run(setup: Setup, model: Model) -> Iterator[Row]:
    """ImageJ runs already, no worker does; the framework's files are in the system's cache."""
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for seed in range(-1, setup.effort.starts):
        pixels = str(setup.image(setup.effort.macro, seed))
        fed = str(setup.fed(model, setup.effort.macro, seed))
        with setup.ours() as side:
            side.ask("start")
            question = {"model": str(model.bundle), "keys": model.python_keys}
            answer = side.ask("first", image=pixels, **question)
        begin = time.perf_counter()
        with setup.raw() as side:
            loaded = load_raw(side, model)
            run = side.ask("run", image=fed)["seconds"]
            in_all = time.perf_counter() - begin
        if seed >= 0:
            ours.append(_with_rest(answer["seconds"], answer["steps"]))
            steps = {"import": loaded["import"], "load": loaded["load"], "run": run}
            theirs.append(_with_rest(in_all, steps))
        setup.forget(seed)
    samples = {
        "ours": [sum(steps.values()) for steps in ours],
        "raw import + load + run": [sum(steps.values()) for steps in theirs],
    }
    title = f"{model.title}, first run after start"
    note = f"ours: {_steps(ours)}; raw: {_steps(theirs)}"
    against = "raw import + load + run"
    yield compare("f", title, samples, against=against, goal=_FIRST_RUN, note=note)


def _warmed(setup: Setup, model: Model) -> Row:
    """The start and the first run, with the network loaded while ImageJ starts and without."""
    samples: dict[str, list[float]] = {"ours": [], "the same without warm=": []}
    for seed in range(setup.effort.starts):
        pixels = str(setup.image(setup.effort.macro, seed))
        for name, warm in zip(samples, (str(model.bundle), None), strict=True):
            with setup.ours() as side:
                seconds = side.ask("start", warm=warm)["seconds"]
                question = {"model": str(model.bundle), "keys": model.python_keys}
                seconds += side.ask("first", image=pixels, **question)["seconds"]
                samples[name].append(seconds)
        setup.forget(seed)
    title = f"{model.title}, start(warm=) and first run"
    return compare("f", title, samples, against="the same without warm=")


def _with_rest(seconds: float, steps: dict[str, float]) -> dict[str, float]:
    """`steps`, and what of the time is in none of them: the process, imports of results."""
    return {**steps, "rest": seconds - sum(steps.values())}


def _steps(rounds: list[dict[str, float]]) -> str:
    medians = {name: statistics.median(r.get(name, 0.0) for r in rounds) for name in rounds[0]}
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in medians.items())


def conversion(setup: Setup) -> Iterator[Row]:
    """(g) Pixels between numpy and ImageJ, against numpy's own copy."""
    size = setup.effort.conversion
    rounds = 4 * setup.effort.rounds
    with setup.ours() as side:
        side.ask("start")
        for dtype, width in (("uint8", 1), ("uint16", 2), ("float32", 4)):
            seconds = side.ask("convert", dtype=dtype, rounds=rounds, size=size)["seconds"]
            speed = {name: width * size**2 / each / 1e9 for name, each in seconds.items()}
            for way in ("to ImageJ", "to numpy"):
                yield Row(
                    "g",
                    f"{dtype}, {size}², {way}",
                    speed[way],
                    speed["copy"],
                    against="numpy's copy",
                    unit="GB/s",
                    ratio=speed[way] / speed["copy"],
                    goal=_CONVERSION,
                    more_is_better=True,
                )
