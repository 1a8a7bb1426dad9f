"""The one ImageJ that all tests of this folder share, as a process can have only one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej.settings import Settings

if TYPE_CHECKING:
    from deepimagej.host.embedded import EmbeddedImageJ


@pytest.fixture(scope="session")
def imagej() -> EmbeddedImageJ:
    """The running ImageJ, headless; a test leaves no image, ROI or row behind."""
    from deepimagej.host.embedded import start

    return start(settings=Settings.from_environment(), on_command=_refuse)


def _refuse(command: str, options: str) -> None:
    message = f"a test called {command} with {options!r}, and answers no command"
    raise AssertionError(message)
