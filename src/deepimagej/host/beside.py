"""Images side by side: a sample, what a model makes of it, and what its author expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepimagej.host.images import to_imageplus
from deepimagej.host.windows import open_images, show, unique_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepimagej.host.running import Host
    from deepimagej.image import Image

_GAP = 12  # px between two windows


def show_sample(host: Host, image: Image) -> str:
    """Open a sample and make it the active image; the title that it got."""
    host.attach()
    imp = to_imageplus(image)
    imp.setTitle(unique_title(host, image.title))
    show(host, imp)
    return str(imp.getTitle())


def show_beside(
    host: Host, *, first: str, results: Sequence[str], expected: Mapping[str, Image]
) -> None:
    """Open the expected images and place each beside the result of its name.

    Parameters
    ----------
    first
        Title of the sample; results are titled ``<first>_<name>``.
    results
        Names of the results.
    """
    host.attach()
    active = host.java_class("ij.WindowManager").getCurrentImage()
    row = [_find(host, first)]
    for name, image in expected.items():
        mine = _find(host, f"{first}_{name}") if name in results else None
        theirs = to_imageplus(image)
        theirs.setTitle(unique_title(host, image.title))
        if mine is not None:
            theirs.setDisplayRange(mine.getDisplayRangeMin(), mine.getDisplayRangeMax())
        show(host, theirs)
        row += [mine, theirs]
    _place(host, [imp for imp in row if imp is not None])
    if active is not None:
        show(host, active)


def _find(host: Host, title: str) -> Any | None:
    """The image opened last with this title."""
    found = [imp for imp in open_images(host) if str(imp.getTitle()) == title]
    return found[-1] if found else None


def _place(host: Host, row: Sequence[Any]) -> None:
    """In a row from left to right, as far as the screen is wide."""
    windows = [window for imp in row if (window := imp.getWindow()) is not None]
    if not windows:
        return
    screen = host.java_class("ij.gui.GUI").getMaxWindowBounds(windows[0])
    x, y = int(screen.x), int(windows[0].getY())
    for window in windows:
        if x + int(window.getWidth()) > int(screen.x) + int(screen.width):
            x, y = int(screen.x), y + int(window.getHeight()) + _GAP
        window.setLocation(x, y)
        x += int(window.getWidth()) + _GAP
