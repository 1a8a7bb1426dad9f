"""Train SplineDist: object probability and the 16 control points of a closed cubic spline.

    python scripts/train/splinedist.py DATA OUTPUT [--start-from STARDIST/checkpoint.pt]

Mandal and Uhlmann, "SplineDist: Automated Cell Segmentation with Spline Curves", ISBI 2021.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage
from skimage.measure import find_contours
from stardist import BATCH, CROP, DISTANCE_SCALE, GRID, probability
from stardist import agreement as agreement_of
from training import (
    Network,
    Recipe,
    Sample,
    Turn,
    arguments,
    crops,
    predict,
    read_samples,
    split,
    tensors,
    train,
    vary,
)

from deepimagej.methods.splinedist import non_maximum_suppression, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

CONTROLS = 16
SAMPLES = 128
DEPTH = 1.1
"""The contour runs this deep in the object, in px: the px that it crosses are painted as well.
Painted again, objects then have a median IoU of 0.988 with themselves (1.0: 0.960, 1.2: 0.977)."""
TURNS = tuple(Turn(y, x, t) for y in (False, True) for x in (False, True) for t in (False, True))
agreement = partial(agreement_of, suppress=non_maximum_suppression)
_FIT = np.linalg.pinv(sample(np.eye(CONTROLS)[:, np.newaxis], SAMPLES)[:, 0].astype(float).T)


class SplineDistNet(Network):
    """Logit of the probability; then y and x of each control point from the px, in turn."""

    def __init__(self) -> None:
        super().__init__(1 + 2 * CONTROLS, grid=GRID)


def main() -> None:
    options = arguments(__doc__, 12)
    samples, tuning = split(read_samples(options.data / "train"))
    targets = [Targets(sample) for sample in samples]
    print(f"{len(samples)} images to train, {len(tuning)} to choose thresholds", flush=True)
    rng = np.random.default_rng(options.seed)
    recipe = Recipe(batches(targets, rng), loss, partial(score, tuning=tuning[::2]), rate=1e-3)
    network = train(SplineDistNet(), recipe, options)
    maps = [to_maps(predict(network, sample.image)) for sample in tuning]
    for prob_thresh in (0.3, 0.4, 0.5, 0.6):
        for nms_thresh in (0.3, 0.5):
            figures = agreement(maps, tuning, prob_thresh=prob_thresh, nms_thresh=nms_thresh)
            print(prob_thresh, nms_thresh, figures, flush=True)


class Targets:
    """What the network shall say of an image: probability, and the control points of each object.

    `controls` has them for each of the `TURNS`, from the centre of the object, which `centers` has.
    """

    def __init__(self, sample: Sample) -> None:
        self.image, self.labels = sample.image, sample.labels
        self.prob = probability(sample.labels)
        count = int(sample.labels.max()) + 1
        self.centers = np.zeros((count, 2))
        self.controls = np.zeros((len(TURNS), count, 2, CONTROLS))
        for number, box in enumerate(ndimage.find_objects(sample.labels), 1):
            if box is None:
                continue
            outline = contour(sample.labels[box] == number)
            center = outline.mean(1)
            self.centers[number] = center + np.array([box[0].start, box[1].start])
            for place, turn in enumerate(TURNS):
                self.controls[place, number] = fit(turned(outline - center[:, np.newaxis], turn))


def contour(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The outline of an object, (2, n) y and x in px of its box."""
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))
    found = find_contours(depth, min(DEPTH, 0.99 * depth.max()))
    return np.asarray(max(found, key=len)[:-1].T - 1)


def turned(points: NDArray[np.float64], turn: Turn) -> NDArray[np.float64]:
    """Points around 0, (2, ...) y and x, in the turned image."""
    y, x = points
    y, x = -y if turn.flip_y else y, -x if turn.flip_x else x
    return np.stack([x, y] if turn.transpose else [y, x])


def fit(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """The control points, (2, M), of an outline around 0.

    All run the same way round from where they leave the centre to the right: without that the
    network would learn the mean of all starts, a point.
    """
    y, x = outline
    if np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) < 0:
        outline = outline[:, ::-1]
    angles = np.abs(np.arctan2(outline[0], outline[1]))
    closed = np.roll(outline, -int(angles.argmin()), 1)
    closed = np.concatenate([closed, closed[:, :1]], 1)
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed)))])
    along = np.linspace(0, lengths[-1], SAMPLES, endpoint=False)
    even = np.stack([np.interp(along, lengths, values) for values in closed])
    return np.asarray(even @ _FIT.T)


def batches(targets: Sequence[Targets], rng: np.random.Generator) -> Iterator[Batch]:
    """Crops, turned and mirrored: image, probability, control points from each px."""
    places = crops([target.image.shape for target in targets], CROP, rng)
    while True:
        drawn = (next(places) for _ in range(BATCH))
        yield tensors([_crop(targets[number], place, rng) for number, place in drawn])


def _crop(
    target: Targets, place: tuple[slice, slice], rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    turn = TURNS[rng.integers(len(TURNS))]
    prob, labels = (
        turn.apply(values[place])[::GRID, ::GRID] for values in (target.prob, target.labels)
    )
    middle = (CROP - 1) / 2
    corner = np.array([part.start for part in place])
    centers = turned((target.centers - corner - middle).T, turn) + middle
    absolute = target.controls[TURNS.index(turn)] + centers.T[:, :, np.newaxis]
    here = np.stack(np.indices(labels.shape)) * GRID
    steps = absolute[labels] - np.moveaxis(here, 0, -1)[..., np.newaxis]
    steps[labels == 0] = 0
    flat = np.moveaxis(steps, (2, 3), (1, 0)).reshape(2 * CONTROLS, *labels.shape)
    return vary(turn.apply(target.image[place]), rng)[np.newaxis], prob, flat


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the probability, and the error of the control points by the size."""
    _, prob, steps = batch
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(output[:, 0], prob)
    found = DISTANCE_SCALE * output[:, 1:]
    error = ((found - steps).abs() / (steps.std(1, keepdim=True) + 2)).mean(1)
    return entropy + (error * prob).sum() / (prob.sum() + 1)


def to_maps(output: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probability (Y, X); distance in px and angle of each control point, (Y, X, 2·M)."""
    prob = 1 / (1 + np.exp(-output[0]))
    steps = DISTANCE_SCALE * np.moveaxis(output[1:], 0, -1)
    y, x = steps[..., 0::2], steps[..., 1::2]
    return prob, np.stack([np.hypot(y, x), np.arctan2(x, y)], -1).reshape(steps.shape)


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    maps = [to_maps(predict(network, sample.image)) for sample in tuning]
    return agreement(maps, tuning, prob_thresh=0.5, nms_thresh=0.4)


if __name__ == "__main__":
    main()
