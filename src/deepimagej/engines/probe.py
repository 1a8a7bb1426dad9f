"""What another Python has installed: asked in a short process of it, once for each state."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

OLDEST: Final = (3, 9)
"""The oldest Python that workers run on."""
_SECONDS: Final = 60
"""How long a Python may take to start: a folder on a network can be slow."""

# Written for any Python, so that an old one can say how old it is. Without the first line the
# current folder would be searched, which the worker does not do.
_PROGRAM: Final = """
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import json, os
found = {"version": list(sys.version_info[:3]), "modules": [], "folders": {}}
if sys.version_info >= (3, 9):
    import importlib.util
    for name in sys.argv[1:]:
        if importlib.util.find_spec(name) is not None:
            found["modules"].append(name)
    for entry in sys.path:
        if os.path.isdir(entry):
            found["folders"][entry] = os.stat(entry).st_mtime_ns
print("\\n" + json.dumps(found))
"""
_MODULES: Final = ("numpy", "onnxruntime", "torch", "tensorflow", "keras", "tf_keras")


class ProbeFailure(Exception):
    """A Python does not start; the text says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a Python said of itself."""

    version: tuple[int, ...]
    modules: frozenset[str]
    """Of those that engines need."""
    state: Mapping[str, int]
    """Times of the interpreter and of its folders of packages, when it was asked."""

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was installed or removed since."""
        return all(_time(path) == time for path, time in self.state.items())


_lock = threading.Lock()
_known: dict[tuple[Any, ...], Probe] = {}


def probe(python: Path, environment: Mapping[str, str | None]) -> Probe:
    """What `python` has; asked again only when something was installed there.

    Parameters
    ----------
    python
        The interpreter.
    environment
        What differs for its process from this one; None: taken away.

    Raises
    ------
    ProbeFailure
        If it does not start, or does not answer like a Python.
    """
    key = (python, tuple(sorted((k, v or "") for k, v in environment.items())))
    with _lock:
        known = _known.get(key)
        if known is None or not known.is_fresh:
            known = _known[key] = _ask(python, environment)
        return known


def run_python(
    python: Path,
    arguments: Iterable[str],
    environment: Mapping[str, str | None],
    *,
    seconds: float,
) -> str:
    """The last line that a process of `python` prints on stdout.

    Raises
    ------
    ProbeFailure
        If it does not start or end in time, fails, or prints nothing.
    """
    variables = {**os.environ, **environment}
    try:
        done = subprocess.run(
            [python, *arguments],
            env={name: value for name, value in variables.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise ProbeFailure(f"it did not answer within {seconds:g} s") from cause
    except OSError as cause:
        raise ProbeFailure(cause.strerror or str(cause)) from cause
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        words = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        ended = "signal" if done.returncode < 0 else "exit code"
        raise ProbeFailure(words[-1] if words else f"{ended} {abs(done.returncode)}")
    return lines[-1]


def _ask(python: Path, environment: Mapping[str, str | None]) -> Probe:
    line = run_python(python, ("-c", _PROGRAM, *_MODULES), environment, seconds=_SECONDS)
    try:
        found = json.loads(line)
        version = tuple(found["version"])
        state = {str(python): _time(str(python)), **found["folders"]}
        return Probe(version, frozenset(found["modules"]), state)
    except (ValueError, KeyError, TypeError) as cause:
        raise ProbeFailure(f"it does not answer like a Python: {line[:80]}") from cause


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
