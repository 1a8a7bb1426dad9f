"""Write the labels that the tests of the methods compare with.

    python scripts/golden_methods.py tests/methods/golden

stardist and cellpose run in environments of their own, made in a temporary folder (cellpose brings
torch: some GB), or in the interpreters that --stardist and --cellpose name. Both get what a perfect
network would find in a part of the example image's ground truth, with noise on it; inputs and
labels go to stardist.npz and flows.npz. Inputs are rounded, so that the files stay small.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TRUTH = Path(__file__).parents[1] / "src/deepimagej/examples/images/nuclei_truth.tif"
PACKAGES = {
    "stardist": ["stardist==0.9.2", "tifffile"],
    "cellpose": ["cellpose==4.2.1.1", "tifffile"],
}

STARDIST = """
import sys
import numpy as np
import tifffile
from stardist.geometry import polygons_to_label, star_dist
from stardist.nms import non_maximum_suppression
from stardist.utils import edt_prob

truth = tifffile.imread(sys.argv[1])[150:310, 180:340]
rng = np.random.default_rng(7)
dist = star_dist(truth, 32)[::2, ::2]
prob = edt_prob(truth)[::2, ::2]
dist = dist * rng.normal(1, 0.15, dist.shape) * (prob > 0)[..., None]
dist = np.round(np.maximum(dist, 0) * 8).astype(np.uint8)
prob = np.round((prob + rng.normal(0, 0.1, prob.shape)).clip(0, 1) * 100).astype(np.uint8)
arrays = {"dist": dist, "prob": prob}
for rays in (4, 8, 16, 32):
    for grid in (1, 2, 4, 32):
        if rays != 32 and grid != 2:
            continue
        d = (dist[..., :: 32 // rays] / np.float32(16) * grid).astype(np.float32)
        p = (prob / np.float32(100)).astype(np.float32)
        for high in (0.3, 0.5, 0.7):
            for overlap in (0.2, 0.3, 0.4, 0.5):
                points, scores, kept = non_maximum_suppression(
                    d, p, grid=(grid, grid), prob_thresh=high, nms_thresh=overlap
                )
                shape = tuple(grid * n for n in p.shape)
                labels = polygons_to_label(kept, points, shape, prob=scores)
                if grid == 32:
                    labels = labels[::16, ::16]
                arrays[f"labels {rays} {grid} {high} {overlap}"] = labels.astype(np.uint16)
np.savez_compressed(sys.argv[2], **arrays)
"""

CELLPOSE = """
import sys
import numpy as np
import tifffile
from cellpose import dynamics

truth = tifffile.imread(sys.argv[1])[150:310, 180:340]
truth = np.unique(truth, return_inverse=True)[1].reshape(truth.shape)
rng = np.random.default_rng(7)
field, _ = dynamics.masks_to_flows_gpu(truth)
arrays = {"truth": truth.astype(np.uint8), "field": field.astype(np.float32)}
for noise in (0.0, 0.8, 1.1):
    flows = np.round((5 * field + rng.normal(0, noise, field.shape)) * 16).astype(np.int8)
    prob = np.where(truth > 0, 4, -4) + rng.normal(0, 2 * noise, truth.shape)
    prob = np.round(prob * 8).clip(-127, 127).astype(np.int8)
    arrays[f"flows {noise}"], arrays[f"prob {noise}"] = flows, prob
    for probable in (0.0, 1.0):
        for error in (0.0, 0.4):
            arrays[f"masks {noise} {probable} {error}"] = dynamics.resize_and_compute_masks(
                (flows / np.float32(16)).astype(np.float32),
                (prob / np.float32(8)).astype(np.float32),
                cellprob_threshold=probable,
                flow_threshold=error,
            ).astype(np.uint8)
np.savez_compressed(sys.argv[2], **arrays)
"""


def make_environment(folder: Path, packages: list[str]) -> Path:
    """A new environment with `packages`: its interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stardist", type=Path, help="an interpreter that has stardist")
    parser.add_argument("--cellpose", type=Path, help="an interpreter that has cellpose")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for package, code, name in (
        ("stardist", STARDIST, "stardist.npz"),
        ("cellpose", CELLPOSE, "flows.npz"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            python = getattr(given, package) or make_environment(Path(folder), PACKAGES[package])
            target = given.folder / name
            subprocess.run([python, "-W", "ignore", "-c", code, TRUTH, target], check=True)
            print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
