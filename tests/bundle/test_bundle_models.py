"""The real models and the tests' own tiny ones, read from their bundles."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import bundle_factory
import shared_bundles
from deepimagej.axes import SizeReference, SizeRule
from deepimagej.bundle import Operation, load_tensor, read_bundle
from deepimagej.request import WeightsFormat


@pytest.mark.shared_data
def test_the_real_models_are_read_with_their_test_tensors(
    tmp_path: Path, shared_data: Path
) -> None:
    bundles = [
        shared_bundles.make_unet_bundle(tmp_path / "unet5", shared_data),
        shared_bundles.make_unet_bundle(tmp_path / "unet4", shared_data, version="0.4"),
        shared_bundles.make_fixed_unet_bundle(tmp_path / "fixed", shared_data),
        shared_bundles.make_stardist_bundle(tmp_path / "sd5", shared_data, weights="keras_v3"),
        shared_bundles.make_stardist_bundle(tmp_path / "sd4", shared_data, version="0.4"),
        shared_bundles.make_defcon_bundle(tmp_path / "defcon", shared_data),
        shared_bundles.make_n2v_bundle(tmp_path / "n2v", shared_data),
    ]
    for bundle in bundles:
        spec = read_bundle(bundle, unpack=tmp_path / "unpack")
        image = load_tensor(spec.inputs[0].test or Path())
        lengths = dict(zip([axis.id for axis in spec.inputs[0].axes], image.shape, strict=True))
        for output in spec.outputs:
            shape = load_tensor(output.test or Path()).shape
            for axis, length in zip(output.axes, shape, strict=True):
                size = axis.size
                if isinstance(size, SizeReference):
                    assert size.length(lengths[size.axis]) == length
                else:
                    assert size == SizeRule(length)


@pytest.mark.shared_data
def test_both_rdfs_of_one_model_say_the_same(tmp_path: Path, shared_data: Path) -> None:
    five = read_bundle(
        shared_bundles.make_unet_bundle(tmp_path / "5", shared_data), unpack=tmp_path
    )
    four = read_bundle(
        shared_bundles.make_unet_bundle(tmp_path / "4", shared_data, version="0.4"),
        unpack=tmp_path,
    )
    for new, old in zip((*five.inputs, *five.outputs), (*four.inputs, *four.outputs), strict=True):
        assert (new.name, new.names, new.data_type) == (old.name, old.names, old.data_type)
        assert [axis.halo for axis in new.axes] == [axis.halo for axis in old.axes]
    assert five.batch_is_open is four.batch_is_open is False


@pytest.mark.shared_data
def test_noise2voids_old_archive_is_read(tmp_path: Path, shared_data: Path) -> None:
    path = shared_bundles.copy_n2v_archive(tmp_path, shared_data)
    spec = read_bundle(path, unpack=tmp_path / "unpack")
    assert spec.outputs[0].name == "activation_11/Identity"
    assert [axis.halo for axis in spec.outputs[0].axes] == [0, 22, 22, 0]
    assert spec.weights[WeightsFormat.TENSORFLOW_SAVED_MODEL].source == spec.folder
    assert spec.inputs[0].operations == (
        Operation("fixed_zero_mean_unit_variance", {"mean": 0.49408814, "std": 0.28493392}),
    )
    assert spec.warnings == ()


@pytest.mark.shared_data
def test_deepimagejs_own_bundle_is_read(tmp_path: Path, shared_data: Path) -> None:
    folder = shutil.copytree(shared_data / "models" / "defcon" / "deepimagej", tmp_path / "defcon")
    folder.chmod(0o755)
    spec = read_bundle(folder, unpack=tmp_path)
    assert spec.model_keys == {"tag": "serve", "signature": "serving_default"}
    assert [axis.halo for axis in spec.outputs[0].axes] == [0, 10, 10, 0]
    assert spec.inputs[0].test is not None
    assert load_tensor(spec.inputs[0].test).shape == (64, 64, 1, 1)
    (folder / "model.yaml").unlink()
    assert read_bundle(folder, unpack=tmp_path).format_version == "deepImageJ 1"


def test_the_factorys_models_give_what_their_test_tensors_say(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    makers = [getattr(bundle_factory, name) for name in dir(bundle_factory) if "make_" in name]
    for version in ("0.5", "0.4"):
        for make in makers:
            folder = make(tmp_path / version / make.__name__, version=version)
            spec = read_bundle(folder, unpack=tmp_path)
            assert spec.warnings == ()
            feed = {tensor.name: load_tensor(tensor.test or Path()) for tensor in spec.inputs}
            session = onnxruntime.InferenceSession(folder / "weights.onnx")
            results = session.run([tensor.name for tensor in spec.outputs], feed)
            for output, result in zip(spec.outputs, results, strict=True):
                expected = load_tensor(output.test or Path())
                np.testing.assert_allclose(result, expected, atol=1e-6)


def test_the_rdf_is_plain_yaml(tmp_path: Path) -> None:
    folder = bundle_factory.make_identity_bundle(tmp_path / "identity")
    rdf = yaml.safe_load((folder / "bioimageio.yaml").read_text())
    assert rdf["format_version"] == "0.5.4"
