"""Steps of bundles in Python: a function of a file, on arrays by the names of the tensors.

::

    def function(tensors):  # {name: array} -> {name: array}

Only the file itself is imported; nothing beside it is on the path.
"""

from __future__ import annotations

import importlib.util
import platform
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from .failures import Refused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tensors import Slot


class Step:
    """A function of a file."""

    inputs: List[Slot] = []  # noqa: RUF012  of no network
    outputs: List[Slot] = []  # noqa: RUF012
    options: Dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, function: Callable[[Dict[str, Any]], Any]) -> None:
        self._function = function

    def predict(self, arrays: List[NDArray[Any]]) -> List[Tuple[str, Any]]:
        """No network: a step is applied."""
        raise Refused("tensors", "a step is no network")

    def apply(self, arrays: Dict[str, NDArray[Any]]) -> List[Tuple[str, NDArray[Any]]]:
        """What the function makes of the arrays."""
        made = self._function(arrays)
        if not isinstance(made, dict):
            raise Refused("tensors", f"it returned {_kind(made)}, not a dict of arrays")
        results = []
        for name, value in made.items():
            array = np.asarray(value)
            if not isinstance(name, str) or array.dtype.kind not in "biuf":
                raise Refused("tensors", f"it returned {_kind(value)} as {name!r}, not numbers")
            results.append((name, array))
        return results


def version() -> str:
    """``Python 3.11.7``."""
    return f"Python {platform.python_version()}"


def threads() -> Optional[int]:
    """Numpy does not say."""
    return None


def has_gpu(index: int) -> bool:
    """Steps are not given a GPU."""
    return False


def load(path: str, device: str, options: Dict[str, Any]) -> Step:
    """The function that `options` names, of a file."""
    spec = importlib.util.spec_from_file_location("deepimagej_step", path)
    if spec is None or spec.loader is None:
        raise Refused("tensors", "it is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, options["function"], None)
    if not callable(function):
        raise Refused("tensors", f"it has no function {options['function']}")
    return Step(function)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
