"""A worker's failure in the user's words: the one place where foreign errors are translated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepimagej.errors import (
    BundleError,
    DeepImageJError,
    EngineError,
    EngineMissing,
    OptionError,
    OutOfMemory,
    TrustError,
    WorkerCrashed,
)

if TYPE_CHECKING:
    from deepimagej.engines.service import WorkerFailure
    from deepimagej.engines.table import Engine


_SAME: Final = 40
"""Letters that tell whether a line of the log repeats a message."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an error names."""

    model: str
    file: str
    """The weights as the bundle names them."""
    engine: Engine
    device: str
    """As it was asked for."""


def of_load(failure: WorkerFailure, context: Context) -> DeepImageJError:
    """The error for weights that could not be loaded."""
    match failure.kind:
        case "tensors":
            return _mismatch(failure, context)
        case "trust":
            return TrustError(
                f"The weights '{context.file}' of the model '{context.model}' hold code that "
                f"is never run: {failure.message}.",
                hint="Use another weights format of the model, or export it without that code.",
            )
        case "device":
            return OptionError(
                f"{context.engine.name} sees no device '{context.device}' on this machine; "
                f"it has: {failure.message}.",
                hint="Leave device at auto, or name one of these.",
            )
        case "import":
            return EngineMissing(
                f"{context.engine.name} is installed but cannot be imported: {failure.message}.",
                hint=f"Install it again: {context.engine.pip}",
            )
        case "package":
            return EngineMissing(
                f"The weights '{context.file}' of the model '{context.model}' need "
                f"{failure.message}, which is not installed.",
                hint=f"Install it: {context.engine.pip}",
            )
        case "limit":
            return OptionError(
                f"{context.engine.name} may take {failure.message}.",
                hint="Allow it more memory in engines.toml.",
            )
        case "memory" | "killed":
            return _out_of_memory(failure, context, "loading")
        case "crash" | "hang" | "stopped":
            return _ended(failure, context, "loading")
        case _:
            return BundleError(
                f"The weights '{context.file}' of the model '{context.model}' cannot be loaded "
                f"by {context.engine.name}: {_clause(failure.message)}{_log(failure)}.",
                hint="The file may be damaged: install the model again, or choose another format.",
            )


def of_predict(failure: WorkerFailure, context: Context) -> DeepImageJError:
    """The error for a call of the network that failed."""
    match failure.kind:
        case "tensors":
            return _mismatch(failure, context)
        case "memory" | "killed":
            return _out_of_memory(failure, context, "running")
        case "crash" | "hang" | "stopped" | "import":
            return _ended(failure, context, "running")
        case "seconds":
            return EngineError(
                f"{context.engine.name} was ended in the model '{context.model}': one call took "
                f"longer than the {failure.message} that engines.toml allows{_log(failure)}.",
                hint="Use a smaller tile, or allow more seconds there.",
            )
        case _:
            return EngineError(
                f"{context.engine.name} failed to run the model '{context.model}': "
                f"{_clause(failure.message)}{_log(failure)}.",
                hint="Check the image's size and channels against the model's; "
                "`deepimagej test` tells whether the model itself works.",
            )


def _mismatch(failure: WorkerFailure, context: Context) -> DeepImageJError:
    return BundleError(
        f"The tensors of the model '{context.model}' do not fit its weights "
        f"'{context.file}': {failure.message}.",
        hint="Correct the inputs and outputs in the bundle's RDF.",
    )


def _out_of_memory(failure: WorkerFailure, context: Context, doing: str) -> OutOfMemory:
    return OutOfMemory(
        f"There is not enough memory for {doing} the model '{context.model}' in "
        f"{context.engine.name}: {_clause(failure.message)}.",
        hint="Use a smaller tile, or free memory.",
    )


def _ended(failure: WorkerFailure, context: Context, doing: str) -> WorkerCrashed:
    """The error for a process that is no more."""
    where = f"while {doing} the model '{context.model}'"
    if failure.kind == "hang":
        return WorkerCrashed(
            f"The {context.engine.name} worker hangs {where}: it gave no sign of life for "
            f"{failure.message} and was ended{_log(failure)}.",
            hint="The next run starts a new worker.",
        )
    if failure.kind == "stopped":
        return WorkerCrashed(
            f"The {context.engine.name} worker was ended {where}, by another run that was "
            "cancelled or by the end of the program.",
            hint="Run it again.",
        )
    return WorkerCrashed(
        f"The {context.engine.name} worker ended {where}: {failure.message}"
        f"{_log(failure, 'its last words')}.",
        hint="The next run starts a new worker. If it ends again, try another weights format, "
        "or a smaller tile.",
    )


def _log(failure: WorkerFailure, title: str = "its log says") -> str:
    """What the worker wrote besides, as far as it is not the failure once more."""
    start = failure.message.strip()[:_SAME]
    lines = [line for line in failure.detail.splitlines() if start not in line]
    return f"; {title}: {_clause(chr(10).join(lines))}" if lines else ""


def _clause(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines()).rstrip(". ")
