"""Commands on open images: those of other plugins that we answer, and the steps of methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from deepimagej.errors import DeepImageJError, ImageError, OptionError
from deepimagej.host.imagej import ImageJ
from deepimagej.host.images import to_image
from deepimagej.host.rois import read_rois, roi_manager
from deepimagej.host.stand_ins import STAND_INS, add_missing
from deepimagej.methods import deepwater, flows, splinedist, stardist
from deepimagej.methods.morphology import FILTERS, disk
from deepimagej.methods.watersheds import flood, split_by_distance, sunk
from deepimagej.plugin import COMMANDS, IMAGE_COMMANDS, dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from deepimagej.host.running import Host

GOLDEN = Path(__file__).parents[1] / "methods" / "golden"
with np.load(GOLDEN / "stardist.npz") as archive:
    PROB: NDArray[np.float32] = (archive["prob"] / np.float32(100)).astype(np.float32)
    DIST: NDArray[np.float32] = (archive["dist"] / np.float32(16)).astype(np.float32)
RAYS = np.moveaxis(DIST, -1, 0)
MASK = np.zeros((60, 90), np.uint8)
MASK[np.hypot(*(np.indices(MASK.shape) - np.array([30, 30])[:, None, None])) < 15] = 255
MASK[np.hypot(*(np.indices(MASK.shape) - np.array([30, 55])[:, None, None])) < 15] = 255
MASK[3:7, 3:7] = 255
GREY = np.random.default_rng(4).integers(0, 256, (2, 30, 40)).astype(np.uint8)


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    """ImageJ with our commands, empty afterwards."""
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


def run(ij: ImageJ, command: str, options: str, after: str = "return getTitle();") -> str | None:
    return ij.run_macro(f'run("{command}", "{options}");\n{after}')


def pixels(ij: ImageJ) -> NDArray[Any]:
    return np.asarray(ij.to_numpy(ij.active_image))


def test_every_command_of_the_menu_is_answered_and_every_answer_is_in_the_menu() -> None:
    config = Path(__file__).parents[2] / "fiji-plugin/src/main/resources/plugins.config"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("#")]
    names = [line.split('"')[1] for line in lines if '"-"' not in line]  # a line of the menu
    assert sorted((*names, *STAND_INS)) == sorted((*COMMANDS, *IMAGE_COMMANDS))


def test_stand_ins_are_in_the_menu_and_give_way_to_the_plugin_itself(ij: ImageJ) -> None:
    ij.run_macro("return '';")  # headless the first macro makes the menu
    commands = ij._host.java_class("ij.Menus").getCommands()
    name = "Label Size Filtering"
    assert str(commands.get(name)) == f'deepimagej.Command("{name}")'
    assert add_missing(ij._host) == ()  # all are there
    commands.put(name, "somebody.else.Plugin")
    commands.remove("glasbey")
    try:
        assert add_missing(ij._host) == ("glasbey",)
        assert str(commands.get(name)) == "somebody.else.Plugin"
    finally:
        commands.put(name, f'deepimagej.Command("{name}")')


def test_a_mask_is_split_and_small_objects_are_dropped(ij: ImageJ) -> None:
    imp = ij.show(MASK, title="cells in a dish.tif")
    imp.getCalibration().pixelWidth = 0.5
    options = "distances=[Borgefors (3,4)] output=[32 bits] normalize dynamic=1 connectivity=4"
    assert run(ij, "Distance Transform Watershed", options) == "cells-dist-watershed"
    labels = pixels(ij)
    assert labels.dtype == np.float32
    assert_array_equal(labels, split_by_distance(MASK, (3, 4)))
    assert to_image(ij.active_image).calibration.x == 0.5
    told = run(ij, "Label Size Filtering", "operation=Greater_Than size=16")
    assert told == "cells-dist-watershed-sizeFilt"
    assert sorted(np.unique(pixels(ij))) == [0, 2, 3]
    assert run(ij, "Select Label(s)", "label(s)=3,7") == "cells-dist-watershed-sizeFilt-keepLabels"
    assert_array_equal(pixels(ij), np.where(labels == 3, 3, 0))
    ij.run_macro('selectImage("cells in a dish.tif");')
    run(ij, "Distance Transform Watershed", "output=[16 bits]")
    assert pixels(ij).dtype == np.uint16


@pytest.mark.parametrize(
    ("test", "kept"),
    [
        ("Greater_Than", [2, 3]),
        ("lower_than", [1]),
        ("Greater_Than_Or_Equal", [2, 3]),
        ("Lower_Than_Or_Equal", [1, 3]),
        ("Equal", [3]),
        ("Not_Equal", [1, 2]),
    ],
)
def test_labels_are_filtered_by_their_size(ij: ImageJ, test: str, kept: list[int]) -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[0, :3], labels[2:4], labels[6] = 1, 2, 3
    ij.show(labels, title="labels")
    size = 4 if test == "Greater_Than" else 9
    run(ij, "Label Size Filtering", f"operation={test} size={size}")
    assert [label for label in np.unique(pixels(ij)) if label] == kept


def test_filters_work_on_each_plane_and_leave_their_image(ij: ImageJ) -> None:
    ij.show(GREY, axes="ZYX", title="stack.tif")
    told = run(ij, "Morphological Filters", "operation=Opening element=Disk radius=3")
    assert told == "stack-Opening"
    assert_array_equal(pixels(ij), [FILTERS["Opening"](plane, disk(3)) for plane in GREY])
    assert ij.run_macro('selectImage("stack.tif"); return "" + nImages;') == "2"
    assert_array_equal(pixels(ij), GREY)
    told = run(ij, "Morphological Filters", "operation=[White Top Hat] element=[Horizontal Line]")
    assert told == "stack-White Top Hat"
    assert_array_equal(
        pixels(ij), [FILTERS["White Top Hat"](plane, np.ones((1, 5), bool)) for plane in GREY]
    )


def test_options_may_name_variables_of_the_macro(ij: ImageJ) -> None:
    ij.show(GREY[0], title="grey")
    command = 'run("Morphological Filters", "operation=Erosion element=&shape radius=&r show");'
    ij.run_macro(f'r = 1.0; shape = "Disk"; {command}')
    assert_array_equal(pixels(ij), FILTERS["Erosion"](GREY[0], disk(1)))


def test_holes_are_filled_and_labels_coloured(ij: ImageJ) -> None:
    ring = MASK.copy()
    ring[28:33, 28:33] = 0
    ij.show(ring, title="ring.tif")
    assert run(ij, "Fill Holes (Binary/Gray)", "") == "ring-fillHoles"
    assert_array_equal(pixels(ij), MASK)
    lut = 'getLut(r, g, b); return "" + r[0] + " " + g[0] + " " + b[0] + " " + r[1];'
    first = run(ij, "Set Label Map", "colormap=[Golden angle] background=White shuffle", lut)
    assert first is not None
    assert first.startswith("255 255 255 ")
    assert run(ij, "glasbey on dark", "", lut) == first.replace("255 255 255", "0 0 0")
    assert run(ij, "glasbey", "", lut) == first
    last = 'getLut(r, g, b); return "" + r[0] + " " + b[0] + " " + r[255] + " " + b[255];'
    assert run(ij, "royal", "", last) == "0 40 255 255"
    assert_array_equal(pixels(ij), MASK)


def test_a_manual_threshold_is_what_the_next_command_takes(ij: ImageJ) -> None:
    real = np.array([[-1.5, 0, 0.25], [0.5, 2, 9]], np.float32)
    ij.show(real, title="real")
    after = 'setOption("BlackBackground", true); run("Convert to Mask");'
    run(ij, "Manual Threshold...", "min=0 max=0.5", after)
    assert_array_equal(pixels(ij), np.where((real >= 0) & (real <= 0.5), 255, 0))


@pytest.mark.parametrize("flags", ["binary calculate use", "binary", "calculate"])
def test_floods_begin_at_markers(ij: ImageJ, flags: str) -> None:
    markers = np.zeros_like(MASK)
    markers[30, 30], markers[28:32, 55], markers[45, 80] = 9, 200, 30
    land = np.abs(np.indices(MASK.shape)[1] - 44.0).astype(np.float32)
    ij.show(land, title="my land.tif")
    ij.show(markers, title="markers")
    ij.show(MASK, title="mask")
    options = f"input=[my land.tif] marker=markers mask=mask {flags}"
    assert run(ij, "Marker-controlled Watershed", options) == "my land-watershed.tif"
    expected = flood(
        sunk(land, markers),
        markers,
        mask=MASK,
        is_binary="binary" in flags,
        has_dams="calculate" in flags,
        diagonal="use" in flags,
    )
    found = pixels(ij)
    assert found.dtype == np.float32
    assert_array_equal(found, expected)
    assert found.max() == (2 if "binary" in flags else 200)  # the third lies outside of the mask
    run(ij, "Marker-controlled Watershed", "input=[my land.tif] marker=markers mask=None use")
    assert np.count_nonzero(pixels(ij)) == MASK.size


def nms(ij: ImageJ, arguments: str, after: str = "return getTitle();") -> str | None:
    options = f"command=[de.csbdresden.stardist.StarDist2DNMS], args=[{arguments}], process=[false]"
    return run(ij, "Command From Macro", options, after)


BOTH = (
    "'prob':'scores', 'dist':'distances', 'probThresh':'0.5', 'nmsThresh':'0.4', "
    "'outputType':'{output}', 'excludeBoundary':'2', 'roiPosition':'Stack', 'verbose':'false'"
)


@pytest.mark.parametrize("output", ["Both", "Label Image", "ROI Manager"])
def test_stardists_suppression_runs_as_published_macros_call_it(ij: ImageJ, output: str) -> None:
    ij.run_macro('newImage("a", "8-bit", 9, 9, 1); makeRectangle(1, 2, 3, 4); roiManager("add");')
    ij.show(PROB, title="scores")
    ij.show(RAYS, axes="CYX", title="distances")
    title = nms(ij, BOTH.format(output=output))
    expected = stardist.non_maximum_suppression(PROB, DIST, prob_thresh=0.5, nms_thresh=0.4)
    rois = read_rois(ij._host)
    if output == "Label Image":
        assert len(rois) == 1  # the user's
    else:
        assert len(rois) == len(expected.scores)  # in their place, as the plugin has it
        corners = rois[0].coordinates()
        np.testing.assert_allclose(corners, expected.polygons[0][::-1].T + 0.5, atol=1e-4)
    if output == "ROI Manager":
        assert title == "distances"
    else:
        assert title == "Label Image"
        assert pixels(ij).dtype == np.uint16
        assert_array_equal(pixels(ij), expected.labels)


def test_a_time_lapse_has_labels_that_go_on_and_rois_at_their_frame(ij: ImageJ) -> None:
    prob = np.stack([PROB, PROB[:, ::-1], np.zeros_like(PROB)])
    dist = np.stack([RAYS, RAYS, RAYS])
    ij.show(prob, axes="TYX", title="scores")
    ij.show(dist, axes="TCYX", title="distances")
    nms(ij, BOTH.format(output="Both"))
    labels = pixels(ij)
    first = stardist.non_maximum_suppression(PROB, DIST, prob_thresh=0.5, nms_thresh=0.4)
    assert_array_equal(labels[0], first.labels)
    second = labels[1][labels[1] > 0]
    assert second.min() == first.labels.max() + 1
    assert not labels[2].any()
    positions = [roi.position for roi in read_rois(ij._host)]
    assert positions == sorted(positions)
    assert positions.count(1) == len(first.scores)
    assert set(positions) == {1, 2}


def test_stars_are_found_in_the_output_of_a_network(ij: ImageJ) -> None:
    output = np.concatenate([PROB[None], RAYS])
    imp = ij.show(output, axes="CYX", title="nuclei.tif")
    imp.getCalibration().pixelWidth = imp.getCalibration().pixelHeight = 0.4
    imp.getCalibration().setUnit("um")
    told = run(ij, "DeepImageJ StarDist Objects", "grid=2 prob_thresh=0.5 nms_thresh=0.3")
    expected = stardist.non_maximum_suppression(
        PROB, DIST, grid=(2, 2), prob_thresh=0.5, nms_thresh=0.3
    )
    assert told == "nuclei_labels"
    assert_array_equal(pixels(ij), expected.labels)
    assert to_image(ij.active_image).calibration.x == 0.2
    assert [roi.name for roi in read_rois(ij._host)] == [
        str(n + 1) for n in range(len(expected.scores))
    ]
    ij.show(PROB, title="p")
    ij.show(RAYS, axes="ZYX", title="d")
    run(ij, "DeepImageJ StarDist Objects", "image=p dist=d grid=2 nms_thresh=0.3")
    assert_array_equal(pixels(ij), expected.labels)
    assert len(read_rois(ij._host)) == 2 * len(expected.scores)


def test_splines_are_found_in_the_output_of_a_network(ij: ImageJ) -> None:
    with np.load(GOLDEN / "splinedist.npz") as stored:
        prob = (stored["prob"] / stored["prob"].size).astype(np.float32)
        rho = stored["rays"][..., ::2] / np.float32(16) + 1
    angle = np.broadcast_to(np.linspace(0, 6, 8), rho.shape)
    dist = np.stack([rho, angle], -1).reshape(*prob.shape, 16).astype(np.float32)
    ij.show(np.concatenate([prob[None], np.moveaxis(dist, -1, 0)]), axes="CYX", title="out")
    told = run(
        ij,
        "DeepImageJ SplineDist Objects",
        "prob_thresh=0.9 samples=60",
        'return getTitle() + " " + roiManager("count");',
    )
    expected = splinedist.non_maximum_suppression(prob, dist, prob_thresh=0.9, samples=60)
    assert told == f"out_labels {len(expected.scores)}"
    assert_array_equal(pixels(ij), expected.labels)


def test_cells_are_found_in_flows(ij: ImageJ) -> None:
    truth = split_by_distance(MASK, (3, 4))
    maps = (flows.FLOW_SCALE * flows.flows_of(truth)).astype(np.float32)
    prob = np.where(MASK > 0, np.float32(4), np.float32(-4))
    ij.show(np.concatenate([maps, prob[None]]), axes="CYX", title="out")
    assert run(ij, "DeepImageJ Cellpose Objects", "flow_thresh=0.4") == "out_labels"
    assert_array_equal(pixels(ij), flows.masks(maps, prob))
    assert len(read_rois(ij._host)) == pixels(ij).max()


def test_cells_are_found_from_their_cores(ij: ImageJ) -> None:
    y, x = np.indices(MASK.shape)
    away = np.minimum(np.hypot(y - 30, x - 30), np.hypot(y - 30, x - 55))
    maps = np.stack([1 / (1 + np.exp(away - size)) for size in (14, 5)]).astype(np.float32)
    ij.show(maps, axes="CYX", title="out")
    options = "markers=2 cells=1 marker_thresh=0.5 cell_thresh=0.5 radius=1 dams=false"
    assert run(ij, "DeepImageJ DeepWater Objects", options) == "out_labels"
    expected = deepwater.segment(
        maps[1], maps[0], marker_thresh=0.5, cell_thresh=0.5, radius=1, has_dams=False
    )
    assert expected.max() == 2
    assert_array_equal(pixels(ij), expected)


@pytest.mark.parametrize("method", ["StarDist", "SplineDist"])
def test_without_objects_the_labels_are_empty(ij: ImageJ, method: str) -> None:
    ij.show(np.zeros((9, 20, 30), np.float32), axes="CYX", title="empty")
    after = 'return getTitle() + getValue("Max") + " " + roiManager("count");'
    assert run(ij, f"DeepImageJ {method} Objects", "", after) == "empty_labels0 0"


ERRORS: list[tuple[str, str, type[DeepImageJError], str, str]] = [
    (
        "Morphological Filters",
        "operation=Open",
        OptionError,
        "operation=Open: there is no such choice.",
        f"Choose {', '.join(FILTERS)}.",
    ),
    (
        "Morphological Filters",
        "radius=wide",
        OptionError,
        "radius=wide: this is not a number.",
        "Whole px from the middle of the element, as in radius=3.",
    ),
    (
        "Morphological Filters",
        "radius=-1",
        OptionError,
        "radius=-1: the number is out of range.",
        "Whole px from the middle of the element, as in radius=3.",
    ),
    (
        "Morphological Filters",
        "sizes=3",
        OptionError,
        "Unknown option: sizes.",
        "The options are operation, element, radius, show, preview.",
    ),
    (
        "Morphological Filters",
        "element=[Disk",
        OptionError,
        'The options cannot be read from "element=[Disk" on.',
        "Write key=value, and put values with spaces in [brackets].",
    ),
    (
        "Marker-controlled Watershed",
        "input=grey binary",
        OptionError,
        "The option marker is missing.",
        "Title of the image with the markers, as in marker=markers.",
    ),
    (
        "Marker-controlled Watershed",
        "input=grey marker=small binary",
        ImageError,
        '"grey" (40 x 30 x 2 px) and "small" (5 x 4 px) are not of one size.',
        "Crop or scale one of them, or choose another image.",
    ),
    (
        "Distance Transform Watershed",
        "",
        ImageError,
        '"grey" is no mask: Distance Transform Watershed takes a single plane of 8 bit whose '
        "values are 0 and 255.",
        'Make one with run("Convert to Mask").',
    ),
    (
        "Select Label(s)",
        "label(s)=first",
        OptionError,
        "label(s)=first: these are no whole numbers.",
        "Labels between commas, as in label(s)=1,2.",
    ),
    (
        "Command From Macro",
        "command=[de.csbdresden.stardist.StarDist2D], args=['input':'grey'], process=[false]",
        OptionError,
        "Command From Macro runs de.csbdresden.stardist.StarDist2DNMS here, and not "
        '"de.csbdresden.stardist.StarDist2D".',
        "Run the macro in a Fiji that has the plugin with this command.",
    ),
    (
        "Command From Macro",
        "command=[de.csbdresden.stardist.StarDist2DNMS], args=['prob':'small', 'dist':'grey'], "
        "process=[false]",
        ImageError,
        "Probabilities of shape (4, 5) and distances of shape (2, 30, 40) do not fit each other.",
        "Give a plane, or one for each time point, and 3 or more rays for each plane.",
    ),
    (
        "Set Label Map",
        "background=Purple",
        OptionError,
        "background=Purple: there is no such choice.",
        "Choose White, Black, Red, Green, Blue, Cyan, Magenta, Yellow, Gray, Dark Gray, "
        "Light Gray.",
    ),
    (
        "DeepImageJ Cellpose Objects",
        "",
        ImageError,
        '"grey" has 2 channels, and this takes 3.',
        "They are the flows along y and along x and the cell probability.",
    ),
    (
        "DeepImageJ DeepWater Objects",
        "cells=4",
        ImageError,
        '"grey" has 2 channels, and none is number 4.',
        "Name the channels of cores and cells, as in markers=2 cells=4.",
    ),
    (
        "DeepImageJ StarDist Objects",
        "image=hyper",
        ImageError,
        '"hyper" has several planes of several channels, and this takes one.',
        'Take one out first, as with run("Make Substack...", "slices=1").',
    ),
]


@pytest.mark.parametrize(("command", "options", "kind", "message", "hint"), ERRORS)
def test_what_a_command_cannot_do_is_told(
    ij: ImageJ, command: str, options: str, kind: type[DeepImageJError], message: str, hint: str
) -> None:
    ij.show(np.zeros((4, 5), np.uint8), title="small")
    ij.show(np.zeros((2, 3, 4, 5), np.float32), axes="ZCYX", title="hyper")
    ij.show(GREY, axes="CYX", title="grey")
    with pytest.raises(kind) as caught:
        run(ij, command, options)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_without_an_image_there_is_nothing_to_filter(ij: ImageJ) -> None:
    with pytest.raises(ImageError) as caught:
        run(ij, "Fill Holes (Binary/Gray)", "")
    assert caught.value.message == "No image is open."
    assert caught.value.hint == "Open an image first."


def test_an_rgb_image_has_no_lookup_table(ij: ImageJ) -> None:
    ij.run_macro('newImage("colours", "RGB", 9, 9, 1);')
    with pytest.raises(ImageError) as caught:
        run(ij, "glasbey", "")
    assert caught.value.message == '"colours" is RGB, and a lookup table is for values.'
    assert caught.value.hint == "Choose an image of 8, 16 or 32 bit."
