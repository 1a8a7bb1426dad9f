"""What every measurement needs: models, folders, the sides' environments, images of a round."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.asking import Side
from benchmarks.images import normalised, structured
from benchmarks.peers import python_of
from deepimagej.engines.table import ENGINES
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.effort import Effort
    from benchmarks.models import Model

_OWN_PYTHON: Final = Path(sys.executable)
_PEER_VARIABLES: Final = {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True, slots=True)
class Setup:
    """One run of the benchmarks."""

    folder: Path
    """For all that is written; deleted afterwards."""
    models: Sequence[Model]
    effort: Effort
    is_large: bool = False
    """Whether the image of 16384 x 16384 px is measured too."""

    def model(self, key: str) -> Model | None:
        """The model called `key`, None where its data is not there."""
        return next((model for model in self.models if model.key == key), None)

    def ours(self, *, cache: str | None = None) -> Side:
        """deepimagej in a process of its own, with the folders of a user who has nothing yet."""
        names = ("models", "data", "config")
        variables = {f"DEEPIMAGEJ_{n.upper()}": str(self.folder / "user" / n) for n in names}
        if cache is not None:
            variables["DEEPIMAGEJ_CACHE"] = cache
        return Side(_OWN_PYTHON, "ours", variables)

    def raw(self) -> Side:
        """The plain framework, in our environment; nothing is loaded."""
        return Side(_OWN_PYTHON, "raw", {"TF_CPP_MIN_LOG_LEVEL": "2"})

    def raw_default(self, model: Model) -> Side:
        """The framework with its own defaults, the model loaded."""
        side = self.raw()
        load_raw(side, model)
        return side

    def raw_tuned(self, model: Model) -> Side:
        """The framework with the options and threads of our worker, the model loaded."""
        side = Side(_OWN_PYTHON, "raw", dict(ENGINES[WeightsFormat(model.format)].variables))
        side.ask("load_as_worker", format=model.format, bundle=str(model.bundle))
        return side

    def peer(self, name: str) -> Side | None:
        """A peer in its environment; None where that was not made."""
        python = python_of(name)
        return Side(python, name, _PEER_VARIABLES) if python.exists() else None

    def image(self, size: int, seed: int) -> Path:
        """A new image as a user has it, (size, size) uint16."""
        path = self.folder / f"image_{seed}_{size}.npy"
        if not path.exists():
            np.save(path, structured(size, seed))
        return path

    def fed(self, model: Model, size: int, seed: int) -> Path:
        """The same image as the network takes it."""
        axes = "byxc" if model.channels_last else "bcyx"
        path = self.folder / f"fed-{axes}_{seed}_{size}.npy"
        if not path.exists():
            np.save(path, model.as_input(normalised(np.load(self.image(size, seed)))))
        return path

    def forget(self, seed: int) -> None:
        """Delete the images of a round."""
        for path in self.folder.glob(f"*_{seed}_*.npy"):
            path.unlink()


def interleave(
    setup: Setup, sides: Mapping[str, Callable[[int], float]], *, size: int
) -> dict[str, list[float]]:
    """Seconds of each side, A B A B ..., each round with an image of its own.

    Parameters
    ----------
    sides
        Take the number of the round, which makes its image, and give seconds.
    size
        Of the images: the larger, the fewer rounds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for seed in range(-1, setup.effort.rounds_at(size)):
        for name, measure in sides.items():
            taken = measure(seed)
            if seed >= 0:
                seconds[name].append(taken)
        setup.forget(seed)
    return seconds


def load_raw(side: Side, model: Model) -> dict[str, Any]:
    """Let the plain framework load a model's weights."""
    return side.ask("load", format=model.format, path=str(model.weights))
