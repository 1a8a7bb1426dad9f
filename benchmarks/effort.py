"""How much is measured: sizes and rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """Sizes are of squares, in px; a round measures each side once."""

    rounds: int
    whole: tuple[int, ...]
    """(a) one tile."""
    tiled: tuple[int, ...]
    """(b) ``tile=auto``."""
    core: tuple[int, ...]
    """(c)"""
    stardist: tuple[int, ...]
    """(d)"""
    macro: int
    """(e) and (i)."""
    macro_images: int
    starts: int
    """(f) fresh processes."""
    conversion: int
    memory: tuple[int, ...]
    loop: int
    """(i) calls."""
    objects: int
    """(j)"""
    large: int = 16384
    """(h) with ``--large``."""

    def rounds_at(self, size: int) -> int:
        """Rounds for images of `size`: those above 1024² take long enough to vary less."""
        return max(3, self.rounds * 1024 // max(size, 1024))


FULL: Final = Effort(
    rounds=9,
    whole=(512, 1024),
    tiled=(2048, 4096),
    core=(512, 1024, 2048),
    stardist=(2048,),
    macro=512,
    macro_images=20,
    starts=5,
    conversion=4096,
    memory=(512, 2048),
    loop=200,
    objects=2048,
)
QUICK: Final = Effort(
    rounds=3,
    whole=(256,),
    tiled=(512,),
    core=(256,),
    stardist=(512,),
    macro=256,
    macro_images=4,
    starts=1,
    conversion=2048,
    memory=(512,),
    loop=12,
    objects=512,
    large=2048,
)
