"""bioimageio.core's own ``predict``, in an environment of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.sides.answering import serve, timed

_loaded: dict[str, Any] = {}


def load(path: str, format: str) -> dict[str, Any]:
    """Import it and make a prediction pipeline, which it keeps warm."""
    import_seconds, core = timed(lambda: import_module("bioimageio.core"))

    def make() -> Any:
        description = core.load_model_description(path)
        pipeline = core.create_prediction_pipeline(description, weight_format=format)
        return pipeline.load() or pipeline

    load_seconds, _loaded["pipeline"] = timed(make)
    _loaded["core"] = core
    return {"import": import_seconds, "load": load_seconds, "version": core.__version__}


def run(image: str, blocksize: int | None = None, save: str | None = None) -> dict[str, Any]:
    """``predict`` on the whole image, or in blocks of ``min + blocksize * step``."""
    pixels = np.load(image).astype(np.float32)[None, None]
    core, pipeline = _loaded["core"], _loaded["pipeline"]
    keys: dict[str, Any] = {} if blocksize is None else {"blocksize_parameter": blocksize}
    name = pipeline.model_description.inputs[0].id
    seconds, sample = timed(lambda: core.predict(model=pipeline, inputs={name: pixels}, **keys))
    if save is not None:
        np.save(save, np.asarray(next(iter(sample.members.values())).data.values))
    return {"seconds": seconds}


if __name__ == "__main__":
    serve({"load": load, "run": run})
