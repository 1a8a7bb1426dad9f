"""Which of a bundle's weights a run takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepimagej.engines import table
from deepimagej.errors import BundleError, EngineMissing, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.engines.table import EngineStatus
    from deepimagej.request import WeightsFormat

    Ask = Callable[[WeightsFormat], EngineStatus]


@dataclass(frozen=True, slots=True)
class Choice:
    """The weights of a run, and why others that the bundle ranks higher were passed over."""

    weights: Weights
    passed_over: tuple[str, ...] = ()
    """One clause each: ``torchscript: ...``."""


def choose(
    spec: ModelSpec,
    wanted: WeightsFormat | None,
    is_trusted: Callable[[Weights], bool],
    *,
    status: Ask = table.status,
) -> Choice:
    """The wanted weights, or the first in the bundle's order that can run here.

    Parameters
    ----------
    spec
        The model.
    wanted
        None: ``auto``.
    is_trusted
        Whether weights may run: they hold no code, or the user trusts them. Weights that were
        asked for, or that are all there is, are not refused here: who loads them asks for trust.
    status
        Whether a format can run, in the Python that runs this model.

    Raises
    ------
    OptionError
        If the bundle lacks the wanted format.
    EngineMissing
        If the engine is not installed, or none of the bundle's formats can run.
    BundleError
        If the file is missing.
    """
    if wanted is not None:
        return Choice(_wanted(spec, wanted, status))
    passed: list[str] = []
    untrusted: list[Weights] = []
    for weights in spec.weights.values():
        obstacle = _obstacle(weights, status)
        if obstacle is None and is_trusted(weights):
            return Choice(weights, tuple(passed))
        if obstacle is None:
            untrusted.append(weights)
            obstacle = f"{weights.format}: it holds code that is not trusted yet"
        passed.append(obstacle)
    if untrusted:
        others = (text for text in passed if not text.startswith(f"{untrusted[0].format}:"))
        return Choice(untrusted[0], tuple(others))
    raise _nothing_runs(spec, passed, status)


def check_weights(spec: ModelSpec, weights: Weights, *, status: Ask = table.status) -> None:
    """Raise the error that says why `weights` cannot run here, if they cannot."""
    state = status(weights.format)
    if not state.runnable:
        raise EngineMissing(
            f"The model '{spec.name}' cannot run: {state.reason}.",
            hint=state.hint,
        )
    if weights.source is None or not weights.source.exists():
        raise BundleError(
            f"The weights '{weights.declared}' of the model '{spec.name}' are missing.",
            hint=f"Install the model again, or choose another format: {', '.join(spec.weights)}.",
        )


def _wanted(spec: ModelSpec, wanted: WeightsFormat, status: Ask) -> Weights:
    if wanted not in spec.weights:
        raise OptionError(
            f"The model '{spec.name}' has no weights in the format '{wanted}'.",
            hint=f"It has: {', '.join(spec.weights) or 'none'}.",
        )
    weights = spec.weights[wanted]
    check_weights(spec, weights, status=status)
    return weights


def _obstacle(weights: Weights, status: Ask) -> str | None:
    state = status(weights.format)
    if not state.runnable:
        return f"{weights.format}: {state.reason}"
    if weights.source is None or not weights.source.exists():
        return f"{weights.format}: the file '{weights.declared}' is missing"
    return None


def _nothing_runs(spec: ModelSpec, passed: list[str], status: Ask) -> BundleError | EngineMissing:
    """The error of the first weights whose file is there, else of the first at all."""
    if not spec.weights:
        return BundleError(
            f"The model '{spec.name}' has no weights.", hint="Install the model again."
        )
    message = f"No weights of the model '{spec.name}' can run here: {'; '.join(passed)}."
    here = [w for w in spec.weights.values() if w.source is not None and w.source.exists()]
    installable = [w for w in here if w.format in table.ENGINES]
    if installable:
        return EngineMissing(message, hint=status(installable[0].format).hint)
    if here:
        return EngineMissing(message, hint=status(here[0].format).hint)
    return BundleError(message, hint="Install the model again.")
