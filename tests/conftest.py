"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deepimagej.settings import Settings


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
