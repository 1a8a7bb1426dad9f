"""Workers that really crash, hang, run out of memory or talk too much; the next run works."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import torch
from numpy.testing import assert_array_equal

from deepimagej import examples
from deepimagej.engines import Engines
from deepimagej.engines.process import Worker
from deepimagej.engines.table import ONNX as ENGINE
from deepimagej.errors import (
    DeepImageJError,
    EngineError,
    OptionError,
    OutOfMemory,
    RunCancelled,
    WorkerCrashed,
)
from deepimagej.progress import CancelToken
from deepimagej.request import WeightsFormat
from engine_cases import (
    ENDLESS,
    left_segments,
    make_spec,
    random_image,
    shared_segments,
    write_identity,
    write_loop,
    write_repeat,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deepimagej.bundle import ModelSpec, Weights
    from deepimagej.engines import Network
    from deepimagej.settings import Settings

ONNX, TORCHSCRIPT = WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT
CGROUPS = Path("/sys/fs/cgroup/memory")
IMAGE = random_image(1, 1, 4, 4)
pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals and /dev/shm"),
    pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning"),
]


class Crash(torch.nn.Module):
    """The image; above 1 it crashes PyTorch, below -1 it fails, with a line on stdout each."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The image."""
        if int(x.max().item()) > 1:
            print("beyond the end")  # noqa: T201
            where = torch.full([1, 1], 1 << 40, dtype=torch.int64)
            values = torch.ones([1])
            x = torch.ops.aten._sparse_coo_tensor_unsafe(where, values, [4]).to_dense()
        if int(x.min().item()) < -1:
            print("nothing to join")  # noqa: T201
            parts = [x]
            parts.clear()
            return torch.cat(parts)
        return x


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """After a test: no segment of shared memory and no process that was not there before."""
    before, workers = shared_segments(), _workers()
    yield
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and (_workers() - workers or left_segments(before)):
        time.sleep(0.05)
    assert left_segments(before) == set()
    assert _workers() - workers == set()


@pytest.fixture
def own(settings: Settings) -> Iterator[Engines]:
    with Engines(settings) as engines:
        yield engines


def test_a_model_that_segfaults_its_framework_is_told_with_the_signal(
    own: Engines, tmp_path: Path
) -> None:
    network = own.load(*make_spec(TORCHSCRIPT, _write_crash(tmp_path / "crash.pt")))
    with pytest.raises(WorkerCrashed) as caught:
        network.predict({"input": IMAGE + 7}, ["output"])
    assert (
        caught.value.message
        == (
            "The PyTorch worker ended while running the model 'Nuclei': segmentation fault "
            "(signal 11); its last words: beyond the end"
        )
        + "."
    )
    assert caught.value.hint == (
        "The next run starts a new worker. If it ends again, try another weights format, "
        "or a smaller tile."
    )
    assert_array_equal(network.predict({"input": IMAGE}, ["output"])["output"], IMAGE)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "killed (signal 9)"),
        (signal.SIGSEGV, "segmentation fault (signal 11)"),
        (signal.SIGABRT, "aborted (signal 6)"),
        (signal.SIGTERM, "terminated (signal 15)"),
        (signal.SIGUSR1, "SIGUSR1 (signal 10)"),
    ],
)
def test_a_signal_is_told_by_its_name(
    own: Engines, tmp_path: Path, number: signal.Signals, words: str
) -> None:
    network = own.load(*make_spec(ONNX, write_loop(tmp_path / "loop.onnx")))
    _later(network, lambda pid: os.kill(pid, number))
    error = _failure(network)
    assert type(error) is WorkerCrashed
    assert error.message == (
        f"The onnxruntime worker ended while running the model 'Nuclei': {words}."
    )
    assert_array_equal(network.predict({"input": IMAGE}, ["output"])["output"], IMAGE)


def test_a_worker_that_is_stopped_hangs_and_is_ended(own: Engines, tmp_path: Path) -> None:
    network = own.load(*make_spec(ONNX, write_loop(tmp_path / "loop.onnx")))
    _later(network, lambda pid: os.kill(pid, signal.SIGSTOP))
    start = time.monotonic()
    error = _failure(network)
    assert time.monotonic() - start < 20
    assert type(error) is WorkerCrashed
    assert error.message == (
        "The onnxruntime worker hangs while running the model 'Nuclei': it gave no sign of life "
        "for 10 s and was ended."
    )
    assert error.hint == "The next run starts a new worker."
    assert_array_equal(network.predict({"input": IMAGE}, ["output"])["output"], IMAGE)


