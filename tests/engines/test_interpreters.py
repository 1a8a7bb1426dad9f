"""Engines in other Pythons: real environments, with parts of this one's packages."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from numpy.testing import assert_array_equal

from deepimagej import examples
from deepimagej.bundle import read_bundle
from deepimagej.engines import Engines
from deepimagej.engines.interpreters import interpreter_of, status
from deepimagej.engines.process import Limits
from deepimagej.engines.table import ONNX, TENSORFLOW, TORCH, EngineStatus
from deepimagej.errors import EngineMissing
from deepimagej.request import WeightsFormat as Format
from engine_cases import make_spec, random_image, write_identity
from environments import make_python

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.engines import Network
    from deepimagej.settings import Settings

on_posix = pytest.mark.skipif(os.name != "posix", reason="programs for a POSIX shell")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with numpy and onnxruntime, and without Appose."""
    folder = tmp_path_factory.mktemp("other")
    return make_python(folder, "numpy", "onnxruntime", "flatbuffers", "packaging")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    return make_python(tmp_path_factory.mktemp("bare"))


def _write(settings: Settings, text: str) -> Path:
    settings.config.mkdir(exist_ok=True)
    file = settings.config / "engines.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _process(network: Network) -> psutil.Process:
    pid = network._worker.pid
    assert pid is not None
    return psutil.Process(pid)


# Running


def test_a_network_gives_the_same_bits_in_another_python(
    engines: Engines, settings: Settings, other: Path, tmp_path: Path
) -> None:
    _write(settings, f'[onnx]\npython = "{other}"\nvariables = {{ MARK = "here" }}\n')
    spec = read_bundle(examples.path("nuclei"), unpack=tmp_path)
    weights = spec.weights[Format.ONNX]
    image = {"raw": random_image(1, 1, 224, 240)}
    with Engines(settings) as elsewhere:
        network = elsewhere.load(spec, weights)
        process = _process(network)
        assert process.cmdline()[0] == str(other)
        assert process.environ()["MARK"] == "here"
        found = network.predict(image, ["probability"])["probability"]
    expected = engines.load(spec, weights).predict(image, ["probability"])["probability"]
    assert_array_equal(found, expected)
    assert found.max() > found.min()


def test_one_model_runs_in_another_python_than_the_rest(
    settings: Settings, other: Path, tmp_path: Path
) -> None:
    _write(settings, f'[models."nuclei probability"]\npython = "{other.parent.parent}"\n')
    special = read_bundle(examples.path("nuclei"), unpack=tmp_path)
    rest, weights = make_spec(Format.ONNX, write_identity(tmp_path / "identity.onnx"))
    with Engines(settings) as engines:
        first = engines.load(special, special.weights[Format.ONNX])
        second = engines.load(rest, weights)
        again = engines.load(special, special.weights[Format.ONNX])
        programs = [_process(network).cmdline()[0] for network in (first, second, again)]
        assert programs == [str(other), sys.executable, str(other)]
        assert _process(first) == _process(again)


KERAS_2 = """
import sys
import numpy as np
import tensorflow as tf
image = tf.keras.Input((None, None, 1))
output = tf.keras.layers.Conv2D(2, 3, padding="same", name="output")(image)
model = tf.keras.Model(image, output)
model.save(sys.argv[1] + "/old.h5")
pixels = np.random.default_rng(0).random((1, 16, 24, 1), dtype=np.float32)
np.savez(sys.argv[1] + "/old.npz", pixels=pixels, output=model.predict_on_batch(pixels))
"""


def test_an_old_tensorflow_gives_its_own_bits(settings: Settings, tmp_path: Path) -> None:
    python = os.environ.get("DEEPIMAGEJ_TEST_OLD_TENSORFLOW")
    if not python:
        pytest.skip("DEEPIMAGEJ_TEST_OLD_TENSORFLOW names no Python with TensorFlow 2.15 or older")
    subprocess.run([python, "-c", KERAS_2, tmp_path], check=True, capture_output=True, timeout=200)
    _write(settings, f'[models.Nuclei.tensorflow]\npython = "{python}"\n')
    with Engines(settings) as engines, np.load(tmp_path / "old.npz") as arrays:
        network = engines.load(*make_spec(Format.KERAS_HDF5, tmp_path / "old.h5"))
        assert network.engine.startswith("TensorFlow 2.")
        found = network.predict({"input": arrays["pixels"]}, ["output"])["output"]
        assert_array_equal(found, arrays["output"])


