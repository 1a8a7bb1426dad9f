"""Write the labels that the tests of the methods compare with.

    python scripts/golden_methods.py tests/methods/golden

stardist and cellpose run in environments of their own, made in a temporary folder (cellpose brings
torch: some GB), or in the interpreters that --stardist and --cellpose name. Both get what a perfect
network would find in a part of the example image's ground truth, with noise on it; inputs and
labels go to stardist.npz, splinedist.npz and flows.npz. Inputs are rounded, so that the files stay
small.

The package splinedist 0.1.2 cannot be imported with a TensorFlow of today. What it does after its
network is written out here in its own steps, around the same function of stardist's C++ library.
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

SPLINEDIST = """
import sys
import numpy as np
import tifffile
from skimage.draw import polygon
from stardist.geometry import star_dist
from stardist.lib.stardist2d import c_non_max_suppression_inds_old
from stardist.utils import edt_prob


def weight(x):  # splinegenerator.B3
    x = abs(x)
    return 2 / 3 - x**2 + x**3 / 2 if x < 1 else max(2 - x, 0) ** 3 / 6


def wrapped(t, k, m, half=2):  # utils.wrapIndex
    if k < t - half and t - half <= k + m <= t + half:
        return t - (k + m)
    if k > t + half and t - half <= k - m <= t + half:
        return t - (k - m)
    return t - k


def labels_of(prob, dist, grid, high, overlap, samples):
    m = dist.shape[2] // 2
    times = np.linspace(0, float(m), num=samples, endpoint=False)
    phi = np.array([[weight(wrapped(t, k, m)) for k in range(m)] for t in times], np.float32)
    rho, angle = np.moveaxis(dist.reshape(*prob.shape, m, 2), -1, 0)
    places = grid * np.indices(prob.shape)[..., None]
    coord = np.stack([places[0] + rho * np.cos(angle), places[1] + rho * np.sin(angle)], -1)
    coord = coord.astype(np.float32)
    mask = np.zeros(prob.shape, bool)
    mask[2:-2, 2:-2] = prob[2:-2, 2:-2] > high
    order = np.argsort(prob[mask])[::-1]
    polygons = np.moveaxis(phi @ coord[mask][order], -1, 1).astype(np.int32)
    mapping = -np.ones(prob.shape, np.int32)
    mapping.flat[np.flatnonzero(mask)[order]] = range(len(order))
    kept = np.zeros(len(order), bool)
    kept[order] = c_non_max_suppression_inds_old(
        polygons, mapping, np.float32(overlap), *np.int32([1, grid, grid, 0])
    )
    points = np.argwhere(mask)[kept]
    labels = np.zeros([grid * n for n in prob.shape], np.int32)
    for number, (y, x) in enumerate(points[np.argsort(prob[tuple(points.T)])], 1):
        contour = phi @ coord[y, x]
        labels[polygon(*contour.T, labels.shape)] = number
        border = np.rint(np.clip(contour, 0, np.array(labels.shape) - 1)).astype(int)
        labels[tuple(border.T)] = number
    return labels


truth = tifffile.imread(sys.argv[1])[150:310, 180:340]
rng = np.random.default_rng(7)
rays = star_dist(truth, 16)[::2, ::2]
prob = edt_prob(truth)[::2, ::2]
rays = rays * rng.normal(1, 0.1, rays.shape) * (prob > 0)[..., None]
rays = np.round(np.maximum(rays, 0) * 8).astype(np.uint8)
prob = (prob + rng.normal(0, 0.1, prob.shape)).clip(0, 1)
prob = np.argsort(np.argsort(prob, axis=None)).reshape(prob.shape).astype(np.uint16)  # no ties
arrays = {"rays": rays, "prob": prob}
for m in (4, 8, 16):
    for grid in (1, 2):
        rho = rays[..., :: 16 // m] / np.float32(16) * grid + 1
        turns = 1.7 - np.linspace(0, 2 * np.pi, m, endpoint=False)  # no border through a px centre
        angle = np.broadcast_to(turns, rho.shape)
        dist = np.stack([rho, angle], -1).reshape(*prob.shape, 2 * m).astype(np.float32)
        for samples in (60, 400):
            for high, overlap in ((0.8, 0.3), (0.9, 0.4), (0.95, 0.2)):
                found = labels_of(prob / np.float32(prob.size), dist, grid, high, overlap, samples)
                arrays[f"labels {m} {grid} {samples} {high} {overlap}"] = found.astype(np.uint16)
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
        ("stardist", SPLINEDIST, "splinedist.npz"),
        ("cellpose", CELLPOSE, "flows.npz"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            python = getattr(given, package) or make_environment(Path(folder), PACKAGES[package])
            target = given.folder / name
            subprocess.run([python, "-W", "ignore", "-c", code, TRUTH, target], check=True)
            print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
