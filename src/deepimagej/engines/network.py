"""A loaded network: its calls go to a worker process, through shared memory.

::

    this process     fill 1   fill 2   use 1 · fill 1   use 2 · fill 2   ...
    worker                    ── 1 ──  ────── 2 ──────  ────── 1 ──────

Two slots of shared memory take turns: while the worker computes on one, the next inputs are put
into the other, the worker is asked for them already, and what came back last is used.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from deepimagej.engines import failures, files
from deepimagej.engines.blocks import Block, lay_out
from deepimagej.engines.process import Worker, WorkerFailure
from deepimagej.request import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.progress import CancelToken

    _Made = tuple[dict[str, NDArray[Any]], int | None]
    """Outputs by name, and the most bytes that the call took."""
    _Running = Future[_Made]

_T = TypeVar("_T")
_PATIENCE: Final = 0.5
"""Seconds that a call may take to end after its result is no longer wanted."""


@dataclass(slots=True)
class _Slot:
    """Shared memory for one call."""

    input: Block = field(default_factory=Block)
    output: Block = field(default_factory=Block)


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of the network took."""

    seconds: float
    """From the result before it, or the begin, to its own: what a tile costs a run."""
    memory: int | None
    """Most bytes beside the loaded network; None where the system does not tell."""


class Network:
    """A loaded network. It stays usable when its worker was ended: the next call loads it again."""

    def __init__(
        self,
        spec: ModelSpec,
        source: files.Source,
        worker: Worker,
        *,
        device: Device,
        cancel: CancelToken | None,
    ) -> None:
        self._worker = worker
        self._blocks = worker.blocks
        self._source = source
        self._cancel = cancel
        self._ranks = {tensor.name: len(tensor.axes) for tensor in spec.outputs}
        self._input_order = [tensor.name for tensor in spec.inputs]
        self._slots = (_Slot(), _Slot())
        self._lock = threading.Lock()
        self._is_given_up = False
        self._since = 0.0
        self._context = failures.Context(spec.name, source.file, worker.engine, str(device))
        self._options = {**source.options, "device": str(device)}
        reply = self._load()
        self._key: str = reply["key"]
        self.device: Device = _device(reply["device"])
        """The device that ``auto`` was resolved to."""
        self.engine: str = reply["engine"]
        """Framework and version, as in ``onnxruntime 1.32.0``."""
        self.options: Mapping[str, Any] = {"threads": reply["threads"], **reply["options"]}
        """How the framework computes: the same call with these gives the same bits."""
        self.calls: list[Call] = []
        """What the calls so far took."""
        self.memory = worker.limits.memory
        """Bytes that the user allows its worker; None: any."""
        self.content: str = source.key
        """Names the weights and what changes how they are loaded, by content."""
        # A worker that has to start again must not resolve ``auto`` in another way.
        self._options["device"] = reply["device"]

    def predict(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """One call of the network.

        Parameters
        ----------
        inputs
            Arrays in the model's axis order, by the RDF's names.
        outputs
            Names of the outputs to hand back.

        Raises
        ------
        BundleError
            If the network's tensors do not fit those of the RDF.
        OutOfMemory, WorkerCrashed, EngineError
            If the framework fails.
        RunCancelled
            Soon after the token's `cancel`.
        """
        made: dict[str, NDArray[Any]] = {}
        for result in self.stream([inputs], outputs, keep=True):
            made = result
        return made

    def stream(
        self,
        calls: Iterable[Mapping[str, NDArray[Any]]],
        outputs: Sequence[str],
        *,
        room: int = 0,
        keep: bool = False,
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Many calls of the network, one after the other.

        The next inputs are asked for while the worker is at the last ones.

        Parameters
        ----------
        calls
            The inputs of each call, as for `predict`.
        room
            Bytes that the outputs of a call take, as far as known: where that is enough, the
            worker need not be asked twice.
        keep
            Whether the outputs are the caller's for good. The worker is not asked ahead then.

        Yields
        ------
        The outputs of each call, in shared memory: to be used before the next is asked for, unless
        they are the caller's.

        Raises
        ------
        DeepImageJError, RunCancelled
            As `predict` does.
        """
        wanted = list(outputs)
        running: list[_Running] = []  # two at most
        with self._lock:
            self._is_given_up = False
            self._key = self._load()["key"]  # a worker that ended while nobody used it is no news
            self._since = time.perf_counter()
            try:
                for number, inputs in enumerate(calls):
                    slot = self._slots[0 if keep else number % 2]
                    items = self._fill(slot, inputs)
                    if slot.output.name is None and room:
                        slot.output = self._exchange(slot.output, room)
                    if keep:  # such calls come alone, and need no thread
                        made = self._noted(self._call(slot, items, wanted, None))
                        yield self._kept(made, slot)
                        continue
                    before = running[0] if running else None
                    if before is not None and not self._asks_ahead:
                        before.result()
                    running.append(_begin(self._call, slot, items, wanted, before))
                    if before is not None:
                        made = self._noted(before.result())
                        del running[0]
                        yield made
                for last in running:
                    yield self._noted(last.result())
            except BaseException:  # Ctrl-C, or who uses the results gave up
                self._is_given_up = True
                _give_up(running, self._worker)
                raise

    def close(self) -> None:
        """Give up the shared memory; the weights stay warm in the worker. Safe to repeat."""
        with self._lock:
            # After a call that was given up, the worker may have kept results with its input.
            give = self._blocks.free if self._is_given_up else self._blocks.give
            for slot in self._slots:
                give(slot.input)
                give(slot.output)
                slot.input, slot.output = Block(), Block()

    def _load(self) -> dict[str, Any]:
        try:
            return self._worker.load(
                self._source.key, self._source.path, self._options, cancel=self._cancel
            )
        except WorkerFailure as failure:
            raise failures.of_load(failure, self._context) from failure

    def _fill(self, slot: _Slot, inputs: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
        """Put the inputs in the RDF's order into shared memory: names may not tell which is which.

        Returns
        -------
        Where each lies.
        """
        order = {name: index for index, name in enumerate(self._input_order)}
        ordered = sorted(inputs.items(), key=lambda item: order.get(item[0], len(order)))
        items, size = lay_out(ordered)
        slot.input = self._exchange(slot.input, size)
        for item, (_, array) in zip(items, ordered, strict=True):
            np.copyto(slot.input.view(item), array)
        return items

    @property
    def _asks_ahead(self) -> bool:
        """Whether the worker gets the next call while it is at the last, so that it never waits.

        Where its memory is limited a task that comes during a call may find none left.
        """
        return self.memory is None

    def _call(
        self,
        slot: _Slot,
        items: list[dict[str, Any]],
        outputs: list[str],
        before: _Running | None,
    ) -> _Made:
        while True:
            try:
                return self._ask(slot, items, outputs)
            except WorkerFailure as failure:
                # Another run ended the worker that both share, or another network of it pushed
                # this one out; a closed worker is told by `_load`. Not again after a failure.
                has_failed = before is not None and before.exception() is not None
                if failure.kind != "stopped" or has_failed or self._is_given_up:
                    raise failures.of_predict(failure, self._context) from failure
                self._key = self._load()["key"]

    def _noted(self, made: _Made) -> dict[str, NDArray[Any]]:
        """The outputs of a call, whose time is noted."""
        now = time.perf_counter()
        self.calls.append(Call(now - self._since, made[1]))
        self._since = now
        return made[0]

    def _ask(self, slot: _Slot, items: list[dict[str, Any]], outputs: list[str]) -> _Made:
        room = {"target": slot.output.name, "capacity": slot.output.capacity}
        arguments = {
            "key": self._key,
            "block": slot.input.name,
            "inputs": items,
            "outputs": [
                {"name": name, "rank": rank, "wanted": name in outputs}
                for name, rank in self._ranks.items()
            ],
            **room,
        }
        reply = self._worker.call("predict", arguments, cancel=self._cancel)
        memory = reply["memory"]
        if not reply["written"]:
            slot.output = self._exchange(slot.output, reply["size"])
            room = {"target": slot.output.name, "capacity": slot.output.capacity}
            block = {"block": slot.input.name}
            reply = self._worker.call("fetch", {**block, **room}, cancel=self._cancel)
        return {item["name"]: slot.output.view(item) for item in reply["outputs"]}, memory

    def _kept(self, outputs: dict[str, NDArray[Any]], slot: _Slot) -> dict[str, NDArray[Any]]:
        """The outputs for good: in their memory, which the slot gives up, or as copies."""
        block = slot.output
        if block.name is None or not block.outlives_closing:
            return {name: values.copy() for name, values in outputs.items()}
        self._blocks.give(block)
        slot.output = Block()
        return outputs

    def _exchange(self, block: Block, size: int) -> Block:
        """`block`, or one that holds `size` bytes in its place."""
        if block.name is not None and size <= block.capacity:
            return block
        self._blocks.give(block)
        return self._blocks.take(size)


def _begin(function: Callable[..., _T], *arguments: Any) -> Future[_T]:
    """Call `function` in a thread that does not keep Python from ending, as an executor's does."""
    result: Future[_T] = Future()

    def call() -> None:
        try:
            result.set_result(function(*arguments))
        except BaseException as error:  # noqa: BLE001  who waits for the result gets it
            result.set_exception(error)

    threading.Thread(target=call, name="deepimagej-call", daemon=True).start()
    return result


def _give_up(calls: Sequence[_Running], worker: Worker) -> None:
    """Wait a moment for `calls`, as a worker that is ended has to load its networks again."""
    if wait(calls, timeout=_PATIENCE).not_done:
        worker.stop()
        wait(calls)


def _device(text: str) -> Device:
    kind, _, index = text.partition(":")
    return Device(kind, int(index or 0))
