"""One engine's worker: started at first use, kept warm, replaced when its process ended."""

from __future__ import annotations

import contextlib
import threading
import weakref
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psutil

from deepimagej.engines.pool import Pool
from deepimagej.engines.service import Service, WorkerFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deepimagej.engines.table import Engine
    from deepimagej.progress import CancelToken

__all__ = ["NO_LIMITS", "Limits", "Worker", "WorkerFailure"]

_POLL: Final = 0.05
"""Seconds between two looks at the cancel token."""
_MOST: Final = 16
"""Networks kept in one worker, however small they are."""
_SHARE: Final = 4
"""Loaded networks may take one part in so many of the machine's memory."""
_TRIES: Final = 3
"""Starts of a worker that others end while it loads."""


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


class Worker:
    """A process that runs one engine in one Python interpreter.

    Any thread may ask it; it answers one after the other.
    """

    def __init__(self, engine: Engine, interpreter: Path, limits: Limits = NO_LIMITS) -> None:
        self.engine = engine
        self.limits = limits
        self._interpreter = interpreter
        self._is_closed = False
        self._loading = threading.Lock()
        self._starting = threading.Lock()
        self._services: list[Service] = []  # one at most, in a list for the finalizer
        self._finalizer = weakref.finalize(self, _end, self._services)
        # Not of `release`: a process holds its pool, and would hold this worker.
        self.blocks = Pool(partial(_release, self._services))
        """Shared memory for its calls."""

    def load(
        self,
        key: str,
        path: Path,
        options: Mapping[str, Any],
        *,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]:
        """What the worker says of a network; loads it unless it is warm.

        Raises
        ------
        WorkerFailure, RunCancelled
            As `call` does.
        """
        options = {**options, "memory": self.limits.memory}
        arguments = {"key": key, "path": str(path), "options": options}
        with _held(self._loading, cancel):
            left = _TRIES
            while True:
                left -= 1
                try:
                    return self._load(key, arguments, cancel)
                except WorkerFailure as failure:
                    if failure.kind != "stopped" or self._is_closed or not left:
                        raise

    def begin(self) -> None:
        """Start the process, without waiting until it can be asked.

        Raises
        ------
        WorkerFailure
            If the worker is closed.
        OSError
            If the system does not start it.
        """
        self._service()

    def release(self, blocks: list[str]) -> None:
        """Let the worker let go of shared memory, if it still runs; does not wait for that."""
        _release(self._services, blocks)

    def call(
        self, function: str, arguments: Mapping[str, Any], *, cancel: CancelToken | None = None
    ) -> dict[str, Any]:
        """The worker's answer, from the process in which a network was loaded.

        Raises
        ------
        WorkerFailure
            If the worker refuses, fails, dies (now, or since the last call), hangs or takes longer
            than its limit; of the kind ``stopped`` if it was ended for another call, or nobody
            loaded since that was told: load again and repeat.
        RunCancelled
            If `cancel` says so meanwhile; the process is ended, as a call into a framework
            cannot be stopped in another way.
        """
        with self._starting:
            services = list(self._services)
        if not services:
            raise WorkerFailure("stopped", "the worker was ended")
        return self._ask(services[0], function, arguments, cancel)

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return any(service.is_alive for service in self._services)

    @property
    def pid(self) -> int | None:
        """The process's number; None while there is none."""
        return next((service.pid for service in self._services if service.is_alive), None)

    def stop(self) -> None:
        """End the process at once, also in the middle of a call; the next call starts another."""
        with self._starting:
            _end(self._services)

    def close(self) -> None:
        """End the process for good; safe to repeat."""
        self._is_closed = True
        self.stop()
        self.blocks.close()

    def _load(
        self, key: str, arguments: Mapping[str, Any], cancel: CancelToken | None
    ) -> dict[str, Any]:
        known = f"{key}:{arguments['options']['device']}"
        service = self._service()
        if known in service.loaded:
            service.touch()
            service.loaded.move_to_end(known)
            return service.loaded[known]
        reply = self._ask(service, "load", arguments, cancel)
        # Under both names: next time `auto` is asked for as what it was resolved to.
        service.loaded[known] = service.loaded[f"{key}:{reply['device']}"] = reply
        # At least its file: it may have grown into what another network gave back.
        taken = max(reply["grown"] or 0, _size(arguments["path"]))
        service.taken.setdefault(reply["key"], taken)
        self._make_room(service, cancel)
        return reply

    def _make_room(self, service: Service, cancel: CancelToken | None) -> None:
        """Forget the networks used longest ago where all take too much together."""
        most = self.limits.warm_memory
        if most is None:
            most = psutil.virtual_memory().total // _SHARE
        by_use = dict.fromkeys(reply["key"] for reply in reversed(service.loaded.values()))
        keys = list(by_use)  # the newest first
        while len(keys) > 1 and (len(keys) > _MOST or sum(service.taken.values()) > most):
            oldest = keys.pop()
            for known in [k for k, reply in service.loaded.items() if reply["key"] == oldest]:
                del service.loaded[known]
            service.taken.pop(oldest, None)
            self._ask(service, "unload", {"key": oldest}, cancel)

    def _service(self) -> Service:
        with self._starting:
            if self._is_closed:
                raise WorkerFailure("stopped", "the worker was ended")
            if not self.is_running:
                _end(self._services)
                idle = self.limits.idle
                ended = self.blocks.clear
                service = Service(self.engine, self._interpreter, idle=idle, ended=ended)
                self._services.append(service)
            return self._services[0]

    def _ask(
        self,
        service: Service,
        function: str,
        arguments: Mapping[str, Any],
        cancel: CancelToken | None,
    ) -> dict[str, Any]:
        if cancel is not None:
            cancel.check()
        is_predict = function == "predict"
        reply = service.ask(
            {"function": function, "arguments": dict(arguments)},
            cancel=cancel,
            seconds=self.limits.seconds if is_predict else None,
        )
        error = reply.get("error")
        if error is not None:
            raise self._failure(error)
        key = arguments.get("key")
        if is_predict and key in service.taken and reply["grown"] is not None:
            service.taken[key] = max(reply["grown"], service.taken[key])
        return reply

    def _failure(self, error: Mapping[str, str]) -> WorkerFailure:
        message = error["message"]
        if self.limits.memory is not None:
            allowed = f"{self.limits.memory / 1e6:.0f} MB"
            if error["kind"] == "memory":
                message = f"{message.rstrip('. ')} (its limit is {allowed})"
            elif error["kind"] == "limit":
                message = f"{allowed}, and it takes {message} when it has started"
        return WorkerFailure(error["kind"], message, error["detail"])


@contextlib.contextmanager
def _held(lock: threading.Lock, cancel: CancelToken | None) -> Iterator[None]:
    """Hold `lock`, waiting for it no longer than until `cancel`."""
    if cancel is not None:
        cancel.check()
    while not lock.acquire(timeout=_POLL):
        if cancel is not None:
            cancel.check()
    try:
        yield
    finally:
        lock.release()


def _size(path: str) -> int:
    """Bytes of a file or of all files in a folder: what a network takes at least."""
    from pathlib import Path

    whole = Path(path)
    files = whole.rglob("*") if whole.is_dir() else [whole]
    return sum(file.stat().st_size for file in files if file.is_file())


def _release(services: list[Service], blocks: list[str]) -> None:
    for service in [one for one in services if one.is_alive]:
        service.tell({"function": "release", "arguments": {"blocks": blocks}})


def _end(services: list[Service]) -> None:
    while services:
        services.pop().end()
