"""Fixtures that every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


EMBEDDED, FIJI = "embedded", "fiji"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--host fiji``: the tests with an ImageJ in this process run in that of a Fiji."""
    parser.addoption(
        "--host",
        choices=(EMBEDDED, FIJI),
        default=EMBEDDED,
        help="the ImageJ of this process: the embedded one, or DEEPIMAGEJ_TEST_FIJI's",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--host fiji`` only the tests that have an ImageJ in this process."""
    if config.getoption("host") != FIJI:
        return
    chosen = [item for item in items if "imagej" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture(scope="session")
def fiji_folder() -> str:
    """The folder of a Fiji on this machine."""
    folder = os.environ.get("DEEPIMAGEJ_TEST_FIJI")
    if not folder:
        pytest.skip("DEEPIMAGEJ_TEST_FIJI does not name the folder of a Fiji")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real models and images that are not part of the repository."""
    folder = os.environ.get("DEEPIMAGEJ_TEST_DATA")
    if not folder:
        pytest.skip("DEEPIMAGEJ_TEST_DATA does not name the folder with real models and images")
    return Path(folder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A user with empty folders of their own; jars and class paths come from the real cache."""
    real = Settings.from_environment()
    return Settings(
        model_folders=(tmp_path / "models",),
        cache=real.cache,
        data=tmp_path / "data",
        config=tmp_path / "config",
        jars=real.jars,
    )


@pytest.fixture(scope="session", autouse=True)
def signals() -> None:
    """Let the processes that tests start hear signals that this one was started to ignore.

    What a shell script starts with ``&`` ignores Ctrl-C, and after ``nohup`` a closed terminal; it
    hands that down. A signal that is handled, in any way, has its default in new programs.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is signal.SIG_IGN:
        signal.signal(hang_up, lambda number, frame: None)


@pytest.fixture(scope="session", autouse=True)
def user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders of a user who has nothing yet, also for processes that tests start.

    No test sees or changes the library and the trust of who runs it; the cache is the real one.
    """
    home = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPIMAGEJ_MODELS", str(home / "models"))
        patch.setenv("DEEPIMAGEJ_DATA", str(home / "data"))
        patch.setenv("DEEPIMAGEJ_CONFIG", str(home / "config"))
        patch.delenv("DEEPIMAGEJ_FIJI", raising=False)
        patch.delenv("DEEPIMAGEJ_ENGINES", raising=False)
        yield home
