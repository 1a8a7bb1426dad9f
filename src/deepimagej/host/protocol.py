"""What every running ImageJ offers, embedded or inside Fiji."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deepimagej.host.bridge import OnCommand


class Host(Protocol):
    """A running ImageJ."""

    @property
    def mode(self) -> str:
        """``headless``, ``interactive`` or ``gui``."""

    def java_class(self, name: str) -> Any:
        """The Java class `name`, such as ``ij.IJ``, ready to be used on this thread."""

    def attach(self) -> None:
        """Make this thread fit for calls into ImageJ; cheap, and safe to repeat."""

    def answering(self, on_command: OnCommand) -> AbstractContextManager[None]:
        """Let `on_command` answer ImageJ's commands inside a ``with``."""

    def take_exception(self) -> BaseException | None:
        """What a command raised on this thread since the last call, None if nothing."""

    def close(self) -> None:
        """Close all images without questions; Java itself ends with the process."""