def test_a_slow_call_is_not_ended(own: Engines, tmp_path: Path) -> None:
    cancel = CancelToken()
    spec, weights = make_spec(ONNX, write_loop(tmp_path / "loop.onnx"))
    network = own.load(spec, weights, cancel=cancel)
    threading.Timer(13.0, cancel.cancel).start()
    with pytest.raises(RunCancelled):
        network.predict({"input": IMAGE + ENDLESS}, ["output"])


def test_a_call_that_takes_longer_than_the_user_allows_is_ended(
    settings: Settings, tmp_path: Path
) -> None:
    with Engines(_limited(settings, tmp_path, "seconds_per_tile = 1.5")) as engines:
        network = engines.load(*make_spec(ONNX, write_loop(tmp_path / "loop.onnx")))
        error = _failure(network)
        assert type(error) is EngineError
        assert error.message == (
            "onnxruntime was ended in the model 'Nuclei': one call took longer than the 1.5 s "
            "that engines.toml allows."
        )
        assert error.hint == "Use a smaller tile, or allow more seconds there."
        assert_array_equal(network.predict({"input": IMAGE}, ["output"])["output"], IMAGE)


def test_a_call_that_needs_more_memory_than_the_user_allows_is_out_of_memory(
    settings: Settings, tmp_path: Path
) -> None:
    with Engines(_limited(settings, tmp_path, 'memory = "400 MB"')) as engines:
        network = engines.load(*make_spec(ONNX, write_repeat(tmp_path / "a.onnx", times=200)))
        with pytest.raises(OutOfMemory) as caught:
            network.predict({"input": random_image(1, 1, 64, 64)}, ["output"])
        assert caught.value.message.startswith(
            "There is not enough memory for running the model 'Nuclei' in onnxruntime: "
        )
        assert caught.value.message.endswith(" (its limit is 400 MB).")
        assert caught.value.hint == "Use a smaller tile, or free memory."
        small = random_image(1, 1, 8, 8)
        made = network.predict({"input": small}, ["output"])["output"]
        assert_array_equal(made[:, :, :8, :8], small)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_every_call_is_answered_however_little_memory_is_left(
    settings: Settings, tmp_path: Path
) -> None:
    """Python itself needs some: for the answer, and for the thread of the next task."""
    spec, weights = make_spec(ONNX, examples.path("nuclei") / "probability.onnx")
    with Engines(settings) as engines:
        loaded = engines.load(spec, weights)._worker._services[0].loaded
        starts = next(iter(loaded.values()))["resident"]
    failures: list[DeepImageJError] = []
    for more in range(8, 20):  # from where loading may fail to where the smaller images fit
        line = f'memory = "{starts / 1e6 + more / 4:.2f} MB"'
        with Engines(_limited(settings, tmp_path, line)) as engines:
            failures += _failures(engines, spec, weights)
    assert OutOfMemory in {type(failure) for failure in failures}
    expected = (OutOfMemory, OptionError)  # the latter: it has more before it loads
    assert [str(other) for other in failures if not isinstance(other, expected)] == []


def test_a_limit_below_what_the_framework_takes_is_told(settings: Settings, tmp_path: Path) -> None:
    with (
        Engines(_limited(settings, tmp_path, 'memory = "20 MB"')) as engines,
        pytest.raises(OptionError) as caught,
    ):
        engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
    start, end = caught.value.message.split("it takes ")
    assert start == "onnxruntime may take 20 MB, and "
    assert end.endswith(" MB when it has started.")
    assert caught.value.hint == "Allow it more memory in engines.toml."


