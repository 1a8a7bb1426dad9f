"""Where the log of a run goes: to stderr, and only if the user asks for it."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deepimagej.request import Logging

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORM = "%(levelname)s %(name)s: %(message)s"


@contextmanager
def shown(level: Logging) -> Iterator[None]:
    """Show the log on stderr while a run with ``logging=debug`` works."""
    logger = logging.getLogger("deepimagej")
    if level is not Logging.DEBUG or logger.isEnabledFor(logging.DEBUG):
        yield
        return
    before = logger.level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORM))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
