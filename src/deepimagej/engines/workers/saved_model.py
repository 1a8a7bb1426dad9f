"""TensorFlow SavedModels: of TensorFlow 2, and of TensorFlow 1 with or without signatures.

What comes out has the bits of these lines, with the ``signature`` that ``options`` name::

    function = tf.saved_model.load(folder, tags=["serve"]).signatures[signature]
    outputs = function(**{name: tf.constant(array)})

For a graph without signature, or one that TensorFlow 2 does not read (``loader`` is
``tf.compat.v1.Session``)::

    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        tf.compat.v1.saved_model.loader.load(session, ["serve"], folder)
        outputs = session.run(output_names, {input_name: array})
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from .devices import tensorflow_name
from .failures import Refused
from .tensors import Slot

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SERVE = "serve"
_DEFAULT = "serving_default"
_CONSTANTS = {
    "tf.saved_model.tag_constants.SERVING": _SERVE,
    "tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY": _DEFAULT,
}
"""deepImageJ 1 and 2 wrote the names of Python's constants into the bundle."""


class FunctionModel:
    """A signature that TensorFlow 2's loader made a function of."""

    def __init__(self, root: Any, signature: str, device: str) -> None:
        function = root.signatures[signature]
        self._root = root  # its variables live as long as this does
        self._function = function
        self._device = device
        self.options = {"loader": "tf.saved_model.load", "signature": signature}
        self.inputs = [
            _slot(name, spec) for name, spec in function.structured_input_signature[1].items()
        ]
        self.outputs = [_slot(name, spec) for name, spec in function.structured_outputs.items()]

    def predict(self, arrays: List["NDArray[Any]"]) -> List[Tuple[str, Any]]:
        """All outputs, by the signature's names."""
        with tf.device(self._device):
            feed = {slot.name: tf.constant(array) for slot, array in zip(self.inputs, arrays)}
            result = self._function(**feed)
        # Not `numpy()`, which copies.
        return [(name, np.asarray(value)) for name, value in result.items()]


class GraphModel:
    """A graph of TensorFlow 1 in a session; `ends` are (name, tensor) pairs."""

    def __init__(
        self, session: Any, inputs: Sequence[Tuple[str, Any]], outputs: Sequence[Tuple[str, Any]]
    ) -> None:
        self._session = session
        self.options = {"loader": "tf.compat.v1.Session", "signature": None}
        self._inputs = [tensor for _, tensor in inputs]
        self._outputs = [tensor for _, tensor in outputs]
        self.inputs = [_slot(name, tensor) for name, tensor in inputs]
        self.outputs = [_slot(name, tensor) for name, tensor in outputs]

    def predict(self, arrays: List["NDArray[Any]"]) -> List[Tuple[str, Any]]:
        """All outputs."""
        values = self._session.run(self._outputs, dict(zip(self._inputs, arrays)))
        return [(slot.name, np.asarray(value)) for slot, value in zip(self.outputs, values)]


def load(path: str, device: str, options: Dict[str, Any]) -> Any:
    """The network in a SavedModel's folder.

    `options` may name ``tag`` and ``signature``; ``inputs`` and ``outputs``, the tensors' names
    in the RDF, are the graph's own where there is no signature.
    """
    folder = _folder(Path(path))
    meta = _meta_graph(folder, _constant(options["tag"]) or _SERVE)
    signature = _signature(meta, _constant(options["signature"]))
    with tf.device(tensorflow_name(device)):
        try:
            if signature is None:
                return _load_graph(folder, meta, _restored, _ends_by_name(meta, options))
            root = tf.saved_model.load(str(folder), tags=list(meta.meta_info_def.tags))
            return FunctionModel(root, signature, tensorflow_name(device))
        except Exception as error:  # the loaders raise whatever their importers do
            if "_output_shapes" not in str(error):
                raise
        # TensorFlow 1 wrote shapes of a training graph that TensorFlow 2 contradicts.
        ends = _ends_by_name(meta, options) if signature is None else _ends(meta, signature)
        return _load_graph(folder, _without_shapes(meta, ends), _assigned, ends)


Ends = Tuple[List[Tuple[str, str]], List[Tuple[str, str]]]
"""Inputs and outputs: what each is called, and the tensor in the graph."""


def _folder(path: Path) -> Path:
    """The folder with ``saved_model.pb``: a zip may hold it one level down."""
    found = sorted(path.rglob("saved_model.pb"), key=lambda file: len(file.parts))
    if not found:
        raise FileNotFoundError("it holds no saved_model.pb")
    return found[0].parent


def _meta_graph(folder: Path, tag: str) -> Any:
    content = saved_model_pb2.SavedModel()
    content.ParseFromString((folder / "saved_model.pb").read_bytes())
    graphs = list(content.meta_graphs)
    tagged = [graph for graph in graphs if tag in graph.meta_info_def.tags]
    if not tagged and len(graphs) != 1:
        there = ", ".join("+".join(graph.meta_info_def.tags) for graph in graphs)
        raise ValueError(f"there is no graph with the tag '{tag}'; it has: {there}")
    return (tagged or graphs)[0]


