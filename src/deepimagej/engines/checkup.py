"""What each engine finds when it is really started, in the Python that runs it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from deepimagej.engines import table
from deepimagej.engines.configuration import ENGINES
from deepimagej.engines.interpreters import find_interpreter, status_in
from deepimagej.engines.probe import ProbeFailure, run_python
from deepimagej.errors import EngineMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deepimagej.engines.configuration import Configuration
    from deepimagej.engines.interpreters import Interpreter
    from deepimagej.engines.table import Engine

_START: Final = Path(table.__file__).parent / "workers" / "start.py"
_SECONDS: Final = 180
"""For the import of a framework; TensorFlow on a busy machine with cold disks took 25 s."""


class State(StrEnum):
    """What is to be said of a part."""

    OK = "ok"
    MISSING = "missing"
    """Not installed, and nothing is wrong with that."""
    BROKEN = "broken"
    """Installed or asked for, and it does not work."""


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that a framework can use."""

    device: str
    """``cpu`` or ``cuda:0``."""
    name: str = ""
    free: int | None = None
    """Bytes: of a GPU's own memory, of the machine's for the CPU."""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class EngineReport:
    """One engine in one Python."""

    engine: str
    """Its table in ``engines.toml``."""
    name: str
    state: State
    interpreter: Path | None
    """None: the one that ``engines.toml`` names is not there."""
    where: str = ""
    """The table and the file that name the Python; empty for this one."""
    models: tuple[str, ...] = ()
    """The models that it is for; empty: all others."""
    version: str = ""
    """Of the framework; empty where it was not started."""
    python_version: str = ""
    formats: tuple[str, ...] = ()
    """Weights that it runs."""
    devices: tuple[FoundDevice, ...] = ()
    unused: tuple[str, ...] = ()
    """GPUs of the machine that the framework does not see."""
    threads: int | None = None
    problem: str = ""
    hint: str = ""
    install: str = ""
    """The command that installs what is missing or broken."""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Place:
    """An engine in an interpreter, and the models that want it so."""

    engine: Engine
    interpreter: Interpreter | None
    error: EngineMissing | None = None
    models: list[str] = field(default_factory=list)
    is_wanted: bool = True
    """Whether its absence is worth a word: the table of a model may name no engine."""


def check_engines(said: Configuration, *, seconds: float = _SECONDS) -> list[EngineReport]:
    """Every engine that is installed is started once, each in a process of its own.

    A framework that is broken, or does not answer in time, does not stop the others.

    Parameters
    ----------
    said
        What ``engines.toml`` says.
    seconds
        How long a framework may take to be imported.
    """
    places = _places(said)
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda place: _check(place, seconds), places))
    return [
        report
        for place, report in zip(places, found, strict=True)
        if place.is_wanted or report.state is not State.MISSING
    ]


def _places(said: Configuration) -> list[_Place]:
    places = [_place(said, engine) for engine in ENGINES.values()]
    known = {_key(place): place for place in places}
    for model, tables in said.models.items():
        for key, engine in ENGINES.items():
            place = _place(said, engine, model, is_wanted=key in tables)
            same = known.setdefault(_key(place), place)
            if same is place:
                places.append(place)
            if same.models or same is place:
                same.models.append(model)
    return places


def _place(
    said: Configuration, engine: Engine, model: str = "", *, is_wanted: bool = True
) -> _Place:
    try:
        found = find_interpreter(said, engine, [model] if model else [])
        return _Place(engine, found, is_wanted=is_wanted)
    except EngineMissing as error:
        return _Place(engine, None, error, is_wanted=is_wanted)


def _key(place: _Place) -> tuple[str, ...]:
    if place.interpreter is None:
        return (place.engine.extra, str(place.error), place.error.hint if place.error else "")
    variables = (f"{name}={value}" for name, value in place.interpreter.variables.items())
    return (place.engine.extra, str(place.interpreter.python), *sorted(variables))


def _check(place: _Place, seconds: float) -> EngineReport:
    if place.interpreter is None:
        error = place.error
        return _report(
            place,
            State.BROKEN,
            problem=error.message if error else "",
            hint=error.hint if error else "",
        )
    try:
        installed = status_in(place.interpreter, place.engine, "This engine")
    except EngineMissing as error:
        return _report(place, State.BROKEN, problem=error.message, hint=error.hint)
    if not installed.runnable:
        python = place.interpreter.python
        problem = f"{place.engine.name} is not installed in {python}."
        if place.interpreter.is_other:
            problem = f"{installed.reason}."
        pip = place.interpreter.settle(place.engine).pip
        return _report(place, State.MISSING, problem=problem, hint=installed.hint, install=pip)
    return _start(place, place.interpreter, seconds)


def _start(place: _Place, interpreter: Interpreter, seconds: float) -> EngineReport:
    engine = interpreter.settle(place.engine)
    arguments = (str(_START), engine.script, "report")
    try:
        variables = table.environment(engine)
        line = run_python(interpreter.python, arguments, variables, seconds=seconds)
        found = json.loads(line)
    except (ProbeFailure, ValueError) as cause:
        return _report(
            place,
            State.BROKEN,
            problem=f"{engine.name} is installed but does not start: {cause}.",
            hint=f"Install it again: {engine.pip}",
            install=engine.pip,
        )
    return _report(
        place,
        State.OK,
        version=found["framework"].rpartition(" ")[2],
        python_version=found["python"],
        devices=tuple(_devices(found["devices"])),
        unused=tuple(found["unused"]),
        threads=found["threads"],
        formats=tuple(_formats(engine)),
        notes=tuple(_notes(found, engine)),
    )


def _devices(found: list[dict[str, Any]]) -> Iterator[FoundDevice]:
    memory = psutil.virtual_memory()
    for device in found:
        if device["device"] == "cpu":
            yield FoundDevice("cpu", "", memory.available, memory.total)
        else:
            yield FoundDevice(**device)


def _notes(found: dict[str, Any], engine: Engine) -> Iterator[str]:
    if found["lacks"]:
        yield f".h5 files of Keras 2 need {' and '.join(found['lacks'])}: {engine.pip}"
    for gpu in found["unused"]:
        yield f"{engine.name} does not see the GPU {gpu}: a build of it with CUDA would"


def _formats(engine: Engine) -> Iterable[str]:
    return (str(name) for name, each in table.ENGINES.items() if each.extra == engine.extra)


def _report(place: _Place, state: State, **values: Any) -> EngineReport:
    interpreter = place.interpreter
    return EngineReport(
        engine=place.engine.extra,
        state=state,
        interpreter=interpreter.python if interpreter else None,
        where=interpreter.where if interpreter else "",
        models=tuple(place.models),
        name=place.engine.name,
        **values,
    )