def test_limits_change_the_worker_and_keep_this_python(settings: Settings) -> None:
    _write(settings, '[torch]\nmemory = "8 GB"\nseconds_per_tile = 60\nwarm_memory = "1 GB"\n')
    found = interpreter_of(settings, TORCH, None)
    assert (str(found.python), found.where, found.is_other) == (sys.executable, "", False)
    assert found.limits == Limits(memory=8 * 10**9, seconds=60.0, warm_memory=10**9)
    assert interpreter_of(settings, ONNX, None).limits == Limits()


def test_what_the_table_of_a_model_lacks_is_that_of_its_engine(
    settings: Settings, other: Path, tmp_path: Path
) -> None:
    file = _write(
        settings,
        f'[onnx]\npython = "{other}"\nmemory = "8 GB"\nvariables = {{ A = "1", B = "1" }}\n'
        '[models.Nuclei.onnx]\nvariables = { B = "2" }\nidle_seconds = 5\n',
    )
    spec, _ = make_spec(Format.ONNX, tmp_path / "none.onnx")
    found = interpreter_of(settings, ONNX, spec)
    assert (found.python, found.where) == (other, f"[onnx] of {file}")
    assert found.variables == {"A": "1", "B": "2"}
    assert found.limits == Limits(memory=8 * 10**9, idle=5.0)


