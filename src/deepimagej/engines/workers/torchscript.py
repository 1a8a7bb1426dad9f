"""TorchScript files, through PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

import numpy as np
import torch

from .tensors import Slot

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Without specialisation: by default the executor watches two calls and then swaps in rewritten
# code, which on a GPU fuses operations: the first tiles of an image would get other bits than
# the rest. Measured on the CPU (torch 2.15, U-Net, 512 x 512): the same bits and speed.
torch.jit.set_fusion_strategy([("STATIC", 0)])


class ScriptModel:
    """A scripted or traced module."""

    def __init__(self, module: Any, device: str) -> None:
        self.outputs: List[Slot] = []
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


def has_gpu(index: int) -> bool:
    """Whether PyTorch sees this CUDA device."""
    return torch.cuda.is_available() and index < torch.cuda.device_count()


def load(path: str, device: str, options: Dict[str, Any]) -> ScriptModel:
    """The network in a TorchScript file."""
    read: Any = torch.jit.load  # without annotations
    return ScriptModel(read(path, map_location=device).eval(), device)


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
