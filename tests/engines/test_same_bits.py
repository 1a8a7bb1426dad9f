"""Every engine gives the bits of the framework itself, called as its worker's docstring says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from deepimagej.engines import Engines
from deepimagej.engines.process import Worker
from deepimagej.engines.table import ONNX
from deepimagej.request import Device, WeightsFormat
from deepimagej.settings import Settings
from engine_cases import make_spec, random_image, write_identity

_CASES = {
    "torch": {"script.pt": "torchscript", "view.pt": "torchscript"},
    "onnx": {"net.onnx": "onnx"},
    "tensorflow": {
        "new.keras": "keras_v3",
        "old.h5": "keras_hdf5",
        "two": "tensorflow_saved_model_bundle",
        "one": "tensorflow_saved_model_bundle",
    },
}
_MODULES = {
    "torch": ("torch",),
    "onnx": ("onnx", "onnxruntime"),
    "tensorflow": ("tensorflow", "keras", "tf_keras"),
}
_THREADS = {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2"}


@pytest.mark.parametrize("framework", list(_CASES))
def test_engine_gives_the_bits_of_the_framework_s_own_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framework: str
) -> None:
    _skip_without(framework)
    shape = (1, 72, 104, 1) if framework == "tensorflow" else (1, 1, 72, 104)
    _run(framework, tmp_path, "write")
    _compare(framework, tmp_path, monkeypatch, names=list(_CASES[framework]), shape=shape)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("framework", "file", "name"),
    [("torch", "weights.pt", "script.pt"), ("onnx", "weights.onnx", "net.onnx")],
)
def test_unet_gives_the_bits_of_the_framework_s_own_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared_data: Path,
    *,
    framework: str,
    file: str,
    name: str,
) -> None:
    _skip_without(framework)
    shutil.copy(shared_data / "models" / "unet2d_nuclei_broad" / file, tmp_path / name)
    _compare(framework, tmp_path, monkeypatch, names=[name], shape=(1, 1, 512, 512))


def test_loading_tells_threads_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _skip_without("onnx")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    worker = Worker(ONNX, Path(sys.executable))
    try:
        path = write_identity(tmp_path / "identity.onnx")
        reply = worker.load("key", path, {"format": "onnx", "device": "cpu"})
    finally:
        worker.stop()
    assert reply["threads"] == 3
    assert reply["options"] == {
        "graph_optimization_level": "ORT_ENABLE_ALL",
        "execution_mode": "ORT_SEQUENTIAL",
        "inter_op_num_threads": 0,
        "enable_cpu_mem_arena": True,
        "enable_mem_pattern": False,
    }


def _skip_without(framework: str) -> None:
    if not all(find_spec(module) for module in _MODULES[framework]):
        pytest.skip(f"{framework} is not installed")


def _compare(
    framework: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    names: list[str],
    shape: tuple[int, ...],
) -> None:
    """Two calls of each network through its engine, against what the framework gave."""
    image = random_image(*shape)
    np.save(folder / "image.npy", image)
    _run(framework, folder, "run")
    for variable, value in _THREADS.items():
        monkeypatch.setenv(variable, value)
    place = folder / "settings"
    with Engines(Settings(model_folders=(), cache=place, data=place, config=place)) as engines:
        for name in names:
            source, target = (
                ("input_tensor", "output_tensor") if name == "one" else ("input", "output")
            )
            kind = WeightsFormat(_CASES[framework][name])
            spec, weights = make_spec(kind, folder / name, inputs=[source], outputs={target: 4})
            network = engines.load(spec, weights, device=Device("cpu"))
            expected = np.load(folder / f"{Path(name).stem}.expected.npy")
            for _ in range(2):
                result = network.predict({source: image}, [target])[target]
                assert result.shape == expected.shape, name
                assert result.tobytes() == expected.tobytes(), name


def _run(framework: str, folder: Path, task: str) -> None:
    script = Path(__file__).with_name("same_bits.py")
    command = [sys.executable, "-W", "ignore", str(script), framework, str(folder), task]
    variables = {"TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_BACKEND": "tensorflow"}
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **variables})
