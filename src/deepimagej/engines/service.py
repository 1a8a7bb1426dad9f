"""One worker process through Appose: started, asked, watched and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import OrderedDict, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from deepimagej.engines import deaths
from deepimagej.engines.pulse import SILENCE, Clock, Pulse
from deepimagej.engines.table import environment
from deepimagej.errors import RunCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deepimagej.engines.table import Engine
    from deepimagej.progress import CancelToken

_START: Final = Path(__file__).parent / "workers" / "start.py"
_SCRIPT: Final = "from deepimagej_worker import serve\nserve.answer(task, function, arguments)"
_POLL: Final = 0.05
"""Seconds between two looks at the cancel token and the process."""
_GRACE: Final = 0.5
"""Seconds that a call may go on after the run was cancelled: a short one ends by itself, and what
is loaded stays warm."""
_IMPORT_FAILED: Final = 86
_LOG_LINES: Final = 200
_LONGEST_LINE: Final = 4096
_LOOK_IDLE: Final = 5.0
"""Seconds between two looks at whether the worker is in use."""
_REAP: Final = 0.5
"""Seconds that a process may take to end after its pipes closed."""
_DRAIN: Final = 2.0
"""Seconds that a dead worker's output may take: a program that it started may hold the pipe."""


class WorkerFailure(Exception):
    """A worker could not do what it was asked; the client says it in the user's words.

    `kind` is one of the workers' own (``trust``, ``device``, ``memory``, ``limit``, ``tensors``,
    ``package``, ``framework``), or ``import`` (the framework is there but broken), ``crash``,
    ``killed`` (by the kernel, for lack of memory), ``hang``, ``seconds`` (longer than the user
    allows) or ``stopped`` (this process ended it, for another call: to be asked again).
    """

    def __init__(self, kind: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.detail = detail
        """What the worker wrote to stderr meanwhile."""


class _Log(deque[str]):
    """The end of what the worker writes."""

    def __init__(self) -> None:
        super().__init__(maxlen=_LOG_LINES)
        self.total = 0

    def append(self, line: str) -> None:
        super().append(line)
        self.total += 1

    def since(self, mark: int) -> list[str]:
        """The lines after the first `mark`, as far as they are kept."""
        lines = list(self)
        return lines[max(0, len(lines) - (self.total - mark)) :]


class Service:
    """A process that runs one engine. It is ended once, and not started again.

    Parameters
    ----------
    idle
        Seconds without a call after which it is ended.
    ended
        Called when it has ended, from another thread.
    """

    def __init__(
        self, engine: Engine, interpreter: Path, *, idle: float, ended: Callable[[], None]
    ) -> None:
        from appose.service import Service as ApposeService

        self.loaded: OrderedDict[str, dict[str, Any]] = OrderedDict()
        """Answers to what was loaded, the one used longest ago first."""
        self.taken: dict[str, int] = {}
        """Bytes that each loaded network takes, by the key that the worker gave it."""
        self._log = _Log()
        self._lock = threading.Lock()
        self._calls: list[object] = []
        self._used = time.monotonic()
        self._is_closed = False
        self._is_ended = False
        self._was_alive = False
        self._is_told = False
        self._mark = 0
        self._kills = deaths.kills_for_memory()
        command = (str(interpreter), str(_START), engine.script)
        self._appose = ApposeService(Path.cwd(), environment(engine), *command)
        self._appose._invalid_lines = _Log()
        # Appose's own stops at the first byte that is no text, and the worker would block soon.
        self._appose._stderr_loop = self._read_log
        self._keep(idle, ended)
        self._pulse = Pulse(self.pid)

    @property
    def pid(self) -> int:
        """The process's number."""
        return int(self._appose._process.pid)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return not (self._is_closed or self._is_ended) and bool(self._appose.is_alive())

    def touch(self) -> None:
        """Note that it is in use."""
        self._used = time.monotonic()

    def ask(
        self, inputs: Mapping[str, Any], *, cancel: CancelToken | None, seconds: float | None
    ) -> dict[str, Any]:
        """The worker's answer.

        Parameters
        ----------
        seconds
            That it may take from when the worker is at it; None: any.

        Raises
        ------
        WorkerFailure
            If it is no answer: the process failed or was ended.
        RunCancelled
            If `cancel` says so meanwhile and the answer does not come soon.
        """
        call = object()
        with self._lock:
            is_over = self._is_closed or self._is_ended
            if not is_over:
                self._calls.append(call)
            if self._calls == [call]:
                self._pulse.beat()
                self._kills = deaths.kills_for_memory()
        if is_over:
            raise self._death(self._mark, again=False)
        mark = self._mark = self._log.total
        try:
            return self._answer(call, inputs, mark, cancel=cancel, seconds=seconds)
        finally:
            with self._lock:
                self._calls.remove(call)
                self._used = time.monotonic()

    def tell(self, inputs: Mapping[str, Any]) -> None:
        """Let the worker do something whose answer nobody needs."""
        # OSError, ValueError: the process is gone, its pipe broken or closed.
        with contextlib.suppress(OSError, ValueError):
            self._appose.task(_SCRIPT, dict(inputs)).start()

    def end(self) -> None:
        """End the process at once, with what it started; safe to repeat."""
        with self._lock:
            is_first, self._is_ended = not self._is_ended, True
            if is_first:
                self._was_alive = self._appose.is_alive()
                _kill(self.pid)  # once: later the number may be another's
        if self._appose.is_alive():
            self._appose.kill()
        self._appose._monitor_thread.join()
        self._close()

    def log_since(self, mark: int) -> str:
        """What the worker wrote to stderr since, its last lines."""
        return "\n".join(deaths.last_words(self._log.since(mark)))

    def _answer(
        self,
        call: object,
        inputs: Mapping[str, Any],
        mark: int,
        *,
        cancel: CancelToken | None,
        seconds: float | None,
    ) -> dict[str, Any]:
        done = threading.Event()
        task = self._appose.task(_SCRIPT, dict(inputs))

        def hear(event: Any) -> None:
            self._pulse.beat()
            if event.task.status.is_finished():
                done.set()

        task.listen(hear)
        try:
            # OSError, ValueError: the process is gone, its pipe broken or closed.
            with contextlib.suppress(OSError, ValueError):
                task.start()
            self._wait(call, done, mark, cancel=cancel, seconds=seconds)
        except BaseException:  # cancelled, hanging, or Ctrl-C: the worker is still at it
            self.end()
            raise
        if task.status.name == "COMPLETE":
            reply = dict(task.outputs)
            if "error" in reply:
                reply["error"]["detail"] = self.log_since(mark)
            return reply
        if task.status.name == "FAILED":
            lines = str(task.error).strip().splitlines()
            raise WorkerFailure("framework", lines[-1], self.log_since(mark))
        raise self._death(mark)

    def _wait(
        self,
        call: object,
        done: threading.Event,
        mark: int,
        *,
        cancel: CancelToken | None,
        seconds: float | None,
    ) -> None:
        """Until the answer is there or the process is gone."""
        clock = Clock()
        while not done.wait(_POLL):
            if cancel is not None and cancel.is_cancelled:
                if done.wait(_GRACE):
                    return
                raise RunCancelled("The run was cancelled.")
            if not self.is_alive:
                return
            if self._pulse.is_gone():
                raise WorkerFailure("hang", f"{SILENCE:.0f} s", self.log_since(mark))
            if self._calls[0] is not call:  # the worker answers one after the other
                clock.reset()
            elif seconds is not None and clock.look() > seconds:
                raise WorkerFailure("seconds", f"{seconds:g} s", self.log_since(mark))

    def _death(self, mark: int, *, again: bool = True) -> WorkerFailure:
        """Why it is no more, of kind ``stopped`` if it was ended here, or if that was told before.

        Parameters
        ----------
        again
            Whether to tell it whoever was told.
        """
        # Its pipes close a moment before it has ended: it would pass for one that we ended.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._appose._process.wait(timeout=_REAP)
        self.end()
        if self._was_alive or (self._is_told and not again):
            return WorkerFailure("stopped", "the worker was ended")
        self._is_told = True
        code = int(self._appose._process.returncode)
        lines = deaths.last_words(self._log.since(mark))
        detail = "\n".join(lines)
        if code == _IMPORT_FAILED:
            return WorkerFailure("import", lines[-1] if lines else deaths.describe(code), detail)
        if deaths.is_kill(code) and deaths.kills_for_memory() != self._kills:
            return WorkerFailure("killed", "the system ended it", detail)
        kind = "memory" if deaths.is_memory(lines) else "crash"
        return WorkerFailure(kind, deaths.describe(code), detail)

    def _keep(self, idle: float, ended: Callable[[], None]) -> None:
        """Start the process from a thread that lives as long as it does.

        Linux ends a worker with the thread that started it (see `workers.guard`). Appose's reading
        threads inherit this one's daemon flag: as others, they would keep Python from ending, as
        it joins them before it runs the exit function that ends the worker.
        """
        started = threading.Event()
        failures: list[BaseException] = []

        def keep() -> None:
            try:
                self._appose.start()
            except OSError as error:
                failures.append(error)
            finally:
                started.set()
            if failures:
                return
            process = self._appose._monitor_thread
            while process.is_alive() and not self._is_idle(idle):
                process.join(min(idle / 4, _LOOK_IDLE))
            self.end()
            ended()

        threading.Thread(target=keep, name="deepimagej-worker", daemon=True).start()
        started.wait()
        if failures:
            raise failures[0]

    def _read_log(self) -> None:
        stream = self._appose._process.stderr.buffer
        while line := stream.readline(_LONGEST_LINE):
            self._log.append(line.decode("utf-8", "backslashreplace").rstrip())

    def _is_idle(self, idle: float) -> bool:
        with self._lock:
            if self._calls or time.monotonic() - self._used < idle:
                return False
            self._is_closed = True  # no call can begin any more
            return True

    def _close(self) -> None:
        """Close the pipes when the last of them was read."""
        process = self._appose._process
        readers = (self._appose._stdout_thread, self._appose._stderr_thread)
        deadline = time.monotonic() + _DRAIN
        for reader in readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(OSError):  # unsent input of a process that is gone
            process.stdin.close()
        for reader, stream in zip(readers, (process.stdout, process.stderr), strict=True):
            if not reader.is_alive():  # else closing waits for who reads
                stream.close()


def _kill(pid: int) -> None:
    """End a worker and the programs that it started; none of them need be there."""
    if os.name == "posix":
        # The worker is the head of a group of its own; a moment after its start not yet.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        return
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