def test_a_path_is_relative_to_the_file_or_to_the_home(
    settings: Settings, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.config.mkdir()
    (settings.config / "near").symlink_to(other.parent.parent)
    for path in ("near", "../config/near/bin/python"):
        _write(settings, f'[onnx]\npython = "{path}"\n')
        near = settings.config / "near" / "bin" / "python"
        assert interpreter_of(settings, ONNX, None).python == near
    monkeypatch.setenv("HOME", str(settings.config))
    _write(settings, '[onnx]\npython = "~/near"\n')
    assert interpreter_of(settings, ONNX, None).python == near


# What is missing


def test_what_is_installed_is_asked_in_the_python_that_runs_it(
    settings: Settings, other: Path, bare: Path
) -> None:
    _write(settings, f'[onnx]\npython = "{other}"\n[tensorflow]\npython = "{bare}"\n')
    assert status(settings, Format.ONNX) == EngineStatus(runnable=True)
    assert status(settings, Format.KERAS_V3) == EngineStatus(
        runnable=False,
        reason=f"keras_v3 needs TensorFlow and numpy, not installed in {bare}",
        hint=f"Install it: {bare} -m pip install numpy tensorflow tf_keras",
    )
    assert not status(settings, Format.TENSORFLOW_JS).runnable


@on_posix
def test_another_python_is_asked_once_for_a_whole_library(
    settings: Settings, other: Path, tmp_path: Path
) -> None:
    log = tmp_path / "starts"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho started >> "{log}"\nexec "{other}" "$@"\n')
    python.chmod(0o755)
    _write(settings, f'[onnx]\npython = "{python}"\n[torch]\npython = "{python}"\n')
    spec, _ = make_spec(Format.ONNX, tmp_path / "none.onnx")
    for number in range(100):
        model = dataclasses.replace(spec, name=f"model {number}")
        assert status(settings, Format.ONNX, model).runnable
        assert not status(settings, Format.TORCHSCRIPT, model).runnable
    assert log.read_text().split() == ["started"]


def test_a_package_that_is_installed_meanwhile_is_seen(settings: Settings, tmp_path: Path) -> None:
    python = make_python(tmp_path / "growing", "numpy")
    _write(settings, f'[onnx]\npython = "{python}"\n')
    assert not status(settings, Format.ONNX).runnable
    [site] = (tmp_path / "growing").glob("lib/python*/site-packages")
    (site / "onnxruntime").mkdir()
    (site / "onnxruntime" / "__init__.py").write_text("")
    assert status(settings, Format.ONNX).runnable


def test_a_model_without_its_framework_names_the_python_and_its_pip_line(
    settings: Settings, bare: Path, tmp_path: Path
) -> None:
    _write(settings, f'[models."Nuclei".onnx]\npython = "{bare}"\n')
    spec, weights = make_spec(Format.ONNX, write_identity(tmp_path / "identity.onnx"))
    with Engines(settings) as engines, pytest.raises(EngineMissing) as caught:
        engines.load(spec, weights)
    assert caught.value.message == (
        f"The model 'Nuclei' cannot run: onnx needs onnxruntime and numpy, not installed in {bare}."
    )
    assert caught.value.hint == f"Install it: {bare} -m pip install numpy onnxruntime"
    with Engines(settings) as engines, pytest.raises(EngineMissing) as caught:
        engines.choose(spec, None, lambda _: True)
    assert caught.value.hint == f"Install it: {bare} -m pip install numpy onnxruntime"


def test_a_framework_that_is_broken_in_the_other_python_names_its_pip_line(
    settings: Settings, tmp_path: Path
) -> None:
    python = make_python(tmp_path / "my environment", "numpy")
    [site] = (tmp_path / "my environment").glob("lib/python*/site-packages")
    (site / "onnxruntime.py").write_text("import no_such_library\n")
    _write(settings, f'[onnx]\npython = "{python}"\n')
    spec, weights = make_spec(Format.ONNX, write_identity(tmp_path / "identity.onnx"))
    with Engines(settings) as engines, pytest.raises(EngineMissing) as caught:
        engines.load(spec, weights)
    assert caught.value.message == (
        "onnxruntime is installed but cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_library'."
    )
    assert caught.value.hint == (f'Install it again: "{python}" -m pip install numpy onnxruntime')


# Pythons that cannot run


def _refused(settings: Settings) -> EngineMissing:
    """The error of TensorFlow, whose Python is wrong; the others' are not."""
    assert status(settings, Format.ONNX).runnable
    with pytest.raises(EngineMissing) as caught:
        interpreter_of(settings, TENSORFLOW, None)
    state = status(settings, Format.KERAS_V3)
    message = caught.value.message.rstrip(".")
    assert state.reason == f"keras_v3 needs TensorFlow: {message[0].lower()}{message[1:]}"
    assert state.hint == caught.value.hint
    return caught.value


def test_a_python_that_is_not_there_is_named_with_its_table(settings: Settings) -> None:
    file = _write(settings, '[tensorflow]\npython = "/nowhere/bin/python"\n')
    error = _refused(settings)
    assert error.message == "There is no Python at /nowhere/bin/python."
    assert error.hint == (
        f"It is named by [tensorflow] of {file}. Correct python there, or make that environment."
    )


def test_a_folder_without_a_python_is_named(settings: Settings, tmp_path: Path) -> None:
    _write(settings, f'[tensorflow]\npython = "{tmp_path}"\n')
    assert _refused(settings).message == f"The folder {tmp_path} holds no Python."


@on_posix
def test_a_file_that_cannot_be_run_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("print()\n")
    _write(settings, f'[tensorflow]\npython = "{tmp_path / "python"}"\n')
    assert _refused(settings).message == f"The file {tmp_path / 'python'} is not a program."


@on_posix
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("#!/bin/sh\necho broken >&2\nexit 3\n", "broken"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        ("#!/bin/sh\nkill -9 $$\n", "signal 9"),
        ("#!/bin/sh\necho hello\n", "it does not answer like a Python: hello"),
        ("#!/no/such/shell\n", "No such file or directory"),
    ],
)
def test_a_program_that_is_no_python_says_what_it_did(
    settings: Settings, tmp_path: Path, program: str, reason: str
) -> None:
    python = tmp_path / "python"
    python.write_text(program)
    python.chmod(0o755)
    file = _write(settings, f'[onnx]\npython = "{python}"\n')
    assert status(settings, Format.ONNX) == EngineStatus(
        runnable=False,
        reason=f"onnx needs onnxruntime: the Python {python} does not start: {reason}",
        hint=f"It is named by [onnx] of {file}. Correct python there, or make that environment.",
    )


@on_posix
def test_a_python_that_is_too_old_says_its_version(settings: Settings, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"version": [3, 8, 1], "modules": [], "folders": {}}\'\n')
    python.chmod(0o755)
    file = _write(settings, f'[onnx]\npython = "{python}"\n')
    state = status(settings, Format.ONNX)
    assert state.reason == (
        f"onnx needs onnxruntime: the Python {python} is 3.8.1; engines run on 3.9 or newer"
    )
    assert state.hint == f"It is named by [onnx] of {file}. Name a newer one there."
