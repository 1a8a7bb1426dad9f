"""Which operations of a network could do more than compute.

No framework is imported: graphs are read as the files that they are.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Final

from deepimagej.errors import BundleError
from deepimagej.library.findings import Finding
from deepimagej.library.graph_tensorflow import scan_tensorflow
from deepimagej.library.paths import leaves
from deepimagej.library.wire import messages, strings
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deepimagej.bundle.spec import Weights

_TORCH: Final = re.compile(
    r"\b(torch\.from_file|torch\.save|torch\.load|aten::from_file|aten::save|aten::load"
    r"|from_file\b|ops\.(?!prim\b|aten\b|torchvision\b|quantized\b)\w+\.\w+)"
)
_ONNX_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "com.microsoft")
"""Domains whose operations onnxruntime itself has; others need a native library."""
_LAMBDA: Final = re.compile(rb'"class_name"\s*:\s*"(?:[\w.]+>)?Lambda"')
_LAMBDA_LAYER: Final = "Lambda layer"
_CHUNK: Final = 1 << 22
_OVERLAP: Final = 256


def scan_weights(weights: Weights) -> tuple[Finding, ...]:
    """What in the weights' file could do more than compute; each kind of operation once.

    Parameters
    ----------
    weights
        Of any format; formats that hold no graph (a state dict) have no findings, and nor have
        weights whose file is missing.

    Raises
    ------
    BundleError
        If the file is not of its format.
    """
    scan = _SCANS.get(weights.format)
    path = weights.source
    if scan is None or path is None or not path.exists():
        return ()
    try:
        found = Counter(scan(path))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        words = str(error).strip("'\"").splitlines()[0].rstrip(".") or type(error).__name__
        raise BundleError(
            f"{path} is not a readable {weights.format} file: {words}.",
            hint="The file may be damaged; get the model again.",
        ) from error
    return tuple(
        Finding(what, why, file=weights.declared, is_refused=what == _LAMBDA_LAYER)
        for what, why in found
    )


Found = tuple[str, str]
"""Operation and what it can do."""


def _saved_model(path: Path) -> Iterator[Found]:
    if path.is_dir():
        for graph in sorted(path.rglob("*.pb")):
            if graph.name == "saved_model.pb":
                yield from scan_tensorflow(graph.read_bytes())
        return
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if PurePosixPath(n).name == "saved_model.pb"]
        if not names:
            raise ValueError("it has no saved_model.pb")
        for name in names:
            yield from scan_tensorflow(archive.read(name))


def _onnx(path: Path) -> Iterator[Found]:
    # ModelProto: graph 7, functions 25 (node 7, domain 10)
    model = memoryview(path.read_bytes())
    graphs = list(messages(model, 7))
    if not graphs:
        raise ValueError("it has no graph")
    known = {*_ONNX_DOMAINS, *strings(model, 25, 10)}
    for graph in graphs:
        yield from _onnx_data(graph)
        yield from _onnx_nodes(messages(graph, 1), known)
    yield from _onnx_nodes(messages(model, 25, 7), known)


def _onnx_nodes(nodes: Iterator[memoryview], known: set[str]) -> Iterator[Found]:
    for node in nodes:  # NodeProto: op_type 4, attribute 5, domain 7
        domain = next(strings(node, 7), "")
        if domain not in known:
            operation = next(strings(node, 4), "")
            yield f"{domain}.{operation}", "needs a native library of its own"
        for graph in (*messages(node, 5, 6), *messages(node, 5, 11)):
            yield from _onnx_nodes(messages(graph, 1), known)


def _onnx_data(graph: memoryview) -> Iterator[Found]:
    """External data of all tensors, of subgraphs too: it must lie in the bundle."""
    # GraphProto: node 1, initializer 5, sparse_initializer 15 (values 1, indices 2)
    # AttributeProto: t 5, g 6, tensors 10, graphs 11; TensorProto: external_data 13
    paths = ((5,), (15, 1), (15, 2), (1, 5, 5), (1, 5, 10))
    for tensor in (tensor for path in paths for tensor in messages(graph, *path)):
        for entry in messages(tensor, 13):
            location = next(strings(entry, 2), "")
            if next(strings(entry, 1), "") == "location" and leaves(location):
                yield f'external data "{location}"', "reads a file outside the bundle"
    for inner in (*messages(graph, 1, 5, 6), *messages(graph, 1, 5, 11)):
        yield from _onnx_data(inner)


def _torchscript(path: Path) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        code = [n for n in archive.namelist() if n.endswith(".py") and "code/" in n]
        if not code:
            raise ValueError("it holds no code")
        for name in code:
            text = archive.read(name).decode("utf-8", errors="replace")
            for match in _TORCH.finditer(text):
                is_own = match[1].startswith("ops.")
                yield match[1], "needs a native library of its own" if is_own else "reads files"


def _keras_archive(path: Path) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        yield from _keras_layers(json.loads(archive.read("config.json")))


def _keras_layers(value: object) -> Iterator[Found]:
    if isinstance(value, dict):
        if value.get("class_name") in ("Lambda", "__lambda__"):
            yield _LAMBDA_LAYER, "runs Python code"
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _keras_layers(part)


def _keras_hdf5(path: Path) -> Iterator[Found]:
    # The configuration is an attribute: JSON text, never compressed.
    with path.open("rb") as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            raise ValueError("it is not HDF5")
        for block in _blocks(file):
            if _LAMBDA.search(block):
                yield _LAMBDA_LAYER, "runs Python code"


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in parts that overlap, so that nothing falls between two."""
    tail = b""
    while block := file.read(_CHUNK):
        yield tail + block
        tail = (tail + block)[-_OVERLAP:]


_SCANS: Final[dict[WeightsFormat, Callable[[Path], Iterator[Found]]]] = {
    WeightsFormat.TENSORFLOW_SAVED_MODEL: _saved_model,
    WeightsFormat.ONNX: _onnx,
    WeightsFormat.TORCHSCRIPT: _torchscript,
    WeightsFormat.KERAS_V3: _keras_archive,
    WeightsFormat.KERAS_HDF5: _keras_hdf5,
}
