"""How fast images cross between numpy and ImageJ, against numpy's own copy, in one run.

    python benchmarks/conversion.py

Both sides make a new image each time. numpy is measured twice: `copyto` writes into memory that is
there already, `copy` makes a new array; the ratios are those to `copy`. Times are medians.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from deepimagej.axes import parse_axes
from deepimagej.host.embedded import start
from deepimagej.host.images import read_pixels, to_imageplus
from deepimagej.image import Image
from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 4096
ROUNDS = 15
WANTED = 0.4


def main() -> int:
    """Print the table; 1 if a direction is slower than wanted."""
    ij = start(
        settings=Settings.from_environment(os.environ), on_command=lambda name, options: None
    )
    runtime = ij.java_class("java.lang.System").getProperty("java.version")
    print(f"{SIZE} x {SIZE} px, Java {runtime}, numpy {np.__version__}, {os.cpu_count()} cores")
    print("type      copyto    copy  to ImageJ  ratio  to numpy  ratio   (ms)")
    ratios = []
    for dtype in (np.uint8, np.uint16, np.float32):
        ratios += _measure(dtype)
    print(f"lowest ratio {min(ratios):.2f}, wanted {WANTED}")
    return int(min(ratios) < WANTED)


def _measure(dtype: type[np.generic]) -> list[float]:
    pixels = (np.random.default_rng(0).random((SIZE, SIZE)) * 255).astype(dtype)
    there = np.empty_like(pixels)
    image = Image(pixels, parse_axes("YX"))
    imp = to_imageplus(image)
    if not np.array_equal(read_pixels(imp)[0], pixels):
        raise SystemExit(f"{dtype.__name__} came back changed")
    copyto = _median(lambda: np.copyto(there, pixels))
    copy = _median(pixels.copy)
    to_java = _median(lambda: to_imageplus(image))
    to_numpy = _median(lambda: read_pixels(imp))
    print(
        f"{dtype.__name__:8}{copyto:8.1f}{copy:8.1f}{to_java:11.1f}{copy / to_java:7.2f}"
        f"{to_numpy:10.1f}{copy / to_numpy:7.2f}"
    )
    return [copy / to_java, copy / to_numpy]


def _median(work: Callable[[], object]) -> float:
    """Median time of `work` in ms; what it made is let go before the clock stops."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
