"""Matching of label images against StarDist's own figures and against trying everything."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepimagej.errors import ImageError, OptionError
from deepimagej.metrics import Matching, match_labels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


def comb(mask: NDArray[Any]) -> NDArray[Any]:
    """Every other column with its label doubled: objects cut in two halves, often of one size."""
    cut = mask.astype(np.int64)
    cut[:, 1::2] *= 2
    return cut


def half(mask: NDArray[Any]) -> NDArray[Any]:
    rows = mask.copy()
    rows[::2] = 0
    return rows


CHANGES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "shifted": lambda mask: np.roll(mask, 3, 0),
    "shifted_far": lambda mask: np.roll(mask, (6, -5), (0, 1)),
    "merged": lambda mask: (mask.astype(np.int64) + 1) // 2,
    "comb": comb,
    "half": half,
}

# stardist.matching.matching(mask, change(mask), thresh=iou) of stardist 0.9: tp, fp, fn and
# mean_matched_score.
STARDIST = [
    ("stardist_mask2d", "shifted", 0.2, 124, 1, 1, 0.676952),
    ("stardist_mask2d", "shifted", 0.5, 116, 9, 9, 0.695947),
    ("stardist_mask2d", "shifted", 0.7, 63, 62, 62, 0.743591),
    ("stardist_mask2d", "shifted_far", 0.2, 111, 14, 14, 0.409550),
    ("stardist_mask2d", "merged", 0.2, 83, 0, 42, 0.821650),
    ("stardist_mask2d", "merged", 0.7, 52, 31, 73, 0.965162),
    ("stardist_mask2d", "comb", 0.2, 125, 87, 0, 0.492097),
    ("stardist_mask2d", "comb", 0.5, 79, 133, 46, 0.508572),
    ("stardist_mask2d", "half", 0.7, 0, 125, 125, 0.0),
    ("dsb2018_1f9e429c_mask", "shifted", 0.5, 20, 57, 57, 0.527960),
    ("dsb2018_1f9e429c_mask", "shifted_far", 0.2, 5, 72, 72, 0.273066),
    ("dsb2018_1f9e429c_mask", "comb", 0.2, 77, 39, 0, 0.468179),
    ("dsb2018_bde3727f_mask", "shifted", 0.5, 102, 4, 4, 0.754412),
    ("dsb2018_bde3727f_mask", "merged", 0.5, 53, 0, 53, 0.601259),
    ("dsb2018_bde3727f_mask", "comb", 0.5, 58, 101, 48, 0.503875),
    ("dsb2018_bde3727f_mask", "half", 0.5, 54, 52, 52, 0.503312),
]


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "change", "iou", "tp", "fp", "fn", "mean"), STARDIST)
def test_the_counts_are_those_of_stardist(
    name: str, change: str, iou: float, tp: int, fp: int, fn: int, mean: float, shared_data: Path
) -> None:
    import tifffile

    mask = tifffile.imread(shared_data / "images" / f"{name}.tif")
    found = match_labels(mask, CHANGES[change](mask), iou)
    assert (found.true_positives, found.false_positives, found.false_negatives) == (tp, fp, fn)
    assert found.mean_matched_iou == pytest.approx(mean, abs=1e-6)
    assert found.f1 == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert found.precision == pytest.approx(tp / (tp + fp))
    assert found.recall == pytest.approx(tp / (tp + fn))


def best_by_trying(truth: NDArray[Any], predicted: NDArray[Any], iou: float) -> tuple[int, float]:
    """Number of pairs and sum of IoU of the best of all one-to-one matchings."""
    n_truth, n_predicted = int(truth.max()), int(predicted.max())
    scores = np.zeros((n_truth, n_predicted))
    for i, j in itertools.product(range(n_truth), range(n_predicted)):
        one, other = truth == i + 1, predicted == j + 1
        scores[i, j] = (one & other).sum() / max(1, (one | other).sum())
    if n_truth > n_predicted:
        scores = scores.T
    rows = range(scores.shape[0])
    best = (0, 0.0)
    for columns in itertools.permutations(range(scores.shape[1]), scores.shape[0]):
        matched = [
            v for v in (scores[i, j] for i, j in zip(rows, columns, strict=True)) if v >= iou
        ]
        best = max(best, (len(matched), sum(matched)))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_no_other_matching_is_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth, predicted = random.integers(0, 5, (2, 5, 4))
    iou = random.choice([0.05, 0.1, 0.2, 0.34, 0.5])
    truth[0, :4] = [1, 2, 3, 4]  # all labels occur: the loop above counts on it
    predicted[4, :4] = [1, 2, 3, 4]
    found = match_labels(truth, predicted, iou)
    number, total = best_by_trying(truth, predicted, iou)
    assert found.true_positives == number
    assert found.mean_matched_iou == pytest.approx(total / number if number else 0.0)


def test_labels_need_not_be_consecutive_and_any_type_or_number_of_axes_will_do() -> None:
    truth = np.zeros((3, 4, 5), np.uint16)
    truth[0, :2], truth[2, 1:] = 7, 4000
    predicted = np.zeros((3, 4, 5), np.float32)
    predicted[0, :2], predicted[2, 2:] = 2, 9
    assert match_labels(truth, predicted) == Matching(
        f1=1.0,
        precision=1.0,
        recall=1.0,
        true_positives=2,
        false_positives=0,
        false_negatives=0,
        mean_matched_iou=pytest.approx((1 + 2 / 3) / 2),  # type: ignore[arg-type]  # compares as a float
    )


def test_an_image_without_background_or_a_boolean_one_is_an_object() -> None:
    everything = np.ones((4, 5), bool)
    assert match_labels(everything, everything.astype(np.uint8) * 255).f1 == 1


def test_nothing_matches_where_there_is_nothing() -> None:
    empty, one = np.zeros((4, 5), np.uint8), np.ones((4, 5), np.uint8)
    nothing = Matching(0.0, 0.0, 0.0, 0, 0, 0, 0.0)
    assert match_labels(empty, empty) == nothing
    assert match_labels(one, empty) == Matching(0.0, 0.0, 0.0, 0, 0, 1, 0.0)
    assert match_labels(empty, one) == Matching(0.0, 0.0, 0.0, 0, 1, 0, 0.0)


def test_a_threshold_out_of_range_is_refused() -> None:
    image = np.zeros((4, 5), np.uint8)
    for iou, text in ((0.0, "0"), (1.5, "1.5")):
        with pytest.raises(OptionError) as caught:
            match_labels(image, image, iou)
        assert caught.value.message == f"The least IoU of a match is {text}."
        assert caught.value.hint == "Use a number above 0 and up to 1."


def test_images_of_two_sizes_are_refused() -> None:
    with pytest.raises(ImageError) as caught:
        match_labels(np.zeros((4, 5), int), np.zeros((5, 4), int))
    assert caught.value.message == "The label images have the shapes (4, 5) and (5, 4)."
    assert caught.value.hint == "Compare images of the same size."


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.0, 0.5]], "A label image has values that are no integers."),
        ([[0.0, float("nan")]], "A label image has values that are no integers."),
        ([[0, -3]], "A label image has the value -3."),
    ],
)
def test_values_that_are_no_labels_are_refused(values: Any, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        match_labels(np.zeros((1, 2), int), np.array(values))
    assert caught.value.message == message
    assert caught.value.hint == "Label the objects 1, 2, 3, ... on a background of 0."
