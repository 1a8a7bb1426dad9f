"""One worker process: started at first use, asked through Appose, replaced when it died."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepimagej.engines.table import environment
from deepimagej.errors import RunCancelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.engines.table import Engine
    from deepimagej.progress import CancelToken

_START: Final = Path(__file__).parent / "workers" / "start.py"
_SCRIPT: Final = "from deepimagej_worker import serve\nserve.answer(function, arguments)"
_POLL: Final = 0.05
"""Seconds between two looks at the cancel token and the process."""
_IMPORT_FAILED: Final = 86
_WARM: Final = 4
"""Networks kept in one worker; a loop over a whole library must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows a worker."""

    memory: int | None = None
    """Bytes that the worker may take; None: all there are."""
    seconds: float | None = None
    """Of one call of the network; None: a slow call is never ended."""
    warm_memory: int | None = None
    """Bytes that loaded networks may take together before the one used longest ago has to go;
    None: a quarter of the machine's memory."""
    idle: float = 3600.0
    """Seconds without a call after which the worker is ended; the next call starts another."""


NO_LIMITS: Final = Limits()


class WorkerFailure(Exception):
    """A worker could not do what it was asked; the client says it in the user's words.

    `kind` is one of the workers' own (``trust``, ``device``, ``memory``, ``tensors``,
    ``package``, ``framework``), ``import`` (the framework is there but broken) or ``crash``.
    """

    def __init__(self, kind: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.detail = detail
        """The worker's traceback or the end of its stderr."""


class Worker:
    """A process that runs one engine in one Python interpreter."""

    def __init__(self, engine: Engine, interpreter: Path, limits: Limits = NO_LIMITS) -> None:
        self.engine = engine
        self.limits = limits
        self._interpreter = interpreter
        self._lock = threading.RLock()
        self._services: list[Any] = []
        self._loaded: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._finalizer = weakref.finalize(self, _end, self._services)

    def load(
        self,
        key: str,
        path: Path,
        options: Mapping[str, Any],
        *,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]:
        """What the worker says of a network; loads it unless it is warm."""
        known = f"{key}:{options['device']}"
        with self._lock:
            if self.is_running and known in self._loaded:
                self._loaded.move_to_end(known)
                return self._loaded[known]
            arguments = {"key": key, "path": str(path), "options": dict(options)}
            reply = self.call("load", arguments, cancel=cancel)
            self._loaded[known] = reply
            self._forget_oldest(reply["key"])
            return reply

    def release(self, blocks: list[str]) -> None:
        """Let the worker let go of shared memory, if it still runs."""
        with contextlib.suppress(WorkerFailure):  # a dead worker holds none
            if self.is_running:
                self.call("release", {"blocks": blocks})

    def call(
        self, function: str, arguments: Mapping[str, Any], *, cancel: CancelToken | None = None
    ) -> dict[str, Any]:
        """The worker's answer; starts the process if need be.

        Raises
        ------
        WorkerFailure
            If the worker refuses, fails or dies.
        RunCancelled
            If `cancel` says so meanwhile; the process is ended, as a call into a framework
            cannot be stopped in another way.
        """
        if cancel is not None:
            cancel.check()
        service = self._service()
        reply = self._ask(service, {"function": function, "arguments": dict(arguments)}, cancel)
        error = reply.get("error")
        if error is not None:
            raise WorkerFailure(error["kind"], error["message"], error["detail"])
        return reply

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return any(service.is_alive() for service in self._services)

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return self._services[0]._process.pid if self.is_running else None

    def stop(self) -> None:
        """End the process at once; the next call starts another."""
        with self._lock:
            self._loaded.clear()
            _end(self._services)

    def _forget_oldest(self, newest: str) -> None:
        while len({reply["key"] for reply in self._loaded.values()}) > _WARM:
            oldest = next(iter(self._loaded.values()))["key"]
            for known in [k for k, reply in self._loaded.items() if reply["key"] == oldest]:
                del self._loaded[known]
            if oldest != newest:
                self.call("unload", {"key": oldest})

    def _service(self) -> Any:
        with self._lock:
            if not self.is_running:
                self.stop()
                self._services.append(_start(self.engine, self._interpreter))
            return self._services[0]

    def _ask(
        self, service: Any, inputs: dict[str, Any], cancel: CancelToken | None
    ) -> dict[str, Any]:
        done = threading.Event()
        task = service.task(_SCRIPT, inputs)
        task.listen(lambda event: done.set() if event.task.status.is_finished() else None)
        try:
            task.start()
            while not done.wait(_POLL):
                if cancel is not None and cancel.is_cancelled:
                    raise RunCancelled("The run was cancelled.")
                if not service.is_alive():
                    break
        except OSError:  # the pipe is broken: the process is gone
            pass
        except BaseException:  # cancelled, or Ctrl-C: the worker is still at it
            self.stop()
            raise
        if task.status.name == "COMPLETE":
            return dict(task.outputs)
        if task.status.name == "FAILED":
            lines = str(task.error).strip().splitlines()
            raise WorkerFailure("framework", lines[-1], str(task.error))
        raise self._death(service)

    def _death(self, service: Any) -> WorkerFailure:
        self.stop()
        code = int(service.wait_for())
        lines = [line for line in service.error_lines() if line.strip()]
        kind = "import" if code == _IMPORT_FAILED else "crash"
        reason = lines[-1] if lines and kind == "import" else _describe_exit(code)
        return WorkerFailure(kind, reason, "\n".join(lines[-5:]))


def _start(engine: Engine, interpreter: Path) -> Any:
    from appose.service import Service

    variables = environment(engine)
    service = Service(Path.cwd(), variables, str(interpreter), str(_START), engine.script)
    # Appose's reading threads inherit this flag. As non-daemons they would keep Python from
    # ending, as it joins them before it runs the exit function that ends the worker.
    starter = threading.Thread(target=service.start, daemon=True)
    starter.start()
    starter.join()
    return service


def _end(services: list[Any]) -> None:
    while services:
        service = services.pop()
        if service.is_alive():
            service.kill()
        service.wait_for()
        for stream in (service._process.stdin, service._process.stdout, service._process.stderr):
            with contextlib.suppress(OSError):  # unsent input of a process that is gone
                stream.close()


def _describe_exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
