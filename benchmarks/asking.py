"""The other end of `sides.answering`: a process that is measured, and asked one thing at a time."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

_ROOT = Path(__file__).parents[1]


def _path() -> list[str]:
    """Where a side finds this package, before what the user's own variable names."""
    named = os.environ.get("PYTHONPATH")
    return [str(_ROOT), *([named] if named else [])]


def _environment() -> dict[str, str]:
    """Ours, without what keeps Python from writing .pyc files: a start would not be a user's."""
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class SideFailed(Exception):
    """A measured process could not do what it was asked; with the end of what it wrote."""


class Side:
    """A measured process.

    Parameters
    ----------
    python
        The interpreter of its environment.
    name
        The module in `sides`.
    variables
        Environment variables that it has besides ours.
    """

    def __init__(self, python: Path, name: str, variables: Mapping[str, str]) -> None:
        self._log = tempfile.TemporaryFile(  # noqa: SIM115  # closed by `close`
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            [str(python), "-m", f"benchmarks.sides.{name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**_environment(), "PYTHONPATH": os.pathsep.join(_path()), **variables},
            text=True,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, do: str, **question: Any) -> dict[str, Any]:
        """The answer to one question; waits for it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # never: both are pipes
            raise SideFailed("no pipe")
        try:
            stdin.write(json.dumps({"do": do, **question}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SideFailed(f"ended with {self._process.wait()}:\n{self._said()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SideFailed(str(answer["error"]))
        return answer

    def _said(self) -> str:
        self._log.seek(0)
        return "".join(self._log.readlines()[-10:])

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
