"""Networks that stay loaded, and those that are loaded before they are needed."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from numpy.testing import assert_array_equal

from deepimagej.engines import Engines
from deepimagej.engines.process import Limits, Worker
from deepimagej.engines.table import ONNX as ENGINE
from deepimagej.errors import RunCancelled
from deepimagej.progress import CancelToken
from deepimagej.request import WeightsFormat
from engine_cases import (
    ENDLESS,
    make_spec,
    random_image,
    write_heavy,
    write_identity,
    write_loop,
)

if TYPE_CHECKING:
    from deepimagej.settings import Settings

ONNX = WeightsFormat.ONNX
OPTIONS = {"format": "onnx", "device": "cpu"}


def test_a_network_is_loaded_in_the_background_and_found_by_the_load_that_follows(
    settings: Settings, tmp_path: Path
) -> None:
    spec, weights = make_spec(ONNX, write_heavy(tmp_path / "heavy.onnx", megabytes=20))
    with Engines(settings) as engines:
        start = time.monotonic()
        engines.warm(spec, weights)
        assert time.monotonic() - start < 0.1
        network = engines.load(spec, weights)
        image = random_image(1, 1, 8, 8)
        assert_array_equal(network.predict({"input": image}, ["output"])["output"], image)
        (worker,) = engines._workers.values()
        assert len({reply["key"] for reply in worker._services[0].loaded.values()}) == 1


def test_what_cannot_be_loaded_ahead_is_a_line_of_the_log(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    spec, weights = make_spec(ONNX, tmp_path / "bad.onnx")
    with Engines(settings) as engines, caplog.at_level(logging.INFO, "deepimagej"):
        engines.warm(spec, weights)
        for thread in engines._warming:
            thread.join(30)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "'Nuclei' was not loaded ahead: The weights 'bad.onnx' of the model 'Nuclei' cannot be "
        "loaded by onnxruntime: "
    )


def test_closing_ends_a_load_in_the_background_at_once(settings: Settings, tmp_path: Path) -> None:
    spec, weights = make_spec(ONNX, write_heavy(tmp_path / "heavy.onnx", megabytes=20))
    engines = Engines(settings)
    engines.warm(spec, weights)
    time.sleep(0.2)
    start = time.monotonic()
    engines.close()
    assert time.monotonic() - start < 2
    assert not [each for each in threading.enumerate() if each.name == "deepimagej-warm"]


def test_a_run_that_waits_for_a_load_of_another_can_be_cancelled(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable))
    path = write_identity(tmp_path / "identity.onnx")
    first = threading.Thread(target=worker.load, args=("a", path, OPTIONS))
    first.start()
    time.sleep(0.1)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(RunCancelled):
        worker.load("b", path, OPTIONS, cancel=cancel)
    first.join()
    assert list(worker._services[0].loaded) == ["a:cpu"]
    worker.stop()


def test_a_run_goes_on_in_a_new_worker_when_another_run_is_cancelled(
    engines: Engines, tmp_path: Path
) -> None:
    spec, weights = make_spec(ONNX, write_loop(tmp_path / "loop.onnx"))
    image = random_image(1, 1, 4, 4)
    cancel = CancelToken()
    cancelled, other = engines.load(spec, weights, cancel=cancel), engines.load(spec, weights)
    results = []

    def run() -> None:
        results.append(other.predict({"input": image}, ["output"])["output"])

    waiting = threading.Thread(target=run)
    threading.Timer(0.5, cancel.cancel).start()
    threading.Timer(0.3, waiting.start).start()
    with pytest.raises(RunCancelled):
        cancelled.predict({"input": image + ENDLESS}, ["output"])
    waiting.join(20)
    assert_array_equal(results[0], image)


def test_an_idle_worker_is_ended_and_the_next_call_starts_another(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable), Limits(idle=0.5))
    path = write_identity(tmp_path / "identity.onnx")
    worker.load("a", path, OPTIONS)
    first = worker.pid
    deadline = time.monotonic() + 5
    while worker.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not worker.is_running
    worker.load("a", path, OPTIONS)
    assert worker.pid not in {None, first}
    worker.stop()


@pytest.mark.skipif(os.name != "posix", reason="counts processes")
def test_a_worker_that_is_in_use_is_not_idle(tmp_path: Path) -> None:
    worker = Worker(ENGINE, Path(sys.executable), Limits(idle=0.6))
    path = write_identity(tmp_path / "identity.onnx")
    worker.load("a", path, OPTIONS)
    first = worker.pid
    for _ in range(8):
        time.sleep(0.2)
        worker.load("a", path, OPTIONS)
    assert worker.pid == first
    worker.stop()
