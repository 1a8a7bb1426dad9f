"""Answers the client's tasks with one framework; the contract is the package's docstring."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker, shared_memory
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Protocol, Sequence, Tuple

import numpy as np

from .failures import Refused, describe
from .tensors import Slot, match

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Model(Protocol):
    """A loaded network, whatever the framework."""

    inputs: Sequence[Slot]
    outputs: Sequence[Slot]
    """Empty where the file does not say what comes out."""

    def predict(self, arrays: List[NDArray[Any]]) -> List[Tuple[str, Any]]:
        """Name and array of every output, for the arrays in the order of `inputs`."""


_ALIGNMENT = 128

_models: Dict[str, Model] = {}
_results: Dict[str, List[Tuple[str, Any]]] = {}
_blocks: Dict[str, shared_memory.SharedMemory] = {}
_framework: Any = None
# One thread runs every task: Appose starts a new one for each, and frameworks keep pools of
# threads and caches per calling thread, and do not expect two calls at once on one GPU.
_thread = ThreadPoolExecutor(1, thread_name_prefix="engine")


def answer(function: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
    """Call one of the functions of the contract; what a task's script does."""
    return _thread.submit(_answer, _FUNCTIONS[function], arguments).result()


def _answer(function: Callable[..., Dict[str, Any]], arguments: Dict[str, Any]) -> Dict[str, Any]:

    try:
        return function(**arguments)
    except Exception as error:  # noqa: BLE001  whatever a framework raises is the answer
        return {"error": describe(error)}


def load(key: str, path: str, options: Dict[str, Any]) -> Dict[str, Any]:
    """Load weights and keep them under `key` and their device."""
    device = _resolve(options["device"])
    key = f"{key}:{device}"
    if key not in _models:
        _models[key] = _framework.load(path, device, options)
    model = _models[key]
    return {
        "key": key,
        "engine": _framework.version(),
        "device": device,
        "inputs": [slot._asdict() for slot in model.inputs],
        "outputs": [slot._asdict() for slot in model.outputs],
    }


def predict(
    key: str,
    block: str,
    inputs: List[Dict[str, Any]],
    outputs: List[Dict[str, Any]],
    target: Optional[str],
    capacity: int,
) -> Dict[str, Any]:
    """One call of the network, from one block of shared memory into another."""
    model = _models[key]
    memory = _attach(block)
    ranks = [len(item["shape"]) for item in inputs]
    places = match("input", [item["name"] for item in inputs], model.inputs, ranks)
    by_place = {place: _view(memory, item) for place, item in zip(places, inputs)}
    arrays = [_cast(by_place[place], slot) for place, slot in enumerate(model.inputs)]
    results = model.predict(arrays)
    _results[block] = _select(results, outputs)
    return fetch(block, target, capacity)


def fetch(block: str, target: Optional[str], capacity: int) -> Dict[str, Any]:
    """The last results from the inputs in `block`, into `target` if they have room there."""
    layout: List[Dict[str, Any]] = []
    size = 0
    for name, array in _results[block]:
        layout.append(
            {"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": size}
        )
        size += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    written = target is not None and size <= capacity
    if written:
        memory = _attach(str(target))
        for item, (_, array) in zip(layout, _results.pop(block)):
            _view(memory, item)[...] = array
    return {"outputs": layout, "size": size, "written": written}


def unload(key: str) -> Dict[str, Any]:
    """Forget a network."""
    _models.pop(key, None)
    return {}


def release(blocks: List[str]) -> Dict[str, Any]:
    """Let go of blocks that the client frees."""
    for name in blocks:
        _results.pop(name, None)
        memory = _blocks.pop(name, None)
        if memory is not None:
            _close(memory)
    return {}


def _resolve(device: str) -> str:
    """``auto`` as a device that is there; any other is refused if it is not."""
    if device == "auto":
        return "cuda:0" if _framework.has_gpu(0) else "cpu"
    if device == "cpu" or _framework.has_gpu(int(device.partition(":")[2] or 0)):
        return device
    there = ["cpu", *(f"cuda:{index}" for index in range(8) if _framework.has_gpu(index))]
    raise Refused("device", ", ".join(there))


def _select(results: List[Tuple[str, Any]], outputs: List[Dict[str, Any]]) -> List[Tuple[str, Any]]:
    """The results that are wanted, under the bundle's names, as plain numbers."""
    slots = [Slot(name, tuple(array.shape), str(array.dtype)) for name, array in results]
    names = [item["name"] for item in outputs]
    places = match("output", names, slots, [item["rank"] for item in outputs])
    chosen = [(item["name"], place) for item, place in zip(outputs, places) if item["wanted"]]
    for name, place in chosen:
        if results[place][1].dtype.kind not in "biufc":
            raise Refused("tensors", f"output {name} is {slots[place].dtype}, not numbers")
    return [(name, results[place][1]) for name, place in chosen]


def _view(memory: shared_memory.SharedMemory, item: Dict[str, Any]) -> NDArray[Any]:

    return np.ndarray(item["shape"], dtype=item["dtype"], buffer=memory.buf, offset=item["offset"])


def _cast(array: NDArray[Any], slot: Slot) -> NDArray[Any]:
    return array if slot.dtype is None else array.astype(slot.dtype, copy=False)


def _attach(name: str) -> shared_memory.SharedMemory:
    """A block of the client's; this process never frees it, however it ends."""
    if name not in _blocks:
        if sys.version_info >= (3, 13):
            _blocks[name] = shared_memory.SharedMemory(name, track=False)
        else:
            memory = shared_memory.SharedMemory(name)
            if os.name == "posix":
                resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
            _blocks[name] = memory
    return _blocks[name]


def _close(memory: shared_memory.SharedMemory) -> None:
    # BufferError: a framework still holds an array over it; the mapping goes when that does.
    with contextlib.suppress(BufferError):
        memory.close()


def main(engine: str) -> None:
    """Import the framework, then answer tasks until stdin ends."""
    global _framework
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the client
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    protocol = _keep_stdout()
    _framework = importlib.import_module(f".{engine}", __package__)
    from appose import python_worker

    python_worker.print = protocol
    python_worker.main()
    os._exit(0)  # frameworks' own clean-up may hang or crash, and there is nothing to save


def _keep_stdout() -> Callable[..., None]:
    """A `print` for the protocol; all else that is written to stdout goes to stderr.

    A framework's C++ code or a model's code would break the protocol with one line (appose#25).
    """
    channel = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lock = threading.Lock()

    def write(text: str, file: Any = None, flush: bool = True) -> None:
        with lock:
            stream = file or channel
            stream.write(text + "\n")
            stream.flush()

    return write


def _end_with_parent(parent: int) -> None:
    """End also in the middle of a long call when the client is gone (POSIX)."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


_FUNCTIONS: Dict[str, Callable[..., Dict[str, Any]]] = {
    "load": load,
    "predict": predict,
    "fetch": fetch,
    "unload": unload,
    "release": release,
}
