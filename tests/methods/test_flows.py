"""Masks of flows: they are cellpose's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.errors import ImageError
from deepimagej.methods.flows import FLOW_SCALE, flow_errors, flows_of, masks
from deepimagej.methods.holes import fill_holes
from deepimagej.metrics.labels import match_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

GOLDEN = Path(__file__).parent / "golden" / "flows.npz"
with np.load(GOLDEN) as archive:
    STORED: Mapping[str, NDArray[Any]] = dict(archive)
CASES = [key.split()[1:] for key in STORED if key.startswith("masks")]


@pytest.mark.parametrize(("noise", "probable", "error"), CASES)
def test_the_masks_are_those_of_cellpose(noise: str, probable: str, error: str) -> None:
    found = masks(
        (STORED[f"flows {noise}"] / np.float32(16)).astype(np.float32),
        (STORED[f"prob {noise}"] / np.float32(8)).astype(np.float32),
        cellprob_threshold=float(probable),
        flow_threshold=float(error),
    )
    assert_array_equal(found, STORED[f"masks {noise} {probable} {error}"])


def test_the_flows_of_masks_are_those_of_cellpose() -> None:
    assert_allclose(flows_of(STORED["truth"]), STORED["field"], atol=1e-6)


def test_true_flows_give_the_cells_back() -> None:
    truth = STORED["truth"]
    found = masks(FLOW_SCALE * flows_of(truth), np.where(truth > 0, 1, -1))
    assert match_labels(found, truth, iou=0.8).f1 > 0.98


def test_cells_have_no_error_with_their_own_flows() -> None:
    truth = STORED["truth"].astype(np.int32)
    assert_allclose(flow_errors(truth, FLOW_SCALE * flows_of(truth)), 0, atol=1e-12)
    assert flow_errors(truth, -FLOW_SCALE * flows_of(truth))[1:].min() > 1


def test_an_image_without_cells_has_no_mask() -> None:
    assert not masks(np.zeros((2, 7, 9)), np.full((7, 9), -1.0)).any()
    assert not masks(np.zeros((2, 30, 30)), np.ones((30, 30))).any()  # none gathers anywhere


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2)])
def test_a_tiny_image_gives_labels_of_its_size(shape: tuple[int, int]) -> None:
    assert masks(np.ones((2, *shape)), np.ones(shape)).shape == shape


def test_a_cell_that_is_too_small_or_too_large_is_dropped() -> None:
    y, x = np.mgrid[:40, :40]
    cell = (np.hypot(y - 20, x - 20) < 8).astype(np.int32)
    flows, prob = FLOW_SCALE * flows_of(cell), np.where(cell, 1, -1)
    assert masks(flows, prob).max() == 1
    assert masks(flows, prob, min_size=1000).max() == 0
    assert masks(flows, prob, max_size_fraction=0.1).max() == 0


def test_holes_are_filled_and_what_lies_in_them_goes() -> None:
    labels = np.zeros((12, 12), np.int32)
    labels[1:8, 1:8] = 1
    labels[2:7, 2:7] = 0
    labels[4, 4] = 2
    labels[9:12, 9:12] = 3
    labels[10, 10:12] = 0  # open to the border: no hole
    expected = labels.copy()
    expected[1:8, 1:8] = 1
    fill_holes(labels)
    assert_array_equal(labels, expected)


@pytest.mark.parametrize(("flows", "prob"), [((2, 5, 6), (6, 5)), ((3, 5, 6), (5, 6))])
def test_flows_that_do_not_fit_are_refused(flows: tuple[int, ...], prob: tuple[int, ...]) -> None:
    with pytest.raises(ImageError) as caught:
        masks(np.zeros(flows), np.zeros(prob))
    assert caught.value.message == (
        f"Flows of shape {flows} and cell probabilities of shape {prob} do not fit each other."
    )
    assert caught.value.hint == "Give flows as (2, Y, X) and cell probabilities as (Y, X)."
