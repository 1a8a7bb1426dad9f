"""``python -m benchmarks``: everything that is measured, as a table, JSON and a picture."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from benchmarks import chart, macros, objects, peers, predicting, remembering, starting, table
from benchmarks.asking import SideFailed
from benchmarks.effort import FULL, QUICK
from benchmarks.models import data_folder, make_models
from benchmarks.row import Row
from benchmarks.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

GROUPS: Final[Mapping[str, tuple[str, Callable[[Setup], Iterator[Row]]]]] = {
    "a": ("predict on one tile, against the raw call", predicting.whole),
    "b": ("predict with tile=auto, against raw calls", predicting.tiled),
    "c": ("predict, against bioimageio.core", predicting.core),
    "d": ("predict, against StarDist's own", predicting.stardist),
    "e": ("a warm macro call without the network", macros.overhead),
    "f": ("start, and the first run", starting.start),
    "g": ("conversion between numpy and ImageJ", starting.conversion),
    "h": ("peak memory", remembering.memory),
    "i": ("a loop of macro calls", macros.loop),
    "j": ("outputs to objects, against the methods' own code", objects.objects),
}
_PACKAGES: Final = ("deepimagej", "numpy", "onnxruntime", "torch", "tensorflow", "appose", "jpype1")


def main(arguments: Sequence[str]) -> int:
    """Measure; 1 if a goal is not met or a group failed."""
    if arguments[:1] == ["peers"]:
        peers.make(arguments[1:])
        return 0
    parser = _parser()
    options = parser.parse_args(arguments)
    groups = options.only.split(",")
    if unknown := [group for group in groups if group not in GROUPS]:
        parser.error(f"no group {', '.join(unknown)}: there are {','.join(GROUPS)}")
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deepimagej-benchmarks-") as name:
        setup = Setup(
            Path(name),
            make_models(Path(name) / "models", data_folder(options.data)),
            QUICK if options.quick else FULL,
            is_large=options.large,
        )
        print(table.head(), flush=True)
        rows: list[Row] = []
        for group in groups:
            rows += _measured(group, setup)
    _write(rows, out, quick=options.quick)
    return int(any(row.is_met is False or row.note.startswith("failed") for row in rows))


def _parser() -> argparse.ArgumentParser:
    what = "\n".join(f"  {key}  {title}" for key, (title, _) in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n\n{what}\n\npython -m benchmarks peers makes the peers' "
        "environments in the user's cache.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="tiny images and few rounds")
    parser.add_argument("--only", default=",".join(GROUPS), help="groups, as in a,e")
    parser.add_argument("--out", default="test-output/benchmarks", help="folder of JSON and PNG")
    parser.add_argument("--data", help="the test data (default: DEEPIMAGEJ_TEST_DATA)")
    parser.add_argument("--large", action="store_true", help="(h) with 16384 x 16384 px too")
    return parser


def _measured(group: str, setup: Setup) -> list[Row]:
    """The rows of a group, shown as they come; the others go on where one fails."""
    rows = []
    try:
        for row in GROUPS[group][1](setup):
            rows.append(row)
            print(table.line(row), flush=True)
    except SideFailed as failure:
        print(failure, file=sys.stderr)
        rows.append(Row(group, GROUPS[group][0], note=f"failed: {_last_line(failure)}"))
        print(table.line(rows[-1]), flush=True)
    return rows


def _last_line(failure: SideFailed) -> str:
    return (str(failure).strip().splitlines() or [""])[-1]


def _write(rows: Sequence[Row], out: Path, *, quick: bool) -> None:
    machine = _machine()
    record = {"machine": machine, "quick": quick, "rows": [row.record() for row in rows]}
    (out / "benchmarks.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    title = f"deepimagej {machine['versions']['deepimagej']}, {machine['when']}"
    chart.draw(rows, out / "benchmarks.png", title)
    print(f"\n{out / 'benchmarks.json'}\n{out / 'benchmarks.png'}")


def _machine() -> dict[str, Any]:
    return {
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
