"""The worker process: warm, ended within a moment, never left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from numpy.testing import assert_array_equal

from deepimagej.engines import Engines
from deepimagej.engines.process import Limits, Worker, WorkerFailure
from deepimagej.engines.table import ONNX as ENGINE
from deepimagej.errors import EngineMissing, RunCancelled, WorkerCrashed
from deepimagej.progress import CancelToken
from deepimagej.request import WeightsFormat
from engine_cases import (
    ENDLESS,
    make_spec,
    random_image,
    shared_segments,
    write_heavy,
    write_identity,
    write_loop,
)

if TYPE_CHECKING:
    from deepimagej.settings import Settings

ONNX = WeightsFormat.ONNX
OPTIONS = {"format": "onnx", "device": "cpu"}
on_posix = pytest.mark.skipif(os.name != "posix", reason="signals and /dev/shm")

CLIENT = """
import sys, time
from pathlib import Path
from engine_cases import make_spec, random_image
from deepimagej.engines import Engines
from deepimagej.request import WeightsFormat
from deepimagej.settings import Settings

here = Path(sys.argv[1])
engines = Engines(Settings((), here, here, here))
network = engines.load(*make_spec(WeightsFormat.ONNX, here / "identity.onnx"))
for _ in network.stream([{"input": random_image(1, 1, 8, 8)}], ["output"]):
    pass
print(network._worker.pid, network._slots[0].input.name, network._slots[0].output.name, flush=True)
if sys.argv[2] == "stay":
    time.sleep(60)
