"""The plain framework, as its own documentation calls it: the measure of all else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.sides.answering import serve, timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_network: dict[str, Any] = {}


def load(format: str, path: str) -> dict[str, Any]:
    """Import the framework, numpy with it, and load the weights."""
    open_weights, name = {
        "onnx": (_open_onnx, "onnxruntime"),
        "torchscript": (_open_torchscript, "torch"),
        "tensorflow_saved_model_bundle": (_open_saved_model, "tensorflow"),
        "keras_v3": (_open_keras, "keras"),
    }[format]
    import_seconds, module = timed(lambda: _imported(name))
    load_seconds, _network["call"] = timed(lambda: open_weights(module, path))
    return {"import": import_seconds, "load": load_seconds, "version": module.__version__}


def load_as_worker(format: str, bundle: str) -> dict[str, Any]:
    """Load the weights as deepimagej's worker does, with its options and threads, but here."""
    import deepimagej
    from deepimagej.engines import files, table
    from deepimagej.request import WeightsFormat
    from deepimagej.settings import Settings

    weights_format = WeightsFormat(format)
    spec = deepimagej.info(bundle)
    source = files.prepare(spec, spec.weights[weights_format], Settings.from_environment())
    script = table.ENGINES[weights_format].script
    worker = import_module(f"deepimagej.engines.workers.{script}")
    network = worker.load(str(source.path), "cpu", dict(source.options))
    _network["call"] = lambda array: network.predict([array])[0][1]
    return {"version": worker.version()}


def run(
    image: str, tiles: list[list[list[int]]] | None = None, save: str | None = None
) -> dict[str, Any]:
    """One call on the whole array, or one for each of `tiles` (a [start, stop] an axis)."""
    import numpy as np

    array = np.load(image)
    parts = [array]
    if tiles is not None:
        slices = [tuple(slice(*bounds) for bounds in tile) for tile in tiles]
        parts = [np.ascontiguousarray(array[place]) for place in slices]
    call = _network["call"]

    def work() -> Any:
        result = None
        for part in parts:
            result = call(part)
        return result

    seconds, result = timed(work)
    if save is not None:
        np.save(save, result)
    return {"seconds": seconds}


def _imported(name: str) -> Any:
    import_module("numpy")
    return import_module(name)


def _open_onnx(onnxruntime: Any, path: str) -> Callable[[NDArray[Any]], Any]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda array: session.run(None, {name: array})[0]


def _open_torchscript(torch: Any, path: str) -> Callable[[NDArray[Any]], Any]:
    module = torch.jit.load(path, map_location="cpu").eval()

    def call(array: NDArray[Any]) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(array)).numpy()

    return call


def _open_saved_model(tensorflow: Any, path: str) -> Callable[[NDArray[Any]], Any]:
    root = tensorflow.saved_model.load(path)
    function = root.signatures["serving_default"]
    _network["root"] = root  # its variables live as long as it does
    name = next(iter(function.structured_input_signature[1]))

    def call(array: NDArray[Any]) -> Any:
        outputs = function(**{name: tensorflow.constant(array)})
        return next(iter(outputs.values())).numpy()

    return call


def _open_keras(keras: Any, path: str) -> Callable[[NDArray[Any]], Any]:
    model = keras.saving.load_model(path, compile=False)
    return lambda array: model(array, training=False)[0].numpy()


if __name__ == "__main__":
    serve({"load": load, "load_as_worker": load_as_worker, "run": run})
