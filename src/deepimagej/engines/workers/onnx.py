"""ONNX files, through onnxruntime.

What comes out has the bits of these lines, with the ``threads`` that loading answers::

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {name: array})
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple, Union

import numpy as np
import onnxruntime

from . import threads as cores
from .tensors import Slot

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THREADS = cores.usable() or 0  # 0: onnxruntime's own choice
_CUDA = "CUDAExecutionProvider"
# One Identity node from x to y, float32 [1], opset 13: a session to ask for a GPU with.
_IDENTITY = (
    b'\x08\x07:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04'
    b"\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)
_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
    **{
        f"tensor({sign}int{bits})": f"{sign}int{bits}"
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
}


class OnnxModel:
    """A session; its bits are those of a plain one."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.options = _told(session.get_session_options())
        self.inputs = [_slot(node) for node in session.get_inputs()]
        self.outputs = [_slot(node) for node in session.get_outputs()]

    def predict(self, arrays: List[NDArray[Any]]) -> List[Tuple[str, Any]]:
        """All outputs."""
        feed = {slot.name: array for slot, array in zip(self.inputs, arrays)}
        names = [slot.name for slot in self.outputs]
        return [
            (name, np.asarray(value)) for name, value in zip(names, self._session.run(names, feed))
        ]


def version() -> str:
    """``onnxruntime 1.32.0``."""
    return f"onnxruntime {onnxruntime.__version__}"


def threads() -> Optional[int]:
    """With how many threads onnxruntime computes on the CPU; None: it does not say."""
    return _THREADS or None


def has_gpu(index: int) -> bool:
    """Whether the CUDA provider really starts: the wheel lists it without CUDA's libraries too."""
    if _CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        return _CUDA in _session(_IDENTITY, f"cuda:{index}").get_providers()
    except RuntimeError:  # there is no such index
        return False


def load(path: str, device: str, options: Dict[str, Any]) -> OnnxModel:
    """The network in an ``.onnx`` file."""
    return OnnxModel(_session(path, device))


def _session(model: Union[str, bytes], device: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = _THREADS
    # A plan of each input size's memory takes room beside the arrays that are already there, and
    # spares no time: 1.00 of the processor time. Measured (onnxruntime 1.32), peak without it
    # against with it: U-Net at 512² 168 and 257 MB, StarDist at 512² 272 and 316 MB; at 1024²
    # both ways, by the sizes that came before: 632 and 669, 890 and 838 MB. The other defaults
    # stay: no arena takes 1.2-1.6 of the time, giving it back after each call 1.1, and a lower
    # graph optimisation 1.5-1.9. Outputs bound to memory of ours take 0.9-1.0, and spare their
    # own size, but that size must be known before the call.
    options.enable_mem_pattern = False
    providers: List[Any] = ["CPUExecutionProvider"]
    if device != "cpu":
        providers.insert(0, (_CUDA, {"device_id": int(device.partition(":")[2])}))
    return onnxruntime.InferenceSession(model, sess_options=options, providers=providers)


def _told(options: Any) -> Dict[str, Any]:
    return {
        "graph_optimization_level": options.graph_optimization_level.name,
        "execution_mode": options.execution_mode.name,
        "inter_op_num_threads": options.inter_op_num_threads,
        "enable_cpu_mem_arena": options.enable_cpu_mem_arena,
        "enable_mem_pattern": options.enable_mem_pattern,
    }


def _slot(node: Any) -> Slot:
    return Slot(node.name, _shape(node.shape), _TYPES.get(node.type))


def _shape(shape: Any) -> Optional[Tuple[Optional[int], ...]]:
    """Named sizes (``batch``) are any size; a shape of None is an unknown rank."""
    if shape is None:
        return None
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)
