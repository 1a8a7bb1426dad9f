"""Make the demo's bundle from the StarDist network that was trained for this project.

    python scripts/train/make_demo_bundle.py STARDIST.onnx

Reads the ONNX file of the whole network (33 channels: probability and 32 distances, exported by
StarDist and tf2onnx), keeps what the probability needs, and writes the bundle next to the macro
and the README in `src/deepimagej/examples/nuclei`. The same input gives the same bytes.
Needs onnx, onnxruntime, numpy, pillow, pyyaml and tifffile.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import tifffile
import yaml
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXAMPLES = Path(__file__).parents[2] / "src" / "deepimagej" / "examples"
BUNDLE = EXAMPLES / "nuclei"
STEP = 16  # four poolings
OPSET = 17
FIRST, LAST = "conv2d/BiasAdd__6:0", "prob/Sigmoid:0"


def main(source: Path) -> None:
    network = cut(onnx.load(source))
    check_same_as_source(network, source)
    (BUNDLE / "probability.onnx").write_bytes(network.SerializeToString(deterministic=True))

    halo = receptive_radius(network)
    # bioimageio.spec wants a smallest input of which a tile keeps something.
    least = (2 * halo // STEP + 1) * STEP
    print(f"receptive field: {halo} px on each side; smallest input: {least} px")

    image = tifffile.imread(EXAMPLES / "images" / "nuclei.tif")
    crop = image[144 : 144 + least, 144 : 144 + least]
    raw = crop[None, None].astype(np.float32)
    probability = run(network, scale_range(raw))
    np.save(BUNDLE / "test_raw.npy", raw)
    np.save(BUNDLE / "test_probability.npy", probability)
    tifffile.imwrite(BUNDLE / "sample.tif", image[128:384, 128:384], imagej=True)
    whole = run(network, scale_range(image[None, None].astype(np.float32)))
    write_cover(image, whole[0, 0])

    text = yaml.safe_dump(describe(halo, least), sort_keys=False, allow_unicode=True, width=100)
    (BUNDLE / "rdf.yaml").write_text(text, encoding="utf-8")


def cut(whole: onnx.ModelProto) -> onnx.ModelProto:
    """The network from a (b, c, y, x) image to the probability at each of its pixels.

    StarDist predicts on every second pixel. Its exported file leaves zeros between; here they
    are interpolated, with the predicted values where they were.
    """
    inferred = onnx.shape_inference.infer_shapes(whole)
    part = onnx.utils.Extractor(inferred).extract_model([FIRST], [LAST]).graph
    doubling = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "doubling")
    nodes = [_with_constant_doubling(node) for node in part.node]
    nodes.append(_resize(LAST, "probability", "linear"))
    nodes = _needed(nodes, "probability")
    used = {name for node in nodes for name in node.input}
    shape = ["batch", 1, "y", "x"]
    graph = helper.make_graph(
        nodes,
        "nucleus probability",
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, shape)],
        [*(tensor for tensor in part.initializer if tensor.name in used), doubling],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="deepimagej",
        ir_version=8,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _with_constant_doubling(node: onnx.NodeProto) -> onnx.NodeProto:
    """`node`; if it enlarges by a computed size, one that doubles: tf2onnx's way is deprecated."""
    if node.op_type == "Resize":
        return _resize(node.input[0], node.output[0], "nearest")
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = ["raw" if name == FIRST else name for name in node.input]
    return copy


def _resize(source: str, target: str, mode: str) -> onnx.NodeProto:
    return helper.make_node(
        "Resize",
        [source, "", "doubling"],
        [target],
        mode=mode,
        coordinate_transformation_mode="asymmetric",
        **({"nearest_mode": "floor"} if mode == "nearest" else {}),
    )


def _needed(nodes: list[onnx.NodeProto], output: str) -> list[onnx.NodeProto]:
    wanted, kept = {output}, []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def run(network: onnx.ModelProto, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(
        network.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {session.get_inputs()[0].name: tensor})[0])


