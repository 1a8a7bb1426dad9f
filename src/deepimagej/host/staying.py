"""ImageJ with its windows as a program of its own: open until the user closes it."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepimagej.errors import ImageError
from deepimagej.host.shutdown import ending_with_java

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepimagej.host.imagej import ImageJ

_INTERVAL: Final = 0.1
"""Seconds between two looks whether the window is still there."""


def stay_open(start: Callable[[], ImageJ], images: Sequence[str]) -> int:
    """Start ImageJ, open `images`, and return when its window was closed.

    ImageJ asks about images that are not saved; who then cancels stays. Closing it does not end
    the process, as it would end without Python: the caller does.

    Returns
    -------
    The exit code: 0.

    Raises
    ------
    ImageError
        If an image is not there; ImageJ is not started then.
    HostError
        If ImageJ cannot be started.
    """
    for name in images:
        if not Path(name).expanduser().is_file():
            raise ImageError(f"There is no image {name}.", hint="Check the name of the file.")
    if sys.platform == "darwin":
        return _behind_cocoa(start, images)
    _wait(start(), images)
    return 0


def _wait(ij: ImageJ, images: Sequence[str]) -> None:
    for name in images:
        ij.show(Path(name).expanduser())
    with ending_with_java():
        while ij.is_open:
            time.sleep(_INTERVAL)


def _behind_cocoa(start: Callable[[], ImageJ], images: Sequence[str]) -> int:
    """On macOS Java's windows need the main thread's event loop; the rest runs beside it."""
    from PyObjCTools import AppHelper

    failures: list[BaseException] = []

    def work() -> None:
        try:
            _wait(start(), images)
        except BaseException as error:  # noqa: BLE001  # raised again below
            failures.append(error)
        finally:
            AppHelper.callAfter(AppHelper.stopEventLoop)

    threading.Thread(target=work, name="deepimagej-gui", daemon=True).start()
    AppHelper.runConsoleEventLoop()
    if failures:
        raise failures[0]
    return 0
