"""Star-convex objects: the labels are stardist's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.errors import ImageError
from deepimagej.methods.overlaps import common_area, least_common_areas, star_shapes
from deepimagej.methods.stardist import non_maximum_suppression, polygons_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

GOLDEN = Path(__file__).parent / "golden" / "stardist.npz"
with np.load(GOLDEN) as archive:
    STORED: Mapping[str, NDArray[Any]] = dict(archive)
CASES = [key.split()[1:] for key in STORED if key.startswith("labels")]


def inputs(rays: int, grid: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities and distances as scripts/golden_methods.py gave them to stardist."""
    dist = STORED["dist"][..., :: 32 // rays] / np.float32(16) * grid
    return (STORED["prob"] / np.float32(100)).astype(np.float32), dist.astype(np.float32)


@pytest.mark.parametrize(("rays", "grid", "high", "overlap"), CASES)
def test_the_labels_are_those_of_stardist(rays: str, grid: str, high: str, overlap: str) -> None:
    prob, dist = inputs(int(rays), int(grid))
    found = non_maximum_suppression(
        prob,
        dist,
        grid=(int(grid), int(grid)),
        prob_thresh=float(high),
        nms_thresh=float(overlap),
    )
    labels = found.labels[::16, ::16] if grid == "32" else found.labels
    assert_array_equal(labels, STORED[f"labels {rays} {grid} {high} {overlap}"])


@pytest.mark.shared_data
def test_a_real_prediction_gives_the_labels_that_stardist_stored(shared_data: Path) -> None:
    folder = shared_data / "models" / "stardist_dsb2018_small" / "reference"
    stored = np.load(folder / "stardist_img2d_reference.npz")
    found = non_maximum_suppression(
        stored["prob"], stored["dist"], grid=(2, 2), prob_thresh=0.5273833484, nms_thresh=0.3
    )
    assert_array_equal(found.labels, tifffile.imread(folder / "stardist_img2d_labels.tif"))
    assert_array_equal(found.points, stored["points"])
    assert_array_equal(found.scores, stored["object_prob"])
    assert_array_equal(found.polygons, stored["coord"])


def test_empty_maps_give_no_object() -> None:
    found = non_maximum_suppression(np.zeros((7, 9)), np.ones((7, 9, 8)), grid=(2, 2))
    assert found.labels.shape == (14, 18)
    assert not found.labels.any()
    assert found.polygons.shape == (0, 2, 8)


@pytest.mark.parametrize("size", [1, 3, 4, 5])
def test_an_image_smaller_than_the_border_has_no_object(size: int) -> None:
    found = non_maximum_suppression(np.ones((size, size)), np.ones((size, size, 8)))
    assert len(found.scores) == (1 if size == 5 else 0)


@pytest.mark.parametrize("rays", [3, 8, 32])
def test_bounds_do_not_exceed_the_common_area(rays: int) -> None:
    rng = np.random.default_rng(rays)
    size = rng.uniform(3, 30, (80, 1))
    dist = np.maximum(size * rng.normal(1, 0.2, (80, rays)), 0.001).astype(np.float32)
    shapes = star_shapes(dist, rng.integers(40, 60, (80, 2)).astype(np.float32))
    others = np.arange(1, 80)
    least = least_common_areas(shapes, 0, others)
    true = [common_area(shapes, 0, int(other)) for other in others]
    assert (least <= np.array(true) + 1).all()
    if rays > 3:
        assert np.count_nonzero(least) > 5


def test_a_saturated_map_gives_objects_that_do_not_cover_each_other() -> None:
    found = non_maximum_suppression(
        np.ones((40, 50), np.float32), np.full((40, 50, 16), 4, np.float32), nms_thresh=0
    )
    assert len(found.scores) > 10
    assert_array_equal(np.unique(found.labels), np.arange(len(found.scores) + 1))


def test_where_the_image_was_padded_objects_reach_its_end() -> None:
    # As stardist does it: it looks for candidates before it cuts the padding off.
    prob = np.zeros((30, 40))
    prob[28, 15] = prob[15, 38] = prob[29, 30] = 1
    dist = np.full((30, 40, 32), 4.0)
    counts = [
        len(non_maximum_suppression(prob, dist, padding=padding).scores)
        for padding in ((0, 0), (1, 0), (2, 0), (8, 8))
    ]
    assert counts == [0, 1, 2, 3]


def test_an_object_on_the_border_is_cut() -> None:
    prob = np.zeros((30, 30))
    prob[3, 15] = 1
    found = non_maximum_suppression(prob, np.full((30, 30, 32), 8.0))
    assert found.polygons.min() < 0
    assert 80 < np.count_nonzero(found.labels) < 201  # of 201 px in all


def test_the_first_ray_runs_along_x_and_the_next_turns_to_y() -> None:
    [[y, x]] = polygons_of(np.array([[1.0, 2, 3, 4]]), np.array([[10, 20]]))
    assert_allclose(y, [10, 12, 10, 6], atol=1e-6)
    assert_allclose(x, [21, 20, 17, 20], atol=1e-6)


@pytest.mark.parametrize(
    ("prob", "dist"), [((5, 6), (5, 6, 2)), ((5, 6), (6, 5, 8)), ((5, 6, 1), (5, 6, 8))]
)
def test_maps_that_do_not_fit_are_refused(prob: tuple[int, ...], dist: tuple[int, ...]) -> None:
    with pytest.raises(ImageError) as caught:
        non_maximum_suppression(np.zeros(prob), np.zeros(dist))
    assert caught.value.message == (
        f"Probabilities of shape {prob} and distances of shape {dist} do not fit each other."
    )
    assert caught.value.hint == (
        "Give probabilities as (Y, X) and distances as (Y, X, rays) with 3 or more rays."
    )
