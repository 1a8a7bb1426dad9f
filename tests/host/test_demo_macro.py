"""The macro of the demo's bundle in the running ImageJ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepimagej import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from deepimagej.host.running import Host

MACRO = examples.path("nuclei") / "count_nuclei.ijm"


@pytest.fixture
def clean(imagej: Host) -> Iterator[Host]:
    yield imagej
    imagej.close()
    ij = imagej.java_class("ij.IJ")
    ij.runMacro('run("Clear Results"); roiManager("reset");')


def count(imagej: Host, probability: NDArray[np.float32]) -> tuple[NDArray[Any], int, int]:
    """Labels, rows of the table and ROIs that the macro leaves."""
    import jpype

    height, width = probability.shape
    pixels = jpype.JArray(jpype.JFloat)(probability.ravel())
    processor = imagej.java_class("ij.process.FloatProcessor")(width, height, pixels)
    image = imagej.java_class("ij.ImagePlus")("cells 1_probability", processor)
    image.show()
    imagej.java_class("ij.IJ").runMacro(MACRO.read_text(encoding="utf-8"))
    current = imagej.java_class("ij.IJ").getImage()
    assert str(current.getTitle()) == "cells 1_labels"
    assert imagej.java_class("ij.WindowManager").getImageCount() == 2
    labels = np.array(current.getProcessor().getPixels()).reshape(probability.shape)
    rows = imagej.java_class("ij.measure.ResultsTable").getResultsTable().size()
    rois = int(str(imagej.java_class("ij.IJ").runMacro('return "" + roiManager("count");')))
    return labels, rows, rois


def discs(*centres: tuple[int, int]) -> NDArray[np.float32]:
    """Depth inside discs of radius 12, as the network gives it."""
    y, x = np.indices((96, 128))
    depths = [1 - np.hypot(y - cy, x - cx) / 12 for cy, cx in centres]
    depth = np.max([np.zeros((96, 128)), *depths], axis=0)
    return np.asarray(depth, np.float32)


def test_touching_nuclei_are_parted_and_counted_everywhere(clean: Host) -> None:
    labels, rows, rois = count(clean, discs((30, 30), (30, 48), (70, 90)))
    assert rows == rois == labels.max() == 3
    assert len({int(labels[30, 30]), int(labels[30, 48]), int(labels[70, 90])} - {0}) == 3


def test_an_image_without_nuclei_gives_an_empty_label_image(clean: Host) -> None:
    labels, rows, rois = count(clean, discs())
    assert rows == rois == labels.max() == 0
