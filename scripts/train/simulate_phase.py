"""Draw a phase-contrast image of spread cells: the sample of the DeepWater bundle.

    python scripts/train/simulate_phase.py FOLDER [SEED]

Writes sample.tif and sample_truth.tif (labels). No real image is needed or copied: cells are stars
with arms, thick in the middle, and the microscope shows thickness less its surroundings, dark on
grey with a bright rim.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tifffile
from scipy import ndimage
from skimage.draw import polygon2mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 512
CELLS = 16


def main(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = place_cells(rng)
    tifffile.imwrite(folder / "sample.tif", photograph(labels, rng), imagej=True)
    tifffile.imwrite(
        folder / "sample_truth.tif", labels.astype(np.uint16), imagej=True, compression="zlib"
    )


def place_cells(rng: np.random.Generator) -> NDArray[np.int32]:
    """Cells that touch here and there and do not overlap."""
    labels = np.zeros((SIZE, SIZE), np.int32)
    count = 0
    for _ in range(40 * CELLS):
        outline = rng.uniform(0, SIZE, 2) + star(rng)
        inside = polygon2mask(labels.shape, outline)
        grown = ndimage.binary_dilation(inside, iterations=2)
        if inside.sum() < 700 or (labels[grown] > 0).any():
            continue
        count += 1
        labels[inside] = count
        if count == CELLS:
            break
    return labels


def star(rng: np.random.Generator) -> NDArray[np.float64]:
    """Corners, (n, 2) px around 0: a lengthy body with two to four arms."""
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radii = np.full(angles.shape, rng.uniform(16, 24))
    first = rng.uniform(0, 2 * np.pi)
    arms = int(rng.integers(2, 5))
    for arm in range(arms):
        away = angles - first - 2 * np.pi * (arm + rng.uniform(-0.15, 0.15)) / arms
        away = (away + np.pi) % (2 * np.pi) - np.pi
        radii += rng.uniform(15, 50) * np.exp(-0.5 * (away / rng.uniform(0.12, 0.3)) ** 2)
    radii += ndimage.gaussian_filter1d(rng.normal(0, 6, angles.shape), 3, mode="wrap")
    return np.stack([radii * np.sin(angles), radii * np.cos(angles)], 1)


def photograph(labels: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.uint16]:
    """Phase contrast of cells of that shape, 16 bit."""
    is_cell = labels > 0
    depth = ndimage.distance_transform_edt(is_cell)
    thickness = np.where(is_cell, 0.6 + 0.05 * depth.clip(0, 14), 0.0)
    texture = ndimage.gaussian_filter(rng.normal(0, 1, labels.shape), 1.3)
    thickness += is_cell * 0.35 * texture / texture.std()
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        middle = np.argwhere((labels[box] == number) & (depth[box] > 0.6 * depth[box].max()))
        for y, x in middle[rng.integers(len(middle), size=9)]:  # nucleoli and vesicles
            thickness[box][max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] += rng.uniform(0.5, 2)
    debris = rng.random(labels.shape) < 0.0012
    thickness += 3 * ndimage.gaussian_filter(debris.astype(float), 1.2) * ~is_cell
    thickness = ndimage.gaussian_filter(thickness, 0.8)
    contrast = thickness - ndimage.gaussian_filter(thickness, 7)
    light = 32000 - 5200 * contrast - 900 * (thickness > 0.3) + rng.normal(0, 450, labels.shape)
    return light.clip(0, 65535).astype(np.uint16)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 1)
