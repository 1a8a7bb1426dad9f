"""Operations of networks that touch files or run code, in files made by the frameworks."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from deepimagej.bundle import Weights
from deepimagej.errors import BundleError
from deepimagej.library.graph_scan import scan_weights
from deepimagej.library.paths import leaves
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from pathlib import Path

_SAVED_MODELS = """
import sys
import tensorflow as tf

class Plain(tf.Module):
    def __init__(self):
        self.gain = tf.Variable(2.0)
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return self.gain * x

class Reading(Plain):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        tf.io.write_file("stolen", tf.io.read_file("/etc/hostname"))
        return x

class Python(Plain):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return tf.numpy_function(lambda v: v, [x], tf.float32)

class Restoring(Plain):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        return x + tf.raw_ops.RestoreV2(prefix="/home/a/model", tensor_names=["x"],
            shape_and_slices=[""], dtypes=[tf.float32])[0]

class Computed(Plain):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(self, x):
        path = tf.io.decode_base64("L2hvbWU")
        tf.raw_ops.SaveV2(prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[x])
        return x

for kind in (Plain, Reading, Python, Restoring, Computed):
    tf.saved_model.save(kind(), f"{sys.argv[1]}/{kind.__name__}")
"""


@pytest.fixture(scope="module")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SavedModels written by TensorFlow."""
    folder = tmp_path_factory.mktemp("saved_models")
    command = [sys.executable, "-c", _SAVED_MODELS, str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    return folder


def _scan(weights_format: WeightsFormat, path: Path) -> list[str]:
    return [str(f) for f in scan_weights(Weights(weights_format, path, path.name))]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Plain", []),
        ("Reading", ["ReadFile (reads files)", "WriteFile (writes files)"]),
        ("Python", ["PyFunc (runs Python code)"]),
        ("Restoring", ["RestoreV2 (reads or writes files at a path of its own)"]),
        ("Computed", ["SaveV2 (reads or writes files at a path of its own)"]),
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_operations_of_a_saved_model_are_found(
    saved_models: Path, tmp_path: Path, name: str, found: list[str], form: str
) -> None:
    path = saved_models / name
    if form == "zip":
        path = tmp_path / "model.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(saved_models / name / "saved_model.pb", "inner/saved_model.pb")
    scanned = _scan(WeightsFormat.TENSORFLOW_SAVED_MODEL, path)
    assert sorted(scanned) == [f"{path.name}: {text}" for text in found]


def _onnx(path: Path, node: Any, location: str = "", **extra: Any) -> Path:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    if location:
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=location)
    graph = helper.make_graph([node], "g", [value], [value], [weight])
    path.write_bytes(helper.make_model(graph, **extra).SerializeToString())
    return path


@pytest.mark.parametrize(
    ("location", "is_found"),
    [
        ("", False),
        ("weights.bin", False),
        ("data/weights.bin", False),
        ("../weights.bin", True),
        ("/etc/passwd", True),
        ("C:\\weights.bin", True),
        ("a\\..\\..\\b", True),
    ],
)
def test_external_data_must_lie_in_the_bundle(
    tmp_path: Path, location: str, is_found: bool
) -> None:
    path = _onnx(tmp_path / "a.onnx", helper.make_node("Add", ["x", "w"], ["y"]), location)
    found = [f'a.onnx: external data "{location}" (reads a file outside the bundle)']
    assert _scan(WeightsFormat.ONNX, path) == (found if is_found else [])


def test_external_data_in_a_branch_is_found(tmp_path: Path) -> None:
    tensor = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    tensor.external_data.add(key="location", value="../v")
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    branch = helper.make_graph([constant], "b", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    found = _scan(WeightsFormat.ONNX, _onnx(tmp_path / "a.onnx", node))
    assert found == ['a.onnx: external data "../v" (reads a file outside the bundle)']


def test_operations_of_an_unknown_domain_are_found_unless_the_model_defines_them(
    tmp_path: Path,
) -> None:
    node = helper.make_node("Twice", ["x"], ["y"], domain="my.own")
    found = _scan(WeightsFormat.ONNX, _onnx(tmp_path / "a.onnx", node))
    assert found == ["a.onnx: my.own.Twice (needs a native library of its own)"]
    inner = helper.make_node("Add", ["x", "x"], ["y"])
    opset = helper.make_opsetid("", 17)
    function = helper.make_function("my.own", "Twice", ["x"], ["y"], [inner], [opset])
    assert not _scan(WeightsFormat.ONNX, _onnx(tmp_path / "b.onnx", node, functions=[function]))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("  return torch.add(x, x)\n", []),
        ("  _0 = ops.torchvision.nms(x, y, 0.5)\n", []),
        ('  return torch.from_file("/etc/passwd", False, 10)\n', ["torch.from_file (reads files)"]),
        ("  return ops.mine.run(x)\n", ["ops.mine.run (needs a native library of its own)"]),
    ],
)
def test_operations_of_torchscript_are_found(tmp_path: Path, code: str, found: list[str]) -> None:
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/code/__torch__.py", f"def forward(x):\n{code}")
    assert _scan(WeightsFormat.TORCHSCRIPT, path) == [f"a.pt: {text}" for text in found]


