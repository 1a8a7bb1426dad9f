"""One call of a command that works on open images: its options, and what it may do in ImageJ."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import HostError, ImageError
from deepimagej.host.display import recolour, set_threshold
from deepimagej.host.images import to_image, to_imageplus
from deepimagej.host.macros import with_variables
from deepimagej.host.rois import add_rois, roi_manager
from deepimagej.host.windows import active_image, find_image, show
from deepimagej.option_table import fold
from deepimagej.option_text import quote
from deepimagej.process import tools
from deepimagej.recorded_options import Recorded, parse_recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import roifile
    from numpy.typing import NDArray

    from deepimagej.host.running import Host
    from deepimagej.image import Image
    from deepimagej.option_table import Option

_RGB: Final = 24


class Call:
    """A call of `command`.

    Raises
    ------
    OptionError
        If its options are not those of the command.
    """

    def __init__(self, command: str, text: str, options: Sequence[Option]) -> None:
        self.line = f'run("{command}", {quote(text.strip())});'
        """The macro line that repeats it."""
        host = tools().running_host()
        if host is None:
            raise HostError(
                f"{command} was called, and no ImageJ runs.",
                hint="Start it with deepimagej.start().",
            )
        self._host: Host = host
        self.options = parse_recorded(with_variables(host, text), options)

    def with_options(self, pairs: Iterable[tuple[str, str]], options: Sequence[Option]) -> Call:
        """The same call with other options, given as keys and values."""
        other = copy(self)
        other.options = Recorded(fold(pairs, options), options)
        return other

    def image(self) -> Image:
        """The active image."""
        return to_image(self._active())

    def named(self, key: str) -> Image:
        """The open image whose title is the value of `key`."""
        return to_image(find_image(self._host, self.options.text(key)))

    def named_or_active(self, key: str) -> Image:
        """The same; the active image where `key` has no value."""
        return self.named(key) if self.options.text(key, "") else self.image()

    def show(self, image: Image) -> None:
        """Open `image` under its title; it is the active one then."""
        show(self._host, to_imageplus(image))

    def recolour(self, table: NDArray[np.uint8]) -> None:
        """Show the active image in the colours of a (256, 3) table."""
        imp = self._active()
        if imp.getBitDepth() == _RGB:
            raise ImageError(
                f'"{imp.getTitle()}" is RGB, and a lookup table is for values.',
                hint="Choose an image of 8, 16 or 32 bit.",
            )
        recolour(imp, table)

    def set_threshold(self, low: float, high: float) -> None:
        """Mark the values from `low` to `high` of the active image."""
        set_threshold(self._active(), low, high)

    def add_rois(self, rois: Iterable[roifile.ImagejRoi], *, in_place: bool = False) -> None:
        """Append ROIs to those in the manager, or put them in their place."""
        if in_place:
            roi_manager(self._host).reset()
        add_rois(self._host, rois)

    def _active(self) -> Any:
        imp = active_image(self._host)
        if imp is None:
            raise ImageError("No image is open.", hint="Open an image first.")
        return imp


def short_title(title: str) -> str:
    """`title` up to its first space and without extension, as ImageJ's plugins shorten it."""
    first = title.split(" ", maxsplit=1)[0] or title
    stem, dot, _ = first.rpartition(".")
    return stem if dot and stem else first
