"""Which Python runs an engine: this one, or one that ``engines.toml`` names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepimagej.engines import table
from deepimagej.engines.configuration import read_configuration
from deepimagej.engines.probe import OLDEST, Probe, ProbeFailure, probe
from deepimagej.engines.process import Limits
from deepimagej.engines.table import Engine, EngineStatus
from deepimagej.errors import EngineMissing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.engines.configuration import Configuration, Wish
    from deepimagej.request import WeightsFormat
    from deepimagej.settings import Settings

_IN_A_FOLDER: Final = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe", "python")
"""Where an environment has its Python: virtual, conda; POSIX, Windows; its ``bin`` itself."""
_CORRECT: Final = "Correct python there, or make that environment."


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs an engine, and what the user allows it."""

    python: Path
    variables: Mapping[str, str]
    """Environment variables that the user sets for the worker."""
    limits: Limits
    where: str
    """The table and the file that name it; empty for this Python."""

    @property
    def is_other(self) -> bool:
        """Whether it is not the Python of this process."""
        return str(self.python) != sys.executable

    def settle(self, engine: Engine) -> Engine:
        """The engine as it runs in this interpreter."""
        return replace(
            engine,
            variables={**engine.variables, **self.variables},
            python=self.python if self.is_other else None,
        )


def interpreter_of(settings: Settings, engine: Engine, spec: ModelSpec | None) -> Interpreter:
    """The Python for `engine`, and for this model if the user names one for it.

    A key that the model's table lacks is that of the engine's table.

    Raises
    ------
    OptionError
        If ``engines.toml`` is wrong.
    EngineMissing
        If the Python that it names is not there or cannot be run.
    """
    return find_interpreter(
        read_configuration(settings), engine, _names(spec) if spec is not None else ()
    )


def find_interpreter(said: Configuration, engine: Engine, names: Iterable[str]) -> Interpreter:
    """The Python for `engine` and a model that answers to `names`; see `interpreter_of`."""
    wishes = said.wishes(engine.extra, names)
    named = next((wish for wish in wishes if wish.python), None)
    python, where = Path(sys.executable), ""
    if named is not None and named.python is not None:
        where = f"{named.table} of {said.file}"
        path = said.file.parent / Path(named.python).expanduser()
        python = _find_python(Path(os.path.normpath(path.absolute())), where)
    variables: dict[str, str] = {}
    for wish in reversed(wishes):
        variables |= wish.variables
    return Interpreter(python, variables, _limits(wishes), where)


def status(
    settings: Settings, weights_format: WeightsFormat, spec: ModelSpec | None = None
) -> EngineStatus:
    """Whether a format can run, in the Python that runs it; no framework is imported.

    Raises
    ------
    OptionError
        If ``engines.toml`` is wrong.
    """
    engine = table.ENGINES.get(weights_format)
    if engine is None:
        return table.status(weights_format)
    try:
        return status_in(interpreter_of(settings, engine, spec), engine, str(weights_format))
    except EngineMissing as error:
        message = error.message.rstrip(".")
        reason = f"{weights_format} needs {engine.name}: {message[0].lower()}{message[1:]}"
        return EngineStatus(runnable=False, reason=reason, hint=error.hint)


def status_in(interpreter: Interpreter, engine: Engine, needs: str) -> EngineStatus:
    """Whether an engine is installed in an interpreter; `needs` begins the reason why not.

    Raises
    ------
    EngineMissing
        If the interpreter does not start, or is too old.
    """
    if not interpreter.is_other:
        return table.status_of(engine, needs)
    modules = ask(interpreter, engine).modules
    names = {engine.module: engine.name, "numpy": "numpy"}
    missing = [name for module, name in names.items() if module not in modules]
    if not missing:
        return EngineStatus(runnable=True)
    return EngineStatus(
        runnable=False,
        reason=f"{needs} needs {' and '.join(missing)}, not installed in {interpreter.python}",
        hint=f"Install it: {interpreter.settle(engine).pip}",
    )


def ask(interpreter: Interpreter, engine: Engine) -> Probe:
    """What an interpreter has installed.

    Raises
    ------
    EngineMissing
        If it does not start, or is too old.
    """
    try:
        found = probe(interpreter.python, table.environment(interpreter.settle(engine)))
    except ProbeFailure as cause:
        raise EngineMissing(
            f"The Python {interpreter.python} does not start: {cause}.",
            hint=f"It is named by {interpreter.where}. {_CORRECT}",
        ) from cause
    if found.version[:2] < OLDEST:
        version, oldest = (".".join(map(str, v)) for v in (found.version, OLDEST))
        raise EngineMissing(
            f"The Python {interpreter.python} is {version}; engines run on {oldest} or newer.",
            hint=f"It is named by {interpreter.where}. Name a newer one there.",
        )
    return found


def _names(spec: ModelSpec) -> tuple[str, ...]:
    """What the model answers to in the library."""
    words = [spec.name, spec.id, spec.nickname, spec.folder.name]
    versions = [f"{word}/{spec.version}" for word in words[1:3] if word and spec.version]
    return (*words, *versions)


def _find_python(path: Path, where: str) -> Path:
    """`path`, or the Python in the environment that it is the folder of."""
    if path.is_dir():
        inside = (path / name for name in _IN_A_FOLDER)
        python = next((file for file in inside if file.is_file()), None)
        if python is None:
            raise EngineMissing(
                f"The folder {path} holds no Python.", hint=f"It is named by {where}. {_CORRECT}"
            )
        path = python
    if not path.is_file():
        raise EngineMissing(
            f"There is no Python at {path}.", hint=f"It is named by {where}. {_CORRECT}"
        )
    if not os.access(path, os.X_OK):
        raise EngineMissing(
            f"The file {path} is not a program.", hint=f"It is named by {where}. {_CORRECT}"
        )
    return path


def _limits(wishes: Sequence[Wish]) -> Limits:
    limits = Limits()
    for wish in reversed(wishes):
        limits = Limits(
            memory=limits.memory if wish.memory is None else wish.memory,
            seconds=limits.seconds if wish.seconds_per_tile is None else wish.seconds_per_tile,
            warm_memory=limits.warm_memory if wish.warm_memory is None else wish.warm_memory,
            idle=limits.idle if wish.idle_seconds is None else wish.idle_seconds,
        )
    return limits
