"""SavedModels of both TensorFlows and Keras files of both Keras, against their own results."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal

from deepimagej.errors import BundleError, TrustError
from deepimagej.request import Device, WeightsFormat
from engine_cases import make_spec, random_image

if TYPE_CHECKING:
    from deepimagej.engines import Engines

pytestmark = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
SAVED_MODEL = WeightsFormat.TENSORFLOW_SAVED_MODEL
CPU = Device("cpu")
TOLERANCE = 1e-5
"""Against results that the framework gave on another CPU; on the same one they are equal."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Old SavedModels and Keras files with code, written by a process of their own."""
    folder = tmp_path_factory.mktemp("written")
    script = Path(__file__).with_name("make_saved_models.py")
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    return folder


@pytest.mark.shared_data
def test_stardist_saved_model_and_keras_files_agree_with_stardist(
    engines: Engines, shared_data: Path
) -> None:
    folder = shared_data / "models" / "stardist_dsb2018_small"
    reference = np.load(folder / "reference" / "stardist_img2d_reference.npz")
    image = tifffile.imread(shared_data / "images" / "stardist_img2d.tif").astype(np.float32)
    low, high = np.percentile(image, (1, 99.8)).astype(np.float32)
    image = ((image - low) / (high - low + np.float32(1e-20)))[None, ..., None]

    spec, weights = make_spec(SAVED_MODEL, folder / "TF_SavedModel.zip")
    full = engines.load(spec, weights, device=CPU).predict({"input": image}, ["output"])["output"]
    assert_allclose(full[0, ::2, ::2, 0], reference["prob"], rtol=TOLERANCE, atol=TOLERANCE)
    distances = np.maximum(full[0, ::2, ::2, 1:], 1e-3)
    assert_allclose(distances, reference["dist"], rtol=1e-4, atol=1e-4)

    outputs = {"dist": 4, "prob": 4}
    for name, kind in (("keras_model.h5", "keras_hdf5"), ("keras_model.keras", "keras_v3")):
        spec, weights = make_spec(WeightsFormat(kind), folder / name, outputs=outputs)
        result = engines.load(spec, weights, device=CPU).predict({"input": image}, list(outputs))
        assert_array_equal(result["prob"][0, ..., 0], full[0, ::2, ::2, 0])
        assert_array_equal(np.maximum(result["dist"][0], 1e-3), distances)


@pytest.mark.shared_data
def test_defcon_gives_the_density_of_its_first_graph(engines: Engines, shared_data: Path) -> None:
    folder = shared_data / "models" / "defcon"
    reference = np.load(folder / "reference" / "reference.npz")
    image = {"input": reference["example_minmax"].reshape(1, 64, 64, 1)}
    for kind, name in ((SAVED_MODEL, "saved_model_tf2"), ("keras_hdf5", "defcon_nolambda.h5")):
        spec, weights = make_spec(WeightsFormat(kind), folder / "derived" / name)
        result = engines.load(spec, weights, device=CPU).predict(image, ["output"])["output"]
        assert_allclose(result, reference["density_no_tiling"], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.shared_data
def test_saved_model_with_contradicting_shapes_is_mended(
    engines: Engines, shared_data: Path
) -> None:
    folder = shared_data / "models" / "n2v_fiji_format020"
    reference = np.load(folder / "reference" / "reference.npz")
    archive = folder / "format-0.2.0-csbdeep.bioimage.io.zip"
    network = engines.load(*make_spec(SAVED_MODEL, archive), device=CPU)
    image = {"input": reference["input"].reshape(1, 32, 32, 1)}
    result = network.predict(image, ["output"])["output"]
    assert_allclose(result[0, ..., 0], reference["output"], rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.shared_data
def test_lambda_of_a_published_file_is_refused_by_name(engines: Engines, shared_data: Path) -> None:
    path = shared_data / "models" / "defcon" / "defcon_tf13.h5"
    with pytest.raises(TrustError, match=r"contains a Python lambda \(layer 'hist_norm'\)"):
        engines.load(*make_spec(WeightsFormat.KERAS_HDF5, path))


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5"])
def test_lambda_of_keras_3_is_refused_in_both_files(
    engines: Engines, written: Path, name: str
) -> None:
    kind = WeightsFormat.KERAS_V3 if name.endswith("keras") else WeightsFormat.KERAS_HDF5
    with pytest.raises(TrustError, match=r"contains a Python lambda \("):
        engines.load(*make_spec(kind, written / name))


def test_weights_without_architecture_are_refused(engines: Engines, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["kernel"] = [1.0, 2.0]
    with pytest.raises(BundleError) as caught:
        engines.load(*make_spec(WeightsFormat.KERAS_HDF5, tmp_path / "weights.h5"))
    assert caught.value.message == (
        "The weights 'weights.h5' of the model 'Nuclei' cannot be loaded by TensorFlow: "
        "the file holds weights only, without the architecture."
    )


def test_graph_without_signature_is_read_by_the_names_of_its_tensors(
    engines: Engines, written: Path
) -> None:
    spec, weights = make_spec(
        SAVED_MODEL, written / "bare", inputs=["input_tensor"], outputs={"output_tensor": 4}
    )
    image = random_image(1, 6, 5, 1)
    network = engines.load(spec, weights, device=CPU)
    result = network.predict({"input_tensor": image}, ["output_tensor"])
    assert_array_equal(result["output_tensor"], image * 3)


def test_graph_without_signature_and_without_these_names_says_what_it_has(
    engines: Engines, written: Path
) -> None:
    spec, weights = make_spec(SAVED_MODEL, written / "bare", inputs=["raw"])
    with pytest.raises(BundleError) as caught:
        engines.load(spec, weights)
    assert caught.value.message == (
        "The tensors of the model 'Nuclei' do not fit its weights 'bare': "
        "the graph has no raw; its inputs: input_tensor."
    )


def test_signature_of_tensorflow_1_gives_its_outputs_by_name(
    engines: Engines, written: Path
) -> None:
    keys = {
        "tag": "tf.saved_model.tag_constants.SERVING",
        "signature": "tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY",
    }
    spec, weights = make_spec(
        SAVED_MODEL, written / "signed", outputs={"shifted": 4, "product": 4}, model_keys=keys
    )
    image = random_image(1, 6, 5, 1)
    result = engines.load(spec, weights, device=CPU).predict({"input": image}, ["product"])
    assert_array_equal(result["product"], image * 3)