@pytest.mark.skipif(
    sys.platform != "linux" or not os.access(CGROUPS / "cgroup.procs", os.W_OK),
    reason="needs the memory controller of cgroups v1, writable",
)
def test_a_worker_that_the_kernel_ends_is_out_of_memory(own: Engines, tmp_path: Path) -> None:
    network = own.load(*make_spec(ONNX, write_repeat(tmp_path / "a.onnx", times=200)))
    group = CGROUPS / f"deepimagej-test-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(300 * 2**20))
        (group / "cgroup.procs").write_text(str(network._worker.pid))
        with pytest.raises(OutOfMemory) as caught:
            network.predict({"input": random_image(1, 1, 64, 64)}, ["output"])
    finally:
        _remove(group)
    assert caught.value.message == (
        "There is not enough memory for running the model 'Nuclei' in onnxruntime: "
        "the system ended it."
    )
    small = random_image(1, 1, 8, 8)
    made = network.predict({"input": small}, ["output"])["output"]
    assert_array_equal(made[:, :, :8, :8], small)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_kernel_takes_the_worker_before_this_process(own: Engines, tmp_path: Path) -> None:
    network = own.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
    score = Path(f"/proc/{network._worker.pid}/oom_score_adj").read_text()
    assert int(score) == 800 > int(Path("/proc/self/oom_score_adj").read_text())


def test_what_the_framework_raises_comes_with_what_it_logged(own: Engines, tmp_path: Path) -> None:
    network = own.load(*make_spec(TORCHSCRIPT, _write_crash(tmp_path / "crash.pt")))
    with pytest.raises(EngineError) as caught:
        network.predict({"input": IMAGE - 7}, ["output"])
    assert caught.value.message == (
        "PyTorch failed to run the model 'Nuclei': RuntimeError: torch.cat(): expected a "
        "non-empty list of Tensors; its log says: nothing to join."
    )


def test_garbage_on_stdout_does_no_harm(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable))
    path = write_identity(tmp_path / "identity.onnx")
    first = worker.load("a", path, {"device": "cpu"})
    garbage = (
        "import os, subprocess, sys\n"
        "print('{\"task\": 1}')\n"
        "sys.__stdout__.write('text') and sys.__stdout__.flush()\n"
        "os.write(1, bytes(range(256)) * 400)\n"
        "subprocess.run(['echo', 'from a child'])\n"
    )
    worker._services[0]._appose.task(garbage).wait_for()
    worker.call("unload", {"key": first["key"]})
    assert worker._services[0]._appose.invalid_lines() == type(worker._services[0]._log)()
    worker.stop()


def test_programs_that_a_model_starts_end_with_the_worker(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable))
    worker.load("a", write_identity(tmp_path / "identity.onnx"), {"device": "cpu"})
    start = "import subprocess\nsubprocess.Popen(['sleep', '60']).pid"
    child = worker._services[0]._appose.task(start).wait_for().outputs["result"]
    assert psutil.pid_exists(child)
    begin = time.monotonic()
    worker.stop()
    assert time.monotonic() - begin < 1.5
    time.sleep(0.1)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def _write_crash(path: Path) -> Path:
    module: Any = torch.jit.script(Crash())
    module.save(str(path))
    return path


def _limited(settings: Settings, folder: Path, line: str) -> Settings:
    (folder / "engines.toml").write_text(f"[onnx]\n{line}\n")
    return replace(settings, engines_file=folder / "engines.toml")


def _later(network: Network, action: Callable[[int], None]) -> None:
    """Do something to the worker in the middle of a call."""
    pid = network._worker.pid
    assert pid is not None
    threading.Timer(0.5, action, (pid,)).start()


def _failure(network: Network) -> DeepImageJError:
    """What is told of a call that never ends."""
    with pytest.raises(DeepImageJError) as caught:
        network.predict({"input": IMAGE + ENDLESS}, ["output"])
    return caught.value


def _failures(engines: Engines, spec: ModelSpec, weights: Weights) -> list[DeepImageJError]:
    """What is told of calls with smaller and smaller images."""
    told = []
    for size in (512, 256, 128, 64, 64, 64):
        try:
            network = engines.load(spec, weights)
            network.predict({"input": random_image(1, 1, size, size)}, ["output"])
        except DeepImageJError as error:
            told.append(error)
    return told


def _workers() -> set[int]:
    """Numbers of the workers that this process started."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended
            if "workers/start.py" in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 3
    while True:
        try:
            group.rmdir()
        except OSError:  # the kernel is still at it
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
