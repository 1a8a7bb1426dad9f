"""Static fields of ImageJ's classes that have no public way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.host.protocol import Host

_PLAIN: Final = frozenset(
    {
        *("boolean", "byte", "short", "int", "long", "float", "double", "char"),
        *("java.lang.String", "java.awt.Color"),
    }
)


class StaticFields:
    """Some static fields of a Java class, private ones too.

    Parameters
    ----------
    names
        Those to keep, where this ImageJ has them; None: all that hold a plain value and can change.
    """

    def __init__(self, host: Host, java_class: str, names: tuple[str, ...] | None = None) -> None:
        modifier = host.java_class("java.lang.reflect.Modifier")
        declared = host.java_class(java_class).class_.getDeclaredFields()
        self._fields: dict[str, Any] = {}
        for field in declared:
            name, flags = str(field.getName()), field.getModifiers()
            is_plain = str(field.getType().getName()) in _PLAIN
            is_wanted = is_plain if names is None else name in names
            if is_wanted and modifier.isStatic(flags) and not modifier.isFinal(flags):
                field.setAccessible(True)
                self._fields[name] = field

    def read(self) -> dict[str, Any]:
        """The values, by field."""
        return {name: field.get(None) for name, field in self._fields.items()}

    def write(self, values: Mapping[str, Any]) -> None:
        """Set the fields that `values` names."""
        for name, value in values.items():
            if name in self._fields:
                self._fields[name].set(None, value)
