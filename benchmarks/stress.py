"""Cancel runs and kill their worker at random moments; nothing may hang, break or be left behind.

    python benchmarks/stress.py --n 50

Runs go through ImageJ, with an image of the user's open in it. Each must end as cancelled, as
crashed or done, soon after the signal; the user's image must be as before, and no shared memory
and no process may be left. The exit code is 1 where one of these fails.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

import deepimagej
from deepimagej import examples
from deepimagej.process import tools

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 4.0
"""Seconds that a run may take to end after the signal."""
HANGS = 60.0
"""Seconds after which a run is taken for one that hangs, and everything is ended."""


@dataclass
class Row:
    """What became of the runs that met one kind of signal."""

    what: str
    reported: int = 0
    done: int = 0
    too_late: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """Seconds from the signal to the error."""
    segments: int = 0
    orphans: int = 0
    changed: int = 0
    """Runs after which the user's image was another."""

    @property
    def is_good(self) -> bool:
        """Whether every run was as it must be."""
        return not (self.too_late or self.wrong or self.segments or self.orphans or self.changed)


class Bench:
    """One model, one image in ImageJ, and what both must look like afterwards."""

    def __init__(self, model: str, size: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.model = model
        self.ij = deepimagej.start()
        pixels = np.random.default_rng(seed).integers(0, 4000, (size, size), dtype=np.uint16)
        self.mine = self.ij.show(pixels, title="mine")
        self.pixels = pixels
        self.segments = _segments()
        self.run()  # cold: framework, file
        start = time.perf_counter()
        self.expected = self.run()
        self.seconds = time.perf_counter() - start

    def run(self, cancel: deepimagej.CancelToken | None = None) -> int:
        """One run on the image in ImageJ; the number of ROIs and the checksum of the outputs."""
        result = deepimagej.run(self.model, cancel=cancel, display_output="none", logging="mute")
        return hash(tuple(image.values.tobytes() for image in result.images.values()))

    def disturb(self, row: Row, act: Callable[[deepimagej.CancelToken], None]) -> None:
        """One run, with `act` at a random moment of it."""
        cancel = deepimagej.CancelToken()
        moment = self.random.uniform(0, self.seconds * 1.05)
        acted: list[float] = []

        def do() -> None:
            act(cancel)
            acted.append(time.perf_counter())

        timer = threading.Timer(moment, do)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        timer.start()
        try:
            outcome = self.run(cancel)
        except (deepimagej.RunCancelled, deepimagej.WorkerCrashed):
            row.reported += 1
            late = time.perf_counter() - acted[0]
            row.slowest = max(row.slowest, late)
            row.too_late += late > PATIENCE
        except deepimagej.DeepImageJError as error:
            row.wrong.append(f"{type(error).__name__}: {error}")
        else:
            row.done += 1
            if outcome != self.expected:
                row.wrong.append("other pixels")
        timer.cancel()
        timer.join()
        faulthandler.cancel_dump_traceback_later()
        self.check(row)

    def check(self, row: Row) -> None:
        """Look at what a run must leave alone."""
        same = self.ij.run_macro('return "" + nImages + getTitle();') == "1mine"
        same = same and np.array_equal(self.ij.to_numpy(self.mine).values, self.pixels)
        row.changed += not same
        row.segments += len(_left(self.segments))
        row.orphans += max(0, len(_workers()) - 1)  # one stays warm

    def kill(self, cancel: deepimagej.CancelToken) -> None:
        """Kill the worker, if there is one at this moment."""
        for pid in _workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def cancel(self, cancel: deepimagej.CancelToken) -> None:
        """Cancel the run."""
        cancel.cancel()


def main() -> int:
    """The exit code."""
    arguments = _arguments()
    print(f"seed {arguments.seed}, {arguments.n} runs each, {os.cpu_count()} cores", flush=True)
    bench = Bench(arguments.model, arguments.size, arguments.seed)
    print(f"a run takes {bench.seconds:.2f} s: {arguments.size}², {Path(bench.model).name}")
    rows = []
    for what, act in (("cancel", bench.cancel), ("kill", bench.kill)):
        row = Row(what)
        for _ in range(arguments.n):
            bench.disturb(row, act)
        rows.append(row)
    last = Row("then a run")
    last.done = int(bench.run() == bench.expected)
    last.wrong = [] if last.done else ["other pixels"]
    bench.check(last)
    tools().engines.close()
    end = Row("at the end")
    end.segments, end.orphans = len(_left(bench.segments)), len(_workers())
    _print([*rows, last, end])
    return 0 if all(row.is_good for row in (*rows, last, end)) else 1


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=50, help="runs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=1024, help="px along y and x")
    parser.add_argument("--model", default=str(examples.path("nuclei")))
    return parser.parse_args()


def _print(rows: list[Row]) -> None:
    names = "", "reported", "done", "slowest s", "too late", "segments", "orphans", "image changed"
    print(" ".join(f"{name:>13}" for name in names))
    for row in rows:
        slowest = f"{row.slowest:.2f}"
        first, last = (row.reported, row.done, slowest), (row.segments, row.orphans, row.changed)
        print(" ".join(f"{value:>13}" for value in (row.what, *first, row.too_late, *last)))
        for text in row.wrong:
            print(f"    wrong: {text}")


def _segments() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _left(before: set[str]) -> set[str]:
    """Segments that were not there before and that no other program uses."""
    own = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    names = _segments() - before
    for maps in Path("/proc").glob("[0-9]*/maps") if names else ():
        if int(maps.parent.name) not in own:
            with contextlib.suppress(OSError):
                text = maps.read_text()
                names -= {name for name in names if f"/dev/shm/{name}" in text}
    return names


def _workers() -> list[int]:
    """Numbers of the worker processes."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "start.py" in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


if __name__ == "__main__":
    sys.exit(main())
