"""That the benchmarks run and report; how fast anything is, no test says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]


def test_the_quick_benchmark_prints_a_table_and_writes_json_and_a_picture(tmp_path: Path) -> None:
    done = run("--quick", "--only", "a,e", "--out", str(tmp_path))
    assert done.returncode in {0, 1}, done.stderr  # 1: a goal was not met
    head, *lines = done.stdout.splitlines()
    assert head.split() == [
        "what",
        "ours",
        "theirs",
        "against",
        "ratio",
        "better",
        "goal",
        "met",
        "note",
    ]
    record = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    rows = {row["group"]: row for row in record["rows"]}
    assert list(rows) == ["a", "e"], done.stderr
    assert [line[0] for line in lines[:3]] == ["a", "a", "e"]
    assert "same bits" in rows["a"]["note"]
    assert rows["a"]["against"] == "raw, our options"
    assert rows["a"]["ratio"] > 0
    assert len(rows["a"]["samples"]["ours"]) == 3
    assert rows["e"]["unit"] == "ms"
    assert rows["e"]["goal"] == "<= 20"
    assert record["machine"]["versions"]["numpy"]
    with Image.open(tmp_path / "benchmarks.png") as picture:
        assert picture.format == "PNG"


def test_what_cannot_be_measured_here_says_what_is_missing(tmp_path: Path) -> None:
    done = run("--quick", "--only", "c,d", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert {row["note"] for row in record["rows"]} == {"not measured: needs the test data"}


def test_an_unknown_group_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = run("--only", "a,z", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "no group z: there are a,b,c,d,e,f,g,h,i" in done.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "DEEPIMAGEJ_TEST_DATA"}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
