"""``deepimagej doctor``: what a user of the shell reads, and what a program does."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import pytest

from deepimagej import examples
from deepimagej.cli_doctor import doctor_text
from deepimagej.doctor import DoctorReport, Part
from deepimagej.engines.checkup import EngineReport, FoundDevice, State
from environments import make_python
from shell import Shell, make_shell

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any package."""
    return make_python(tmp_path_factory.mktemp("bare"))


@pytest.fixture
def shell(tmp_path: Path, bare: Path) -> Shell:
    """A user whose onnxruntime is in this Python; the large frameworks are not installed."""
    (tmp_path / "config").mkdir()
    tables = f'[torch]\npython = "{bare}"\n[tensorflow]\npython = "{bare}"\n'
    (tmp_path / "config" / "engines.toml").write_text(tables, encoding="utf-8")
    return make_shell(tmp_path)


def _rows(text: str) -> dict[str, str]:
    """State of each row by its name."""
    return dict(re.findall(r"^  (\S.*?) +(ok|missing|broken)\b", text, re.MULTILINE))


def test_the_report_is_a_table_with_the_way_out_beside_what_is_missing(
    shell: Shell, bare: Path
) -> None:
    done = shell("doctor")
    assert (done.code, done.err) == (0, "")
    rows = _rows(done.out)
    [onnx] = [name for name in rows if name.startswith("onnxruntime 1.")]
    assert rows[onnx] == rows["Java"] == rows["ImageJ"] == rows["engines.toml"] == "ok"
    assert rows["PyTorch"] == rows["TensorFlow"] == "missing"
    assert [rows[name] for name in ("models", "data", "cache", "config")] == ["ok"] * 4
    lines = [line.strip() for line in done.out.splitlines()]
    assert f"Install it: {bare} -m pip install numpy torch" in lines
    assert f"named by [torch] of {shell.home / 'config' / 'engines.toml'}" in lines
    assert "runs onnx" in lines
    assert lines[-1] == "All that is installed works."
    assert all(len(line) < 130 + len(str(bare)) for line in done.out.splitlines())


