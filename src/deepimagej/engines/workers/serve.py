"""Answers the client's tasks with one framework; the contract is the package's docstring."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import math
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Protocol, Sequence, Tuple

import numpy as np

from . import blocks, guard, memory
from .failures import Refused, describe
from .tensors import Slot, match

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Model(Protocol):
    """A loaded network, whatever the framework."""

    inputs: Sequence[Slot]
    outputs: Sequence[Slot]
    """Empty where the file does not say what comes out."""
    options: Dict[str, Any]
    """How the framework is called, as plain values: with them its user gets the same bits."""

    def predict(self, arrays: List[NDArray[Any]]) -> List[Tuple[str, Any]]:
        """Name and array of every output, for the arrays in the order of `inputs`."""


_ALIGNMENT = 128
_BEAT = 1.0
"""Seconds between two signs of life during a task."""

_models: Dict[str, Model] = {}
_results: Dict[str, List[Tuple[str, Any]]] = {}
_blocks: Dict[str, blocks.Shared] = {}
_framework: Any = None
# One thread runs every task: Appose starts a new one for each, and frameworks keep pools of
# threads and caches per calling thread, and do not expect two calls at once on one GPU.
_thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
_account = memory.Account()
_most: Optional[int] = None
"""Bytes that the process may take. None on a GPU: CUDA keeps addresses for all memory of all GPUs,
far beyond any sensible limit."""
_calm = threading.Lock()
"""Held while the memory is limited."""
_say: Callable[..., None] = print
"""Writes a line of Appose's protocol."""


def answer(task: Any, function: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
    """Call one of the functions of the contract; what a task's script does.

    The client gets an update each second: while there are any, this process lives.
    """
    # Made now: where a call takes all memory, Appose's would fail, and with it the task.
    beat = json.dumps({"task": task._uuid, "responseType": "UPDATE"})
    result = _thread.submit(_answer, _FUNCTIONS[function], arguments)
    while True:
        try:
            return result.result(timeout=_BEAT)
        except TimeoutError:
            with contextlib.suppress(MemoryError):
                _say(beat)
        except MemoryError:  # of waiting: `_answer` raises none
            time.sleep(_BEAT)


def _answer(function: Callable[..., Dict[str, Any]], arguments: Dict[str, Any]) -> Dict[str, Any]:
    try:
        reply = function(**arguments)
    except Exception as error:  # noqa: BLE001  whatever a framework raises is the answer
        return {"error": describe(error)}
    return {**reply, **_account.settle(function.__name__, reply.get("key"))}


def load(key: str, path: str, options: Dict[str, Any]) -> Dict[str, Any]:
    """Load weights and keep them under `key` and their device."""
    global _most
    device = _resolve(options["device"])
    key = f"{key}:{device}"
    _most = options.get("memory") if device == "cpu" else None
    has_now = memory.resident()
    if _most is not None and has_now is not None and has_now >= _most:
        raise Refused("limit", f"{has_now / 1e6:.0f} MB")
    if key not in _models:
        _models[key] = _limited(_framework.load, path, device, options)
        memory.give_back()
    model = _models[key]
    return {
        "key": key,
        "engine": _framework.version(),
        "device": device,
        "threads": _framework.threads(),
        "options": dict(model.options),
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
    model = _models.get(key)
    if model is None:
        raise Refused("stopped", "the network is not loaded")
    shared = _attach(block)
    ranks = [len(item["shape"]) for item in inputs]
    places = match("input", [item["name"] for item in inputs], model.inputs, ranks)
    by_place = {place: _view(shared, item) for place, item in zip(places, inputs)}
    arrays = [_cast(by_place[place], slot) for place, slot in enumerate(model.inputs)]
    _account.begin()
    start = time.perf_counter()
    results = _limited(model.predict, arrays)
    seconds = time.perf_counter() - start
    need = _account.need(key)
    _results[block] = _select(results, outputs)
    return {**fetch(block, target, capacity), "key": key, "seconds": seconds, "memory": need}


def apply(key: str, block: str, inputs: List[Dict[str, Any]]) -> Dict[str, Any]:
    """What a step makes of arrays by name; they are fetched afterwards."""
    step = _models.get(key)
    if step is None:
        raise Refused("stopped", "the step is not loaded")
    shared = _attach(block)
    arrays = {item["name"]: _view(shared, item).copy() for item in inputs}
    _results[block] = step.apply(arrays)  # type: ignore[attr-defined]  # the engine is steps.py
    return fetch(block, None, 0)


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
        shared = _attach(str(target))
        for item, (_, array) in zip(layout, _results.pop(block)):
            _view(shared, item)[...] = array
    return {"outputs": layout, "size": size, "written": written}


def unload(key: str) -> Dict[str, Any]:
    """Forget a network."""
    _models.pop(key, None)
    memory.give_back()
    _account.forget(key)
    return {}


def release(blocks: List[str]) -> Dict[str, Any]:
    """Let go of blocks that the client frees."""
    for name in blocks:
        _results.pop(name, None)
        shared = _blocks.pop(name, None)
        if shared is not None:
            _close(shared)
    return {}


def _limited(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call the framework while the process is held to the memory that it may take.

    Only then: what is left when a call failed may be too little for the answer, or for the thread
    of the next task, which Python's `Thread.start` then awaits for ever (cpython#140746).
    """
    if _most is None:
        return call(*arguments)
    with _calm:
        memory.limit(_most)
        try:
            return call(*arguments)
        finally:
            memory.lift()


def _pause(seconds: float) -> None:
    """Appose's threads look around between two pauses, and there may be no memory to do so."""
    time.sleep(seconds)
    with _calm:
        pass


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


def _view(shared: blocks.Shared, item: Dict[str, Any]) -> NDArray[Any]:
    # Not np.ndarray(buffer=...): a framework may hold the array when the memory is unmapped.
    dtype = np.dtype(item["dtype"])
    size = math.prod(item["shape"]) * dtype.itemsize
    memory: Any = shared.buf  # None only when it is closed
    flat: NDArray[Any] = np.asarray(memory[item["offset"] : item["offset"] + size]).view(dtype)
    return flat.reshape(item["shape"])


def _cast(array: NDArray[Any], slot: Slot) -> NDArray[Any]:
    return array if slot.dtype is None else array.astype(slot.dtype, copy=False)


def _attach(name: str) -> blocks.Shared:
    if name not in _blocks:
        _blocks[name] = blocks.attach(name)
    return _blocks[name]


def _close(shared: blocks.Shared) -> None:
    # BufferError: a framework still holds an array over it; the mapping goes when that does.
    with contextlib.suppress(BufferError):
        shared.close()


def main(engine: str) -> None:
    """Import the framework, then answer tasks until stdin ends."""
    global _framework, _account, _say
    guard.settle()
    _say = _keep_stdout()
    blocks.leave_alone()
    _framework = importlib.import_module(f".{engine}", __package__)
    _account = memory.Account()
    from appose import python_worker

    python_worker.print = _say
    python_worker.sleep = _pause
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


_FUNCTIONS: Dict[str, Callable[..., Dict[str, Any]]] = {
    "load": load,
    "predict": predict,
    "apply": apply,
    "fetch": fetch,
    "unload": unload,
    "release": release,
}
