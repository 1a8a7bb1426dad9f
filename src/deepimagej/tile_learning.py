"""How large ``tile=auto`` makes the tiles: as this machine ran them fastest, within its memory.

Small tiles stay in the processor's cache, large ones waste less on halos; where the best lies
depends on network, engine and machine. So every run notes how long its tiles took for a pixel, from
one result to the next, and how much memory they needed, and the next run chooses by that:

    seconds of a run = tiles x px of a tile x seconds a px, as measured at the nearest sizes

Of the sizes never run, those beside the best known, with about four times and a quarter of its px,
are tried once each. So a network settles after a few runs, and no run is far from the best known.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import statistics
import time
from bisect import bisect_left
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from deepimagej.errors import HostError
from deepimagej.files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from deepimagej.tiling import Price

WHOLE: Final = 2**20
"""Images of up to so many px are never cut for speed: their result must not hang on what a
machine has learnt, nor on a halo that may be too small."""

_HUGE: Final = 2**26
_OF_HUGE: Final = 2**22
"""Images of more than so many px are cut into tiles of no more than so many: input and output take
gigabytes once, and tiles that are much smaller need no more of them."""

LIMITS: Final = tuple(2**power for power in range(16, 31))
"""Px of a tile that are considered: 256 x 256 to 32768 x 32768."""

_FIRST: Final = {"cpu": 2**20, "cuda": 2**22}
"""Px of a tile before anything is known."""
_STEP: Final = 4.2
"""A size that was never run is tried if it is at most so many times one that was."""
_NEAR: Final = 1.15
"""Sizes that differ by less count as one."""
_HOPE: Final = 0.6
"""A size that was never run is tried if it is the best with so much of its neighbour's time."""
_BYTES_PER_PX: Final = 4096
"""Before anything is known. Measured at 1024 x 1024 px: 420 to 560 bytes for U-Nets whose first
layer has 16 features (torch 2.15, TensorFlow 2.21, onnxruntime 1.32), and some are wider."""
_RESERVE: Final = 1.25
"""Memory taken for a size that was not run, against what was measured for a px."""
_SAME: Final = 0.97
"""A new time for a size is kept if it is at most so much of the old: less is noise."""
_DAY: Final = 86400.0
_FILE: Final = "tiles.json"

_log = logging.getLogger("deepimagej")


@dataclass(frozen=True, slots=True)
class Known:
    """What one network needed on this machine."""

    seconds: Mapping[int, float] = field(default_factory=dict)
    """Shortest time for a px, by the px of a tile."""
    bytes_per_px: float | None = None
    """Most memory a px, of the tiles run."""
    too_large: int | None = None
    """Px of the smallest tile that the memory did not hold."""
    forget_at: float = 0.0
    """When `too_large` is forgotten, in seconds since 1970: others may have used the memory."""

    @property
    def limit(self) -> int | None:
        """Px that a tile has at most after one that was too large."""
        if self.too_large is None or time.time() > self.forget_at:
            return None
        return self.too_large // 2


@dataclass(frozen=True, slots=True)
class Choice:
    """The size that a run takes."""

    max_pixels: int
    reason: str
    """For the provenance."""


def key_of(content: str, engine: str, device: str, *, memory: int | None = None) -> str:
    """Names a network on this machine: weights by content, framework and version, device.

    `memory` is what the user allows its worker.
    """
    text = f"{content} {engine} {device} {os.cpu_count()} {memory}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def memory_limit(known: Known, *, total: int, available: int) -> int:
    """Spatial px of a tile that the memory holds.

    Parameters
    ----------
    total, available
        Bytes of the machine, and of these free.
    """
    bytes_per_px = _BYTES_PER_PX
    if known.bytes_per_px is not None:
        bytes_per_px = max(1, math.ceil(known.bytes_per_px * _RESERVE))
    limit = int(min(total / 2, 0.8 * available) / bytes_per_px)
    return limit if known.limit is None else min(limit, known.limit)


def choose(prices: Sequence[Price], known: Known, *, most: int, device: str) -> Choice:
    """The largest px of a tile for an image.

    Parameters
    ----------
    prices
        What each size comes to for the image, ascending; the last is the whole image.
    most
        Px that the memory holds.
    device
        ``cpu`` or ``cuda``.
    """
    sizes = {price.pixels: price for price in prices}  # several limits come to the same tile
    whole = prices[-1]
    if whole.pixels > _HUGE:
        most = min(most, _OF_HUGE)
    fitting = [one for one in sizes.values() if one.pixels <= most and one.is_seamless]
    if whole.pixels <= most and (whole.pixels <= WHOLE or fitting == [whole]):
        return Choice(whole.max_pixels, "the whole image")
    if not fitting:
        return Choice(most, "what the memory holds")
    if not known.seconds:
        first = [price for price in fitting if price.pixels <= _FIRST[device]] or fitting[:1]
        return Choice(first[-1].max_pixels, "a first guess")
    return _fastest(fitting, known)


