"""Agreement of two label images, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import ImageError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Edge = tuple[int, int]
"""A true object and a predicted one, by their places among the sorted labels."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Objects found, missed and made up; all figures lie between 0 and 1 but the counts."""

    f1: float
    """``2·TP / (2·TP + FP + FN)``; 0 where nothing matches, empty images included."""
    precision: float
    """Share of the predicted objects that are true."""
    recall: float
    """Share of the true objects that are found."""
    true_positives: int
    false_positives: int
    false_negatives: int
    mean_matched_iou: float
    """Mean intersection over union of the matched pairs."""


def match_labels(truth: NDArray[Any], predicted: NDArray[Any], iou: float = 0.5) -> Matching:
    """How the objects of `predicted` match those of `truth`, one to one.

    Parameters
    ----------
    truth, predicted
        Label images of the same shape and any number of axes, 0 is background. Labels need not
        be consecutive; an object is all pixels of its label.
    iou
        Least intersection over union of a pair, above 0 and up to 1.

    Raises
    ------
    ImageError
        If the shapes differ, or a pixel is no label.
    OptionError
        If `iou` is out of range.

    Notes
    -----
    The pairs are as many as possible and, among those, have the greatest sum of IoU. The counts
    are those of ``stardist.matching`` (DSB 2018 evaluation). Its mean IoU may be lower below a
    threshold of 0.5, because there pairs that do not match weigh in the choice too.
    """
    if not 0 < iou <= 1:
        raise OptionError(
            f"The least IoU of a match is {iou:g}.", hint="Use a number above 0 and up to 1."
        )
    if truth.shape != predicted.shape:
        raise ImageError(
            f"The label images have the shapes {truth.shape} and {predicted.shape}.",
            hint="Compare images of the same size.",
        )
    n_truth, n_predicted, overlaps = _overlaps(_labels(truth), _labels(predicted))
    pairs = _best_pairs({edge: value for edge, value in overlaps.items() if value >= iou})
    found = len(pairs)
    return Matching(
        f1=_share(2 * found, n_truth + n_predicted),
        precision=_share(found, n_predicted),
        recall=_share(found, n_truth),
        true_positives=found,
        false_positives=n_predicted - found,
        false_negatives=n_truth - found,
        mean_matched_iou=_share(sum(overlaps[pair] for pair in pairs), found),
    )


def _labels(image: NDArray[Any]) -> NDArray[Any]:
    """The image flat, after a check that all its values are labels."""
    flat = np.ravel(image)
    if flat.dtype.kind == "b":
        return flat.astype(np.uint8)
    if flat.dtype.kind == "f" and not np.array_equal(flat, np.trunc(flat)):
        raise ImageError(
            "A label image has values that are no integers.",
            hint="Label the objects 1, 2, 3, ... on a background of 0.",
        )
    if flat.size and flat.min() < 0:
        raise ImageError(
            f"A label image has the value {flat.min():g}.",
            hint="Label the objects 1, 2, 3, ... on a background of 0.",
        )
    return flat


def _overlaps(truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[int, int, dict[Edge, float]]:
    """Numbers of objects, and the IoU of all pairs that touch."""
    true_labels, true_places, true_sizes = np.unique(truth, return_inverse=True, return_counts=True)
    labels, places, sizes = np.unique(predicted, return_inverse=True, return_counts=True)
    both = (truth > 0) & (predicted > 0)
    keys = true_places[both].astype(np.int64) * len(labels) + places[both]
    touching, shared = np.unique(keys, return_counts=True)
    first, second = np.divmod(touching, max(1, len(labels)))
    values = shared / (true_sizes[first] + sizes[second] - shared)
    edges = zip(first.tolist(), second.tolist(), values.tolist(), strict=True)
    overlaps = {(one, other): value for one, other, value in edges}
    return _count(true_labels), _count(labels), overlaps


def _count(labels: NDArray[Any]) -> int:
    """Number of labels without the background."""
    return int(np.count_nonzero(labels))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _best_pairs(overlaps: dict[Edge, float]) -> list[Edge]:
    """As many one-to-one pairs as possible, of the greatest sum of IoU.

    Nearly all objects touch one other only: above an IoU of 0.5 geometry leaves no choice.
    """
    true_degree: dict[int, int] = {}
    degree: dict[int, int] = {}
    for one, other in overlaps:
        true_degree[one] = true_degree.get(one, 0) + 1
        degree[other] = degree.get(other, 0) + 1
    alone = [edge for edge in overlaps if true_degree[edge[0]] == degree[edge[1]] == 1]
    rest = {edge: value for edge, value in overlaps.items() if edge not in set(alone)}
    return alone + _augment(rest)


def _augment(overlaps: dict[Edge, float]) -> list[Edge]:
    """The same by the best augmenting path, again and again, which keeps each step optimal."""
    partner: dict[int, int] = {}
    while True:
        end, came_from = _best_path(overlaps, partner)
        if end is None:
            return [(one, other) for other, one in partner.items()]
        other: int | None = end
        while other is not None:
            one = came_from[other]
            following = next((o for o, matched in partner.items() if matched == one), None)
            partner[other] = one
            if following is not None:
                del partner[following]
            other = following


def _best_path(
    overlaps: dict[Edge, float], partner: dict[int, int]
) -> tuple[int | None, dict[int, int]]:
    """The free predicted object where the best augmenting path ends, and the way to it.

    Bellman-Ford: taking a pair gains its IoU, giving one up loses it.
    """
    matched = set(partner.values())
    gain = {one: 0.0 for one, _ in overlaps if one not in matched}
    reached: dict[int, float] = {}
    came_from: dict[int, int] = {}
    is_better = True
    while is_better:
        is_better = False
        for (one, other), value in overlaps.items():
            if one not in gain or partner.get(other) == one:
                continue
            total = gain[one] + value
            if total <= reached.get(other, -np.inf) + 1e-12:
                continue
            reached[other], came_from[other], is_better = total, one, True
            if other in partner:
                gain[partner[other]] = total - overlaps[partner[other], other]
    free = [other for other in reached if other not in partner]
    return max(free, key=lambda other: reached[other], default=None), came_from
