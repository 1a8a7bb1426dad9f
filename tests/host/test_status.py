"""The steps of a run as ImageJ's status bar and the window tell them."""

from __future__ import annotations

import pytest

from deepimagej.host.status import Memory, sentence
from deepimagej.progress import Step


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Step("loading", 0, 1), "loading"),
        (Step("inference", 3, 6, "cpu", 12.4), "inference on cpu: 3/6, 12 s left"),
        (Step("inference", 0, 6, "cpu"), "inference on cpu: 0/6"),
        (Step("inference", 1, 1, "cpu", 0.0), "inference on cpu"),
    ],
)
def test_a_step_is_told_in_words(step: Step, told: str) -> None:
    assert sentence(step) == told


def test_the_memory_is_asked_for_once_a_second() -> None:
    memory = Memory()
    first = memory.read(100.0)
    assert first.endswith(" GB")
    assert float(first.split()[0]) > 0
    memory._text = "kept"
    assert memory.read(100.9) == "kept"
    assert memory.read(101.1) != "kept"
