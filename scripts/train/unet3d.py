"""Train a U-Net of three dimensions on simulated nuclei.

    python scripts/train/unet3d.py OUTPUT

Cicek et al., "3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation", MICCAI
2016. No data is needed: volumes are drawn as they are used, the tuning ones with another seed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from nuclei_unet import gap_weights, interior
from scipy import ndimage
from training import (
    Network,
    Recipe,
    Sample,
    arguments,
    f1_scores,
    predict,
    scale_range,
    tensors,
    train,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

SHAPE = (16, 64, 64)
BATCH = 2
STEP = 4
TUNING_SEED, TEST_SEED = 1001, 2002


class Network3D(Network):
    """The logit of: inside a nucleus."""

    def __init__(self) -> None:
        super().__init__(1, channels=(16, 32, 64), features=16, dimensions=3)


def main() -> None:
    options = arguments(__doc__, 10, is_simulated=True)
    tuning = draw(TUNING_SEED, 8)
    rng = np.random.default_rng(options.seed)
    recipe = Recipe(batches(rng), loss, partial(score, tuning=tuning))
    network = train(Network3D(), recipe, options)
    print("test", score(network, tuning=draw(TEST_SEED, 16)), flush=True)


def draw(seed: int, count: int) -> list[Sample]:
    """Simulated volumes of 32 x 96 x 96 px."""
    rng = np.random.default_rng(seed)
    return [simulate((32, 96, 96), rng, name=str(number)) for number in range(count)]


def simulate(shape: tuple[int, int, int], rng: np.random.Generator, *, name: str = "") -> Sample:
    """Crowded ellipsoids, half as high as wide, blurred and noisy as on a confocal microscope."""
    labels = np.zeros(shape, np.int32)
    light = np.zeros(shape, np.float32)
    grid = np.indices(shape, np.float32)
    base, count = rng.uniform(5, 10), int(np.prod(shape) / rng.uniform(1500, 9000))
    for number in range(1, count + 1):
        radii = base * rng.uniform(0.7, 1.3, 3) * [0.5, 1, 1]
        center = rng.uniform(0, shape)
        box = tuple(
            slice(max(int(c - 1.5 * r - 2), 0), int(c + 1.5 * r + 2))
            for c, r in zip(center, (radii[0], *[radii[1:].max()] * 2), strict=True)
        )
        z, y, x = (grid[axis][box] - center[axis] for axis in range(3))
        angle = rng.uniform(0, np.pi)
        y, x = y * np.cos(angle) - x * np.sin(angle), y * np.sin(angle) + x * np.cos(angle)
        inside = (z / radii[0]) ** 2 + (y / radii[1]) ** 2 + (x / radii[2]) ** 2 < 1
        taken = labels[box][inside] > 0
        if not inside.any() or taken.mean() > 0.15:
            continue
        inside &= labels[box] == 0
        labels[box][inside] = number
        light[box][inside] = rng.uniform(0.4, 1)
    return Sample(name, scale_range(_photograph(light, rng)), labels)


def _photograph(light: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Texture, the microscope's blur, photons and noise of the camera."""
    texture = ndimage.gaussian_filter(rng.normal(0, 1, light.shape), 2)
    light = light * (1 + 0.25 * texture / texture.std()).clip(0.2)
    sigma = rng.uniform(0.5, 1.5)
    light = ndimage.gaussian_filter(light, (rng.uniform(0.5, 1.2), sigma, sigma))
    light += rng.uniform(0.05, 0.4) * ndimage.gaussian_filter(light, (3, 6, 6))
    photons = rng.uniform(15, 150)
    return (rng.poisson((light + 0.05) * photons) + rng.normal(0, 2, light.shape)).astype(
        np.float32
    )


def batches(rng: np.random.Generator) -> Iterator[Batch]:
    """Volumes: image, inside or not, weight."""
    while True:
        samples = [simulate(SHAPE, rng) for _ in range(BATCH)]
        yield tensors(
            [
                (sample.image[np.newaxis], interior(sample.labels), gap_weights(sample.labels, 2))
                for sample in samples
            ]
        )


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Weighted cross-entropy."""
    _, inside, weight = batch
    return torch.nn.functional.binary_cross_entropy_with_logits(output[:, 0], inside, weight=weight)


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    """Connected parts above one half, and all px as one object."""
    outputs = [predict(network, sample.image, STEP)[0] for sample in tuning]
    found = []
    for output, sample in zip(outputs, tuning, strict=True):
        depth, height, width = sample.labels.shape
        labels, _ = ndimage.label(output[:depth, :height, :width] > 0)
        found.append(labels)
    whole = [(labels > 0, sample.labels > 0) for labels, sample in zip(found, tuning, strict=True)]
    iou = sum((a & b).sum() for a, b in whole) / sum((a | b).sum() for a, b in whole)
    return {**f1_scores(found, tuning), "IoU": round(float(iou), 4)}


if __name__ == "__main__":
    main()
