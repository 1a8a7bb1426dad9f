"""Count the nuclei of a real image, compare with the count by hand, and draw the result.

Run by ./scripts/demo; writes to demo-output in the checkout.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import demo_picture
import numpy as np
import tifffile

import deepimagej
from deepimagej import examples
from deepimagej.metrics import match_labels

OUTPUT = Path(__file__).parents[1] / "demo-output"


def main() -> None:
    started = time.perf_counter()
    image = examples.path("images/nuclei.tif")
    truth = tifffile.imread(examples.path("images/nuclei_truth.tif"))
    report("Running the network, then threshold, watershed and Analyze Particles in ImageJ ...")
    result = deepimagej.run(examples.path("nuclei"), image, output=OUTPUT)

    labels = np.asarray(result.images["labels"])
    f1 = match_labels(truth, labels.astype(np.int64), iou=0.5).f1
    count = len(result.tables["Results"])
    picture = demo_picture.draw(
        image=tifffile.imread(image),
        probability=np.asarray(result.images["probability"]),
        labels=labels,
        caption=f"{count} nuclei, F1 {f1:.2f} against {len(np.unique(truth)) - 1} by hand",
    )
    picture.save(OUTPUT / "nuclei.png", optimize=True)

    print(f"{count} nuclei")
    print(f"F1 at IoU 0.5: {f1:.2f}")
    report(f"As a macro: {result.request}")
    report(f"In {OUTPUT}:")
    for file in sorted(OUTPUT.iterdir()):
        report(f"  {file.name}")
    report(f"{time.perf_counter() - started:.1f} s")


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
