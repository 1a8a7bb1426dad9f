"""The arguments of an operation, read from what a bundle's YAML says."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

from deepimagej.errors import BundleError
from deepimagej.processing.tensor import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.processing.tensor import Tensor

WAY_OUT = (
    "Correct the operation in the bundle's RDF, or run without operations: "
    "preprocessing=none or postprocessing=none."
)

Numbers = float | tuple[float, ...]


class Arguments:
    """Checked access to the ``kwargs`` of one operation.

    Parameters
    ----------
    operation
        Name of the operation, for messages.
    kwargs
        What the RDF says; an argument that is null counts as absent.
    known
        Names of the arguments that the operation has.

    Raises
    ------
    BundleError
        If `kwargs` holds a name that is not known.
    """

    def __init__(self, operation: str, kwargs: Mapping[str, Any], known: frozenset[str]) -> None:
        self.operation = operation
        self._given = {name: value for name, value in kwargs.items() if value is not None}
        for name in self._given:
            if name not in known:
                raise self._unknown(str(name), sorted(known))

    def __contains__(self, name: str) -> bool:
        """Whether the argument is given."""
        return name in self._given

    def number(self, name: str, default: float | None = None) -> float:
        """The number `name`; an error if it is absent and has no default."""
        value = self.numbers(name, default)
        if isinstance(value, tuple):
            raise self.error(f"needs one number as {name}, not {len(value)}")
        return value

    def numbers(self, name: str, default: float | None = None) -> Numbers:
        """The number or the list of numbers `name`; a list of one counts as a number."""
        if name not in self._given:
            if default is None:
                raise self.error(f"lacks its argument {name}")
            return default
        value = self._given[name]
        if not isinstance(value, (list, tuple)):
            return self._number(name, value)
        if not value:
            raise self.error(f"needs numbers as {name}, not an empty list")
        numbers = tuple(self._number(name, entry) for entry in value)
        return numbers[0] if len(numbers) == 1 else numbers

    def text(self, name: str, default: str | None = None) -> str:
        """The word `name`; an error if it is absent and has no default."""
        if name not in self._given:
            if default is None:
                raise self.error(f"lacks its argument {name}")
            return default
        value = self._given[name]
        if not isinstance(value, str):
            raise self.error(f'needs a word as {name}, not "{value}"')
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """One of `choices`."""
        value = self.text(name, default)
        if value not in choices:
            raise self.error(f'has {name} "{value}" and takes {", ".join(choices)}')
        return value

    def axes(self, name: str, tensor: Tensor) -> tuple[int, ...] | None:
        """Positions in `tensor` of the axes that `name` lists, ascending; None if absent.

        A batch axis that the tensor lacks is passed over: there is one sample then.
        """
        if name not in self._given:
            return None
        places = set()
        for word in self._words(name, tensor):
            place = tensor.find(word)
            if place is not None:
                places.add(place)
            elif word not in ("b", "batch"):
                raise self._no_axis(word, tensor)
        return tuple(sorted(places))

    def axis(self, name: str, tensor: Tensor, default: str | None = None) -> int:
        """Position in `tensor` of the one axis `name`."""
        word = self.text(name, default)
        place = tensor.find(word)
        if place is None:
            raise self._no_axis(word, tensor)
        return place

    def error(self, problem: str) -> BundleError:
        """The error that says `problem` of this operation."""
        return BundleError(f'The operation "{self.operation}" {problem}.', hint=WAY_OUT)

    def _words(self, name: str, tensor: Tensor) -> list[str]:
        """Axes as words: ``xy`` are two, ``channel`` and an axis id are one."""
        value = self._given[name]
        if isinstance(value, str):
            return [value] if value in WORDS or value in tensor.axes else list(value)
        if isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
            return list(value)
        raise self.error(f'needs axes as {name}, not "{value}"')

    def _number(self, name: str, value: object) -> float:
        # YAML 1.1 reads 1e-6, which has no point, as a string.
        try:
            number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # anything else is the TypeError
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise self.error(f'needs a number as {name}, not "{value}"')
        return number

    def _no_axis(self, word: str, tensor: Tensor) -> BundleError:
        return self.error(f'names the axis "{word}", and the tensor has {", ".join(tensor.axes)}')

    def _unknown(self, name: str, known: list[str]) -> BundleError:
        near = difflib.get_close_matches(name, known, n=1)
        takes = f'the nearest is "{near[0]}"' if near else f"it takes {', '.join(known) or 'none'}"
        return self.error(f'has no argument "{name}", {takes}')
