"""The models of the library as cards of the window's list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from deepimagej.choices import plan_stage
from deepimagej.engines.table import ENGINES
from deepimagej.errors import DeepImageJError
from deepimagej.plugin.words import dimensions, task_of
from deepimagej.request import Stage, StageChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.engines import EngineStatus
    from deepimagej.library import ModelEntry

    Status = Callable[[Weights, ModelSpec], EngineStatus]

_TAGS: Final = 3
"""Tags that a card has room for."""


def cards(
    entries: Sequence[ModelEntry], status: Status, picture: Callable[[Path], str]
) -> list[tuple[str, ...]]:
    """A row for each model, in the columns that ``deepimagej.window.Card`` has.

    Parameters
    ----------
    status
        Whether weights can run here.
    picture
        Gives the file of a small picture; empty if there is none.
    """
    shared = Counter(name.casefold() for entry in entries for name in set(entry.names))
    return [_card(entry, _id(entry, shared), status, picture) for entry in entries]


def _id(entry: ModelEntry, shared: Counter[str]) -> str:
    """What names this model and no other: its name if it can."""
    if entry.spec is None:
        return str(entry.path)
    for name in entry.names:
        if shared[name.casefold()] == 1:
            return name
    return str(entry.path)


def _card(
    entry: ModelEntry, identity: str, status: Status, picture: Callable[[Path], str]
) -> tuple[str, ...]:
    spec = entry.spec
    if spec is None:
        words = f"{entry.name} {entry.path.name}".casefold()
        return (identity, entry.name, "", "", "broken", entry.problem, "", "", words)
    task, engine, reason = task_of(spec), *_engine(spec, status)
    parts = [task.capitalize(), dimensions(spec), *_telling_tags(spec, task)]
    cover = next((made for path in spec.covers if (made := picture(path))), "")
    words = " ".join((*entry.names, *spec.tags, spec.description, task, engine, *spec.authors))
    return (
        identity,
        entry.name,
        " · ".join(part for part in parts if part),
        engine,
        "needs" if reason else "ready",
        reason,
        cover,
        task,
        words.casefold(),
    )


def _telling_tags(spec: ModelSpec, task: str) -> Iterable[str]:
    """Tags that say more than what the card says anyhow."""
    told = {task, "2d", "3d", "unet", "deepimagej", "bioimage.io"}
    return [tag for tag in spec.tags if tag.casefold() not in told][:_TAGS]


def _engine(spec: ModelSpec, status: Status) -> tuple[str, str]:
    """The engine that runs the model, and why the model cannot run; one of them is empty."""
    reasons = []
    runs = ""
    for weights in spec.weights.values():
        state = status(weights, spec)
        engine = ENGINES.get(weights.format)
        if state.runnable and weights.source is not None:
            runs = engine.name if engine else str(weights.format)
            break
        if state.runnable:
            reasons.append("its weights are missing")
        else:
            reasons.append(f"needs {engine.name}" if engine else state.reason.partition(";")[0])
    if not runs:
        return "", "; ".join(dict.fromkeys(reasons)) or "has no weights"
    return runs, _missing_step(spec)


def _missing_step(spec: ModelSpec) -> str:
    for stage in Stage:
        try:
            plan_stage(spec, stage, StageChoice())
        except DeepImageJError as error:
            return error.message
    return ""
