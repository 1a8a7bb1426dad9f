"""How many threads a worker's framework gets."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deepimagej.engines.workers.threads import quotas, usable

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell its cores")

_PROGRAM = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from deepimagej.engines.workers.threads import usable
print(usable())
"""


def _ask_on_one_core(**variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


@linux
def test_threads_are_the_cores_that_the_process_may_use() -> None:
    assert _ask_on_one_core() == "1"


@linux
def test_user_s_variable_decides_over_the_cores() -> None:
    assert _ask_on_one_core(OMP_NUM_THREADS="3,1") == "3"


@linux
def test_a_variable_that_is_no_number_is_passed_over() -> None:
    assert _ask_on_one_core(OMP_NUM_THREADS="many") == "1"


@linux
def test_threads_are_no_more_than_processors() -> None:
    count = usable("NO_SUCH_VARIABLE")
    assert count is not None
    assert 1 <= count <= len(os.sched_getaffinity(0))


def test_quotas_of_both_versions_of_control_groups_are_read(tmp_path: Path) -> None:
    first, second, open_ended = (tmp_path / name for name in ("v1", "v2", "open"))
    for folder in (first, second, open_ended):
        folder.mkdir()
    (first / "cpu.cfs_quota_us").write_text("150000\n")
    (first / "cpu.cfs_period_us").write_text("100000\n")
    (second / "cpu.max").write_text("400000 100000\n")
    (open_ended / "cpu.max").write_text("max 100000\n")
    (open_ended / "cpu.cfs_quota_us").write_text("-1\n")
    (open_ended / "cpu.cfs_period_us").write_text("100000\n")
    assert list(quotas([first, second, open_ended, tmp_path])) == [1.5, 4.0]
