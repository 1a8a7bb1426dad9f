"""ImageJ's options that macros change: set aside and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepimagej.host.java_fields import StaticFields

if TYPE_CHECKING:
    from deepimagej.host.running import Host

_CLASSES: Final = (
    "ij.Prefs",  # black background, pad edges, scale conversions …
    "ij.plugin.filter.Analyzer",  # Set Measurements
    "ij.plugin.filter.Binary",  # Binary Options
    "ij.plugin.filter.ParticleAnalyzer",
    "ij.gui.Toolbar",  # foreground and background colour
    "ij.gui.Roi",
    "ij.gui.Line",
    "ij.gui.PointRoi",
    "ij.gui.TextRoi",
    "ij.gui.Plot",
    "ij.gui.PlotWindow",
    "ij.process.ImageConverter",
    "ij.process.ColorProcessor",  # weights of red, green and blue
)
_OBJECTS: Final = (  # no plain values, and yet the user's
    ("ij.plugin.filter.Analyzer", ("redirectImage",)),
    ("ij.gui.Roi", ("previousRoi",)),
)


class Options:
    """What ImageJ's options are now.

    They are static fields of many classes, most of them private; ImageJ's own macro function
    ``saveSettings`` knows about a dozen of them.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        fields = [StaticFields(host, name) for name in _CLASSES]
        fields += [StaticFields(host, name, names) for name, names in _OBJECTS]
        self._before = [(field, field.read()) for field in fields]
        self._prefs = StaticFields(host, "ij.Prefs", ("ijPrefs",)).read()["ijPrefs"]
        self._values = self._prefs.clone() if self._prefs is not None else None

    def restore(self) -> None:
        """Put them back."""
        for field, values in self._before:
            field.write(values)
        if self._values is not None:
            self._prefs.clear()
            self._prefs.putAll(self._values)
        self._show_colours()

    def _show_colours(self) -> None:
        """Let a tool bar on the screen show the colours again."""
        toolbar: Any = self._host.java_class("ij.gui.Toolbar")
        if toolbar.getInstance() is not None:
            toolbar.getInstance().repaint()
