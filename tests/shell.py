"""The command line in processes of their own, for tests of what a user of the shell sees."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

COMMAND = Path(sysconfig.get_path("scripts")) / "deepimagej"


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """A user with folders of their own below `home`, who works in `home`.

    Jars and class paths come from the real cache.
    """

    home: Path
    variables: Mapping[str, str]
    command: Path = COMMAND

    def __call__(self, *arguments: str | Path, **variables: str) -> Done:
        """Run ``deepimagej ARGUMENTS``."""
        done = subprocess.run(
            [self.command, *map(str, arguments)],
            cwd=self.home,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=110,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def models(self) -> Path:
        """Where this user's models are installed."""
        return self.home / "models"


def make_shell(home: Path, command: Path = COMMAND) -> Shell:
    """A shell of a user without models; `command` is the ``deepimagej`` that it runs."""
    folders = {"MODELS": "models", "DATA": "data", "CONFIG": "config"}
    mine = {f"DEEPIMAGEJ_{name}": str(home / folder) for name, folder in folders.items()}
    dropped = ("DEEPIMAGEJ_FIJI", "DEEPIMAGEJ_ENGINES", "PYTHONWARNINGS")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return Shell(home, {**kept, **mine}, command)


def write_image(path: Path, pixels: NDArray[Any], axes: str = "YX") -> Path:
    """Write `pixels` as an ImageJ TIFF; three 8-bit samples at the end are RGB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": axes})
    return path


def ramp(height: int = 7, width: int = 9) -> NDArray[np.float32]:
    """An image in which no two pixels are equal; exact in few bits."""
    values: NDArray[np.float32] = np.arange(height * width, dtype=np.float32) / np.float32(8)
    return values.reshape(height, width)
