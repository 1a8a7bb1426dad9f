"""The open images without their pixels: what is needed to tell whether a model takes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.host import windows
from deepimagej.host.images import read_axes, read_type
from deepimagej.image import Image

if TYPE_CHECKING:
    from deepimagej.host.running import Host


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """An open image."""

    id: int
    """ImageJ's number of it."""
    is_active: bool
    outline: Image
    """Title, axes and type; its pixels are one zero that is seen everywhere."""
    path: Path | None
    """The file that it was opened from."""

    @property
    def title(self) -> str:
        """As its window has it."""
        return self.outline.title


def open_outlines(host: Host) -> list[OpenImage]:
    """The open images, in the order in which they were opened."""
    host.attach()
    active = windows.active_image(host)
    number = None if active is None else int(active.getID())
    found = []
    for imp in windows.open_images(host):
        if imp is not None and int(imp.getStackSize()) > 0:  # else it was closed just now
            found.append(_of(imp, is_active=int(imp.getID()) == number))
    return found


def _of(imp: Any, *, is_active: bool) -> OpenImage:
    shape, axes = read_axes(imp)
    pixels = np.broadcast_to(np.zeros((), read_type(imp)), shape)
    outline = Image(
        pixels=pixels, axes=axes, title=str(imp.getTitle()), is_rgb=imp.getBitDepth() == 24
    )
    return OpenImage(int(imp.getID()), is_active, outline, _path(imp))


def _path(imp: Any) -> Path | None:
    info = imp.getOriginalFileInfo()
    if info is None or not info.directory or not info.fileName:
        return None
    path = Path(str(info.directory)) / str(info.fileName)
    return path if path.is_file() else None
