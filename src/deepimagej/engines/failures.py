"""A worker's failure in the user's words: the one place where foreign errors are translated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    from deepimagej.engines.process import WorkerFailure
    from deepimagej.engines.table import Engine


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
        case "memory" | "crash":
            return _common(failure, context, "loading")
        case _:
            return BundleError(
                f"The weights '{context.file}' of the model '{context.model}' cannot be loaded "
                f"by {context.engine.name}: {_clause(failure.message)}.",
                hint="The file may be damaged: install the model again, or choose another format.",
            )


def of_predict(failure: WorkerFailure, context: Context) -> DeepImageJError:
    """The error for a call of the network that failed."""
    match failure.kind:
        case "tensors":
            return _mismatch(failure, context)
        case "memory" | "crash":
            return _common(failure, context, "running")
        case _:
            return EngineError(
                f"{context.engine.name} failed to run the model '{context.model}': "
                f"{_clause(failure.message)}.",
                hint="Check the image's size and channels against the model's; "
                "`deepimagej test` tells whether the model itself works.",
            )


def _mismatch(failure: WorkerFailure, context: Context) -> DeepImageJError:
    return BundleError(
        f"The tensors of the model '{context.model}' do not fit its weights "
        f"'{context.file}': {failure.message}.",
        hint="Correct the inputs and outputs in the bundle's RDF.",
    )


def _common(failure: WorkerFailure, context: Context, doing: str) -> DeepImageJError:
    if failure.kind == "memory":
        return OutOfMemory(
            f"There is not enough memory for {doing} the model '{context.model}' in "
            f"{context.engine.name}: {_clause(failure.message)}.",
            hint="Use a smaller tile, or free memory.",
        )
    tail = f"; its last words: {_clause(failure.detail)}" if failure.detail else ""
    return WorkerCrashed(
        f"The {context.engine.name} worker ended ({failure.message}) while {doing} the model "
        f"'{context.model}'{tail}.",
        hint="The system ends processes that take too much memory: try a smaller tile. "
        "The next run starts a new worker.",
    )


def _clause(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines()).rstrip(". ")
