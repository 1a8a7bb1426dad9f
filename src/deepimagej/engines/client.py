"""The door to the worker processes: choose weights, load them, keep the workers."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
import threading
import weakref
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepimagej.engines import choice, files, interpreters, steps, table
from deepimagej.engines.network import Network
from deepimagej.engines.process import Worker, WorkerFailure
from deepimagej.errors import DeepImageJError, RunCancelled
from deepimagej.progress import CancelToken
from deepimagej.request import Device, WeightsFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, Weights
    from deepimagej.engines.table import Engine
    from deepimagej.settings import Settings


_AUTO: Final = Device()
_PATIENCE: Final = 2.0
"""Seconds that a load in the background may take to end."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a network will be called when it is loaded; see `Network`."""

    content: str
    engine: str
    memory: int | None


class Engines:
    """The engines of this machine: a worker process each, started when first needed.

    Parameters
    ----------
    settings
        Where unpacked weights are cached, and where ``engines.toml`` is.
    interpreter
        The Python that has the frameworks where ``engines.toml`` names none.
    """

    def __init__(self, settings: Settings, *, interpreter: Path | None = None) -> None:
        self._settings = settings
        self._interpreter = interpreter or Path(sys.executable)
        self._workers: dict[Hashable, Worker] = {}
        self._networks: weakref.WeakSet[Network] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._warming: list[threading.Thread] = []
        self._closing = CancelToken()

    def choose(
        self,
        spec: ModelSpec,
        wanted: WeightsFormat | None,
        is_trusted: Callable[[Weights], bool],
    ) -> choice.Choice:
        """The weights that a run takes; see `choice.choose`."""
        return choice.choose(
            spec, wanted, is_trusted, status=lambda wanted: self.status(wanted, spec)
        )

    def status(
        self, weights_format: WeightsFormat, spec: ModelSpec | None = None
    ) -> table.EngineStatus:
        """Whether a format can run in the Python that runs it, for this model or any."""
        return interpreters.status(self._settings, weights_format, spec)

    def begin(self, spec: ModelSpec, weights: Weights) -> None:
        """Start the process that a `load` will need, without waiting for it.

        What fails is told by `load`.
        """
        # WorkerFailure: the engines are being closed.
        with contextlib.suppress(DeepImageJError, OSError, WorkerFailure):
            self._worker(table.ENGINES[weights.format], spec).begin()

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
        choice.check_weights(spec, weights, status=lambda wanted: self.status(wanted, spec))
        source = files.prepare(spec, weights, self._settings)
        network = Network(
            spec,
            source,
            self._worker(table.ENGINES[weights.format], spec),
            device=device,
            cancel=cancel,
        )
        self._networks.add(network)
        return network

    def expected(self, spec: ModelSpec, weights: Weights) -> Expected | None:
        """What names the network of `weights`, without loading it; None where that is not known.

        Only in this Python: what others have installed is not asked for.
        """
        engine = table.ENGINES.get(weights.format)
        if engine is None:
            return None
        try:
            wanted = interpreters.interpreter_of(self._settings, engine, spec)
            if wanted.is_other:
                return None
            version = f"{engine.name} {metadata.version(engine.packages[0])}"
            source = files.prepare(spec, weights, self._settings)
        except (DeepImageJError, metadata.PackageNotFoundError):
            return None
        return Expected(source.key, version, wanted.limits.memory)

    def run_step(
        self,
        file: Path,
        function: str,
        arrays: Mapping[str, NDArray[Any]],
        *,
        cancel: CancelToken | None = None,
    ) -> dict[str, NDArray[Any]]:
        """What a Python step makes of arrays by name; see `steps.run_step`."""
        key = (table.STEPS.script, self._interpreter)
        with self._lock:
            if key not in self._workers:
                self._workers[key] = Worker(table.STEPS, self._interpreter)
            worker = self._workers[key]
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        return steps.run_step(worker, file, function, key=content, arrays=arrays, cancel=cancel)

    def warm(self, spec: ModelSpec, weights: Weights, *, device: Device = _AUTO) -> None:
        """Load a network in the background; a `load` that follows waits for it.

        What fails is a line of the log: the run that needs the network tells it.
        """
        cancel = self._closing

        def load() -> None:
            try:
                self.load(spec, weights, device=device, cancel=cancel).close()
            except DeepImageJError as error:
                if not cancel.is_cancelled:
                    _log.info("'%s' was not loaded ahead: %s", spec.name, error)
            except RunCancelled:  # the engines were closed
                return

        thread = threading.Thread(target=load, name="deepimagej-warm", daemon=True)
        with self._lock:
            self._warming = [each for each in self._warming if each.is_alive()] + [thread]
        thread.start()

    def close(self) -> None:
        """End the workers and free what they shared; safe to repeat, a later load starts anew.

        What still runs in other threads ends with an error.
        """
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
            warming, self._warming = self._warming, []
            closing, self._closing = self._closing, CancelToken()
        closing.cancel()
        for worker in workers:
            worker.close()
        for thread in warming:
            thread.join(_PATIENCE)
        for network in list(self._networks):
            network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _worker(self, engine: Engine, spec: ModelSpec) -> Worker:
        """The process for an engine in one interpreter, as the user wants it for this model."""
        wanted = interpreters.interpreter_of(self._settings, engine, spec)
        python = wanted.python if wanted.where else self._interpreter
        key = (engine.script, python, tuple(sorted(wanted.variables.items())), wanted.limits)
        with self._lock:
            if key not in self._workers:
                self._workers[key] = Worker(wanted.settle(engine), python, wanted.limits)
            return self._workers[key]
