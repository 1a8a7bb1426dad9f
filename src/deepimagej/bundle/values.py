"""Values of an RDF as what they were meant to be.

People write ``"true"`` for true, one name where a list is asked, and null for nothing. These
functions never raise: what cannot be read is the default, and the caller says whether it matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


def text_of(value: Any) -> str:
    """`value` as one stripped text; null, lists and mappings are empty."""
    if value is None or isinstance(value, (Mapping, list, tuple, set)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()


def list_of(value: Any) -> list[Any]:
    """`value` as a list; null is empty, anything else a list of one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def mapping_of(value: Any) -> Values:
    """`value` if it is a mapping, else an empty one; the keys are texts."""
    if not isinstance(value, Mapping):
        return {}
    return {text_of(key): item for key, item in value.items()}


def number_of(value: Any) -> float | None:
    """`value` as a finite number, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def integer_of(value: Any) -> int | None:
    """`value` as a whole number, None if it is none."""
    number = number_of(value)
    return None if number is None or number != round(number) else round(number)


def boolean_of(value: Any, default: bool) -> bool:
    """`value` as a truth, `default` if it is none: ``true``, ``"False"``, ``yes``, 0."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words.get(text_of(value).lower(), default)


def first_of(values: Values, *keys: str) -> Any:
    """The value under the first of `keys` that is there and not null."""
    return next((values[key] for key in keys if values.get(key) is not None), None)