def scale_range(tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    """The bundle's preprocessing: percentiles 1 and 99.8 of the sample become 0 and 1."""
    lower, upper = np.percentile(tensor, [1, 99.8]).astype(np.float32)
    return (tensor - lower) / (upper - lower + np.float32(1e-6))


def check_same_as_source(network: onnx.ModelProto, source: Path) -> None:
    """Stop if the cut network differs from its source on the pixels that StarDist predicts."""
    tensor = np.random.default_rng(0).random((1, 1, 96, 64), np.float32)
    whole = run(onnx.load(source), tensor.transpose(0, 2, 3, 1))[0, ::2, ::2, 0]
    difference = np.abs(run(network, tensor)[0, 0, ::2, ::2] - whole).max()
    print(f"largest difference to the whole network: {difference:.1e}")
    if difference > 1e-6:
        sys.exit("The cut network is not its source.")


def receptive_radius(network: onnx.ModelProto) -> int:
    """How far, in px, an input pixel reaches in the output: the halo.

    Measured with all weights made positive, so that neither ReLU nor cancellation hides a path,
    for an impulse on each place of the pooling grid.
    """
    positive = onnx.ModelProto()
    positive.CopyFrom(network)
    graph = positive.graph
    for tensor in graph.initializer:
        if tensor.name == "doubling":
            continue
        values = numpy_helper.to_array(tensor)
        fill = (
            np.zeros_like(values) if values.ndim == 1 else np.full_like(values, 1 / values[0].size)
        )
        tensor.CopyFrom(numpy_helper.from_array(fill, tensor.name))
    # The sigmoid of small numbers would round differences away.
    for node in graph.node:
        node.op_type = "Identity" if node.op_type == "Sigmoid" else node.op_type
    size = 26 * STEP
    session = onnxruntime.InferenceSession(positive.SerializeToString())
    radius = 0
    for offset in range(STEP):
        image = np.zeros((1, 1, size, size), np.float32)
        at = size // 2 + offset
        image[0, 0, at, at] = 1e6
        reached = np.nonzero(session.run(None, {"raw": image})[0][0, 0])[0]
        radius = max(radius, at - int(reached.min()), int(reached.max()) - at)
    return radius


def write_cover(image: NDArray[Any], probability: NDArray[np.float32]) -> None:
    """The image, and over its lower right half the probability."""
    grey = np.clip(scale_range(image.astype(np.float32)), 0, 1) ** 0.7
    rows, columns = np.indices(image.shape)
    is_right = rows + columns > sum(image.shape) // 2
    colours = np.stack([grey, grey, grey], axis=-1)
    warm = np.stack([probability**0.6, probability**1.2, 0.35 * (1 - probability) ** 2], axis=-1)
    colours[is_right] = warm[is_right]
    pixels = (np.clip(colours, 0, 1) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(BUNDLE / "cover.png", optimize=True)


def describe(halo: int, least: int) -> dict[str, Any]:
    """The RDF, format 0.5."""

    def file(name: str) -> dict[str, str]:
        content = (BUNDLE / name).read_bytes()
        return {"source": name, "sha256": hashlib.sha256(content).hexdigest()}

    spatial = [
        {"type": "space", "id": axis, "size": {"min": least, "step": STEP}} for axis in ("y", "x")
    ]
    followed = [
        {"type": "space", "id": axis, "size": {"tensor_id": "raw", "axis_id": axis}, "halo": halo}
        for axis in ("y", "x")
    ]
    return {
        "format_version": "0.5.3",
        "type": "model",
        "name": "Nuclei Probability",
        "id": "deepimagej-nuclei",
        "version": "1.0.0",
        "description": "Finds fluorescent nuclei: how deep inside a nucleus each pixel lies.",
        "authors": [{"name": "The deepimagej developers"}],
        "license": "BSD-2-Clause",
        "documentation": "README.md",
        "covers": ["cover.png"],
        "tags": ["nuclei", "fluorescence-light-microscopy", "segmentation", "2d", "unet"],
        "cite": [
            {
                "text": "Schmidt et al., Cell Detection with Star-convex Polygons, MICCAI 2018",
                "doi": "10.1007/978-3-030-00934-2_30",
            },
            {
                "text": "Caicedo et al., Nucleus segmentation across imaging experiments: "
                "the 2018 Data Science Bowl, Nature Methods 2019",
                "doi": "10.1038/s41592-019-0612-7",
            },
        ],
        "attachments": [file("count_nuclei.ijm")],
        "inputs": [
            {
                "id": "raw",
                "description": "One channel with bright nuclei, about 10 to 40 px wide.",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["nuclei"]},
                    *spatial,
                ],
                "data": {"type": "float32"},
                "test_tensor": file("test_raw.npy"),
                "sample_tensor": file("sample.tif"),
                "preprocessing": [
                    {
                        "id": "scale_range",
                        "kwargs": {
                            "axes": ["channel", "y", "x"],
                            "min_percentile": 1.0,
                            "max_percentile": 99.8,
                            "eps": 1e-6,
                        },
                    }
                ],
            }
        ],
        "outputs": [
            {
                "id": "probability",
                "description": "Depth inside a nucleus: 0 outside, towards 1 in the middle.",
                "axes": [
                    {"type": "batch"},
                    {"type": "channel", "channel_names": ["probability"]},
                    *followed,
                ],
                "data": {"type": "float32"},
                "test_tensor": file("test_probability.npy"),
            }
        ],
        "weights": {"onnx": {**file("probability.onnx"), "opset_version": OPSET}},
        "config": {
            "deepimagej": {
                "allow_tiling": True,
                "pyramidal_model": False,
                "prediction": {
                    "postprocess": [{"spec": "ij.IJ::runMacroFile", "kwargs": "count_nuclei.ijm"}]
                },
            }
        },
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
