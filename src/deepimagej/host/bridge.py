"""The Python side of ImageJ's commands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deepimagej.errors import DeepImageJError, RunCancelled
from deepimagej.host import desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.desk import Desk

OnCommand = Callable[[str, str], str | None]
"""Takes a command's name and options; returns the macro line that repeats it, or None."""
Fields = Callable[[str], Sequence[Sequence[str]] | None]
"""Takes a command's name; gives the fields of its dialog, as Java's ``Runner.fields`` has them."""

_log = logging.getLogger(__name__)


def no_fields(command: str) -> tuple[()]:
    """No dialog has fields."""
    return ()


class Bridge:
    """Answers ImageJ's commands and keeps what they raised for the Python caller.

    A Python exception that reached Java would be shown as a stack trace and the macro would go on.
    So it is kept here, per thread, as a macro runs on the thread of its caller; Java gets its text.
    """

    def __init__(
        self,
        on_command: OnCommand,
        *,
        fields: Fields,
        make_desk: Callable[[], Desk] | None = None,
    ) -> None:
        self._on_command = on_command
        self._fields = fields
        self._make_desk = make_desk
        self._pending = threading.local()
        self._running = 0
        self._idle = threading.Condition()
        self._is_closed = False

    @contextmanager
    def answering(self, on_command: OnCommand) -> Iterator[None]:
        """Let `on_command` answer inside a ``with``."""
        before, self._on_command = self._on_command, on_command
        try:
            yield
        finally:
            self._on_command = before

    def take_exception(self) -> BaseException | None:
        """What the last command on this thread raised; asked again, None."""
        error: BaseException | None = getattr(self._pending, "error", None)
        self._pending.error = None
        return error

    def register(self) -> None:
        """Answer from now on; needs a running Java with the plugin on its class path."""
        import jpype

        answer = jpype.JClass("deepimagej.Answer")
        bridge = self

        @jpype.JImplements("deepimagej.Runner")
        class Runner:
            @jpype.JOverride  # type: ignore[untyped-decorator]  # jpype has no types
            def run(self, command: Any, options: Any) -> Any:
                return bridge._run(answer, str(command), str(options))

            @jpype.JOverride  # type: ignore[untyped-decorator]  # jpype has no types
            def fields(self, command: Any) -> Any:
                fields = bridge._fields_of(str(command))
                return None if fields is None else jpype.JArray(jpype.JString, 2)(fields)

        jpype.JClass("deepimagej.Command").setRunner(Runner())
        if self._make_desk is not None:
            desk.register(self._make_desk)

    def close(self, patience: float) -> None:
        """Answer no more commands, and wait at most `patience` seconds for those that run."""
        with self._idle:
            self._is_closed = True
            self._idle.wait_for(lambda: self._running == 0, timeout=patience)

    def _run(self, answer: Any, command: str, options: str) -> Any:
        with self._idle:
            if self._is_closed:
                return answer.cancelled()
            self._running += 1
        try:
            return self._answer(answer, command, options)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _answer(self, answer: Any, command: str, options: str) -> Any:
        self._pending.error = None
        try:
            return answer.done(self._on_command(command, options))
        except (RunCancelled, KeyboardInterrupt) as error:
            self._pending.error = error
            return answer.cancelled()
        except DeepImageJError as error:
            self._pending.error = error
            return desk.failed(error)
        except BaseException as error:  # noqa: BLE001  # nothing may be lost at the border to Java
            self._pending.error = error
            _log.debug("%s failed", command, exc_info=True)
            return desk.failed(error)

    def _fields_of(self, command: str) -> list[list[str]] | None:
        try:
            fields = self._fields(command)
            return None if fields is None else [list(field) for field in fields]
        except DeepImageJError as error:
            _log.warning("%s %s", error.message, error.hint)
            return []
