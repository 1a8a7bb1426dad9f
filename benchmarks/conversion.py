"""How fast images cross between numpy and ImageJ, against numpy's own copy, in one run.

    python benchmarks/conversion.py [JAVA OPTION ...]

Each round makes, in turn: numpy's copy into an array that is there (`copyto`), numpy's copy as a
new array (`copy`), a new ImagePlus of the array, and a new array of that ImagePlus. The ratios are
those to `copy`, which makes a new image as both directions do. The four take turns because a copy
that is repeated on its own works in the processor's cache, where no program's images are. Times
are medians.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import parse_axes
from deepimagej.host.embedded import start
from deepimagej.host.images import read_pixels, to_imageplus
from deepimagej.image import Image
from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 4096
ROUNDS = 40
WANTED = 0.4


def main(java_options: list[str]) -> int:
    """Print the table; 1 if a direction is slower than wanted."""
    ij = start(
        settings=Settings.from_environment(os.environ),
        on_command=lambda name, options: None,
        java_options=java_options,
    )
    version = ij.java_class("java.lang.System").getProperty("java.version")
    print(f"{SIZE} x {SIZE} px, Java {version}, numpy {np.__version__}, {os.cpu_count()} cores")
    print("type      copyto    copy  to ImageJ  ratio  to numpy  ratio   (ms)")
    ratios = []
    for dtype in (np.uint8, np.uint16, np.float32):
        ratios += _measure(dtype)
    heap = ij.java_class("java.lang.Runtime").getRuntime().totalMemory() / 2**20
    print(f"lowest ratio {min(ratios):.2f}, wanted {WANTED}; Java's heap grew to {heap:.0f} MiB")
    return int(min(ratios) < WANTED)


def _measure(dtype: type[np.generic]) -> list[float]:
    times = measure(np.dtype(dtype), size=SIZE, rounds=ROUNDS)
    copyto, copy, to_java, to_numpy = (1e3 * each for each in times.values())
    print(
        f"{dtype.__name__:8}{copyto:8.1f}{copy:8.1f}{to_java:11.1f}{copy / to_java:7.2f}"
        f"{to_numpy:10.1f}{copy / to_numpy:7.2f}"
    )
    return [copy / to_java, copy / to_numpy]


def measure(dtype: np.dtype[Any], *, size: int, rounds: int) -> dict[str, float]:
    """Median seconds of both of numpy's copies and of both conversions; needs a running ImageJ."""
    pixels = (np.random.default_rng(0).random((size, size)) * 255).astype(dtype)
    there = np.empty_like(pixels)
    image = Image(pixels, parse_axes("YX"))
    times: dict[str, list[float]] = {"copyto": [], "copy": [], "to ImageJ": [], "to numpy": []}
    for _ in range(rounds):
        _timed(times["copyto"], lambda: np.copyto(there, pixels))
        _timed(times["copy"], pixels.copy)
        imp = _timed(times["to ImageJ"], lambda: to_imageplus(image))
        back, _axes = _timed(times["to numpy"], partial(read_pixels, imp))
    if not np.array_equal(back, pixels):
        raise SystemExit(f"{dtype} came back changed")
    return {name: statistics.median(each) for name, each in times.items()}


def _timed(times: list[float], work: Callable[[], Any]) -> Any:
    begin = time.perf_counter()
    made = work()
    times.append(time.perf_counter() - begin)
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
