"""Bundles for tests: tiny ONNX networks that need no file from elsewhere.

Every function writes a folder with ``bioimageio.yaml`` (format 0.5, plain text), weights, and
test tensors computed with numpy, and returns the folder. Bundles of the real models are in
`shared_bundles.py`.

- ``make_identity_bundle(folder)``       the image comes back
- ``make_scaling_bundle(folder, gain=2, offset=0)``   ``gain·x + offset``
- ``make_convolution_bundle(folder)``    3x3 with `KERNEL`; zero padding and halo 1, or ``valid``
- ``make_pooling_bundle(folder)``        2x2 means: half the size
- ``make_upsampling_bundle(folder)``     each px twice: double the size
- ``make_sum_bundle(folder)``            two inputs ``a`` and ``b``
- ``make_two_output_bundle(folder)``     ``double`` and ``negative``
- ``make_list_bundle(folder)``           ``image`` as it came, and ``points``: the rows y, x of
  px above 0.5, as many as there are
- ``write_bundle(folder, rdf, files)``   any RDF as a mapping, any files
- ``zip_bundle(folder, target, top=...)``  the folder as a zip beside it

All take ``name``, ``axes`` (letters), ``min`` and ``step`` of the spatial axes (step 0: fixed),
``channels``, ``halo``, ``dtype``, ``batch`` ("open" or "one"), ``version`` ("0.5" or "0.4"),
``operations`` (pre-processing of the inputs), ``post_operations``, ``macros`` (stage -> file
name -> text) and ``extra`` (other keys of the RDF).
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml
from onnx import TensorProto, checker, helper

from bundle_texts import Options, Output, rdf_0_4, rdf_0_5

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from onnx import NodeProto

KERNEL: Final = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 10]], np.float32) / 46
"""Of `make_convolution_bundle`; without any symmetry, so that swapped axes are seen."""

_OPSET = 17


def make_identity_bundle(folder: Path, **options: Any) -> Path:
    """A network that gives the image back."""
    chosen = Options(**{"name": "Identity", **options})
    values = sample_values(chosen)
    nodes = [helper.make_node("Identity", ["input"], ["output"])]
    return _write(folder, chosen, nodes, {"input": values}, [Output(values=values)])


def make_scaling_bundle(
    folder: Path, *, gain: float = 2.0, offset: float = 0.0, **options: Any
) -> Path:
    """A network that gives ``gain·x + offset``."""
    chosen = Options(**{"name": "Scaling", **options})
    values = sample_values(chosen)
    dtype = np.dtype(chosen.dtype)
    constants = {"gain": np.array(gain, dtype), "offset": np.array(offset, dtype)}
    nodes = [
        helper.make_node("Mul", ["input", "gain"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["output"]),
    ]
    result = values * constants["gain"] + constants["offset"]
    outputs = [Output(values=result)]
    return _write(folder, chosen, nodes, {"input": values}, outputs, constants=constants)


def make_convolution_bundle(folder: Path, *, valid: bool = False, **options: Any) -> Path:
    """A 3x3 convolution with `KERNEL`, axes ``bcyx``; zero padded, or without padding."""
    chosen = Options(**{"name": "Convolution", "min": 3, **options})
    values = sample_values(chosen)
    padding = 0 if valid else 1
    nodes = [helper.make_node("Conv", ["input", "kernel"], ["output"], pads=[padding] * 4)]
    output = Output(
        values=convolve(values, valid=valid), offset=-2 if valid else 0, halo=0 if valid else 1
    )
    constants = {"kernel": KERNEL[None, None]}
    return _write(folder, chosen, nodes, {"input": values}, [output], constants=constants)


def convolve(values: NDArray[Any], *, valid: bool = False) -> NDArray[np.float32]:
    """What `make_convolution_bundle` gives for `values`, of which y and x are the last axes."""
    margins = [(0, 0)] * (values.ndim - 2) + [(0, 0) if valid else (1, 1)] * 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(values, margins), (3, 3), (-2, -1))
    return np.asarray(np.einsum("...yxkl,kl->...yx", windows, KERNEL), np.float32)


def make_pooling_bundle(folder: Path, **options: Any) -> Path:
    """Means of 2x2 px, axes ``bcyx``: half the size."""
    chosen = Options(**{"name": "Pooling", "min": 2, "step": 2, **options})
    values = sample_values(chosen)
    nodes = [
        helper.make_node("AveragePool", ["input"], ["output"], kernel_shape=[2, 2], strides=[2, 2])
    ]
    shape = (*values.shape[:2], values.shape[2] // 2, 2, values.shape[3] // 2, 2)
    output = Output(values=values.reshape(shape).mean((3, 5)), scale=0.5)
    return _write(folder, chosen, nodes, {"input": values}, [output])


def make_upsampling_bundle(folder: Path, **options: Any) -> Path:
    """Each px twice, axes ``bcyx``: double the size."""
    chosen = Options(**{"name": "Upsampling", **options})
    values = sample_values(chosen)
    constants = {"scales": np.array([1, 1, 2, 2], np.float32)}
    nodes = [
        helper.make_node(
            "Resize",
            ["input", "", "scales"],
            ["output"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
    ]
    output = Output(values=values.repeat(2, 2).repeat(2, 3), scale=2.0)
    return _write(folder, chosen, nodes, {"input": values}, [output], constants=constants)


def make_sum_bundle(folder: Path, **options: Any) -> Path:
    """The sum of two inputs ``a`` and ``b``; the output is called ``sum``."""
    chosen = Options(**{"name": "Sum of two", **options})
    inputs = {"a": sample_values(chosen), "b": sample_values(chosen, seed=1)}
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"])]
    output = Output(name="sum", values=inputs["a"] + inputs["b"], follows="a")
    return _write(folder, chosen, nodes, inputs, [output])


def make_two_output_bundle(folder: Path, **options: Any) -> Path:
    """Two outputs, ``double`` and ``negative``."""
    chosen = Options(**{"name": "Two outputs", **options})
    values = sample_values(chosen)
    nodes = [
        helper.make_node("Add", ["input", "input"], ["double"]),
        helper.make_node("Neg", ["input"], ["negative"]),
    ]
    outputs = [Output(name="double", values=2 * values), Output(name="negative", values=-values)]
    return _write(folder, chosen, nodes, {"input": values}, outputs)


def make_list_bundle(folder: Path, **options: Any) -> Path:
    """The image as it came, and a table with the rows y, x of px above 0.5 (axes ``bcyx``)."""
    chosen = Options(**{"name": "List of points", **options})
    values = sample_values(chosen)
    constants: dict[str, NDArray[Any]] = {
        "half": np.array(0.5, np.float32),
        "starts": np.array([2], np.int64),
        "ends": np.array([4], np.int64),
    }
    nodes = [
        helper.make_node("Identity", ["input"], ["image"]),
        helper.make_node("Greater", ["input", "half"], ["above"]),
        helper.make_node("NonZero", ["above"], ["places"]),
        helper.make_node("Slice", ["places", "starts", "ends"], ["yx"]),
        helper.make_node("Transpose", ["yx"], ["rows"], perm=[1, 0]),
        helper.make_node("Cast", ["rows"], ["points"], to=TensorProto.FLOAT),
    ]
    points = np.argwhere(values[0, 0] > 0.5).astype(np.float32)
    outputs = [Output(name="image", values=values), Output(name="points", values=points, axes="ic")]
    return _write(folder, chosen, nodes, {"input": values}, outputs, constants=constants)


def make_star_bundle(folder: Path, *, rays: int = 8, gain: float = 16.0, **options: Any) -> Path:
    """An image of a StarDist network's own outputs, given back: probability, then distances.

    The image has the distances divided by `gain`, so that all its values lie between 0 and 1.
    """
    chosen = Options(**{"name": "True stars", "channels": 1 + rays, **options})
    values = sample_values(chosen)
    gains = np.array([1, *[gain] * rays], np.float32)[:, None, None]
    nodes = [helper.make_node("Mul", ["input", "gains"], ["output"])]
    outputs = [Output(values=values * gains)]
    return _write(folder, chosen, nodes, {"input": values}, outputs, constants={"gains": gains})


def make_colour_star_bundle(folder: Path, *, gain: float = 16.0, **options: Any) -> Path:
    """As `make_star_bundle`, of a colour image: probability from red, all 8 rays from green."""
    chosen = Options(**{"name": "Coloured stars", "channels": 3, **options})
    values = sample_values(chosen)
    kernel = np.zeros((9, 3, 1, 1), np.float32)
    kernel[0, 0], kernel[1:, 1] = 1, gain
    nodes = [helper.make_node("Conv", ["input", "kernel"], ["output"])]
    outputs = [Output(values=np.einsum("oi,biyx->boyx", kernel[..., 0, 0], values))]
    return _write(folder, chosen, nodes, {"input": values}, outputs, constants={"kernel": kernel})


def make_flow_bundle(folder: Path, **options: Any) -> Path:
    """An image of true flows along y and x, given back with a probability from their length."""
    nothing = {"id": "scale_linear", "kwargs": {"gain": 1.0, "offset": 0.0}}
    chosen = Options(**{"name": "True flows", "channels": 2, "operations": [nothing], **options})
    values = sample_values(chosen)
    constants: dict[str, NDArray[Any]] = {
        "axes": np.array([1], np.int64),
        "least": np.array(6, np.float32),
    }
    nodes = [
        helper.make_node("Mul", ["input", "input"], ["squares"]),
        helper.make_node("ReduceSum", ["squares", "axes"], ["lengths"]),
        helper.make_node("Sub", ["lengths", "least"], ["prob"]),
        helper.make_node("Concat", ["input", "prob"], ["output"], axis=1),
    ]
    prob = (values**2).sum(1, keepdims=True) - constants["least"]
    outputs = [Output(values=np.concatenate([values, prob], 1).astype(np.float32))]
    return _write(folder, chosen, nodes, {"input": values}, outputs, constants=constants)


def sample_values(options: Options, seed: int = 0) -> NDArray[Any]:
    """The test input of a tiny bundle: all lengths differ where they are free."""
    lengths = {"b": 1, "c": options.channels}
    spatial = {
        letter: options.min + options.step * n
        for letter, n in {"t": 2, "z": 3, "y": 13, "x": 17, "i": 5}.items()
    }
    shape = [{**spatial, **lengths}[letter] for letter in options.axes]
    values = np.random.default_rng(seed).random(shape)
    if np.issubdtype(np.dtype(options.dtype), np.integer):
        values = values * 100
    return values.astype(options.dtype)


def write_bundle(folder: Path, rdf: Mapping[str, Any] | str, files: Mapping[str, Any]) -> Path:
    """Write `rdf` and `files` (path, bytes, text or array by name) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, np.ndarray):
            np.save(target, content)
        elif isinstance(content, str):
            target.write_text(content, encoding="utf-8")
        else:
            target.write_bytes(content.read_bytes() if isinstance(content, Path) else content)
    text = rdf if isinstance(rdf, str) else yaml.safe_dump(dict(rdf), sort_keys=False)
    (folder / "bioimageio.yaml").write_text(text, encoding="utf-8")
    return folder


