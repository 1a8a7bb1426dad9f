"""Contours of splines: points and labels are those of the references."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import BSpline

from deepimagej.errors import ImageError
from deepimagej.methods.splinedist import control_points, non_maximum_suppression, sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

with np.load(Path(__file__).parent / "golden" / "splinedist.npz") as archive:
    STORED: Mapping[str, NDArray[Any]] = dict(archive)
CASES = [key.split()[1:] for key in STORED if key.startswith("labels")]


def inputs(n_controls: int, grid: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities and control points as scripts/golden_methods.py gave them to splinedist."""
    prob = (STORED["prob"] / np.float32(STORED["prob"].size)).astype(np.float32)
    rho = STORED["rays"][..., :: 16 // n_controls] / np.float32(16) * grid + 1
    turns = 1.7 - np.linspace(0, 2 * np.pi, n_controls, endpoint=False)
    angle = np.broadcast_to(turns, rho.shape)
    dist = np.stack([rho, angle], -1).reshape(*prob.shape, 2 * n_controls)
    return prob, dist.astype(np.float32)


@pytest.mark.parametrize(("n_controls", "grid", "samples", "high", "overlap"), CASES)
def test_the_labels_are_those_of_splinedist(
    n_controls: str, grid: str, samples: str, high: str, overlap: str
) -> None:
    prob, dist = inputs(int(n_controls), int(grid))
    found = non_maximum_suppression(
        prob,
        dist,
        grid=(int(grid), int(grid)),
        prob_thresh=float(high),
        nms_thresh=float(overlap),
        samples=int(samples),
    )
    stored = STORED[f"labels {n_controls} {grid} {samples} {high} {overlap}"]
    assert stored.max() > 8
    # splinedist counts from the least probable object on.
    turned = np.where(found.labels > 0, len(found.scores) + 1 - found.labels, 0)
    # splinedist's contours are in single precision: in three of 36 cases one of 77,000 corners is
    # rounded to the px beside.
    assert np.count_nonzero(turned != stored) <= 1


@pytest.mark.parametrize("n_controls", [4, 5, 6, 16, 31])
def test_contours_are_periodic_cubic_splines(n_controls: int) -> None:
    controls = np.random.default_rng(n_controls).uniform(0, 2000, (3, 2, n_controls))
    times = np.linspace(0, n_controls, 400, endpoint=False)
    around = np.concatenate([controls[..., -1:], controls, controls[..., :2]], -1)
    knots = np.arange(-3, n_controls + 4)  # of weights that reach 2 to both sides
    expected = np.moveaxis(BSpline(knots, np.moveaxis(around, -1, 0), 3)(times), 0, -1)
    assert_allclose(sample(controls), expected, rtol=0, atol=2e-4)  # single precision at 2000 px
    assert_allclose(sample(controls / 50), expected / 50, rtol=0, atol=1e-5)


def test_angle_0_runs_along_y_and_the_next_turns_to_x() -> None:
    dist = np.array([[1, 0, 2, np.pi / 2, 3, np.pi, 4, 3 * np.pi / 2]])
    [[y, x]] = control_points(dist, np.array([[10, 20]]))
    assert_allclose(y, [11, 10, 7, 10], atol=1e-12)
    assert_allclose(x, [20, 22, 20, 16], atol=1e-12)


def test_empty_maps_give_no_object() -> None:
    found = non_maximum_suppression(np.zeros((7, 9)), np.ones((7, 9, 16)), grid=(2, 2))
    assert found.labels.shape == (14, 18)
    assert not found.labels.any()
    assert found.polygons.shape == (0, 2, 400)


def test_an_object_on_the_border_is_cut() -> None:
    prob, dist = np.zeros((30, 30)), np.zeros((30, 30, 16))
    prob[3, 15] = 1
    dist[..., 0::2] = 8
    dist[..., 1::2] = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    found = non_maximum_suppression(prob, dist)
    assert found.polygons.min() < 0
    assert 80 < np.count_nonzero(found.labels) < 201


@pytest.mark.parametrize(("step", "count"), [(2, 1), (40, 2)])
def test_contours_that_cross_themselves_are_compared(step: int, count: int) -> None:
    prob, dist = np.zeros((40, 80)), np.zeros((40, 80, 12))
    prob[18, 20], prob[18, 20 + step] = 0.9, 0.8
    dist[..., 0::2] = 12
    dist[..., 1::2] = np.array([0, 3, 1, 4, 2, 5]) * np.pi / 3
    assert len(non_maximum_suppression(prob, dist, nms_thresh=0.2).scores) == count


@pytest.mark.parametrize(
    ("prob", "dist"), [((5, 6), (5, 6, 6)), ((5, 6), (5, 6, 9)), ((5, 6), (6, 5, 8))]
)
def test_maps_that_do_not_fit_are_refused(prob: tuple[int, ...], dist: tuple[int, ...]) -> None:
    with pytest.raises(ImageError) as caught:
        non_maximum_suppression(np.zeros(prob), np.zeros(dist))
    assert caught.value.message == (
        f"Probabilities of shape {prob} and control points of shape {dist} do not fit each other."
    )
    assert caught.value.hint == (
        "Give probabilities as (Y, X) and control points as (Y, X, 2·M): distance and angle of 4 "
        "or more."
    )
