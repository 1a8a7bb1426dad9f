"""The example macros of the methods, run as a user runs them on the samples of their bundles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import deepimagej
from deepimagej import examples
from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import read_rois, replace_rois
from deepimagej.metrics import match_labels
from deepimagej.plugin import dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host

MACROS = Path(__file__).parents[2] / "macros" / "examples"
TRUTH = tifffile.imread(examples.path("images/nuclei_truth.tif"))[128:384, 128:384]


@pytest.fixture(scope="module", autouse=True)
def library(user_folders: Path) -> Iterator[None]:
    """A library with all example models, as after ``deepimagej install example:all``."""
    names = [deepimagej.install(f"example:{name}").name for name in examples.bundles()]
    yield
    for name in names:
        deepimagej.remove(name)


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    replace_rois(imagej, [])
    imagej.java_class("ij.measure.ResultsTable").getResultsTable().reset()


def test_there_is_one_macro_for_each_method_and_a_page_for_each() -> None:
    methods = [name for name in examples.bundles() if name != "nuclei"]
    assert sorted(macro.stem for macro in MACROS.glob("*.ijm")) == methods
    pages = Path(__file__).parents[2] / "docs" / "methods"
    for name in methods:
        page = (pages / f"{name}.md").read_text(encoding="utf-8")
        assert f"(img/{name}.png)" in page
        assert (pages / "img" / f"{name}.png").is_file()


@pytest.mark.parametrize(
    ("name", "least"),
    [("stardist", 0.85), ("splinedist", 0.85), ("cellpose", 0.85), ("unet", 0.85)],
)
def test_nuclei_are_found_outlined_and_measured(ij: ImageJ, name: str, least: float) -> None:
    run(ij, name)
    assert ij.run_macro("return getTitle();") == "sample_labels"
    labels = np.asarray(ij.to_numpy(ij.active_image)).astype(np.int32)
    assert labels.shape == TRUTH.shape
    assert match_labels(TRUTH, labels).f1 >= least
    count = len(read_rois(ij._host))
    assert count == len(np.unique(labels)) - 1
    assert ij.run_macro("return '' + nResults;") == str(count)


@pytest.mark.parametrize("name", ["stardist", "splinedist"])
def test_labels_of_an_odd_image_have_its_size(ij: ImageJ, tmp_path: Path, name: str) -> None:
    """The networks see every second px, and the last of those may lie beyond the image."""
    odd = tifffile.imread(examples.path(name) / "sample.tif")[:251, :249]
    tifffile.imwrite(tmp_path / "odd.tif", odd)
    run(ij, name, tmp_path / "odd.tif")
    labels = np.asarray(ij.to_numpy(ij.active_image)).astype(np.int32)
    assert labels.shape == odd.shape
    assert match_labels(TRUTH[:251, :249], labels).f1 >= 0.75


def test_nuclei_of_a_stack_are_found_in_three_dimensions(ij: ImageJ) -> None:
    run(ij, "unet3d")
    image = tifffile.imread(examples.path("unet3d") / "sample.tif")
    labels = np.asarray(ij.to_numpy(ij.active_image)).astype(np.int32)
    assert labels.shape == image.shape
    assert image[labels > 0].mean() > 1.2 * image[labels == 0].mean()
    assert len(np.unique(labels)) - 1 in range(45, 65)


def test_cells_in_phase_contrast_are_found(ij: ImageJ) -> None:
    run(ij, "deepwater")
    labels = np.asarray(ij.to_numpy(ij.active_image)).astype(np.int32)
    truth = tifffile.imread(examples.path("deepwater") / "sample_truth.tif")
    assert match_labels(truth, labels).f1 >= 0.7
    assert len(read_rois(ij._host)) == len(np.unique(labels)) - 1


def run(ij: ImageJ, name: str, image: Path | None = None) -> None:
    image = image or examples.path(name) / "sample.tif"
    ij.run_macro((MACROS / f"{name}.ijm").read_text(encoding="utf-8"), str(image))
