"""Images to measure with: like nuclei, random, and never the same twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from deepimagej import examples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def structured(size: int, seed: int) -> NDArray[np.uint16]:
    """(size, size): copies of a real image of nuclei, each turned, shifted, dimmed and noisy."""
    random = np.random.default_rng(1000 + seed)  # those of warm-up rounds are negative
    sample = tifffile.imread(examples.path("images/nuclei.tif"))
    step = sample.shape[0]
    image = np.empty((size, size), np.uint16)
    for top in range(0, size, step):
        for left in range(0, size, step):
            place = image[top : top + step, left : left + step]
            place[...] = _perturbed(sample, random)[: place.shape[0], : place.shape[1]]
    return image


def _perturbed(sample: NDArray[Any], random: np.random.Generator) -> NDArray[np.uint16]:
    turned = np.rot90(sample, int(random.integers(4)))
    shifted = np.roll(turned, random.integers(0, sample.shape[0], 2), (0, 1))
    noise = random.integers(0, 16, sample.shape)
    return np.asarray(shifted * random.uniform(0.5, 1.0) + noise, np.uint16)


def normalised(image: NDArray[Any]) -> NDArray[np.float32]:
    """The image with mean 0 and variance 1: what a network is fed with."""
    values = image.astype(np.float32)
    return np.asarray((values - values.mean()) / (values.std() + 1e-6), np.float32)


def write_large_tiff(path: Path, size: int) -> Path:
    """A float32 TIFF of `size` squared px, written in slabs."""
    if path.exists() and path.stat().st_size > 4 * size * size:
        return path
    rows = 512
    values = tifffile.memmap(path, shape=(size, size), dtype=np.float32)
    sample = tifffile.imread(examples.path("images/nuclei.tif"))
    for top in range(0, size, rows):
        random = np.random.default_rng(top)
        for left in range(0, size, sample.shape[1]):
            place = values[top : top + rows, left : left + sample.shape[1]]
            noise = random.random(sample.shape, np.float32)
            place[...] = (_perturbed(sample, random) + noise)[: place.shape[0], : place.shape[1]]
    values.flush()
    return path
