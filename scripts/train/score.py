"""Score an example bundle on images with labels by hand, as a user runs it: macro and all.

    python scripts/train/score.py METHOD DATA

DATA is a folder with test/images and test/masks. Objects of all images are counted together.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import tifffile
from deepwater import seg
from training import Sample, f1_scores

import deepimagej
from deepimagej import examples


def main(name: str, data: Path) -> None:
    samples, found, started = [], [], time.perf_counter()
    for file in sorted((data / "test" / "images").glob("*.tif")):
        image = tifffile.imread(file)
        truth = tifffile.imread(data / "test" / "masks" / file.name).astype(np.int32)
        axes = "ZYX"[-image.ndim :]
        result = deepimagej.run(examples.path(name), image, axes=axes, display_output="none")
        samples.append(Sample(file.stem, image.astype(np.float32), truth))
        found.append(np.asarray(result.images["labels"]).astype(np.int32))
    seconds = (time.perf_counter() - started) / len(samples)
    counts = [
        sum(len(np.unique(labels[labels > 0])) for labels in images)
        for images in (found, [sample.labels for sample in samples])
    ]
    share = counts[0] / counts[1] - 1
    print(f"{name}: {len(samples)} images, {seconds:.2f} s each")
    print(f1_scores(found, samples), f"SEG {seg([s.labels for s in samples], found):.4f}")
    print(f"{counts[0]} objects, {counts[1]} by hand ({share:+.1%})")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
