"""Train DeepWater on phase-contrast images: markers of cells, and cells, for a watershed.

    python scripts/train/deepwater.py DATA OUTPUT

Lux and Matula, "Cell segmentation by combining marker-controlled watershed and deep learning",
arXiv 2004.01607. The network sees the image at half its size. Some simulated images are among those
that it learns from, as the bundle's sample image is one; none of them chooses thresholds.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import ndimage
from simulate_phase import photograph, place_cells
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

from deepimagej.methods.deepwater import segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

CROP = 192
BATCH = 4
BACKGROUND = 99
"""Sigma in px of the whole image, as DeepWater's own preprocessing."""
SIMULATED = range(100, 112)
"""Seeds of the simulated images; the sample's is 1."""
CORE = 6
"""Depth in px of the halved image at which a marker begins, at most."""


class DeepWaterNet(Network):
    """Logits of markers and of cells, at half the size of the image."""

    def __init__(self) -> None:
        super().__init__(2, features=32)


def main() -> None:
    options = arguments(__doc__, 25)
    samples, tuning = (
        [halved(sample) for sample in part]
        for part in split(read_samples(options.data / "train", level))
    )
    samples += [halved(simulated(seed)) for seed in SIMULATED]
    targets = [cores_and_weights(sample.labels) for sample in samples]
    print(f"{len(samples)} images to train, {len(tuning)} to choose thresholds", flush=True)
    rng = np.random.default_rng(options.seed)
    recipe = Recipe(batches(samples, targets, rng), loss, partial(score, tuning=tuning))
    network = train(DeepWaterNet(), recipe, options)
    choose(network, split(read_samples(options.data / "train", level))[1])


def choose(network: nn.Module, samples: Sequence[Sample]) -> None:
    """Print the figures of many thresholds at the size of the images, as the bundle works."""
    maps = []
    for sample in samples:
        values = probabilities(network, halved(sample)).repeat(2, 1).repeat(2, 2)
        height, width = sample.labels.shape
        widths = [
            (0, 0),
            *(
                (0, size - have)
                for size, have in zip((height, width), values.shape[1:], strict=True)
            ),
        ]
        maps.append(np.pad(values, widths, mode="edge"))
    for marker in (0.5, 0.6, 0.7, 0.8):
        for cell in (0.4, 0.45, 0.5):
            for radius, height in ((3, 0.1), (3, 0.2), (7, 0.1)):
                options = {"marker_thresh": marker, "cell_thresh": cell}
                figures = agreement(maps, samples, radius=radius, height=height, **options)
                print(marker, cell, radius, height, figures, flush=True)


def level(image: NDArray[Any]) -> NDArray[np.float32]:
    """The image without its background, in units of its standard deviation."""
    values = image.astype(np.float32)
    values = values - ndimage.gaussian_filter(values, BACKGROUND, mode="nearest")
    return values / values.std()


def simulated(seed: int) -> Sample:
    """A drawn image, as `simulate_phase` makes it."""
    rng = np.random.default_rng(seed)
    labels = place_cells(rng)
    return Sample(f"simulated {seed}", level(photograph(labels, rng)), labels)


def halved(sample: Sample) -> Sample:
    """Means of 2 x 2 px, and every second px of the labels."""
    height, width = (size // 2 for size in sample.image.shape)
    image = sample.image[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean((1, 3))
    return Sample(sample.name, image, np.ascontiguousarray(sample.labels[::2, ::2]))


def cores_and_weights(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.bool_], NDArray[np.float16]]:
    """The inner part of each cell; the weight of each px, more where cells touch."""
    core = np.zeros(labels.shape, bool)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        depth = ndimage.distance_transform_edt(np.pad(labels[box] == number, 1))[1:-1, 1:-1]
        core[box] |= depth >= min(depth.max() / 2, CORE)
    highest = ndimage.maximum_filter(labels, 5)
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, np.iinfo(np.int32).max), 5)
    is_border = (highest > lowest) & (highest > 0)
    return core, np.where(is_border, 4, 1).astype(np.float16)


def batches(
    samples: Sequence[Sample],
    targets: Sequence[tuple[NDArray[np.bool_], NDArray[np.float16]]],
    rng: np.random.Generator,
) -> Iterator[Batch]:
    """Crops, turned and mirrored: image, marker or not, cell or not, weight."""
    places = crops([sample.image.shape for sample in samples], CROP, rng)
    while True:
        rows = []
        for _ in range(BATCH):
            number, place = next(places)
            turn, sample = Turn.draw(rng), samples[number]
            core, weight = (turn.apply(values[place]) for values in targets[number])
            image = vary(turn.apply(sample.image[place]), rng)
            rows.append((image[np.newaxis], core, turn.apply(sample.labels[place] > 0), weight))
        yield tensors(rows)


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Weighted cross-entropy of both maps."""
    _, core, is_cell, weight = batch
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    return entropy(output[:, 0], core, weight=weight) + entropy(
        output[:, 1], is_cell, weight=weight
    )


def probabilities(network: nn.Module, sample: Sample) -> NDArray[np.float32]:
    """Markers and cells, (2, Y, X), from 0 to 1."""
    height, width = sample.image.shape
    output = predict(network, sample.image)[:, :height, :width]
    return 1 / (1 + np.exp(-output))


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    maps = [probabilities(network, sample) for sample in tuning]
    return agreement(maps, tuning, marker_thresh=0.5, cell_thresh=0.5, radius=1, height=0.05)


def agreement(
    maps: Sequence[NDArray[np.float32]], samples: Sequence[Sample], **options: Any
) -> dict[str, float]:
    found = [segment(values[0], values[1], has_dams=False, **options) for values in maps]
    truth = [sample.labels for sample in samples]
    return {**f1_scores(found, samples), "SEG": round(seg(truth, found), 4)}


def seg(truth: Sequence[NDArray[np.int32]], found: Sequence[NDArray[np.int32]]) -> float:
    """Mean over all true cells of the IoU with the label that covers more than half of it, or 0.

    The measure SEG of the Cell Tracking Challenge.
    """
    values = []
    for expected, labels in zip(truth, found, strict=True):
        sizes = np.bincount(labels.ravel())
        for number, box in enumerate(ndimage.find_objects(expected), 1):
            if box is None:
                continue
            inside = labels[box][expected[box] == number]
            counts = np.bincount(inside)
            counts[0] = 0
            best = int(counts.argmax())
            covers = 2 * counts[best] > len(inside)
            union = len(inside) + sizes[best] - counts[best]
            values.append(float(counts[best] / union) if covers else 0.0)
    return float(np.mean(values))


if __name__ == "__main__":
    main()