"""


def test_warm_network_is_not_read_again(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable))
    path = write_identity(tmp_path / "identity.onnx")
    first = worker.load("key", path, OPTIONS)
    path.unlink()
    assert worker.load("key", path, OPTIONS) == first
    worker.stop()


def test_network_used_longest_ago_makes_room_for_the_memory_of_the_newest(tmp_path: Path) -> None:
    path = write_heavy(tmp_path / "heavy.onnx", megabytes=40)
    worker = Worker(ENGINE, Path(sys.executable))
    one = worker.load("a", path, OPTIONS)["grown"]
    worker.stop()
    assert 35 * 2**20 < one < 110 * 2**20
    worker = Worker(ENGINE, Path(sys.executable), Limits(warm_memory=one * 5 // 2))
    for key in ("a", "b", "a", "c"):
        worker.load(key, path, OPTIONS)
    path.unlink()
    worker.load("a", path, OPTIONS)
    worker.load("c", path, OPTIONS)
    with pytest.raises(WorkerFailure, match="doesn't exist"):
        worker.load("b", path, OPTIONS)
    worker.stop()


def test_seventeenth_network_takes_the_place_of_the_one_used_longest_ago(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable))
    path = write_identity(tmp_path / "identity.onnx")
    for key in "abcdefghijklmnopaq":
        worker.load(key, path, OPTIONS)
    path.unlink()
    worker.load("a", path, OPTIONS)
    with pytest.raises(WorkerFailure, match="doesn't exist"):
        worker.load("b", path, OPTIONS)
    worker.stop()


def test_a_run_cancelled_between_short_calls_leaves_the_network_loaded(
    engines: Engines, tmp_path: Path
) -> None:
    spec, weights = make_spec(ONNX, write_identity(tmp_path / "identity.onnx"))
    cancel = CancelToken()
    network = engines.load(spec, weights, cancel=cancel)
    image = {"input": random_image(1, 1, 64, 64)}
    answers = network.stream([image] * 100, ["output"])
    for number, _ in enumerate(answers):
        if number == 3:
            break
    before = network._worker.pid
    cancel.cancel()
    with pytest.raises(RunCancelled):
        list(answers)
    network.close()
    assert network._worker.pid == before


def test_cancel_ends_a_call_of_the_network_at_once(engines: Engines, tmp_path: Path) -> None:
    spec, weights = make_spec(ONNX, write_loop(tmp_path / "loop.onnx"))
    cancel = CancelToken()
    network = engines.load(spec, weights, cancel=cancel)
    image = random_image(1, 1, 4, 4)
    threading.Timer(0.5, cancel.cancel).start()
    start = time.monotonic()
    with pytest.raises(RunCancelled, match=r"^The run was cancelled\.$"):
        network.predict({"input": image + ENDLESS}, ["output"])
    assert time.monotonic() - start < 2.5
    result = engines.load(spec, weights).predict({"input": image}, ["output"])
    assert_array_equal(result["output"], image)


@on_posix
def test_killed_worker_is_reported_and_the_next_call_starts_another(
    engines: Engines, tmp_path: Path
) -> None:
    network = engines.load(*make_spec(ONNX, write_loop(tmp_path / "loop.onnx")))
    image = random_image(1, 1, 4, 4)
    pid = network._worker.pid
    assert pid is not None
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(WorkerCrashed) as caught:
        network.predict({"input": image + ENDLESS}, ["output"])
    assert caught.value.message == (
        "The onnxruntime worker ended while running the model 'Nuclei': killed (signal 9)."
    )
    assert caught.value.hint == (
        "The next run starts a new worker. If it ends again, try another weights format, "
        "or a smaller tile."
    )
    assert_array_equal(network.predict({"input": image}, ["output"])["output"], image)
    assert network._worker.pid != pid


@on_posix
def test_a_worker_killed_between_two_calls_is_reported_as_well(
    settings: Settings, tmp_path: Path
) -> None:
    images = [{"input": random_image(1, 1, 8, 8)} for _ in range(3)]
    with Engines(settings) as engines:
        network = engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
        pid = network._worker.pid
        assert pid is not None
        results = network.stream(images, ["output"])
        next(results)
        time.sleep(0.5)  # the second call has ended, the third has not begun
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)  # it is gone before anybody asks it
        with pytest.raises(WorkerCrashed) as caught:
            list(results)
        assert caught.value.message == (
            "The onnxruntime worker ended while running the model 'Nuclei': killed (signal 9)."
        )
        (again,) = network.stream(images[:1], ["output"])
        assert_array_equal(again["output"], images[0]["input"])


@on_posix
def test_a_worker_killed_between_two_runs_is_started_again_without_a_word(
    settings: Settings, tmp_path: Path
) -> None:
    image = random_image(1, 1, 8, 8)
    with Engines(settings) as engines:
        network = engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
        pid = network._worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        assert_array_equal(network.predict({"input": image}, ["output"])["output"], image)


def test_python_without_the_framework_says_what_to_install(
    settings: Settings, tmp_path: Path
) -> None:
    bare = Path(getattr(sys, "_base_executable", sys.executable))
    if subprocess.run([bare, "-c", "import numpy"], capture_output=True).returncode == 0:
        pytest.skip("the Python under this environment has numpy")
    with Engines(settings, interpreter=bare) as engines, pytest.raises(EngineMissing) as caught:
        engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
    assert caught.value.message == (
        "onnxruntime is installed but cannot be imported: "
        "ModuleNotFoundError: No module named 'numpy'."
    )
    assert caught.value.hint == 'Install it again: pip install "deepimagej[onnx]"'


@on_posix
def test_close_leaves_no_process_and_no_shared_memory(settings: Settings, tmp_path: Path) -> None:
    with Engines(settings) as engines:
        network = engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
        for _ in network.stream([{"input": random_image(1, 1, 8, 8)}], ["output"]):
            pass
        pid = network._worker.pid
        names = {network._slots[0].input.name, network._slots[0].output.name}
        assert all(_is_there(name) for name in names)
    assert not any(_is_there(name) for name in names)
    assert pid is not None
    assert not _is_running(pid)


@on_posix
def test_a_result_outlives_its_worker_and_the_next_calls(
    settings: Settings, tmp_path: Path
) -> None:
    images = [random_image(1, 1, 8, 8) for _ in range(3)]
    with Engines(settings) as engines:
        network = engines.load(*make_spec(ONNX, write_identity(tmp_path / "identity.onnx")))
        made = [network.predict({"input": image}, ["output"])["output"] for image in images]
        kept = network.stream([{"input": image} for image in images], ["output"], keep=True)
        made += [each["output"] for each in kept]
        network.close()
    gc.collect()
    for image, result in zip([*images, *images], made, strict=True):
        assert_array_equal(result, image)
        result += 1  # it is the caller's own


@on_posix
def test_python_that_just_ends_takes_the_worker_and_the_memory_along(tmp_path: Path) -> None:
    write_identity(tmp_path / "identity.onnx")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(CLIENT), str(tmp_path), "end"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    pid, *names = done.stdout.split()
    assert (done.returncode, done.stderr) == (0, "")
    assert not _is_running(int(pid))
    assert not any(_is_there(name) for name in names)


@on_posix
def test_worker_ends_when_python_is_killed(tmp_path: Path) -> None:
    write_identity(tmp_path / "identity.onnx")
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CLIENT), str(tmp_path), "stay"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as client:
        assert client.stdout is not None
        pid, *names = client.stdout.readline().split()
        client.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (_is_running(int(pid)) or any(map(_is_there, names))):
        time.sleep(0.05)
    assert not _is_running(int(pid))
    assert not any(_is_there(name) for name in names)


def _is_there(name: str | None) -> bool:
    """Whether shared memory of that name is there: a segment, or an open file of a process."""
    assert name is not None
    path = name.partition("#")[0]
    return os.path.exists(path) if path.startswith("/") else name in shared_segments()


def _is_running(pid: int) -> bool:
    """Whether the process is there and no zombie that nobody waits for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