def _signature(meta: Any, wanted: str) -> Optional[str]:
    names = [name for name, value in meta.signature_def.items() if value.outputs]
    names = [name for name in names if not name.startswith("__saved_model")]
    for name in (wanted, _DEFAULT):
        if name in names:
            return name
    if len(names) > 1:
        raise ValueError(f"it has several signatures: {', '.join(sorted(names))}")
    return names[0] if names else None


def _constant(text: str) -> str:
    return _CONSTANTS.get(text, text)


def _ends(meta: Any, signature: str) -> Ends:
    definition = meta.signature_def[signature]
    return (
        sorted((name, info.name) for name, info in definition.inputs.items()),
        sorted((name, info.name) for name, info in definition.outputs.items()),
    )


def _ends_by_name(meta: Any, options: Dict[str, Any]) -> Ends:
    """The RDF's names as tensors of the graph: ``input_tensor`` is ``input_tensor:0``."""
    nodes = {node.name: node.op for node in meta.graph_def.node}
    ends = []
    for kind in ("inputs", "outputs"):
        missing = [name for name in options[kind] if name.partition(":")[0] not in nodes]
        if missing:
            there = ", ".join(_candidates(meta, kind)) or "none"
            raise Refused("tensors", f"the graph has no {', '.join(missing)}; its {kind}: {there}")
        ends.append([(name, name if ":" in name else f"{name}:0") for name in options[kind]])
    return ends[0], ends[1]


def _candidates(meta: Any, kind: str) -> List[str]:
    """Placeholders, or nodes that no other node reads."""
    nodes = meta.graph_def.node
    if kind == "inputs":
        return [node.name for node in nodes if node.op == "Placeholder"]
    read = {name.lstrip("^").partition(":")[0] for node in nodes for name in node.input}
    passive = ("NoOp", "Const", "Assign", "AssignVariableOp", "Placeholder")
    return [n.name for n in nodes if n.name not in read and n.op not in passive][:10]


def _load_graph(
    folder: Path, meta: Any, fill: Callable[[Path, Any, Any], None], ends: Ends
) -> GraphModel:
    graph = tf.Graph()
    options = tf.compat.v1.ConfigProto(
        allow_soft_placement=True,
        intra_op_parallelism_threads=tf.config.threading.get_intra_op_parallelism_threads(),
        inter_op_parallelism_threads=tf.config.threading.get_inter_op_parallelism_threads(),
    )
    session = tf.compat.v1.Session(graph=graph, config=options)
    with graph.as_default():
        fill(folder, meta, session)
        inputs, outputs = (
            [(name, graph.get_tensor_by_name(tensor)) for name, tensor in end] for end in ends
        )
    return GraphModel(session, inputs, outputs)


def _restored(folder: Path, meta: Any, session: Any) -> None:
    """The graph with its variables and tables, as TensorFlow 1 restored it."""
    tf.compat.v1.saved_model.loader.load(session, list(meta.meta_info_def.tags), str(folder))


def _without_shapes(meta: Any, ends: Ends) -> Any:
    """The part of the graph that the outputs need, without the ``_output_shapes``."""
    for node in meta.graph_def.node:
        node.attr.pop("_output_shapes", None)
    for function in meta.graph_def.library.function:
        for node in function.node_def:
            node.attr.pop("_output_shapes", None)
    names = [tensor.partition(":")[0] for end in ends for _, tensor in end]
    part = tf.compat.v1.graph_util.extract_sub_graph(meta.graph_def, names)
    meta.graph_def.CopyFrom(part)
    return meta


def _assigned(folder: Path, meta: Any, session: Any) -> None:
    """A part of a graph, its variables filled from the checkpoint one by one."""
    tf.import_graph_def(meta.graph_def, name="")
    values = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    for node in meta.graph_def.node:
        if node.op not in ("VariableV2", "Variable", "VarHandleOp"):
            continue
        name = node.attr["shared_name"].s.decode() or node.name
        value = values.get_tensor(name if values.has_tensor(name) else node.name)
        variable = session.graph.get_tensor_by_name(f"{node.name}:0")
        # The values are fed, not built in: a graph definition ends at 2 GB.
        holder = tf.compat.v1.placeholder(value.dtype, value.shape)
        if node.op == "VarHandleOp":
            assign = tf.raw_ops.AssignVariableOp(resource=variable, value=holder)
        else:
            assign = tf.raw_ops.Assign(ref=variable, value=holder)
        session.run(assign, {holder: value})


def _slot(name: str, spec: Any) -> Slot:
    rank = spec.shape.rank
    shape = None if rank is None else tuple(spec.shape.as_list())
    return Slot(name, shape, spec.dtype.as_numpy_dtype.__name__)
