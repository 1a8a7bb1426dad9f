"""The one ImageJ that all tests of this folder share, as a process can have only one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from deepimagej.settings import Settings

if TYPE_CHECKING:
    from deepimagej.host.embedded import EmbeddedImageJ


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The user's own settings: the cache of jars is shared with them."""
    return Settings.from_environment(os.environ)


@pytest.fixture(scope="session")
def imagej(settings: Settings) -> EmbeddedImageJ:
    """The running ImageJ, headless; a test leaves no image, ROI or row behind."""
    from deepimagej.host.embedded import start

    return start(settings=settings, on_command=_refuse)


def _refuse(command: str, options: str) -> None:
    message = f"a test called {command} with {options!r}, and answers no command"
    raise AssertionError(message)
