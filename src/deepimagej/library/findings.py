"""What a scan of a bundle's code found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that could do more than work on images."""

    what: str
    """The function, command or operation, as in ``exec`` or ``run("Compile and Run...")``."""
    why: str
    """What it can do, as in "starts programs"."""
    line: int = 0
    """1-based; 0 where the file has no lines."""
    file: str = ""
    """Path within the bundle."""
    is_refused: bool = False
    """Whether trust changes nothing, as it is never run."""

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(filter(None, (self.file, line)))
        return f"{place}: {self.what} ({self.why})" if place else f"{self.what} ({self.why})"
