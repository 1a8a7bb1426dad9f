"""Small networks and specs for the tests of the engines."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from onnx import TensorProto, helper, numpy_helper

from deepimagej.axes import Axis, AxisName, SizeRule
from deepimagej.bundle.spec import ModelSpec, TensorSpec, Weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from onnx import NodeProto

    from deepimagej.request import WeightsFormat

_ANY = SizeRule(1, 1)
ENDLESS = 10**12
"""Rounds of a loop that no test waits for."""


def make_spec(
    weights_format: WeightsFormat,
    source: Path,
    *,
    inputs: Sequence[str] = ("input",),
    outputs: Mapping[str, int] | None = None,
    sha256: str = "",
    model_keys: Mapping[str, str] | None = None,
) -> tuple[ModelSpec, Weights]:
    """A model with one file of weights; `outputs` maps names to numbers of axes."""
    weights = Weights(weights_format, source, source.name, sha256)
    ranks = {"output": 4} if outputs is None else outputs
    spec = ModelSpec(
        name="Nuclei",
        folder=source.parent,
        rdf=source.parent / "bioimageio.yaml",
        format_version="0.5.4",
        inputs=tuple(_tensor(name, 4) for name in inputs),
        outputs=tuple(_tensor(name, rank) for name, rank in ranks.items()),
        weights={weights_format: weights},
        model_keys=model_keys or {},
    )
    return spec, weights


def _tensor(name: str, rank: int) -> TensorSpec:
    letters = "bcyx"[:rank]
    return TensorSpec(name, tuple(Axis(letter, AxisName(letter), _ANY) for letter in letters))


def write_onnx(
    path: Path,
    nodes: Sequence[NodeProto],
    inputs: Sequence[str],
    outputs: Sequence[str],
    parameters: Sequence[TensorProto] = (),
) -> Path:
    """A network of float32 tensors (b, c, y, x) of any size."""

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", "c", "y", "x"])

    graph = helper.make_graph(
        nodes,
        "network",
        [value(name) for name in inputs],
        [value(name) for name in outputs],
        list(parameters),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def write_identity(path: Path) -> Path:
    """The image comes back."""
    return write_onnx(path, [helper.make_node("Identity", ["x"], ["y"])], ["x"], ["y"])


def write_heavy(path: Path, *, megabytes: int) -> Path:
    """The image, of pixels below 1, times the first of so many MB of ones."""
    values = np.ones(megabytes * 2**18, np.float32)
    weights = numpy_helper.from_array(values, "weights")
    nodes = [
        helper.make_node("ReduceMin", ["x"], ["least"], keepdims=0),
        helper.make_node("Cast", ["least"], ["first"], to=TensorProto.INT64),
        helper.make_node("Gather", ["weights", "first"], ["one"]),
        helper.make_node("Mul", ["x", "one"], ["y"]),
    ]
    return write_onnx(path, nodes, ["x"], ["y"], [weights])


def write_repeat(path: Path, *, times: int) -> Path:
    """The image so many times along y and x."""
    counts = numpy_helper.from_array(np.array([1, 1, times, times], np.int64), "counts")
    node = helper.make_node("Tile", ["x", "counts"], ["y"])
    return write_onnx(path, [node], ["x"], ["y"], [counts])


def write_loop(path: Path) -> Path:
    """Adds one as many times as the first pixel says: `ENDLESS` keeps the worker in the call."""
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["rounds"], to=TensorProto.INT64),
        helper.make_node("Loop", ["rounds", "", "x"], ["y"], body=_plus_one()),
    ]
    return write_onnx(path, nodes, ["x"], ["y"])


def _plus_one() -> Any:
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    info = helper.make_tensor_value_info
    return helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Add", ["before", "one"], ["after"]),
        ],
        "round",
        [
            info("round", TensorProto.INT64, []),
            info("going", TensorProto.BOOL, []),
            info("before", TensorProto.FLOAT, None),
        ],
        [info("goes_on", TensorProto.BOOL, []), info("after", TensorProto.FLOAT, None)],
        [one],
    )


def random_image(*shape: int) -> NDArray[np.float32]:
    """Noise between 0 and 1."""
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def shared_segments() -> set[str]:
    """Names of all segments of shared memory on this machine (Linux)."""
    return {path.name for path in Path("/dev/shm").iterdir()}


def left_segments(before: set[str]) -> set[str]:
    """Segments that are there now and were not before, but for those that others use."""
    own = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    names = shared_segments() - before
    if names:
        time.sleep(0.3)  # those of other programs come and go
        names &= shared_segments()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        if names and int(maps.parent.name) not in own:
            try:
                text = maps.read_text()
            except OSError:  # it ended
                continue
            names -= {name for name in names if f"/dev/shm/{name}" in text}
    return names
