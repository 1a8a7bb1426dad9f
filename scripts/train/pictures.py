"""Draw what the example macro of a method finds on its sample: the cover and the picture in docs.

    python scripts/train/pictures.py METHOD

Installs the bundle into a library of its own and runs `macros/examples/METHOD.ijm` in ImageJ.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage
from training import scale_range

import deepimagej
from deepimagej import examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
WIDTH = 512


def main(name: str) -> None:
    sample = examples.path(name) / "sample.tif"
    with tempfile.TemporaryDirectory() as library:
        os.environ["DEEPIMAGEJ_MODELS"] = library
        deepimagej.install(f"example:{name}")
        imagej = deepimagej.start()
        macro = ROOT / "macros" / "examples" / f"{name}.ijm"
        imagej.run_macro(macro.read_text(encoding="utf-8"), str(sample))
        labels = np.asarray(imagej.to_numpy(imagej.active_image)).astype(np.int32)
    image = tifffile.imread(sample)
    print(f"{len(np.unique(labels)) - 1} objects")
    picture = draw(middle(image), middle(labels))
    for file in (ROOT / "docs" / "methods" / "img" / f"{name}.png", sample.parent / "cover.png"):
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.save(file, optimize=True)


def middle(values: NDArray[Any]) -> NDArray[Any]:
    """The middle slice of a stack."""
    return values[len(values) // 2] if values.ndim == 3 else values


def draw(image: NDArray[Any], labels: NDArray[np.int32]) -> Image.Image:
    """The image, and beside it the labels in colours that differ from their neighbours'."""
    grey = np.clip(scale_range(image), 0, 1) ** 0.7
    base = np.stack([grey, grey, grey], -1)
    colours = np.random.default_rng(3).uniform(0.25, 1, (labels.max() + 1, 3))
    colours[0] = 0
    rim = (labels > 0) & (ndimage.minimum_filter(labels, 3) != labels)
    found = np.where((labels > 0)[..., None], 0.55 * base + 0.45 * colours[labels], base)
    found[rim] = colours[labels][rim]
    pixels = (np.concatenate([base, found], 1) * 255).astype(np.uint8)
    factor = max(WIDTH // image.shape[1], 1)
    # A palette holds all these colours well enough and is a third of the size.
    large = Image.fromarray(pixels.repeat(factor, 0).repeat(factor, 1))
    return large.quantize(128, dither=Image.Dither.NONE)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
