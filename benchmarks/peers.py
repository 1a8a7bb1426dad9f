"""The peers' environments: ``python -m benchmarks peers`` makes what is not there yet.

They lie in the user's cache, not in the checkout. Frameworks have the versions of this
environment, so that libraries are compared and not frameworks.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PEERS: Final[Mapping[str, Sequence[str]]] = {
    # bioimageio.core 0.11 pins a bioimageio.spec that fails with pydantic 2.14.
    "core": ("bioimageio.core==0.11.*", "pydantic<2.14", "torch", "onnxruntime"),
    "cellpose": ("cellpose==4.2.*", "torch"),
    # csbdeep exports and loads with the legacy Keras only.
    "stardist": ("stardist", "csbdeep", "tensorflow", "tf_keras"),
}
_OURS: Final = ("torch", "onnxruntime", "tensorflow", "tf_keras")
NOT_MADE: Final = "not measured: run python -m benchmarks peers"


def python_of(name: str) -> Path:
    """The interpreter of the peer `name`, there or not."""
    place = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return _folder(name).joinpath(*place)


def make(names: Sequence[str]) -> None:
    """Make the environments of `names`; all if there are none."""
    for name in names or PEERS:
        if not (_folder(name) / "made").exists():
            _make(name)
        print(f"{name}: {_folder(name)}")


def _folder(name: str) -> Path:
    return Settings.from_environment().cache / "benchmarks" / name


def _make(name: str) -> None:
    folder = _folder(name)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python, wanted = str(python_of(name)), [_as_ours(package) for package in PEERS[name]]
    pip = [python, "-m", "pip"]
    if importlib.util.find_spec("uv") is not None:
        pip = [sys.executable, "-m", "uv", "pip"]
    of_uv = ["--python", python, "--compile-bytecode"]  # pip compiles by itself
    install = ["install", *(of_uv if "uv" in pip else []), *wanted]
    subprocess.run([*pip, *install], env=_environment(), check=True)
    (folder / "made").touch()


def _as_ours(package: str) -> str:
    if package not in _OURS:
        return package
    try:
        return f"{package}=={version(package).partition('+')[0]}"
    except PackageNotFoundError:
        return package


def _environment() -> dict[str, str]:
    """The environment in which uv sees pip's own settings."""
    pairs = {
        "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
        "UV_FIND_LINKS": "PIP_FIND_LINKS",
        "SSL_CERT_FILE": "PIP_CERT",
    }
    found = {uv: os.environ[pip] for uv, pip in pairs.items() if pip in os.environ}
    return {**found, **os.environ}
