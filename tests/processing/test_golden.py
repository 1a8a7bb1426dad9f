"""Every operation against the figures of bioimageio.core (scripts/golden_operations.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.axes import AxisName
from deepimagej.processing import OPERATIONS, Tensor, apply

FOLDER = Path(__file__).parent / "golden"
CASES = json.loads((FOLDER / "operations.json").read_text(encoding="utf-8"))["cases"]
ARRAYS = dict(np.load(FOLDER / "operations.npz"))


def tensor(key: str, axes: list[str]) -> Tensor:
    letters = [{"batch": "b", "channel": "c", "index": "i"}.get(axis, axis) for axis in axes]
    values = ARRAYS[f"input_{key}"].copy()
    return Tensor(values, tuple(axes), tuple(AxisName(letter) for letter in letters))


def case_name(case: dict[str, Any]) -> str:
    return f"{case['operation']}-{case['format']}-{json.dumps(case['kwargs'])}-{case['input']}"


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case_name(case) for case in CASES])
def test_the_figures_are_those_of_bioimageio_core(number: int) -> None:
    case = CASES[number]
    raw = tensor(case["input"], case["axes"])
    other = tensor("other", case["other_axes"])
    result = apply(case["operation"], case["kwargs"], raw, {"raw": raw, "other": other}).values
    expected = ARRAYS[f"output_{number}"]
    # The result is rounded to float32, 6e-8; near zero differences of float64 show.
    assert_allclose(result, expected.astype(np.float64), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case_name(case) for case in CASES])
def test_the_input_stays_as_it_is_and_float32_stays_float32(number: int) -> None:
    case = CASES[number]
    raw = tensor(case["input"], case["axes"])
    other = tensor("other", case["other_axes"])
    result = apply(case["operation"], case["kwargs"], raw, {"raw": raw, "other": other})
    assert_array_equal(raw.values, ARRAYS[f"input_{case['input']}"])
    assert_array_equal(other.values, ARRAYS["input_other"])
    assert not np.shares_memory(result.values, raw.values)
    assert result.values.dtype == np.dtype(case["kwargs"].get("dtype", "float32"))
    assert result.axes == raw.axes


def test_every_operation_has_figures() -> None:
    assert {case["operation"] for case in CASES} == set(OPERATIONS)
