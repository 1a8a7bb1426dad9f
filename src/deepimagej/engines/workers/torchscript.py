"""TorchScript files, through PyTorch.

What comes out has the bits of these lines, with the ``threads`` that loading answers::

    torch.set_num_threads(threads)
    torch.jit.set_fusion_strategy([("STATIC", 0)])
    module = torch.jit.load(path, map_location=device).eval()
    module = module.to(memory_format=torch.channels_last)  # if `options` say so
    with torch.inference_mode():
        output = module(torch.from_numpy(array).to(device))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import torch

from . import threads as cores
from .tensors import Slot

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Without specialisation: by default the executor watches two calls and then swaps in rewritten
# code, which on a GPU fuses operations: the first tiles of an image would get other bits than
# the rest. Measured on the CPU (torch 2.15, U-Net, 512 x 512): the same bits and speed.
torch.jit.set_fusion_strategy([("STATIC", 0)])

_THREADS = cores.usable()
if _THREADS is not None:
    torch.set_num_threads(_THREADS)

_PLAIN_LAYOUT = (
    "aten::instance_norm",  # it turns the layout around and back: 1.25 of the time
    # These refuse a tensor whose channels lie last in memory, or read it in another order.
    "aten::view",
    "aten::view_as",
    "aten::_unsafe_view",
    "aten::_reshape_alias",
    "aten::as_strided",
    "aten::as_strided_",
    "aten::stride",
    "aten::is_contiguous",
    "aten::resize_",
    "aten::set_",
)
"""Operations whose networks keep the channels where they are."""


class ScriptModel:
    """A scripted or traced module."""

    def __init__(self, module: Any, device: str, memory_format: str) -> None:
        self.outputs: List[Slot] = []
        self.options = {
            "inference_mode": True,
            "fusion_strategy": "STATIC 0",
            "memory_format": memory_format,
        }
        self._module = module
        self._device = device
        arguments = module.forward.schema.arguments[1:]
        self.inputs = [Slot(a.name) for a in arguments if not a.has_default_value()]

    def predict(self, arrays: List["NDArray[Any]"]) -> List[Tuple[str, Any]]:
        """All tensors that come out, in order; names only from a dict."""
        with torch.inference_mode():
            tensors = [torch.from_numpy(array).to(self._device) for array in arrays]
            return list(_named("", self._module(*tensors)))


def version() -> str:
    """``PyTorch 2.15.0``."""
    return f"PyTorch {torch.__version__}"


def threads() -> Optional[int]:
    """With how many threads PyTorch computes on the CPU."""
    return int(torch.get_num_threads())


def has_gpu(index: int) -> bool:
    """Whether PyTorch sees this CUDA device."""
    return torch.cuda.is_available() and index < torch.cuda.device_count()


def load(path: str, device: str, options: Dict[str, Any]) -> ScriptModel:
    """The network in a TorchScript file."""
    read: Any = torch.jit.load  # without annotations
    module = read(path, map_location=device).eval()
    if device == "cpu" and not _needs_plain_layout(module):
        # The weights bring all that follows them into this layout. Measured (torch 2.15, 2 cores,
        # U-Net): 0.53-0.68 of the time at 256² to 1024², and off by 1.4e-6 where values reach 2.7;
        # 0.52-0.55 for small networks with batch or group normalisation or depthwise convolutions.
        # Not taken: `freeze`, alone 1.0-1.1 and with it 0.9-1.1, `optimize_for_inference`, alone
        # 0.8-1.0 and 1.1-1.5 of it, and an input in this layout without such weights, 1.0-1.2.
        return ScriptModel(module.to(memory_format=torch.channels_last), device, "channels_last")
    return ScriptModel(module, device, "contiguous")


def _needs_plain_layout(module: Any) -> bool:
    graph = module.inlined_graph
    return any(graph.findNode(name, True) is not None for name in _PLAIN_LAYOUT)


def _named(name: str, value: Any) -> Iterator[Tuple[str, Any]]:
    """The tensors of a tensor, list, tuple or dict of such."""
    if isinstance(value, torch.Tensor):
        plain = value.float() if value.dtype is torch.bfloat16 else value
        yield name, plain.cpu().numpy()
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _named(str(key), part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _named("", part)
    elif isinstance(value, (bool, int, float)):
        yield name, np.asarray(value)