def zip_bundle(folder: Path, target: Path | None = None, *, top: bool = False) -> Path:
    """`folder` as the zip `target`, beside it; with `top` the folder itself is in the zip."""
    target = target or folder.with_name(f"{folder.name}.zip")
    target.parent.mkdir(parents=True, exist_ok=True)
    base = folder.parent if top else folder
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(base).as_posix())
    return target


def sha256(path: Path) -> str:
    """Of the file `path`."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The network


def _write(
    folder: Path,
    options: Options,
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, NDArray[Any]],
    outputs: Sequence[Output],
    *,
    constants: Mapping[str, NDArray[Any]] | None = None,
) -> Path:
    graph = helper.make_graph(
        list(nodes),
        "network",
        [_value(name, values) for name, values in inputs.items()],
        [_value(output.name, output.values) for output in outputs],
        [
            helper.make_tensor(
                name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape, values.ravel()
            )
            for name, values in (constants or {}).items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = 9
    checker.check_model(model)
    weights = model.SerializeToString()
    tests = {**inputs, **{output.name: output.values for output in outputs}}
    macros = {file: text for stage in options.macros.values() for file, text in stage.items()}
    files = {
        "weights.onnx": weights,
        **{f"test_{name}.npy": values for name, values in tests.items()},
        **macros,
    }
    describe = rdf_0_5 if options.version == "0.5" else rdf_0_4
    rdf = {
        "type": "model",
        "format_version": {"0.5": "0.5.4", "0.4": "0.4.10"}[options.version],
        "name": options.name,
        "description": "A tiny network for tests.",
        "authors": [{"name": "deepimagej"}],
        "license": "CC0-1.0",
        **describe(options, inputs, outputs),
        "weights": {
            "onnx": {
                "source": "weights.onnx",
                "sha256": hashlib.sha256(weights).hexdigest(),
                "opset_version": _OPSET,
            }
        },
        **_config(options),
        **options.extra,
    }
    return write_bundle(folder, rdf, files)


def _value(name: str, values: NDArray[Any]) -> Any:
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    return helper.make_tensor_value_info(name, kind, [None] * values.ndim)


def _config(options: Options) -> dict[str, Any]:
    keys = {"preprocessing": "preprocess", "postprocessing": "postprocess"}
    prediction = {
        keys[stage]: [{"spec": "ij.IJ::runMacroFile", "kwargs": file} for file in files]
        for stage, files in options.macros.items()
    }
    return {"config": {"deepimagej": {"prediction": prediction}}} if prediction else {}
