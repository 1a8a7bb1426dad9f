"""What the runs of one process share: the library, the engines, trust and ImageJ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepimagej.engines import Engines
    from deepimagej.host.running import Host
    from deepimagej.library import Library
    from deepimagej.library.trust import TrustStore
    from deepimagej.settings import Settings
    from deepimagej.tile_learning import TileStore


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """The parts that a run needs, made once a process."""

    settings: Settings
    library: Library
    trust: TrustStore
    engines: Engines
    tiles: TileStore
    """What runs taught of tile sizes."""
    running_host: Callable[[], Host | None]
    """ImageJ if it runs in this process."""
    shown_host: Callable[[], Host | None]
    """The same, unless it runs for the macros of models only: results are opened there."""
    start_host: Callable[[], Host]
    """ImageJ, started if it does not run yet."""
