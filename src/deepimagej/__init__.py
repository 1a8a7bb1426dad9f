"""Run trained networks inside ImageJ and Fiji.

The names below are the whole public API; each is loaded when first used, so that importing the
package costs neither a JVM nor a framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepimagej.api import (
        Model,
        TestReport,
        info,
        install,
        load_model,
        models,
        predict,
        remove,
        run,
        start,
        test,
        trust,
    )
    from deepimagej.errors import (
        BundleError,
        DeepImageJError,
        EngineError,
        EngineMissing,
        HostError,
        ImageError,
        LibraryError,
        MacroError,
        OptionError,
        OutOfMemory,
        RunCancelled,
        TrustError,
        WorkerCrashed,
    )
    from deepimagej.progress import CancelToken, Step
    from deepimagej.result import RunResult

__version__ = "0.1.0"

_HOMES = ("deepimagej.errors", "deepimagej.progress", "deepimagej.result", "deepimagej.api")
"""Where the names live, the cheapest module first."""

__all__ = [
    "BundleError",
    "CancelToken",
    "DeepImageJError",
    "EngineError",
    "EngineMissing",
    "HostError",
    "ImageError",
    "LibraryError",
    "MacroError",
    "Model",
    "OptionError",
    "OutOfMemory",
    "RunCancelled",
    "RunResult",
    "Step",
    "TestReport",
    "TrustError",
    "WorkerCrashed",
    "info",
    "install",
    "load_model",
    "models",
    "predict",
    "remove",
    "run",
    "start",
    "test",
    "trust",
]


def connect() -> None:
    """Let the plugin answer ImageJ's commands and windows; it lies above what starts ImageJ."""
    import_module("deepimagej.process").answer_commands_with(_answer, _make_desk)


def _answer(command: str, options: str) -> str | None:
    answer: str | None = import_module("deepimagej.plugin").dispatch(command, options)
    return answer


def _make_desk(tools: Any) -> Any:
    return import_module("deepimagej.plugin.desk").Desk(tools)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for home in _HOMES:
            if home == "deepimagej.api":
                connect()
            module = import_module(home)
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
