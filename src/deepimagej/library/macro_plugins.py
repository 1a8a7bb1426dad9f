"""Plugins whose commands macros of models call: which plugin brings a command, and from where.

Data, and how to find in it. Names of commands are exact, as in ImageJ's menu; names of update
sites are those of Fiji's list (2026-11).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from deepimagej.library.macro_tokens import Kind, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

MORPHOLIBJ: Final = (
    "Morphological Filters", "Morphological Filters (3D)", "Directional Filtering",
    "Morphological Reconstruction", "Morphological Reconstruction 3D",
    "Geodesic Distance Map", "Geodesic Distance Map 3D", "Distance Transform Watershed",
    "Distance Transform Watershed 3D", "Chamfer Distance Map", "Chamfer Distance Map 3D",
    "Classic Watershed", "Marker-controlled Watershed", "Morphological Segmentation",
    "Impose Min & Max", "Regional Min & Max", "Regional Min & Max 3D",
    "Extended Min & Max", "Extended Min & Max 3D", "Connected Components Labeling",
    "Fill Holes (Binary/Gray)", "Kill Borders", "Keep Largest Region", "Remove Largest Region",
    "Keep Largest Label", "Remove Largest Label", "Remove Border Labels", "Select Label(s)",
    "Replace/Remove Label(s)", "Remap Labels", "Expand Labels", "Dilate Labels",
    "Label Size Filtering", "Label Edition", "Label Morphological Filters", "Crop Label",
    "Area Opening", "Size Opening 2D/3D", "Gray Scale Attribute Filtering",
    "Gray Scale Attribute Filtering 3D", "Binary Overlay", "Draw Labels As Overlay",
    "Set Label Map", "Label Boundaries", "Region Boundaries Labeling",
    "Region Adjacency Graph", "Analyze Regions", "Analyze Regions 3D",
    "Intensity Measurements 2D/3D",
    "Label Overlap Measures", "Microstructure 2D", "Microstructure 3D", "Particle Analysis 3D",
)  # fmt: skip
"""All of them work on open images only."""

FIJI: Final = (
    "Skeletonize (2D/3D)", "Analyze Skeleton (2D/3D)", "3D Objects Counter", "3D OC Options",
    "Enhance Local Contrast (CLAHE)", "Find Stack Maxima", "Local Thickness (complete process)",
    "Colour Deconvolution", "Kuwahara Filter", "Tubeness", "Frangi Vesselness",
    "Exact Euclidean Distance Transform (3D)",
)  # fmt: skip
"""The same, of the plugins that Fiji brings."""

SUITE_3D: Final = ("3D Fill Holes", "3D Watershed", "3D Simple Segmentation")
"""The same, of the 3D ImageJ Suite."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin, and how a user comes by it."""

    name: str
    commands: tuple[str, ...]
    site: str = ""
    """The update site; empty if Fiji brings the plugin."""
    address: str = ""
    """Where its jar is, if no update site has it."""

    @property
    def way_out(self) -> str:
        """What the user of a Fiji can do."""
        if self.address:
            return f"put the jar from {self.address} into Fiji's folder plugins"
        if self.site:
            return (
                f"tick the update site {self.site} in Fiji (Help > Update... > Manage Update Sites)"
            )
        return "update Fiji, which brings it (Help > Update...)"


PLUGINS: Final = (
    Plugin("MorphoLibJ", MORPHOLIBJ, "IJPB-plugins"),
    Plugin("the 3D ImageJ Suite", (*SUITE_3D, "3D Manager"), "3D ImageJ Suite"),
    Plugin("StarDist", ("StarDist 2D", "Command From Macro"), "StarDist"),
    Plugin("CSBDeep", ("Run your network", "Denoising - Planaria", "Deconvolution - Microtubules"),
           "CSBDeep"),
    Plugin("TrackMate", ("TrackMate",)),
    Plugin("Bio-Formats", ("Bio-Formats", "Bio-Formats Importer", "Bio-Formats Exporter",
                           "Bio-Formats Windowless Importer", "Bio-Formats Macro Extensions")),
    Plugin("ThunderSTORM", ("Run analysis", "Camera setup", "Visualization", "Import results",
                            "Export results", "Show results table"),
           address="github.com/zitmen/thunderstorm/releases"),
    Plugin("CLIJ2", ("CLIJ2 Macro Extensions",), "clij2"),
    Plugin("ilastik", ("Run Pixel Classification Prediction",
                       "Run Object Classification Prediction"), "ilastik"),
    Plugin("the PTBIOP plugins", ("Label image to ROIs", "Cellpose Advanced"), "PTBIOP"),
    Plugin("the SCF plugins", ("LabelMap to ROI Manager (2D)",), "SCF MPI CBG"),
    Plugin("Trainable Weka Segmentation", ("Trainable Weka Segmentation",)),
    Plugin("the plugins of Fiji", FIJI),
)  # fmt: skip

_PLUGINS: Final = {command: plugin for plugin in PLUGINS for command in plugin.commands}


def plugin_of(command: str) -> Plugin | None:
    """The plugin that brings `command`; None if it is not one of these."""
    return _PLUGINS.get(command)


def plugin_commands(text: str) -> Iterator[str]:
    """The commands of these plugins that the macro `text` runs by their written name."""
    tokens = tokenize(text)
    for i, (word, bracket) in enumerate(pairwise(tokens)):
        named = tokens[i + 2] if i + 2 < len(tokens) else bracket
        is_call = word.is_word("run") and bracket.is_symbol("(") and named.kind is Kind.STRING
        if is_call and named.text in _PLUGINS:
            yield named.text
