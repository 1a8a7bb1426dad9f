"""What engines find when they are started: real Pythons, whole, bare and broken ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from deepimagej.engines.checkup import EngineReport, State, check_engines
from deepimagej.engines.configuration import Configuration, Wish
from environments import make_python

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    return make_python(tmp_path_factory.mktemp("bare"))


def _with_fake(folder: Path, module: str, text: str) -> Path:
    """A Python with numpy and a module of the name of a framework."""
    python = make_python(folder, "numpy")
    [site] = folder.glob("lib/python*/site-packages")
    (site / f"{module}.py").write_text(text, encoding="utf-8")
    return python


def _check(file: Path, seconds: float = 100.0, **pythons: Path) -> dict[str, EngineReport]:
    tables = {name: Wish(f"[{name}]", python=str(path)) for name, path in pythons.items()}
    reports = check_engines(Configuration(file, is_there=True, engines=tables), seconds=seconds)
    assert [report.engine for report in reports] == ["onnx", "torch", "tensorflow"]
    return {report.engine: report for report in reports}


def test_an_engine_tells_its_version_devices_threads_and_formats(
    tmp_path: Path, bare: Path
) -> None:
    file = tmp_path / "engines.toml"
    found = _check(file, torch=bare, tensorflow=bare)
    onnx = found["onnx"]
    assert (onnx.state, onnx.formats, onnx.where) == (State.OK, ("onnx",), "")
    assert onnx.version.startswith("1.")
    assert str(onnx.interpreter) == sys.executable
    assert onnx.python_version == ".".join(map(str, sys.version_info[:3]))
    assert onnx.devices[0].device == "cpu"
    assert 0 < (onnx.devices[0].free or 0) < (onnx.devices[0].total or 0)
    assert onnx.threads is not None
    assert found["tensorflow"] == EngineReport(
        engine="tensorflow",
        name="TensorFlow",
        state=State.MISSING,
        interpreter=bare,
        where=f"[tensorflow] of {file}",
        problem=f"This engine needs TensorFlow and numpy, not installed in {bare}.",
        hint=f"Install it: {bare} -m pip install numpy tensorflow tf_keras",
        install=f"{bare} -m pip install numpy tensorflow tf_keras",
    )


def test_the_threads_are_those_that_the_variables_allow(tmp_path: Path, bare: Path) -> None:
    tables = {name: Wish(f"[{name}]", python=str(bare)) for name in ("torch", "tensorflow")}
    one = Wish("[onnx]", variables={"OMP_NUM_THREADS": "1"})
    file = tmp_path / "engines.toml"
    onnx = check_engines(Configuration(file, is_there=True, engines={"onnx": one, **tables}))[0]
    assert (onnx.threads, str(onnx.interpreter), onnx.where) == (1, sys.executable, "")


def test_a_broken_framework_gives_its_last_line_and_does_not_stop_the_others(
    tmp_path: Path, bare: Path
) -> None:
    broken = _with_fake(tmp_path / "broken", "torch", "import ctypes\nctypes.CDLL('libnot.so')\n")
    crashing = _with_fake(tmp_path / "crash", "tensorflow", "import os\nos.kill(os.getpid(), 11)\n")
    found = _check(tmp_path / "engines.toml", torch=broken, tensorflow=crashing)
    assert found["torch"].state is State.BROKEN
    assert found["torch"].problem == (
        "PyTorch is installed but does not start: OSError: libnot.so: cannot open shared object "
        "file: No such file or directory."
    )
    assert found["torch"].hint == f"Install it again: {broken} -m pip install numpy torch"
    assert found["tensorflow"].problem == ("TensorFlow is installed but does not start: signal 11.")
    assert found["onnx"].state is State.OK


def test_a_framework_that_hangs_is_given_up(tmp_path: Path, bare: Path) -> None:
    hanging = _with_fake(tmp_path / "hang", "onnxruntime", "import time\ntime.sleep(60)\n")
    found = _check(
        tmp_path / "engines.toml", seconds=2.0, onnx=hanging, torch=bare, tensorflow=bare
    )
    assert found["onnx"].problem == (
        "onnxruntime is installed but does not start: it did not answer within 2 s."
    )


def test_a_python_that_is_not_there_is_broken(tmp_path: Path, bare: Path) -> None:
    file = tmp_path / "engines.toml"
    found = _check(file, onnx=tmp_path / "none", torch=bare, tensorflow=bare)["onnx"]
    assert found == EngineReport(
        engine="onnx",
        name="onnxruntime",
        state=State.BROKEN,
        interpreter=None,
        problem=f"There is no Python at {tmp_path / 'none'}.",
        hint=f"It is named by [onnx] of {file}. Correct python there, or make that environment.",
    )


def test_a_model_with_a_python_of_its_own_has_its_own_line(tmp_path: Path, bare: Path) -> None:
    python = make_python(tmp_path / "own", "numpy", "onnxruntime", "flatbuffers", "packaging")
    own = Wish('[models."Old"]', python=str(python))
    same = Wish('[models."Same".onnx]', memory=10**9)
    said = Configuration(
        tmp_path / "engines.toml",
        is_there=True,
        engines={name: Wish(f"[{name}]", python=str(bare)) for name in ("torch", "tensorflow")},
        models={"Old": {"": own}, "Same": {"onnx": same}},
    )
    reports = check_engines(said)
    assert [(report.engine, report.models) for report in reports] == [
        ("onnx", ()),
        ("torch", ()),
        ("tensorflow", ()),
        ("onnx", ("Old",)),
    ]
    assert (reports[3].interpreter, reports[3].state) == (python, State.OK)
    assert reports[3].where == f'[models."Old"] of {tmp_path / "engines.toml"}'
