"""Train a U-Net that finds nuclei, with gaps between those that touch.

    python scripts/train/nuclei_unet.py DATA OUTPUT [--start-from CELLPOSE/checkpoint.pt]

Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

CROP = 256
BATCH = 4
NEAR = 4
"""Px around two nuclei in which the gap between them weighs more."""


class NucleiNet(Network):
    """The logit of: inside a nucleus."""

    def __init__(self) -> None:
        super().__init__(1, features=32)


def main() -> None:
    options = arguments(__doc__, 12)
    samples, tuning = split(read_samples(options.data / "train"))
    inside = [interior(sample.labels) for sample in samples]
    weights = [gap_weights(sample.labels) for sample in samples]
    print(f"{len(samples)} images to train, {len(tuning)} to choose thresholds", flush=True)
    rng = np.random.default_rng(options.seed)
    recipe = Recipe(
        batches(samples, list(zip(inside, weights, strict=True)), rng),
        loss,
        partial(score, tuning=tuning),
    )
    train(NucleiNet(), recipe, options)


def interior(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Nuclei without the px that touch another nucleus."""
    highest = ndimage.maximum_filter(labels, 3)
    other = np.where(labels > 0, labels, np.iinfo(np.int32).max)
    return (labels > 0) & (highest == ndimage.minimum_filter(other, 3))


def gap_weights(labels: NDArray[np.int32], near: int = NEAR) -> NDArray[np.float16]:
    """1, and 5 where two nuclei are near."""
    size = 2 * near + 1
    highest = ndimage.maximum_filter(labels, size)
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, np.iinfo(np.int32).max), size)
    is_gap = (highest > lowest) & ~interior(labels)
    return np.where(is_gap, 5, 1).astype(np.float16)


def batches(
    samples: Sequence[Sample],
    targets: Sequence[tuple[NDArray[np.bool_], NDArray[np.float16]]],
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Crops, turned and mirrored: image, inside or not, weight."""
    places = crops([sample.image.shape for sample in samples], CROP, rng)
    while True:
        rows = []
        for _ in range(BATCH):
            number, place = next(places)
            turn = Turn.draw(rng)
            image = vary(turn.apply(samples[number].image[place]), rng)
            inside, weight = (turn.apply(values[place]) for values in targets[number])
            rows.append((image[np.newaxis], inside, weight))
        yield tensors(rows)


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Weighted cross-entropy."""
    _, inside, weight = batch
    return torch.nn.functional.binary_cross_entropy_with_logits(output[:, 0], inside, weight=weight)


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    """Connected parts of at least 15 px above one half; counts as a share of the truth."""
    found = []
    for sample in tuning:
        height, width = sample.labels.shape
        output = predict(network, sample.image)[0, :height, :width]
        labels, _ = ndimage.label(output > 0)
        labels[(np.bincount(labels.ravel()) < 15)[labels]] = 0
        found.append(labels)
    counts = [
        sum(len(np.unique(values)) - 1 for values in images)
        for images in (found, [sample.labels for sample in tuning])
    ]
    return {**f1_scores(found, tuning), "count": round(counts[0] / counts[1], 4)}


if __name__ == "__main__":
    main()
