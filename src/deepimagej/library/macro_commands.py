"""Commands that a bundle's macro may run without being asked for: operations on open images.

Data only; `macro_scan.py` reads it. Names are exact, as ImageJ's own are: ``Scale...`` scales an
image, ``Scale... `` a selection. Commands that read or write files, install, compile, open
addresses or run other code are not here.
"""

from __future__ import annotations

from typing import Final

from deepimagej.library.macro_plugins import FIJI, MORPHOLIBJ, SUITE_3D

IMAGEJ: Final = (
    # Edit
    "Clear", "Clear Outside", "Copy", "Cut", "Draw", "Fill", "Invert", "Paste", "Undo",
    "Add to Manager", "Add to Manager ", "Area to Line", "Convex Hull", "Create Mask",
    "Create Selection", "Enlarge...", "Fit Circle", "Fit Ellipse", "Fit Rectangle", "Fit Spline",
    "Interpolate", "Line to Area", "Make Band...", "Make Inverse", "Restore Selection",
    "Rotate...", "Scale... ", "Select All", "Select None", "Specify...", "Straighten...",
    "To Bounding Box", "Translate... ", "Properties... ", "Colors...", "Conversions...",
    "Line Width...", "Wand Tool...",
    # Image
    "16-bit", "32-bit", "8-bit", "8-bit Color", "RGB Color", "RGB Stack", "HSB Stack",
    "HSB (32-bit)", "Lab Stack", "Crop", "Duplicate...", "Duplicate", "Rename...", "Scale...",
    "Brightness/Contrast...", "Window/Level...", "Color Balance...", "Threshold...",
    "Threshold", "Manual Threshold...", "Auto Threshold", "Auto Threshold...",
    "Auto Local Threshold", "Size...", "Canvas Size...", "Coordinates...", "Properties...",
    "Arrange Channels...", "Channels Tool...", "Invert LUTs", "Make Composite", "Merge Channels...",
    "Split Channels", "Stack to RGB", "RGB Split", "RGB Merge...", "Convert to Composite",
    "Add Slice", "Delete Slice", "Images to Stack", "Stack to Images", "Make Montage...",
    "Montage to Stack...", "Reslice [/]...", "Set Slice...", "Next Slice [>]",
    "Previous Slice [<]", "Z Project...", "3D Project...", "Grouped Z Project...",
    "Measure Stack...", "Statistics", "Label...", "Combine...", "Concatenate...", "Insert...",
    "Make Substack...", "Substack Maker", "Slice Keeper", "Slice Remover", "Reduce...", "Reverse",
    "Remove Slice Labels", "Set Label...", "Hyperstack...", "New Hyperstack...",
    "Hyperstack to Stack", "Stack to Hyperstack...", "Make Subset...",
    "Reduce Dimensionality...", "Convert Images to Stack", "Convert Stack to Images",
    "Flip Horizontally", "Flip Vertically", "Flip Z", "Rotate 90 Degrees Left",
    "Rotate 90 Degrees Right", "Rotate... ", "Translate...", "Bin...", "Image to Results",
    "Results to Image", "In [+]", "Out [-]", "Original Scale", "To Selection", "Scale to Fit",
    "Add Selection...", "Add Image...", "From ROI Manager", "To ROI Manager", "Hide Overlay",
    "Show Overlay", "Remove Overlay", "Flatten", "Labels...", "Measure Overlay",
    "Overlay Options...", "Apply LUT", "Invert LUT", "Image...", "New...",
    # Process
    "Smooth", "Sharpen", "Find Edges", "Find Maxima...", "Enhance Contrast",
    "Enhance Contrast...", "Add Noise", "Add Specified Noise...", "Salt and Pepper", "Despeckle",
    "Remove Outliers...", "Remove NaNs...", "North", "Northeast", "East", "Southeast", "South",
    "Southwest", "West", "Northwest", "Make Binary", "Convert to Mask", "Erode", "Dilate", "Open",
    "Close-", "Median", "Outline", "Fill Holes", "Skeletonize", "Distance Map",
    "Ultimate Points", "Watershed", "Voronoi", "Dither...", "Options...", "Add...",
    "Subtract...", "Multiply...", "Divide...", "AND...", "OR...", "XOR...", "Min...", "Max...",
    "Gamma...", "Set...", "Log", "Exp", "Square", "Square Root", "Reciprocal",
    "NaN Background", "Abs", "FFT", "Inverse FFT", "Redisplay Power Spectrum",
    "Bandpass Filter...", "FD Math...", "Swap Quadrants", "Make Circular Selection...",
    "Convolve...", "Gaussian Blur...", "Median...", "Mean...", "Minimum...", "Maximum...",
    "Unsharp Mask...", "Variance...", "Top Hat...", "Gaussian Blur 3D...", "Median 3D...",
    "Mean 3D...", "Minimum 3D...", "Maximum 3D...", "Variance 3D...", "Image Calculator...",
    "Calculator Plus", "Subtract Background...",
    # Analyze, Window
    "Measure", "Analyze Particles...", "Summarize", "Distribution...", "Label", "Clear Results",
    "Set Measurements...", "Set Scale...", "Histogram", "Plot Profile", "Plot Z-axis Profile",
    "Scale Bar...", "Calibration Bar...", "Grid...", "ROI Manager...", "Close", "Close All",
    "Show All", "Tile", "Cascade", "Put Behind [tab]",
    # LUTs
    "Fire", "Grays", "Ice", "Spectrum", "3-3-2 RGB", "Red", "Green", "Blue", "Cyan", "Magenta",
    "Yellow", "Red/Green", "glasbey", "glasbey inverted", "glasbey on dark",
    "glasbey_on_dark", "royal", "physics", "phase", "thallium", "thal", "16 colors", "5 ramps",
    "6 shades", "Cyan Hot", "Green Fire Blue", "HiLo", "ICA", "ICA2", "ICA3", "Magenta Hot",
    "mpl-inferno", "mpl-magma", "mpl-plasma", "mpl-viridis", "Orange Hot", "Rainbow RGB",
    "Red Hot", "sepia", "Thermal", "Yellow Hot", "blue orange icb", "brgbcmyw", "cool",
    "edges", "gem", "smart", "unionjack", "Random", "Set Label Map",
)  # fmt: skip

PLUGINS: Final = (
    *MORPHOLIBJ, *FIJI, *SUITE_3D, "Label image to ROIs", "LabelMap to ROI Manager (2D)",
)  # fmt: skip

OWN: Final = (
    "DeepImageJ StarDist Objects", "DeepImageJ SplineDist Objects",
    "DeepImageJ Cellpose Objects", "DeepImageJ DeepWater Objects",
)  # fmt: skip
"""Our own commands that work on open images only."""

COMMANDS: Final = frozenset(IMAGEJ) | frozenset(PLUGINS) | frozenset(OWN)

EXPRESSION: Final = "Macro..."
"""Process > Math > Macro: its ``code=`` is macro code and is scanned as such."""

COMMAND_FROM_MACRO: Final = "Command From Macro"
"""StarDist's way to call a Java command by its class, as published post-processing does."""

COMMAND_CLASSES: Final = ("de.csbdresden.stardist.StarDist2DNMS",)
"""Those that work on open images only (`StarDist2D` may load a model from a file or address)."""
