"""The option lines of 3.1's StarDist and Cellpose commands."""

from __future__ import annotations

import pytest

from deepimagej.errors import OptionError
from deepimagej.method_options import (
    CELLPOSE_OPTIONS,
    STARDIST_OPTIONS,
    CellposeOptions,
    StarDistOptions,
    format_cellpose_line,
    format_stardist_line,
    parse_cellpose_options,
    parse_stardist_options,
)
from deepimagej.request import Device, RunRequest

FLUO = "StarDist Fluorescence Nuclei Segmentation"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (
            f"model=[{FLUO}] prob_thresh=[0.479] min_percentile=[1.0] max_percentile=[99.8]",
            StarDistOptions(RunRequest(FLUO), 0.479, None, 1.0, 99.8),
        ),
        (
            "model=[StarDist H&E Nuclei Segmentation] prob_thresh=0.5 min_percentile=1 "
            "max_percentile=99.8",
            StarDistOptions(RunRequest("StarDist H&E Nuclei Segmentation"), 0.5, None, 1.0, 99.8),
        ),
        (f"model=[{FLUO}]", StarDistOptions(RunRequest(FLUO), None, None, 1.0, 99.8)),
    ],
)
def test_a_published_stardist_line_is_read(text: str, options: StarDistOptions) -> None:
    assert parse_stardist_options(text) == options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (
            "model=cyto3 cyto_color=gray nuclei_color=gray diameter=30 display_all=false",
            CellposeOptions(RunRequest("cyto3"), "gray", "gray", 30.0, display_all=False),
        ),
        (
            "model=[C:/models/my weights] cyto_color=Red nuclei_color=blue display_all=true",
            CellposeOptions(
                RunRequest("C:/models/my weights"), "red", "blue", None, display_all=True
            ),
        ),
        (
            "model=nuclei cyto_color=gray nuclei_color=gray diameter=0",
            CellposeOptions(RunRequest("nuclei"), "gray", "gray"),
        ),
    ],
)
def test_a_published_cellpose_line_is_read(text: str, options: CellposeOptions) -> None:
    assert parse_cellpose_options(text) == options


STARDIST = {option.key: option.meaning for option in STARDIST_OPTIONS}
CELLPOSE = {option.key: option.meaning for option in CELLPOSE_OPTIONS}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("prob_thresh=0.5", "The option model is missing.", STARDIST["model"]),
        ("model=a probThresh=x", "probThresh=x: this is not a number.", STARDIST["prob_thresh"]),
        (
            "model=a prob_thresh=1.5",
            "prob_thresh=1.5: the number is out of range.",
            STARDIST["prob_thresh"],
        ),
        (
            "model=a prob_thresh=nan",
            "prob_thresh=nan: the number is out of range.",
            STARDIST["prob_thresh"],
        ),
        (
            "model=a min_percentile=0.5 max_percentile=0.5",
            "min_percentile=0.5 is not below max_percentile=0.5.",
            "Write min_percentile=1 max_percentile=99.8.",
        ),
        ("model=a nms=0.5", "Unknown option: nms.", "Did you mean nms_thresh?"),
        ("model=a q=0.5", "Unknown option: q.", f"The options are {', '.join(STARDIST)}."),
    ],
)
def test_a_wrong_stardist_line_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_stardist_options(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "model=a cyto_color=gray",
            "The option nuclei_color is missing.",
            CELLPOSE["nuclei_color"],
        ),
        (
            "model=a cyto_color=pink nuclei_color=red",
            "cyto_color=pink: there is no such channel colour.",
            CELLPOSE["cyto_color"],
        ),
        (
            "model=a cyto_color=gray nuclei_color=red",
            "cyto_color=gray and nuclei_color=red contradict each other.",
            "Use gray for both on a grayscale image, and for none on a colour image.",
        ),
        (
            "model=a cyto_color=red nuclei_color=red diameter=inf",
            "diameter=inf: the number is out of range.",
            CELLPOSE["diameter"],
        ),
        (
            "model=a cyto_color=red nuclei_color=red display_all=some",
            "display_all=some: this is neither true nor false.",
            CELLPOSE["display_all"],
        ),
        (
            "model=a cyto_colour=red nuclei_color=red",
            "Unknown option: cyto_colour.",
            "Did you mean cyto_color?",
        ),
    ],
)
def test_a_wrong_cellpose_line_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_cellpose_options(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_the_recorded_stardist_line_is_read_as_the_same_options() -> None:
    request = RunRequest(FLUO, device=Device("cpu"), images=(("", "my cells.tif"),))
    options = StarDistOptions(request, 0.1, 0.3, 2.0, 99.5)
    line = format_stardist_line(options)
    assert line.startswith(
        f'run("DeepImageJ StarDist", "model=[{FLUO}] prob_thresh=0.1 nms_thresh=0.3 '
        "min_percentile=2.0 max_percentile=99.5 format=auto tile=auto"
    )
    assert parse_stardist_options(line.split('"')[3]) == options


def test_the_recorded_cellpose_line_is_read_as_the_same_options() -> None:
    options = CellposeOptions(RunRequest("a b"), "green", "blue", 21.5, display_all=True)
    line = format_cellpose_line(options)
    assert line.startswith(
        'run("DeepImageJ Cellpose", "model=[a b] cyto_color=green nuclei_color=blue '
        "diameter=21.5 display_all=true format=auto tile=auto"
    )
    assert parse_cellpose_options(line.split('"')[3]) == options
