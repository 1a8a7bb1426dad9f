"""The door to the worker processes: choose weights, load them, call the network."""

from __future__ import annotations

import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.engines import choice, failures, files, table
from deepimagej.engines.blocks import Block, lay_out
from deepimagej.engines.process import Worker, WorkerFailure
from deepimagej.request import Device, WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.engines.table import Engine
    from deepimagej.progress import CancelToken
    from deepimagej.settings import Settings


_AUTO: Final = Device()


class Engines:
    """The engines of this machine: a worker process each, started when first needed.

    Parameters
    ----------
    settings
        Where unpacked weights are cached.
    interpreter
        The Python that has the frameworks.
    """

    def __init__(self, settings: Settings, *, interpreter: Path | None = None) -> None:
        self._settings = settings
        self._interpreter = interpreter or Path(sys.executable)
        self._workers: dict[str, Worker] = {}
        self._networks: weakref.WeakSet[Network] = weakref.WeakSet()
        self._lock = threading.Lock()

    def choose(
        self,
        spec: ModelSpec,
        wanted: WeightsFormat | None,
        is_trusted: Callable[[Weights], bool],
    ) -> choice.Choice:
        """The weights that a run takes; see `choice.choose`."""
        return choice.choose(spec, wanted, is_trusted)

    def status(self, weights_format: WeightsFormat) -> table.EngineStatus:
        """Whether a format can run here."""
        return table.status(weights_format)

    def load(
        self,
        spec: ModelSpec,
        weights: Weights,
        *,
        device: Device = _AUTO,
        cancel: CancelToken | None = None,
    ) -> Network:
        """The network, ready to be called; weights that are warm are not loaded again.

        Parameters
        ----------
        spec
            The model, for the names of its tensors.
        weights
            One of the model's.
        device
            ``auto`` is the first GPU that the framework sees, else the CPU.
        cancel
            Stops this call and those of the network.

        Raises
        ------
        EngineMissing
            If the framework is not installed or cannot be imported.
        BundleError
            If the file is missing, does not have its sha256, or is corrupt.
        TrustError
            If the file holds code that is never run.
        OptionError
            If there is no such device.
        OutOfMemory, WorkerCrashed
            If loading does not fit the memory, or ends the process.
        """
        choice.check_weights(spec, weights)
        source = files.prepare(spec, weights, self._settings)
        network = Network(
            spec,
            source,
            self._worker(table.ENGINES[weights.format]),
            device=device,
            cancel=cancel,
        )
        self._networks.add(network)
        return network

    def close(self) -> None:
        """End the workers and free what they shared; safe to repeat, a later load starts anew."""
        for network in list(self._networks):
            network.close()
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _worker(self, engine: Engine) -> Worker:
        with self._lock:
            if engine.script not in self._workers:
                self._workers[engine.script] = Worker(engine, self._interpreter)
            return self._workers[engine.script]


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
        self._source = source
        self._cancel = cancel
        self._ranks = {tensor.name: len(tensor.axes) for tensor in spec.outputs}
        self._input_order = [tensor.name for tensor in spec.inputs]
        self._input = Block()
        self._output = Block()
        self._lock = threading.Lock()
        self._context = failures.Context(spec.name, source.file, worker.engine, str(device))
        self._options = {**source.options, "device": str(device)}
        reply = self._load()
        self.device: Device = _device(reply["device"])
        """The device that ``auto`` was resolved to."""
        self.engine: str = reply["engine"]
        """Framework and version, as in ``onnxruntime 1.32.0``."""
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
            Within a fraction of a second of the token's `cancel`.
        """
        with self._lock:
            try:
                key = self._load()["key"]
                return self._predict(key, self._in_order(inputs), list(outputs))
            except WorkerFailure as failure:
                raise failures.of_predict(failure, self._context) from failure

    def close(self) -> None:
        """Free the shared memory; the weights stay warm in the worker. Safe to repeat."""
        with self._lock:
            names = [block.name for block in (self._input, self._output) if block.name]
            if names:
                self._worker.release(names)
            self._input.close()
            self._output.close()

    def _load(self) -> dict[str, Any]:
        try:
            return self._worker.load(
                self._source.key, self._source.path, self._options, cancel=self._cancel
            )
        except WorkerFailure as failure:
            raise failures.of_load(failure, self._context) from failure

    def _in_order(self, inputs: Mapping[str, NDArray[Any]]) -> list[tuple[str, NDArray[Any]]]:
        """The inputs in the RDF's order: what names do not tell, the order does."""
        order = {name: index for index, name in enumerate(self._input_order)}
        return sorted(inputs.items(), key=lambda item: order.get(item[0], len(order)))

    def _predict(
        self, key: str, inputs: list[tuple[str, NDArray[Any]]], outputs: list[str]
    ) -> dict[str, NDArray[Any]]:
        items, size = lay_out(inputs)
        self._reserve(self._input, size)
        for item, (_, array) in zip(items, inputs, strict=True):
            np.copyto(self._input.view(item), array)
        arguments = {
            "key": key,
            "block": self._input.name,
            "inputs": items,
            "outputs": [
                {"name": name, "rank": rank, "wanted": name in outputs}
                for name, rank in self._ranks.items()
            ],
            "target": self._output.name,
            "capacity": self._output.capacity,
        }
        reply = self._worker.call("predict", arguments, cancel=self._cancel)
        if not reply["written"]:
            self._reserve(self._output, reply["size"])
            arguments = {
                "block": self._input.name,
                "target": self._output.name,
                "capacity": self._output.capacity,
            }
            reply = self._worker.call("fetch", arguments, cancel=self._cancel)
        return {item["name"]: self._output.view(item).copy() for item in reply["outputs"]}

    def _reserve(self, block: Block, size: int) -> None:
        replaced = block.reserve(size)
        if replaced is not None:
            self._worker.release([replaced])


def _device(text: str) -> Device:
    kind, _, index = text.partition(":")
    return Device(kind, int(index or 0))
