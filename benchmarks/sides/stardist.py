"""StarDist's own ``predict`` on its Keras model, in an environment of its own."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sides.answering import serve, timed

_loaded: dict[str, Any] = {}


def load(path: str, format: str = "") -> dict[str, Any]:
    """Import it and open the model's folder."""
    import_seconds, models = timed(lambda: import_module("stardist.models"))
    folder = Path(path)
    load_seconds, model = timed(
        lambda: models.StarDist2D(None, name=folder.name, basedir=str(folder.parent))
    )
    _loaded.update(model=model, normalize=import_module("csbdeep.utils").normalize)
    version = import_module("stardist").__version__
    return {"import": import_seconds, "load": load_seconds, "version": version}


def run(image: str, guess: bool = False) -> dict[str, Any]:
    """``predict`` with its default for tiles, or with those that it guesses for the image.

    The image is normalised within the time, as its tutorials do and as our run does.
    """
    pixels = np.load(image)
    model, normalize = _loaded["model"], _loaded["normalize"]

    def work() -> Any:
        ready = normalize(pixels, 1, 99.8)
        return model.predict(ready, n_tiles=model._guess_n_tiles(ready) if guess else None)

    seconds, _ = timed(work)
    n_tiles = model._guess_n_tiles(pixels) if guess else (1, 1)
    return {"seconds": seconds, "tiles": [int(n) for n in n_tiles]}


def objects(outputs: str) -> dict[str, Any]:
    """Labels and polygons from probability and distances on a grid of 2 px, (Y, X, 33)."""
    from stardist.geometry import polygons_to_label
    from stardist.nms import non_maximum_suppression

    values = np.load(outputs)
    prob, dist = values[..., 0].copy(), values[..., 1:].copy()
    shape = (2 * prob.shape[0], 2 * prob.shape[1])

    def work() -> Any:
        points, scores, rays = non_maximum_suppression(
            dist, prob, grid=(2, 2), prob_thresh=0.35, nms_thresh=0.3
        )
        return polygons_to_label(rays, points, shape=shape, prob=scores)

    seconds, labels = timed(work)
    return {"seconds": seconds, "count": len(np.unique(labels)) - 1}


if __name__ == "__main__":
    serve({"load": load, "run": run, "objects": objects})
