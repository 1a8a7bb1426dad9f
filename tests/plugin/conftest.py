"""What the windows' questions need: a library, engines and open images, without a JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from deepimagej.axes import parse_axes
from deepimagej.engines import Engines
from deepimagej.host.outlines import OpenImage
from deepimagej.image import Image
from deepimagej.library import Library
from deepimagej.library.trust import TrustStore
from deepimagej.tile_learning import TileStore
from deepimagej.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deepimagej.host.running import Host
    from deepimagej.settings import Settings

    Opened = Callable[..., OpenImage]


@pytest.fixture
def tools(settings: Settings) -> Iterator[Tools]:
    def no_host() -> Host:
        raise AssertionError("a question started ImageJ")

    with Engines(settings) as engines:
        yield Tools(
            settings=settings,
            library=Library(settings),
            trust=TrustStore(settings.data),
            engines=engines,
            tiles=TileStore(settings.data),
            running_host=lambda: None,
            shown_host=lambda: None,
            start_host=no_host,
        )


@pytest.fixture
def opened() -> Opened:
    """Makes an open image."""

    def make(
        number: int = -1,
        *,
        title: str = "cells.tif",
        shape: tuple[int, ...] = (64, 96),
        axes: str = "YX",
        active: bool = True,
        path: Path | None = None,
    ) -> OpenImage:
        pixels = np.broadcast_to(np.zeros((), np.uint16), shape)
        return OpenImage(number, active, Image(pixels, parse_axes(axes), title=title), path)

    return make
