"""Train StarDist in two dimensions: object probability and 32 distances on a grid of 2 px.

    python scripts/train/stardist.py DATA OUTPUT [--minutes 40] [--resume]

Schmidt et al., "Cell Detection with Star-convex Polygons", MICCAI 2018.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import ndimage
from training import (
    Network,
    Recipe,
    Sample,
    Turn,
    arguments,
    crops,
    f1_scores,
    predict,
    read_samples,
    split,
    tensors,
    train,
    vary,
)

from deepimagej.methods.stardist import non_maximum_suppression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

RAYS = 32
GRID = 2
CROP = 256
BATCH = 4
DISTANCE_SCALE = 10.0
"""The head gives distances in this many px, so that they are of the order of 1."""


class StarDistNet(Network):
    """Logits of the probability, then distances in units of `DISTANCE_SCALE`."""

    def __init__(self) -> None:
        super().__init__(1 + RAYS, grid=GRID)


def main() -> None:
    options = arguments(__doc__, 40)
    samples, tuning = split(read_samples(options.data / "train"))
    rng = np.random.default_rng(options.seed)
    targets = [Targets(sample) for sample in samples]
    print(f"{len(samples)} images to train, {len(tuning)} to choose thresholds", flush=True)
    recipe = Recipe(batches(targets, rng), loss, partial(score, tuning=tuning[::2]))
    network = train(StarDistNet(), recipe, options)
    maps = [to_maps(predict(network, sample.image)) for sample in tuning]
    for prob_thresh in (0.3, 0.4, 0.5, 0.6):
        for nms_thresh in (0.3, 0.5):
            figures = agreement(maps, tuning, prob_thresh=prob_thresh, nms_thresh=nms_thresh)
            print(prob_thresh, nms_thresh, figures, flush=True)


class Targets:
    """What the network shall say of an image: probability, and distances where there are objects.

    Distances are kept for the px of objects only: `rows` has the number of a px in `distances`.
    """

    def __init__(self, sample: Sample) -> None:
        self.image = sample.image
        self.prob = probability(sample.labels)
        is_object = sample.labels > 0
        self.rows = np.zeros(sample.labels.shape, np.int32)
        self.rows[is_object] = np.arange(1, np.count_nonzero(is_object) + 1)
        found = star_distances(sample.labels, np.nonzero(is_object))
        self.distances = np.concatenate([np.zeros((1, RAYS)), found]).astype(np.float16)


def probability(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance to the border of the object, 1 where it is greatest."""
    result = np.zeros(labels.shape, np.float32)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        inside = np.pad(labels[box] == number, 1)
        depth = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
        result[box] += (depth / depth.max()).astype(np.float32)
    return result


def star_distances(
    labels: NDArray[np.int32], places: tuple[NDArray[np.intp], ...]
) -> NDArray[np.float32]:
    """Distances, (px, rays), from each px to the border of its object, as stardist measures them.

    Steps of 1 px along the ray until the label changes; the last one is shortened to the border.
    """
    padded = np.pad(labels, 1)
    own = labels[places]
    result = np.zeros((len(own), RAYS), np.float32)
    for ray, angle in enumerate(np.linspace(0, 2 * np.pi, RAYS, endpoint=False)):
        dy, dx = np.float32(np.sin(angle)), np.float32(np.cos(angle))
        active = np.arange(len(own))
        y, x = places[0].astype(np.float32), places[1].astype(np.float32)
        steps = 0
        while len(active):
            steps += 1
            ny = np.rint(y[active] + steps * dy).astype(np.intp)
            nx = np.rint(x[active] + steps * dx).astype(np.intp)
            np.clip(ny, -1, labels.shape[0], out=ny)
            np.clip(nx, -1, labels.shape[1], out=nx)
            has_left = padded[ny + 1, nx + 1] != own[active]
            result[active[has_left], ray] = steps - 1 + 0.5 / max(abs(dx), abs(dy))
            active = active[~has_left]
    return result


def batches(targets: Sequence[Targets], rng: np.random.Generator) -> Iterator[Batch]:
    """Crops, turned and mirrored: image, probability, distances."""
    places = crops([target.image.shape for target in targets], CROP, rng)
    while True:
        drawn = (next(places) for _ in range(BATCH))
        yield tensors([_crop(targets[number], place, rng) for number, place in drawn])


def _crop(
    target: Targets, place: tuple[slice, slice], rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    turn = Turn.draw(rng)
    prob, rows = (
        turn.apply(values[place])[::GRID, ::GRID] for values in (target.prob, target.rows)
    )
    distances = target.distances[rows][..., turned_rays(turn)]
    image = vary(turn.apply(target.image[place]), rng)
    return image[np.newaxis], prob, np.moveaxis(distances, -1, 0)


def turned_rays(turn: Turn) -> NDArray[np.intp]:
    """For each ray of a turned image, the ray of the image it was."""
    rays = np.arange(RAYS)
    if turn.flip_y:
        rays = rays[-np.arange(RAYS) % RAYS]
    if turn.flip_x:
        rays = rays[(RAYS // 2 - np.arange(RAYS)) % RAYS]
    if turn.transpose:
        rays = rays[(RAYS // 4 - np.arange(RAYS)) % RAYS]
    return rays


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the probability, and the relative error of the distances.

    Relative, as the overlap of two objects depends on it: 1 px is much for a small object.
    """
    _, prob, distances = batch
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(output[:, 0], prob)
    found = DISTANCE_SCALE * output[:, 1:]
    error = ((found - distances).abs() / (distances.mean(1, keepdim=True) + 2)).mean(1)
    return entropy + (error * prob).sum() / (prob.sum() + 1)


def to_maps(output: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probability (Y, X) and distances (Y, X, rays) in px."""
    prob = 1 / (1 + np.exp(-output[0]))
    return prob, np.maximum(DISTANCE_SCALE * np.moveaxis(output[1:], 0, -1), 1e-3)


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    maps = [to_maps(predict(network, sample.image)) for sample in tuning]
    return agreement(maps, tuning, prob_thresh=0.5, nms_thresh=0.4)


def agreement(
    maps: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
    samples: Sequence[Sample],
    *,
    prob_thresh: float,
    nms_thresh: float,
    suppress: Callable[..., Any] = non_maximum_suppression,
) -> dict[str, float]:
    """F1 over all objects of all images; SplineDist hands its own suppression."""
    found = []
    for (prob, dist), sample in zip(maps, samples, strict=True):
        height, width = (-(-size // GRID) for size in sample.labels.shape)
        objects = suppress(
            prob[:height, :width],
            dist[:height, :width],
            grid=(GRID, GRID),
            prob_thresh=prob_thresh,
            nms_thresh=nms_thresh,
            shape=sample.labels.shape,
        )
        found.append(objects.labels)
    return f1_scores(found, samples)


if __name__ == "__main__":
    main()
