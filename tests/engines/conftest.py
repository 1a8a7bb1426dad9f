"""Engines with a cache of their own, shared by the tests: TensorFlow takes seconds to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej.engines import Engines
from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Warm workers; a test that ends one leaves the others a new start."""
    folder = tmp_path_factory.mktemp("engines")
    settings = Settings(
        model_folders=(), cache=folder / "cache", data=folder / "data", config=folder / "config"
    )
    with Engines(settings) as shared:
        yield shared
