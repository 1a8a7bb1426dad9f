"""Which axes a tensor of an RDF has; how long they are is read in `axis_sizes.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deepimagej.axes import AxisName
from deepimagej.bundle.values import Values, list_of, mapping_of, text_of
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORDS: Final[Mapping[str, AxisName]] = {
    **{name.value: name for name in AxisName},
    "r": AxisName.INDEX,
    "batch": AxisName.BATCH,
    "time": AxisName.TIME,
    "channel": AxisName.CHANNEL,
    "channels": AxisName.CHANNEL,
    "index": AxisName.INDEX,
    "width": AxisName.X,
    "w": AxisName.X,
    "height": AxisName.Y,
    "h": AxisName.Y,
    "depth": AxisName.Z,
    "d": AxisName.Z,
}
"""Axis ids that tell by themselves what runs along the axis."""

_DEFAULT_IDS = {
    AxisName.BATCH: "batch",
    AxisName.TIME: "time",
    AxisName.CHANNEL: "channel",
    AxisName.INDEX: "index",
}
_HINT = "Axes are b, t, z, c, y, x and i, or batch, time, space, channel and index in format 0.5."


@dataclass(frozen=True, slots=True)
class NamedAxis:
    """An axis of the RDF of which only the name has been read."""

    id: str
    name: AxisName
    values: Values
    """The axis as format 0.5 has it; empty where a letter is all there is."""


@dataclass(frozen=True, slots=True)
class NamedTensor:
    """A tensor of the RDF of which only the axes have been named."""

    name: str
    is_input: bool
    values: Values
    axes: tuple[NamedAxis, ...]

    def __str__(self) -> str:
        return f'{"input" if self.is_input else "output"} "{self.name}"'

    def find(self, axis_id: str) -> NamedAxis | None:
        """The axis that a reference calls `axis_id`, by its id or by another name for it."""
        by_id = next((axis for axis in self.axes if axis.id.lower() == axis_id.lower()), None)
        name = WORDS.get(axis_id.lower())
        return by_id or next((axis for axis in self.axes if axis.name is name), None)


def name_axes(where: str, value: Any, warn: Callable[[str], None]) -> tuple[NamedAxis, ...]:
    """The axes in `value`: letters, a list of letters or words, or format 0.5's mappings.

    Raises
    ------
    BundleError
        If there are none, if one cannot be known, or if two are the same.
    """
    entries = _entries(value)
    if not entries:
        raise BundleError(f"The {where} has no axes.", hint=_HINT)
    told = [_name(where, entry) for entry in entries]
    names = _name_second_index(_name_spaces(where, told, entries, warn))
    doubled = sorted({name.value for name in names if names.count(name) > 1})
    if doubled:
        raise BundleError(
            f"The {where} has more than one axis {' and '.join(doubled)}.", hint=_HINT
        )
    ids = [_id(name, entry) for name, entry in zip(names, entries, strict=True)]
    if len(set(ids)) != len(ids):
        doubled = sorted({axis for axis in ids if ids.count(axis) > 1})
        raise BundleError(
            f"The {where} has more than one axis called {' and '.join(doubled)}.", hint=_HINT
        )
    return tuple(
        NamedAxis(axis, name, entry if isinstance(entry, Mapping) else {})
        for axis, name, entry in zip(ids, names, entries, strict=True)
    )


def _entries(value: Any) -> list[str | Values]:
    if isinstance(value, str):
        return [letter for letter in value if letter not in ", "]
    return [
        mapping_of(entry) if isinstance(entry, Mapping) else text_of(entry)
        for entry in list_of(value)
    ]


def _name(where: str, entry: str | Values) -> AxisName | None:
    """What runs along the axis; None for a space axis whose id does not tell which."""
    if isinstance(entry, str):
        name = WORDS.get(entry.lower())
        if name is None:
            raise BundleError(f'The {where} has an unknown axis "{entry}".', hint=_HINT)
        return name
    kind, axis_id = text_of(entry.get("type")).lower(), text_of(entry.get("id")).lower()
    name = WORDS.get(axis_id) if kind in {"", "space"} else WORDS.get(kind)
    if name is None and kind != "space":
        raise BundleError(f'The {where} has an unknown axis "{kind or axis_id}".', hint=_HINT)
    if kind == "space" and (name is None or not name.is_spatial):
        return None
    return name


def _name_spaces(
    where: str,
    names: Sequence[AxisName | None],
    entries: Sequence[str | Values],
    warn: Callable[[str], None],
) -> list[AxisName]:
    """Give space axes without a telling id what is left of z, y, x, the last of them x."""
    free = [name for name in (AxisName.X, AxisName.Y, AxisName.Z) if name not in names]
    named: list[AxisName] = []
    for name, entry in zip(reversed(names), reversed(entries), strict=True):
        if name is not None:
            named.append(name)
            continue
        if not free:
            raise BundleError(f"The {where} has more than three space axes.", hint=_HINT)
        named.append(free.pop(0))
        axis_id = text_of(entry.get("id")) if isinstance(entry, Mapping) else ""
        if axis_id:
            warn(f'The {where} has a space axis "{axis_id}"; it is taken for {named[-1].value}.')
    return named[::-1]


def _name_second_index(names: list[AxisName]) -> list[AxisName]:
    """A table as rows and columns, both of type index: the columns are channels."""
    if names.count(AxisName.INDEX) != 2 or AxisName.CHANNEL in names:
        return names
    last = len(names) - 1 - names[::-1].index(AxisName.INDEX)
    return [*names[:last], AxisName.CHANNEL, *names[last + 1 :]]


def _id(name: AxisName, entry: str | Values) -> str:
    if isinstance(entry, str):
        return name.value
    return text_of(entry.get("id")) or _DEFAULT_IDS.get(name, name.value)
