"""Runs networks as the workers' docstrings say: ``python same_bits.py FRAMEWORK FOLDER``.

It reads ``image.npy`` and writes, beside each network of the folder, ``NETWORK.expected.npy``;
with ``write`` after them it writes the networks instead.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

THREADS = 2
_SIGNATURE = "serving_default"


def write_torch(folder: Path) -> None:
    """``script.pt``, and ``view.pt`` with an operation that minds how pixels lie in memory."""
    import torch

    torch.manual_seed(0)

    class Flat(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = _torch_layers()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.body(x)
            flat: torch.Tensor = y.view(y.size(0), -1)
            return flat.view(y.size())

    for name, module in (("script", _torch_layers()), ("view", Flat())):
        torch.jit.script(module.eval()).save(str(folder / f"{name}.pt"))


def run_torch(folder: Path, image: Any) -> None:
    """TorchScript, with channels last where no ``view`` is."""
    import torch

    torch.set_num_threads(THREADS)
    torch.jit.set_fusion_strategy([("STATIC", 0)])
    formats = {"script": torch.channels_last, "view": torch.contiguous_format}
    for name, memory_format in formats.items():
        if not (folder / f"{name}.pt").exists():
            continue
        read: Any = torch.jit.load  # without annotations
        module = read(str(folder / f"{name}.pt"), map_location="cpu").eval()
        module = module.to(memory_format=memory_format)
        with torch.inference_mode():
            _keep(folder, name, module(torch.from_numpy(image)).numpy())


def write_onnx(folder: Path) -> None:
    """``net.onnx``: two convolutions."""
    import onnx
    from onnx import helper, numpy_helper

    random = np.random.default_rng(0)
    shapes = {"first": (16, 1, 3, 3), "second": (2, 16, 3, 3)}
    weights = [
        numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["y"], pads=[1, 1, 1, 1]),
    ]
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["b", "c", "h", "w"])
        for name in ("x", "y")
    ]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "net.onnx")


def run_onnx(folder: Path, image: Any) -> None:
    """An ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(
        folder / "net.onnx", options, providers=["CPUExecutionProvider"]
    )
    _keep(folder, "net", session.run(None, {session.get_inputs()[0].name: image})[0])


def write_tensorflow(folder: Path) -> None:
    """Keras files of both Kerases, and SavedModels of both TensorFlows."""
    import keras
    import tensorflow as tf
    import tf_keras

    for library, name in ((keras, "new.keras"), (tf_keras, "old.h5")):
        library.utils.set_random_seed(0)
        image = library.Input((None, None, 1))
        hidden = library.layers.Conv2D(16, 3, padding="same", activation="relu")(image)
        output = library.layers.Conv2D(2, 3, padding="same", name="out")(hidden)
        model = library.Model(image, output)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the old format is old
            model.save(folder / name)
    model = tf_keras.models.load_model(folder / "old.h5", compile=False)
    model.export(str(folder / "two"))
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        pixels = v1.placeholder(tf.float32, [None, None, None, 1], name="input_tensor")
        kernel = v1.get_variable("kernel", [3, 3, 1, 2], use_resource=False)
        tf.identity(tf.nn.conv2d(pixels, kernel, 1, "SAME"), name="output_tensor")
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder / "one"))
        builder.add_meta_graph_and_variables(session, ["serve"], {})
        builder.save()


def run_tensorflow(folder: Path, image: Any) -> None:
    """Keras files and SavedModels."""
    import keras
    import tensorflow as tf
    import tf_keras

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    for library, name in ((keras, "new.keras"), (tf_keras, "old.h5")):
        model = library.models.load_model(folder / name, compile=False)
        _keep(folder, name.partition(".")[0], model.predict_on_batch(image))
    root = tf.saved_model.load(str(folder / "two"), tags=["serve"])
    function = root.signatures[_SIGNATURE]
    name = next(iter(function.structured_input_signature[1]))
    (output,) = function(**{name: tf.constant(image)}).values()
    _keep(folder, "two", output.numpy())
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder / "one"))
        _keep(folder, "one", session.run("output_tensor:0", {"input_tensor:0": image}))


def _torch_layers() -> Any:
    import torch

    layer = torch.nn.Conv2d
    return torch.nn.Sequential(
        layer(1, 16, 3, padding=1), torch.nn.ReLU(), layer(16, 2, 3, padding=1)
    )


def _keep(folder: Path, name: str, array: Any) -> None:
    np.save(folder / f"{name}.expected.npy", np.ascontiguousarray(array))


def main(framework: str, folder: Path, task: str = "run") -> None:
    """Write or run the networks of one framework."""
    if task == "write":
        globals()[f"write_{framework}"](folder)
    else:
        globals()[f"run_{framework}"](folder, np.load(folder / "image.npy"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
