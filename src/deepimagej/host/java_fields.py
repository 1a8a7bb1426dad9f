"""Static fields of ImageJ's classes that have no public way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.host.running import Host

_PLAIN: Final = frozenset(
    {
        *("boolean", "byte", "short", "int", "long", "float", "double", "char"),
        *("java.lang.String", "java.awt.Color"),
    }
)


_found: Final[dict[tuple[str, tuple[str, ...] | None], Mapping[str, Any]]] = {}
"""Of the ImageJ of this process; there is one."""


class StaticFields:
    """Some static fields of a Java class, private ones too.

    Parameters
    ----------
    names
        Those to keep, where this ImageJ has them; None: all that hold a plain value and can change.
    """

    def __init__(self, host: Host, java_class: str, names: tuple[str, ...] | None = None) -> None:
        self._fields = _fields_of(host, java_class, names)

    def read(self) -> dict[str, Any]:
        """The values, by field."""
        return {name: field.get(None) for name, field in self._fields.items()}

    def write(self, values: Mapping[str, Any]) -> None:
        """Set the fields that `values` names."""
        for name, value in values.items():
            if name in self._fields:
                self._fields[name].set(None, value)


def _fields_of(host: Host, java_class: str, names: tuple[str, ...] | None) -> Mapping[str, Any]:
    """The fields, looked up once: each call of a macro asks for them."""
    if (java_class, names) not in _found:
        _found[java_class, names] = _look_up(host, java_class, names)
    return _found[java_class, names]


def _look_up(host: Host, java_class: str, names: tuple[str, ...] | None) -> Mapping[str, Any]:
    modifier = host.java_class("java.lang.reflect.Modifier")
    found = {}
    for field in host.java_class(java_class).class_.getDeclaredFields():
        name, flags = str(field.getName()), field.getModifiers()
        is_plain = str(field.getType().getName()) in _PLAIN
        is_wanted = is_plain if names is None else name in names
        if is_wanted and modifier.isStatic(flags) and not modifier.isFinal(flags):
            field.setAccessible(True)
            found[name] = field
    return found
