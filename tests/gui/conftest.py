"""A screen, a user with models, and `deepimagej gui` driven with real clicks and keys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from bundle_factory import make_identity_bundle
from deepimagej import examples
from deepimagej.library import Library
from deepimagej.settings import Settings
from gui.screen import Gui, missing, screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs a screen."""
    lacking = missing()
    for item in items:
        if "gui" in item.path.parts and lacking:
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(lacking)}"))


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with the example model installed, and images; one for each file of tests."""
    folder = tmp_path_factory.mktemp("gui")
    variables = user(folder)
    Library(Settings.from_environment(variables)).install(examples.path("nuclei"))
    macros = {"postprocessing": {"post.ijm": 'print(File.exists("/"));'}}
    make_identity_bundle(folder / "models" / "asks", name="Zebra asks", macros=macros)
    large = np.tile(tifffile.imread(examples.path("images/nuclei.tif")), (2, 2))
    tifffile.imwrite(folder / "large.tif", large, imagej=True)
    two = np.stack([large[:256, :256], large[256:512, 256:512]])
    tifffile.imwrite(folder / "two.tif", two, imagej=True, metadata={"axes": "CYX"})
    return folder


def user(folder: Path) -> dict[str, str]:
    """The environment of a user with folders of their own; jars come from the real cache."""
    mine = {
        f"DEEPIMAGEJ_{name.upper()}": str(folder / name) for name in ("models", "data", "config")
    }
    cache = str(Settings.from_environment().cache)
    # ImageJ keeps its preferences in the user's home folder.
    return {**os.environ, **mine, "DEEPIMAGEJ_CACHE": cache, "HOME": str(folder)}


@pytest.fixture(scope="module")
def variables(home: Path) -> Mapping[str, str]:
    return user(home)


@pytest.fixture(scope="module")
def gui(display: str, variables: Mapping[str, str]) -> Iterator[Gui]:
    """ImageJ with an image open, and the window over it."""
    with Gui(display, variables, (str(examples.path("images/nuclei.tif")),)) as program:
        program.until(lambda: program.ask("images"))
        program.open_window()
        yield program
