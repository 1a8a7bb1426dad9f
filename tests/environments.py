"""Other Pythons for tests: environments that see some packages of this one, and no more."""

from __future__ import annotations

import importlib.util
import os
import sysconfig
import venv
from pathlib import Path

import pytest


def make_python(folder: Path, *packages: str) -> Path:
    """The Python of a new environment in `folder` with links to some packages of this one."""
    if os.name != "posix":
        pytest.skip("packages are lent by links")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    [site] = folder.glob("lib/python*/site-packages")
    for package in packages:
        link_package(site, package)
    return python


def link_package(site: Path, name: str) -> None:
    """Let `site` see a package, the libraries beside it and its metadata."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    found = Path(spec.origin).parent
    for path in (found, *found.parent.glob(f"{name}.libs"), *_metadata(found)):
        (site / path.name).symlink_to(path)


def _metadata(package: Path) -> list[Path]:
    return list(package.parent.glob(f"{package.name}-*.dist-info"))


def everything() -> str:
    """The folder of all packages of this Python, for a ``.pth`` file."""
    return sysconfig.get_path("purelib")