def test_the_report_as_json(shell: Shell, bare: Path) -> None:
    done = shell("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    report = done.json
    assert (report["ok"], report["python"]) == (True, sys.executable)
    onnx, torch, _ = report["engines"]
    assert (onnx["engine"], onnx["state"], onnx["formats"]) == ("onnx", "ok", ["onnx"])
    assert onnx["devices"][0]["device"] == "cpu"
    assert torch["install"] == f"{bare} -m pip install numpy torch"
    assert (torch["state"], torch["interpreter"]) == ("missing", str(bare))
    parts = {part["name"]: part for part in report["parts"]}
    assert list(parts)[:2] == ["Java", "ImageJ"]
    assert parts["models"]["path"] == str(shell.models)
    assert parts["cache"]["free"] > 0
    assert report["memory_free"] < report["memory_total"]


def test_ctrl_c_ends_it_and_the_framework_that_hangs(shell: Shell) -> None:
    python = make_python(shell.home / "hanging", "numpy")
    [site] = (shell.home / "hanging").glob("lib/python*/site-packages")
    mark = shell.home / "pid"
    (site / "torch.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    file = shell.home / "config" / "engines.toml"
    file.write_text(f'[torch]\npython = "{python}"\n', encoding="utf-8")
    doctor = subprocess.Popen(
        [shell.command, "doctor"], env=dict(shell.variables), stderr=subprocess.PIPE, text=True
    )
    wait_for(mark.exists, 60)
    hanging = psutil.Process(int(wait_for(mark.read_text, 5)))
    doctor.send_signal(signal.SIGINT)
    _, told = doctor.communicate(timeout=4)
    assert (doctor.returncode, told) == (130, "Cancelled.\n")
    hanging.wait(3)


def wait_for(look: Callable[[], T], seconds: float) -> T:
    """What `look` finds, as soon as it is anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_what_is_broken_is_code_1(shell: Shell) -> None:
    broken = shell.home / "none" / "java"
    done = shell("doctor", JAVA_HOME=str(broken))
    assert done.code == 1
    assert _rows(done.out)["Java"] == "broken"
    assert f"JAVA_HOME is {broken}, and there is no Java." in " ".join(done.out.split())
    assert done.out.endswith("\n1 part of this installation does not work.\n")


def test_with_a_wrong_engines_toml_every_engine_of_this_python_is_examined(shell: Shell) -> None:
    file = shell.home / "config" / "engines.toml"
    mine = file.read_text(encoding="utf-8")
    file.write_text(mine + "[caffe]\n", encoding="utf-8")
    done = shell("doctor", "--json")
    assert done.code == 1
    [part] = [part for part in done.json["parts"] if part["state"] == "broken"]
    assert part["name"] == "engines.toml"
    assert part["text"] == f'{file}: "caffe" is not one of its tables.'
    states = {each["engine"]: each["state"] for each in done.json["engines"]}
    assert states == {"onnx": "ok", "torch": "ok", "tensorflow": "ok"}


def test_a_model_passes_its_test_in_another_python(shell: Shell) -> None:
    packages = ("numpy", "onnxruntime", "flatbuffers", "packaging")
    python = make_python(shell.home / "other", *packages)
    file = shell.home / "config" / "engines.toml"
    file.write_text('[onnx]\npython = "../other"\n', encoding="utf-8")
    done = shell("test", examples.path("nuclei"), "--json", "--device", "cpu")
    assert (done.code, done.json["passed"]) == (0, True)
    for path in python.parents[1].glob("lib/python*/site-packages/*"):
        path.unlink()
    done = shell("info", examples.path("nuclei"), "--json")
    state = done.json["weights"]["onnx"]
    assert not state["runnable"]
    assert str(python) in state["reason"]


def test_a_run_with_a_wrong_engines_toml_is_code_2(shell: Shell) -> None:
    file = shell.home / "config" / "engines.toml"
    file.write_text("[onxx]\n", encoding="utf-8")
    done = shell("test", examples.path("nuclei"))
    assert done.code == 2
    assert done.err == (
        f'Error: {file}: "onxx" is not one of its tables.\n'
        'Did you mean [onnx]? They are [onnx], [torch], [tensorflow] and [models."NAME"].\n'
    )


def test_a_model_that_the_library_lacks_is_noted(shell: Shell) -> None:
    file = shell.home / "config" / "engines.toml"
    text = file.read_text(encoding="utf-8") + '[models."Old StarDist"]\nmemory = "1 GB"\n'
    file.write_text(text, encoding="utf-8")
    done = shell("doctor")
    assert done.code == 0
    assert "No model is called Old StarDist." in done.out


def test_jars_that_are_not_fetched_yet_are_no_failure(shell: Shell) -> None:
    done = shell("doctor", DEEPIMAGEJ_CACHE=str(shell.home / "cache"))
    assert done.code == 0
    assert _rows(done.out)["ImageJ"] == "missing"
    assert "With a network: deepimagej setup" in done.out


def test_a_folder_of_jars_that_lacks_some_is_broken(shell: Shell) -> None:
    done = shell("doctor", DEEPIMAGEJ_JARS=str(shell.home))
    assert done.code == 1
    assert _rows(done.out)["ImageJ"] == "broken"


def test_a_fiji_that_is_none_is_broken_and_coordinates_are_not_fetched(shell: Shell) -> None:
    done = shell("doctor", DEEPIMAGEJ_FIJI=str(shell.home))
    assert done.code == 1
    assert _rows(done.out)["Fiji"] == "broken"
    done = shell("doctor", DEEPIMAGEJ_FIJI="sc.fiji:fiji")
    assert _rows(done.out)["Fiji"] == "ok"
    assert "sc.fiji:fiji, fetched when it starts" in done.out


def test_a_folder_that_cannot_be_written_is_broken(shell: Shell) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("this system has no folder that nobody can write")
    done = shell("doctor", DEEPIMAGEJ_DATA="/proc/self/mine")
    assert done.code == 1
    assert _rows(done.out)["data"] == "broken"
    said = " ".join(done.out.split())
    assert "Change its permissions, or name another folder in DEEPIMAGEJ_DATA." in said


def test_gpus_and_notes_stand_below_their_engine() -> None:
    engine = EngineReport(
        engine="torch",
        name="PyTorch",
        version="2.15.0",
        state=State.OK,
        interpreter=Path("/usr/bin/python"),
        python_version="3.12.1",
        formats=("torchscript",),
        devices=(
            FoundDevice("cpu", "", 8_000_000_000, 16_000_000_000),
            FoundDevice("cuda:0", "NVIDIA H200", 140_000_000_000, 150_000_000_000),
            FoundDevice("cuda:1"),
        ),
        threads=16,
        notes=("PyTorch does not see the GPU NVIDIA T4: a build of it with CUDA would",),
    )
    report = DoctorReport(
        version="0.1.0",
        python=Path("/usr/bin/python"),
        python_version="3.12.1",
        system="Linux",
        cores=16,
        memory_free=8_000_000_000,
        memory_total=16_000_000_000,
        engines=(engine,),
        parts=(Part("data", State.BROKEN, "cannot be written", "Do.", Path("/data"), 10**9),),
    )
    assert (
        doctor_text(report)
        == """\
deepimagej 0.1.0, Python 3.12.1: /usr/bin/python
Linux, 16 cores, 8.0 GB of 16.0 GB memory free

Engines
  PyTorch 2.15.0        ok       /usr/bin/python (Python 3.12.1)
                                 runs torchscript
                                 on cpu (16 threads, 8.0 GB free)
                                 on cuda:0 (NVIDIA H200, 140.0 GB of 150.0 GB free)
                                 on cuda:1 (GPU)
                                 PyTorch does not see the GPU NVIDIA T4: a build of it with CUDA
                                 would

Everything else
  data                  broken   /data (cannot be written, 1.0 GB free)
                                 Do.

1 part of this installation does not work."""
    )
