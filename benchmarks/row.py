"""One line of the table: what was measured, of what it is compared with, and its goal."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit of the ratio, or of the value itself where there is nothing to compare with."""

    limit: float
    of: str = "ratio"
    """``ratio`` or ``value``."""
    at_least: bool = False
    why: str = ""

    def is_met(self, number: float) -> bool:
        """Whether `number` keeps to it."""
        return number >= self.limit if self.at_least else number <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:.3g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; `ours` and `theirs` are medians, `ratio` is the median of the ratios."""

    group: str
    title: str
    ours: float | None = None
    theirs: float | None = None
    against: str = ""
    """What `theirs` is."""
    unit: str = "s"
    ratio: float | None = None
    goal: Goal | None = None
    note: str = ""
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)
    more_is_better: bool = False
    is_contest: bool = True
    """Whether the other side is one to be better than."""

    @property
    def better(self) -> str:
        """Which side wins; empty where there is no contest, ``equal`` within 2 %."""
        if self.ratio is None or not self.is_contest:
            return ""
        if abs(self.ratio - 1) <= 0.02:
            return "equal"
        return "ours" if (self.ratio > 1) == self.more_is_better else self.against

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without goal or measurement."""
        number = self.ratio if self.goal is not None and self.goal.of == "ratio" else self.ours
        return None if self.goal is None or number is None else self.goal.is_met(number)

    @property
    def bar(self) -> float | None:
        """What a chart shows: the ratio, or the value as a part of its goal."""
        if self.goal is not None and self.goal.of == "value" and self.ours is not None:
            return self.ours / self.goal.limit
        return self.ratio

    def record(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {
            "group": self.group,
            "title": self.title,
            "ours": self.ours,
            "theirs": self.theirs,
            "against": self.against,
            "unit": self.unit,
            "ratio": self.ratio,
            "better": self.better,
            "goal": str(self.goal) if self.goal else None,
            "goal_of": self.goal.of if self.goal else None,
            "met": self.is_met,
            "note": self.note,
            "samples": {name: list(values) for name, values in self.samples.items()},
        }


def compare(
    group: str,
    title: str,
    samples: Mapping[str, Sequence[float]],
    *,
    against: str,
    goal: Goal | None = None,
    note: str = "",
) -> Row:
    """``ours`` against the side `against`; the ratio is the median over the rounds."""
    ours, theirs = samples["ours"], samples[against]
    return Row(
        group,
        title,
        statistics.median(ours),
        statistics.median(theirs),
        against=against,
        ratio=statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
        goal=goal,
        note=note,
        samples={"ours": ours, against: theirs},
    )
