from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import roifile
from numpy.testing import assert_array_equal

from deepimagej.host.macros import run_macro
from deepimagej.host.rois import read_rois, replace_rois, roi_manager, to_java_roi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host


@pytest.fixture(autouse=True)
def _clean(imagej: Host) -> Iterator[None]:
    yield
    imagej.close()
    roi_manager(imagej).reset()


def test_rois_of_a_macro_are_read_with_their_names_and_order(imagej: Host) -> None:
    text = """
    newImage("a", "8-bit black", 50, 40, 3); setSlice(2);
    makeRectangle(3, 5, 7, 9); roiManager("add");
    makePolygon(1, 2, 11, 3, 8, 17); roiManager("add");
    roiManager("select", 0); roiManager("rename", "cell Å");
    """
    run_macro(imagej, text)
    box, polygon = read_rois(imagej)
    assert box.name == "cell Å"
    assert (box.left, box.top, box.right, box.bottom) == (3, 5, 10, 14)
    assert box.position == 2
    assert_array_equal(polygon.coordinates(), [[1, 2], [11, 3], [8, 17]])


def test_rois_go_to_the_manager_as_they_are(imagej: Host) -> None:
    points = np.array([[1.5, 2.25], [8.5, 2.75], [4.5, 9.125]], np.float32)
    first = roifile.ImagejRoi.frompoints(points, name="one", position=3)
    second = roifile.ImagejRoi.frompoints(points + 10, name="one")
    replace_rois(imagej, [to_java_roi(imagej, roi) for roi in (first, second)])
    back = read_rois(imagej)
    assert [roi.name for roi in back] == ["one", "one"]
    assert_array_equal(back[0].coordinates(), points)
    assert_array_equal(back[1].coordinates(), points + 10)
    assert run_macro(imagej, 'return d2s(roiManager("count"), 0);') == "2"
