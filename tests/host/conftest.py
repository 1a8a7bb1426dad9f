"""The one ImageJ that all tests of this folder share, as a process can have only one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej.settings import Settings

if TYPE_CHECKING:
    from deepimagej.host.running import Host


@pytest.fixture(scope="session")
def imagej(request: pytest.FixtureRequest) -> Host:
    """The running ImageJ, headless; a test leaves no image, ROI or row behind.

    With ``--host fiji`` that of a Fiji, through PyImageJ.
    """
    settings = Settings.from_environment()
    if request.config.getoption("host") == "fiji":
        from deepimagej.host import pyimagej

        folder = request.getfixturevalue("fiji_folder")
        return pyimagej.start(folder, settings=settings, on_command=_refuse)
    from deepimagej.host import embedded

    return embedded.start(settings=settings, on_command=_refuse)


def _refuse(command: str, options: str) -> None:
    message = f"a test called {command} with {options!r}, and answers no command"
    raise AssertionError(message)
