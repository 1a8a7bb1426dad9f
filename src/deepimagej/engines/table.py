"""Which engine runs which weights, and whether it is installed here."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Engine:
    """A framework and the worker that runs it."""

    name: str
    """As its users call it."""
    module: str
    """The Python module that must be there."""
    script: str
    """The file in `workers/` without ``.py``."""
    extra: str
    """deepimagej's optional dependencies that bring it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the worker."""
    packages: tuple[str, ...] = ()
    """What pip installs in a Python without deepimagej."""
    python: Path | None = None
    """The Python that runs it, where it is not this one."""

    @property
    def pip(self) -> str:
        """The command that installs it in the Python that runs it."""
        if self.python is None:
            return f'pip install "deepimagej[{self.extra}]"'
        python = f'"{self.python}"' if " " in str(self.python) else str(self.python)
        return " ".join((python, "-m pip install numpy", *self.packages))


ONNX: Final = Engine(
    "onnxruntime",
    module="onnxruntime",
    script="onnx",
    extra="onnx",
    packages=("onnxruntime",),
)
TORCH: Final = Engine(
    "PyTorch", module="torch", script="torchscript", extra="torch", packages=("torch",)
)
TENSORFLOW: Final = Engine(
    "TensorFlow",
    module="tensorflow",
    script="tensorflow",
    extra="tensorflow",
    variables={
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "KERAS_BACKEND": "tensorflow",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else it takes the whole GPU at once
    },
    packages=("tensorflow", "tf_keras"),
)
STEPS: Final = Engine("Python", module="numpy", script="steps", extra="")
"""Runs the Python steps of bundles; no weights."""

ENGINES: Final[Mapping[WeightsFormat, Engine]] = {
    WeightsFormat.ONNX: ONNX,
    WeightsFormat.TORCHSCRIPT: TORCH,
    WeightsFormat.TENSORFLOW_SAVED_MODEL: TENSORFLOW,
    WeightsFormat.KERAS_HDF5: TENSORFLOW,
    WeightsFormat.KERAS_V3: TENSORFLOW,
}

_NEVER: Final[Mapping[WeightsFormat, tuple[str, str]]] = {
    WeightsFormat.PYTORCH_STATE_DICT: (
        "pytorch_state_dict needs the architecture's Python code; deepimagej runs files that "
        "hold the whole network",
        "Export the network to TorchScript or ONNX and add that to the bundle.",
    ),
    WeightsFormat.TENSORFLOW_JS: (
        "tensorflow_js runs in web browsers only",
        "Convert the network to a TensorFlow SavedModel or ONNX and add that to the bundle.",
    ),
}


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether a weights format can run on this machine."""

    runnable: bool
    reason: str = ""
    """Why not, as a clause without a full stop."""
    hint: str = ""
    """The way out, as a sentence."""


def status(weights_format: WeightsFormat) -> EngineStatus:
    """Whether `weights_format` can run here; nothing is imported to find out."""
    if weights_format in _NEVER:
        reason, hint = _NEVER[weights_format]
        return EngineStatus(runnable=False, reason=reason, hint=hint)
    return status_of(ENGINES[weights_format], weights_format)


def status_of(engine: Engine, needs: str) -> EngineStatus:
    """Whether `engine` is installed in this Python; `needs` begins the reason why not."""
    if _is_installed(engine.module):
        return EngineStatus(runnable=True)
    return EngineStatus(
        runnable=False,
        reason=f"{needs} needs {engine.name}, which is not installed",
        hint=f"Install it: {engine.pip}",
    )


_places: dict[tuple[object, ...], str] = {}
"""Where modules were found: a search takes half a millisecond, and a run asks twice."""


def _is_installed(module: str) -> bool:
    searched = (module, *sys.path, *map(id, sys.meta_path))
    if os.path.exists(_places.get(searched, "")):
        return True
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return False  # hidden on purpose: an import hook refuses it
    if spec is not None and spec.origin is not None:
        _places[searched] = spec.origin
    return spec is not None


_OF_THIS_PYTHON: Final = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
"""Variables that would show another Python the packages of this one."""


_ALLOCATOR: Final = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_ARENA_MAX": "1",
}
"""Let glibc keep up to 1 GB between two calls of a network (other systems pass these over).

By default it takes each large array from the system and gives it back at once, and the system
fills all of its pages with zeros first. Measured (2 cores, against the default): a U-Net in torch
2.15 takes 0.80 of the time at 512² and 0.55-0.6 at 1024², StarDist 0.8-0.9 in TensorFlow and
0.8-0.95 in onnxruntime. The bits are the same. Its price is memory that lies between arrays:
0.93-1.0 of the peak at 512², 1.1-1.4 at 1024², 1.3 at 2048²; up to 1 GB stays after a call.
"""


def environment(engine: Engine) -> dict[str, str | None]:
    """Variables of a worker: what must differ from this process (None: taken away)."""
    others = dict.fromkeys(_OF_THIS_PYTHON) if engine.python is not None else {}
    return {
        # Whatever the system's encoding, Appose can read the worker's stderr.
        "PYTHONIOENCODING": "ascii:backslashreplace",
        "PYTHONWARNINGS": None,
        "DEEPIMAGEJ_WORKER_APPOSE": str(_appose()),
        **_ALLOCATOR,
        **others,
        **engine.variables,
    }


def _appose() -> Path:
    """The folder of the package that is lent to the workers: both ends speak one version."""
    spec = importlib.util.find_spec("appose")
    if spec is None or spec.origin is None:
        raise ImportError("deepimagej is installed without appose", name="appose")
    return Path(spec.origin).parent
