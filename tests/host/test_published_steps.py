"""Post-processing as published bundles write it, in a run: no plugin, no question, no display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import make_identity_bundle
from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import roi_manager
from deepimagej.methods.stardist import non_maximum_suppression
from deepimagej.metrics import match_labels
from deepimagej.plugin import dispatch
from shared_bundles import make_stardist_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host

with np.load(Path(__file__).parents[1] / "methods" / "golden" / "stardist.npz") as archive:
    PROB = (archive["prob"] / np.float32(100)).astype(np.float32)
    DIST = (archive["dist"] / np.float32(16)).astype(np.float32)
STARS = np.concatenate([PROB[None], np.moveaxis(DIST, -1, 0)])

STARDIST = """
name = getTitle();
run("Make Substack...", "channels=1");
rename("scores");
selectWindow(name);
run("Delete Slice", "delete=channel");
rename("distances");
run("royal");
probThresh = PROB_THRESH;
run("Command From Macro", "command=[de.csbdresden.stardist.StarDist2DNMS], args=['prob':'scores', \
'dist':'distances', 'probThresh':'" + probThresh + "', 'nmsThresh':'0.3', 'outputType':'Both', \
'excludeBoundary':'2', 'roiPosition':'Stack', 'verbose':'false'], process=[false]");
close("scores");
close("distances");
run("glasbey on dark");
roiManager("Measure");
"""
WATERSHED = """
run("8-bit");
setThreshold(128, 255);
setOption("BlackBackground", true);
run("Convert to Mask");
rename("mask");
run("Distance Transform Watershed", "distances=[Borgefors (3,4)] output=[16 bits] normalize \
dynamic=1 connectivity=4");
close("mask");
run("Label Size Filtering", "operation=Greater_Than size=10");
close("mask-dist-watershed");
run("Set Label Map", "colormap=[Golden angle] background=White shuffle");
"""


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


def test_the_macro_of_stardists_bundles_gives_labels_rois_and_a_table(
    ij: ImageJ, tmp_path: Path
) -> None:
    macro = {"postprocessing": {"post.ijm": STARDIST.replace("PROB_THRESH", "0.5")}}
    bundle = make_identity_bundle(tmp_path / "stars", channels=33, macros=macro)
    ij.run_macro('newImage("mine", "8-bit", 9, 9, 1); makeRectangle(1, 2, 3, 4);')
    ij.run_macro('roiManager("add"); roiManager("select", 0); roiManager("rename", "mine");')
    result = deepimagej.run(bundle, STARS, axes="CYX")
    expected = non_maximum_suppression(PROB, DIST, prob_thresh=0.5, nms_thresh=0.3)
    assert list(result.images) == ["Label Image"]
    assert_array_equal(result.images["Label Image"], expected.labels)
    assert len(result.rois) == len(result.tables["Results"]) == len(expected.scores)
    told = ij.run_macro(
        'return "" + RoiManager.getName(0) + " " + roiManager("count") + getTitle();'
    )
    assert told == f"mine {len(expected.scores) + 1}Label Image"  # the user's ROI is back


def test_a_mask_is_split_position_by_position(ij: ImageJ, tmp_path: Path) -> None:
    bundle = make_identity_bundle(
        tmp_path / "mask", macros={"postprocessing": {"post.ijm": WATERSHED}}
    )
    y, x = np.indices((60, 90))
    pair = (np.hypot(y - 30, x - 30) < 15) | (np.hypot(y - 30, x - 52) < 15)
    lone = np.hypot(y - 20, x - 60) < 12
    stack = 255 * np.stack([pair, lone, np.zeros_like(lone)]).astype(np.float32)
    result = deepimagej.run(bundle, stack, axes="ZYX", display_output="none")
    [labels] = result.images.values()
    assert [plane.max() for plane in labels.values] == [2, 1, 0]


@pytest.mark.shared_data
def test_a_real_network_and_the_published_macro_find_the_nuclei(
    ij: ImageJ, shared_data: Path, tmp_path: Path
) -> None:
    bundle = make_stardist_bundle(tmp_path / "bundle", shared_data, weights="onnx")
    (bundle / "post.ijm").write_text(STARDIST.replace("PROB_THRESH", "0.527"))
    image = shared_data / "images" / "stardist_img2d.tif"
    result = deepimagej.run(
        bundle, image, postprocessing="post.ijm", output=tmp_path / "out", display_output="none"
    )
    labels = result.images["Label Image"].values
    truth = tifffile.imread(shared_data / "images" / "stardist_mask2d.tif")
    step = round(truth.shape[0] / labels.shape[0])
    assert match_labels(truth[::step, ::step], labels.astype(int), iou=0.5).f1 > 0.8
    assert len(result.rois) == len(result.tables["Results"]) == labels.max()


def test_ten_thousand_objects_have_labels_and_rois(ij: ImageJ) -> None:
    stars = np.zeros((9, 504, 504), np.float32)
    stars[0, 4:500:5, 4:500:5] = np.linspace(0.6, 0.9, 10000).reshape(100, 100)
    stars[1:] = 1.5
    ij.show(stars, axes="CYX", title="many")
    run = 'run("DeepImageJ StarDist Objects", "nms_thresh=0.3");'
    assert ij.run_macro(f'{run} return "" + roiManager("count") + " " + getValue("Max");') == (
        "10000 10000"
    )