def test_from_file_is_found_in_what_torch_itself_saved(tmp_path: Path) -> None:
    script = (
        "import sys, torch\n"
        "class M(torch.nn.Module):\n"
        "  def forward(self, x):\n"
        "    return x + torch.from_file('/etc/hostname', False, 1)\n"
        "torch.jit.save(torch.jit.script(M()), sys.argv[1])\n"
    )
    path = tmp_path / "a.pt"
    (tmp_path / "make.py").write_text(script)
    command = [sys.executable, str(tmp_path / "make.py"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    assert _scan(WeightsFormat.TORCHSCRIPT, path) == ["a.pt: torch.from_file (reads files)"]


@pytest.mark.parametrize(
    ("layer", "is_found"),
    [
        ({"class_name": "Dense"}, False),
        ({"class_name": "Lambda"}, True),
        ({"class_name": "Wrapper", "config": {"layer": {"class_name": "Lambda"}}}, True),
        ({"class_name": "Activation", "config": {"f": {"class_name": "__lambda__"}}}, True),
    ],
)
def test_lambdas_of_keras_are_found(tmp_path: Path, layer: Any, is_found: bool) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))
    found = ["a.keras: Lambda layer (runs Python code)"]
    assert _scan(WeightsFormat.KERAS_V3, path) == (found if is_found else [])


def test_a_lambda_at_the_border_of_two_blocks_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    config = b'{"class_name": "Lambda"}'
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes((1 << 22) - 12) + config + bytes(50))
    assert _scan(WeightsFormat.KERAS_HDF5, path) == ["a.h5: Lambda layer (runs Python code)"]


@pytest.mark.parametrize(
    ("weights_format", "content", "reason"),
    [
        (WeightsFormat.ONNX, b"", "it has no graph"),
        (WeightsFormat.ONNX, b"\x0f", "wire type 7 at byte 1"),
        (WeightsFormat.ONNX, b"\x3a\x7f\x00", "a field ends beyond the message"),
        (WeightsFormat.ONNX, b"\xff" * 20, "a number without end"),
        (WeightsFormat.TORCHSCRIPT, b"PK", "File is not a zip file"),
        (WeightsFormat.KERAS_V3, b"PK", "File is not a zip file"),
        (WeightsFormat.KERAS_HDF5, b"PK", "it is not HDF5"),
        (WeightsFormat.TENSORFLOW_SAVED_MODEL, b"PK", "File is not a zip file"),
    ],
)
def test_a_damaged_file_is_one_sentence(
    tmp_path: Path, weights_format: WeightsFormat, content: bytes, reason: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        _scan(weights_format, path)
    assert caught.value.message == f"{path} is not a readable {weights_format} file: {reason}."
    assert caught.value.hint == "The file may be damaged; get the model again."


def test_no_bytes_make_the_scan_fail_in_another_way(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = _onnx(tmp_path / "a.onnx", helper.make_node("Add", ["x", "w"], ["y"]))
    content = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(300):
        changed = content.copy()
        changed[random.integers(len(content), size=3)] = random.integers(256, size=3)
        path.write_bytes(changed.tobytes())
        try:
            _scan(WeightsFormat.ONNX, path)
        except BundleError:
            continue


def test_weights_that_are_not_there_have_no_findings(tmp_path: Path) -> None:
    assert scan_weights(Weights(WeightsFormat.ONNX, None, "a.onnx")) == ()
    assert scan_weights(Weights(WeightsFormat.ONNX, tmp_path / "a.onnx", "a.onnx")) == ()


@pytest.mark.parametrize("path", ["a/b", "a..b", "", ".part", "c:d"[2:]])
def test_paths_that_stay(path: str) -> None:
    assert not leaves(path)


@pytest.mark.shared_data
def test_of_the_real_models_only_the_one_with_a_lambda_is_found(shared_data: Path) -> None:
    models = shared_data / "models"
    stardist, defcon = models / "stardist_dsb2018_small", models / "defcon"
    n2v = models / "n2v_fiji_format020" / "format-0.2.0-csbdeep.bioimage.io.zip"
    unet = models / "unet2d_nuclei_broad"
    saved_model = WeightsFormat.TENSORFLOW_SAVED_MODEL
    harmless = [
        (saved_model, stardist / "TF_SavedModel.zip"),
        (saved_model, defcon / "derived" / "saved_model_tf2"),
        (saved_model, n2v),
        (WeightsFormat.ONNX, stardist / "stardist_tf2onnx.onnx"),
        (WeightsFormat.ONNX, defcon / "derived" / "defcon_tf2onnx.onnx"),
        (WeightsFormat.ONNX, unet / "weights.onnx"),
        (WeightsFormat.TORCHSCRIPT, unet / "weights.pt"),
        (WeightsFormat.KERAS_V3, stardist / "keras_model.keras"),
        (WeightsFormat.KERAS_HDF5, stardist / "keras_model.h5"),
        (WeightsFormat.KERAS_HDF5, defcon / "derived" / "defcon_nolambda.h5"),
    ]
    assert [_scan(*weights) for weights in harmless] == [[]] * len(harmless)
    assert _scan(WeightsFormat.KERAS_HDF5, defcon / "defcon_tf13.h5") == [
        "defcon_tf13.h5: Lambda layer (runs Python code)"
    ]