def estimate(known: Known, *, pixels: int, n_tiles: int) -> float | None:
    """Seconds that the calls for a sample take; None where no run told.

    Parameters
    ----------
    pixels
        Spatial px of a tile.
    """
    return pixels * n_tiles * _rate(pixels, known.seconds) if known.seconds else None


def _fastest(fitting: Sequence[Price], known: Known) -> Choice:
    """The best size of those that were run, or one beside it that was not and may be better."""

    def seconds(price: Price) -> float:
        return price.pixels * price.n_tiles * _rate(price.pixels, known.seconds)

    run = [price for price in fitting if _distance(price.pixels, known.seconds) <= _NEAR]
    if not run:
        near = min(fitting, key=lambda price: _distance(price.pixels, known.seconds))
        return Choice(near.max_pixels, "a size to be tried")
    best = min(run, key=seconds)
    for is_larger in (True, False):
        side = [
            price
            for price in fitting
            if (price.pixels > best.pixels) is is_larger
            and _NEAR < _ratio(price.pixels, best.pixels) <= _STEP
        ]
        new = [price for price in side if _distance(price.pixels, known.seconds) > _NEAR]
        if len(new) == len(side) and side:
            far = max(side, key=lambda price: _ratio(price.pixels, best.pixels))
            if _HOPE * seconds(far) < seconds(best):
                return Choice(far.max_pixels, "a size to be tried")
    return Choice(best.max_pixels, f"the fastest known, about {seconds(best):.2g} s a sample")


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


def _distance(pixels: int, seconds: Mapping[int, float]) -> float:
    """How many times the nearest size that was run."""
    return min(_ratio(pixels, size) for size in seconds)


def _rate(pixels: int, seconds: Mapping[int, float]) -> float:
    """Seconds a px at a size: between those of the sizes next to it."""
    sizes = sorted(seconds)
    above = bisect_left(sizes, pixels)
    if above == 0 or above == len(sizes):
        return seconds[sizes[min(above, len(sizes) - 1)]]
    low, high = sizes[above - 1], sizes[above]
    part = math.log(pixels / low) / math.log(high / low)
    return float(seconds[low] ** (1 - part) * seconds[high] ** part)


def with_run(
    known: Known,
    *,
    pixels: int,
    seconds: Sequence[float],
    memory: int | None = None,
    batch: int = 1,
) -> Known:
    """`known` after a run; the same object if it taught nothing.

    Parameters
    ----------
    pixels
        Spatial px of a tile.
    seconds
        Of each call, without those right after loading.
    memory
        Most bytes that a call needed.
    batch
        Tiles in each call.
    """
    learnt = known
    if known.too_large is not None and pixels >= known.too_large:
        learnt = replace(learnt, too_large=None)
    if seconds:
        rate = statistics.median(seconds) / (pixels * batch)
        near = [size for size in known.seconds if _ratio(size, pixels) <= _NEAR]
        if all(rate < _SAME * known.seconds[size] for size in near):
            others = {size: known.seconds[size] for size in known.seconds if size not in near}
            learnt = replace(learnt, seconds={**others, pixels: rate})
    # What a framework keeps whatever the size must not count as if it grew with it.
    if memory is not None and pixels >= LIMITS[0]:
        needed = memory / (pixels * batch)
        if needed > (known.bytes_per_px or 0) / _SAME:
            learnt = replace(learnt, bytes_per_px=needed)
    return learnt


def without(known: Known, pixels: int) -> Known:
    """`known` after tiles of `pixels` px did not fit into the memory."""
    return replace(
        known,
        too_large=min(pixels, known.too_large or pixels),
        forget_at=time.time() + _DAY,
    )


class TileStore:
    """What was learnt, in ``tiles.json`` of the user's data folder.

    It may be deleted at any time. A file that cannot be read or written is passed over: what it
    holds makes runs faster, never other.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / _FILE
        self._seen: set[tuple[str, int]] = set()

    def is_new(self, key: str, pixels: int) -> bool:
        """Whether a network ran on tiles of a size for the first time in this process."""
        is_new = (key, pixels) not in self._seen
        self._seen.add((key, pixels))
        return is_new

    def read(self, key: str) -> Known:
        """What is known of a network."""
        entry = self._read().get(key, {})
        try:
            return Known(
                seconds={int(_positive(px)): _positive(s) for px, s in entry["seconds"].items()},
                bytes_per_px=_positive(entry["bytes_per_px"]) if entry["bytes_per_px"] else None,
                too_large=int(_positive(entry["too_large"])) if entry["too_large"] else None,
                forget_at=float(entry["forget_at"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return Known()

    def write(self, key: str, known: Known) -> None:
        """Keep `known` for the next runs, of other processes too."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock"), timeout=1):
                write_json(self._path, {**self._read(), key: asdict(known)})
        except (OSError, Timeout, HostError) as error:
            _log.debug("What the run taught of tile sizes is lost: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return held if isinstance(held, dict) else {}


def _positive(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]  # anything else is the TypeError
    if not (math.isfinite(number) and number >= 1e-12):
        raise ValueError(f"{number} is no size and no time")
    return number
