"""However a program ends, it leaves no process and no shared memory behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from bundle_factory import make_identity_bundle
from deepimagej.library.hashes import sha256_of
from engine_cases import left_segments, shared_segments, write_loop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and /dev/shm")

WITHOUT_JAVA = """
def call(image):
    return deepimagej.predict(model, image)
"""
WITH_JAVA = """
ij = deepimagej.start()
def call(image):
    return deepimagej.run(model, image, display_output="none")
"""
PROGRAM = """
import sys, threading
import numpy as np
import deepimagej
model, ending = sys.argv[1:]
{call}
short = np.zeros((32, 32), np.float32)
call(short)
print("ready", flush=True)
sys.stdin.readline()
if ending == "error":
    call(np.full((32, 32), np.nan, np.float32))
if ending == "thread":  # in the middle of a call of another thread
    threading.Thread(target=call, args=(short + 1e12,), daemon=True).start()
    threading.Event().wait(2)
    sys.exit(0)
if ending != "success":
    call(short + 1e12)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Adds one as often as the image's largest pixel says."""
    folder = make_identity_bundle(tmp_path / "loop", name="Loop")
    weights, (rdf,) = folder / "weights.onnx", folder.glob("*.yaml")
    before = sha256_of(weights)
    write_loop(weights)
    rdf.write_text(rdf.read_text().replace(before, sha256_of(weights)))
    return folder


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = shared_segments()
    yield
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline and left_segments(before):
        time.sleep(0.05)
    assert left_segments(before) == set()


@pytest.mark.parametrize("call", [WITHOUT_JAVA, WITH_JAVA], ids=["Python", "ImageJ"])
@pytest.mark.parametrize("ending", ["success", "error", "thread"])
def test_nothing_is_left_at_the_end(model: Path, call: str, ending: str) -> None:
    with _start(call, model, ending) as program:
        workers = _ready(program)
        _, error = program.communicate(timeout=20)
    assert program.returncode == (1 if ending == "error" else 0), error
    assert ("ImageError" in error) == (ending == "error")
    assert psutil.wait_procs(workers, timeout=4)[1] == []


@pytest.mark.parametrize("call", [WITHOUT_JAVA, WITH_JAVA], ids=["Python", "ImageJ"])
def test_nothing_is_left_after_ctrl_c_in_a_call_of_the_network(model: Path, call: str) -> None:
    with _start(call, model, "interrupt") as program:
        workers = _ready(program)
        time.sleep(1)
        program.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, error = program.communicate(timeout=20)
    assert time.monotonic() - began < 4
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert program.returncode in {-signal.SIGINT, 130, 1}
    assert psutil.wait_procs(workers, timeout=4)[1] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("call", [WITHOUT_JAVA, WITH_JAVA], ids=["Python", "ImageJ"])
def test_nothing_is_left_when_the_program_is_killed_in_a_call(
    model: Path, call: str, number: signal.Signals
) -> None:
    with _start(call, model, "kill") as program:
        workers = _ready(program)
        time.sleep(1)
        program.send_signal(number)
        program.communicate(timeout=20)
    assert psutil.wait_procs(workers, timeout=4)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere shared memory has a name")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_is_left_when_the_whole_group_is_killed(
    model: Path, number: signal.Signals
) -> None:
    with _start(WITHOUT_JAVA, model, "kill") as program:
        workers = _ready(program)
        time.sleep(1)
        os.killpg(program.pid, number)  # as when a terminal is closed: Python's tracker dies too
        program.communicate(timeout=20)
    assert psutil.wait_procs(workers, timeout=4)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends a child with its parent")
def test_a_worker_that_is_stopped_ends_with_its_program(model: Path) -> None:
    with _start(WITHOUT_JAVA, model, "kill") as program:
        (worker,) = _ready(program)
        time.sleep(0.5)
        worker.suspend()
        program.kill()
        program.communicate(timeout=20)
    assert psutil.wait_procs([worker], timeout=4)[1] == []


@contextlib.contextmanager
def _start(call: str, model: Path, ending: str) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(call=call), str(model), ending],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with program:
        try:
            yield program
        finally:
            program.kill()  # else leaving the block would wait for it


def _ready(program: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers of a program whose network is loaded."""
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line == "ready\n", program.communicate()[1]
    children = psutil.Process(program.pid).children(recursive=True)
    workers = [child for child in children if "start.py" in " ".join(child.cmdline())]
    assert len(workers) == 1
    assert program.stdin is not None
    program.stdin.write("go on\n")
    program.stdin.flush()
    return workers
