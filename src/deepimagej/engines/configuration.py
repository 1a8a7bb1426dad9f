"""What the user's ``engines.toml`` says; read again when the file changed.

::

    [tensorflow]                        # or [onnx], [torch]
    python = "~/environments/tf"        # a Python, or the folder of its environment
    variables = { TF_NUM_INTRAOP_THREADS = "4" }
    memory = "8 GB"                     # that the worker may take
    seconds_per_tile = 600              # that one call of the network may take
    warm_memory = "4 GB"                # that loaded networks may keep
    idle_seconds = 3600                 # after which a worker without a call is ended

    [models."Old StarDist"]             # the same keys, for one model
    [models."Old StarDist".tensorflow]  # and one of its engines
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from deepimagej.engines.table import ONNX, TENSORFLOW, TORCH
from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from deepimagej.settings import Settings

ENGINES: Final = {engine.extra: engine for engine in (ONNX, TORCH, TENSORFLOW)}
"""The engines by the names of their tables."""

_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """One table of the file; None: the table does not say."""

    table: str
    """As it is written there: ``[tensorflow]``."""
    python: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    memory: int | None = None
    """Bytes."""
    seconds_per_tile: float | None = None
    warm_memory: int | None = None
    """Bytes."""
    idle_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole file."""

    file: Path
    is_there: bool = False
    engines: Mapping[str, Wish] = field(default_factory=dict)
    """By the engine's table."""
    models: Mapping[str, Mapping[str, Wish]] = field(default_factory=dict)
    """By the model's name as it is written there, then by engine; ``""``: any engine."""

    def wishes(self, engine: str, names: Iterable[str]) -> list[Wish]:
        """What is said of an engine for a model that answers to `names`, the nearest first."""
        wanted = {name.casefold() for name in names if name}
        near = [tables for name, tables in self.models.items() if name.casefold() in wanted]
        said = [tables[key] for key in (engine, "") for tables in near if key in tables]
        return [*said, self.engines[engine]] if engine in self.engines else said


def engines_file(settings: Settings) -> Path:
    """The file that is read, whether it is there or not."""
    return settings.engines_file or settings.config / "engines.toml"


def read_configuration(settings: Settings) -> Configuration:
    """What the file says; without one, nothing.

    Raises
    ------
    OptionError
        If the file that ``DEEPIMAGEJ_ENGINES`` names is not there, or it cannot be read, or a
        table, key or value in it is wrong.
    """
    file = engines_file(settings)
    try:
        state = file.stat()
        return _read(file, state.st_mtime_ns, state.st_size)
    except FileNotFoundError as cause:
        if settings.engines_file is None:
            return Configuration(file)
        raise OptionError(
            f"DEEPIMAGEJ_ENGINES is {file}, and there is no such file.",
            hint="Correct the path, or unset DEEPIMAGEJ_ENGINES.",
        ) from cause
    except OSError as cause:
        raise OptionError(
            f"The engines' file {file} cannot be read: {cause.strerror}.",
            hint="Check its permissions, or delete it.",
        ) from cause


@lru_cache(maxsize=8)
def _read(file: Path, _time: int, _size: int) -> Configuration:
    """The file in one state of it: time and size tell a new one."""
    try:
        content = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise OptionError(
            f"{file} is not TOML: {cause}.",
            hint="Correct it there; docs/usage.md shows an example.",
        ) from cause
    models = content.pop("models", {})
    for name, table in content.items():
        _check_table(file, name, table)
    return Configuration(
        file,
        is_there=True,
        engines={name: _wish(file, f"[{name}]", table) for name, table in content.items()},
        models=dict(_models(file, models)),
    )


def _check_table(file: Path, name: str, table: Any) -> None:
    if name in ENGINES and isinstance(table, dict):
        return
    near = difflib.get_close_matches(name.lower(), [*ENGINES, "models"], n=1)
    meant = f"Did you mean [{near[0]}]? " if near else ""
    raise OptionError(
        f'{file}: "{name}" is not one of its tables.',
        hint=f'{meant}They are [onnx], [torch], [tensorflow] and [models."NAME"].',
    )


def _models(file: Path, models: Any) -> Iterator[tuple[str, dict[str, Wish]]]:
    tables = models if isinstance(models, dict) else {"": models}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise OptionError(
                f"{file}: models is not a table of models.",
                hint='Name the model in the head of its table, as in [models."Old StarDist"].',
            )
        head = f'[models."{name}"'
        inner = {key: value for key, value in table.items() if key in ENGINES}
        outer = {key: value for key, value in table.items() if key not in ENGINES}
        wishes = {"": _wish(file, f"{head}]", outer)} if outer else {}
        for engine, values in inner.items():
            if not isinstance(values, dict):
                raise _bad(file, f"{head}]", engine, "a table", 'python = "/path/to/python"')
            wishes[engine] = _wish(file, f"{head}.{engine}]", values)
        yield name, wishes


def _wish(file: Path, head: str, table: Mapping[str, Any]) -> Wish:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            near = difflib.get_close_matches(key.lower(), _KEYS, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise OptionError(
                f'{file}: {head} has no key "{key}".',
                hint=f"{meant}Its keys are {', '.join(_KEYS)}.",
            )
        parse, what, example = _KEYS[key]
        parsed = parse(value)
        if parsed is None:
            raise _bad(file, head, key, what, example)
        values[key] = parsed
    return Wish(head, **values)


def _bad(file: Path, head: str, key: str, what: str, example: str) -> OptionError:
    return OptionError(f"{file}: {key} in {head} is not {what}.", hint=f"Write it as in {example}.")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() and "\0" not in value else None


def _texts(value: Any) -> dict[str, str] | None:
    """Variables; a number may stand without quotes."""
    if not isinstance(value, dict):
        return None
    is_plain = all(
        isinstance(text, str | int) and not isinstance(text, bool) and "\0" not in str(text)
        for text in value.values()
    )
    is_named = all(name and "=" not in name and "\0" not in name for name in value)
    return {name: str(text) for name, text in value.items()} if is_plain and is_named else None


def _bytes(value: Any) -> int | None:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    factor = (_BINARY if found[3] else _UNITS)[found[2].lower()]
    return int(float(found[1]) * factor) or None


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 and math.isfinite(value) else None


_KEYS: Final[Mapping[str, tuple[Callable[[Any], Any], str, str]]] = {
    "python": (_text, "a path", 'python = "/path/to/python"'),
    "variables": (_texts, "a table of texts", 'variables = { OMP_NUM_THREADS = "4" }'),
    "memory": (_bytes, "a size", 'memory = "8 GB"'),
    "seconds_per_tile": (_seconds, "a positive number", "seconds_per_tile = 600"),
    "warm_memory": (_bytes, "a size", 'warm_memory = "4 GB"'),
    "idle_seconds": (_seconds, "a positive number", "idle_seconds = 3600"),
}
"""What each key's value becomes, what it must be, and how it is written."""
