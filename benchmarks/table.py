"""Rows as a table of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.row import Row

_COLUMNS: Final = (
    ("", 3),
    ("what", 50),
    ("ours", 11),
    ("theirs", 11),
    ("against", 29),
    ("ratio", 7),
    ("better", 29),
    ("goal", 9),
    ("met", 5),
    ("note", 0),
)


def head() -> str:
    """The names of the columns."""
    return _line([name for name, _ in _COLUMNS])


def line(row: Row) -> str:
    """One row."""
    goal = "" if row.goal is None else f"{row.goal}{'' if row.goal.of == 'ratio' else row.unit}"
    met = {True: "yes", False: "NO", None: ""}[row.is_met]
    return _line(
        [
            row.group,
            row.title,
            _number(row.ours, row.unit),
            _number(row.theirs, row.unit),
            row.against,
            "" if row.ratio is None else f"{row.ratio:.3f}",
            row.better,
            goal,
            met,
            row.note,
        ]
    )


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.4g} {unit}"


def _line(cells: list[str]) -> str:
    widths = [width for _, width in _COLUMNS]
    return "".join(
        f"{cell:<{width}} " if width else cell for cell, width in zip(cells, widths, strict=True)
    ).rstrip()
