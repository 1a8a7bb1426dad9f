"""deepimagej itself: `predict`, the macro command and the start, as a user calls them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.sides.answering import serve, timed

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_LEARNING = 12
_state: dict[str, Any] = {}
_network_seconds: list[float] = []


def first(model: str, image: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The first run of this process, after ImageJ was started where it was; its steps."""
    pixels = np.load(image)
    import_seconds, deepimagej = timed(lambda: import_module("deepimagej"))
    seconds, result = timed(lambda: deepimagej.run(model, pixels, **keys))
    return {"seconds": import_seconds + seconds, "steps": dict(result.timings)}


def predict(
    model: str, image: str, keys: Mapping[str, Any], *, save: str | None = None
) -> dict[str, Any]:
    """One `deepimagej.predict` on the array."""
    import deepimagej

    _listen()
    pixels = image if image.endswith(".tif") else np.load(image)
    _network_seconds.clear()
    seconds, result = timed(lambda: deepimagej.predict(model, pixels, **keys))
    if save is not None:
        np.save(save, np.asarray(next(iter(result.values()))))
    return {"seconds": seconds, "network": sum(_network_seconds)}


def learn(model: str, image: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Run until ``tile=auto`` gives the same tile three times; that tile and its places."""
    import deepimagej

    pixels = np.load(image)
    tiles: list[Mapping[str, int]] = []
    while len(tiles) < _MAX_LEARNING and not _is_settled(tiles):
        tiles.append(deepimagej.run(model, pixels, **keys).provenance["tiles"]["tile"])
    return {
        "tile": tiles[-1],
        "runs": len(tiles),
        "places": _places(model, pixels.shape, tiles[-1]),
    }


def _is_settled(tiles: list[Mapping[str, int]]) -> bool:
    return len(tiles) > 2 and tiles[-1] == tiles[-2] == tiles[-3]


def _places(model: str, shape: tuple[int, ...], tile: Mapping[str, int]) -> list[list[list[int]]]:
    """[start, stop] an axis of each tile of an image of `shape`."""
    import deepimagej
    from deepimagej.axes import AxisName
    from deepimagej.tiling import plan_tiles

    spec = deepimagej.info(model)
    first = spec.inputs[0]
    lengths = {AxisName.Y: shape[0], AxisName.X: shape[1]}
    full = tuple(lengths.get(axis.name, 1) for axis in first.axes)
    plan = plan_tiles(
        {first.name: first.axes},
        {output.name: output.axes for output in spec.outputs},
        {first.name: full},
        tile=tile,
    )
    return [[[place.start, place.stop] for place in one.outer[first.name]] for one in plan.tiles]


def start(warm: str | None = None) -> dict[str, Any]:
    """Start ImageJ, headless, and load a network meanwhile; the seconds of its steps."""
    import_seconds, deepimagej = timed(lambda: import_module("deepimagej"))
    seconds, _state["ij"] = timed(lambda: deepimagej.start(warm=warm))
    from deepimagej.host.running import running as running_host

    running = running_host()
    steps = {} if running is None else running.timings
    return {"seconds": seconds, "steps": {"import": import_seconds, **steps}}


def macro(image: str, options: str) -> dict[str, Any]:
    """One ``run("DeepImageJ Run", ...)`` on a new image; its time and the network's part of it."""
    _listen()
    ij = _state["ij"]
    if image.endswith(".tif"):
        ij.show(image)
    else:
        ij.show(np.load(image), title=Path(image).stem)
    _network_seconds.clear()
    text = f'run("DeepImageJ Run", "{options}");'
    seconds, _ = timed(lambda: ij.run_macro(text))
    ij.close_all()
    return {"seconds": seconds, "network": sum(_network_seconds)}


def open_image(image: str) -> dict[str, Any]:
    """Open a file in ImageJ and leave it there."""
    seconds, _ = timed(lambda: _state["ij"].show(image))
    return {"seconds": seconds}


def run_on_active(options: str, save: str | None = None) -> dict[str, Any]:
    """The command on the image that `open_image` opened."""
    ij = _state["ij"]
    seconds, _ = timed(lambda: ij.run_macro(f'run("DeepImageJ Run", "{options}");'))
    if save is not None:
        np.save(save, np.asarray(ij.to_numpy(ij.active_image)))
    return {"seconds": seconds}


def heap() -> dict[str, Any]:
    """Bytes of Java objects that are alive."""
    import jpype

    runtime = jpype.JClass("java.lang.Runtime").getRuntime()
    jpype.JClass("java.lang.System").gc()
    return {"bytes": int(runtime.totalMemory() - runtime.freeMemory())}


def convert(dtype: str, rounds: int, size: int) -> dict[str, Any]:
    """Seconds of numpy's copy and of both conversions, as in ``benchmarks/conversion.py``."""
    from benchmarks import conversion

    return {"seconds": conversion.measure(np.dtype(dtype), size=size, rounds=rounds)}


def stardist_objects(outputs: str) -> dict[str, Any]:
    """Labels and polygons from probability and distances on a grid of 2 px, (Y, X, 33)."""
    from deepimagej.methods.stardist import non_maximum_suppression

    values = np.load(outputs)
    prob, dist = values[..., 0].copy(), values[..., 1:].copy()
    seconds, found = timed(
        lambda: non_maximum_suppression(prob, dist, grid=(2, 2), prob_thresh=0.35, nms_thresh=0.3)
    )
    return {"seconds": seconds, "count": len(np.unique(found.labels)) - 1}


def cellpose_objects(outputs: str) -> dict[str, Any]:
    """Masks from flows and cell probability, (3, Y, X)."""
    from deepimagej.methods.flows import masks

    values = np.load(outputs)
    seconds, labels = timed(lambda: masks(values[:2], values[2]))
    return {"seconds": seconds, "count": len(np.unique(labels)) - 1}


def _listen() -> None:
    """Note how long each of the framework's own calls takes, as the worker tells it."""
    from deepimagej.engines.process import Worker

    if _state.get("is_listening"):
        return
    ask = Worker.call

    def call(self: Any, function: str, arguments: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
        reply = ask(self, function, arguments, **keys)
        if function == "predict":
            _network_seconds.append(float(reply["seconds"]))
        return reply

    Worker.call = call  # type: ignore[method-assign]
    _state["is_listening"] = True


if __name__ == "__main__":
    functions = (
        *(first, predict, learn, start, macro, open_image, run_on_active, heap, convert),
        *(stardist_objects, cellpose_objects),
    )
    serve({function.__name__: function for function in functions})
