"""The examples in the package: complete, unchanged, and doing what they say."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tifffile
import yaml

import deepimagej
from deepimagej import examples
from deepimagej.bundle import read_bundle
from deepimagej.bundle.strict import validate_strict
from deepimagej.errors import LibraryError

FOLDER = examples.path("nuclei").parent
BUNDLE = examples.path("nuclei")
RDF: dict[str, Any] = yaml.safe_load((BUNDLE / "rdf.yaml").read_text(encoding="utf-8"))
METHODS = ("cellpose", "deepwater", "splinedist", "stardist", "unet", "unet3d")
HALO = RDF["outputs"][0]["axes"][-1]["halo"]


@pytest.fixture(scope="module")
def network() -> Any:
    return onnxruntime.InferenceSession(
        BUNDLE / "probability.onnx", providers=["CPUExecutionProvider"]
    )


def files_with_hash(node: Any) -> list[tuple[str, str]]:
    """Every file of the RDF that has a sha256."""
    if isinstance(node, list):
        return [file for item in node for file in files_with_hash(item)]
    if not isinstance(node, dict):
        return []
    own = [(node["source"], node["sha256"])] if "sha256" in node else []
    return own + [file for item in node.values() for file in files_with_hash(item)]


def test_the_bundles_are_those_of_the_demo_and_of_the_methods() -> None:
    assert examples.bundles() == tuple(sorted((*METHODS, "nuclei")))


@pytest.mark.parametrize("name", examples.bundles())
def test_every_file_of_a_bundle_has_the_hash_that_the_rdf_names(name: str) -> None:
    bundle = examples.path(name)
    rdf = yaml.safe_load((bundle / "rdf.yaml").read_text(encoding="utf-8"))
    files = files_with_hash(rdf)
    assert len(files) >= 5
    for file, expected in files:
        assert hashlib.sha256((bundle / file).read_bytes()).hexdigest() == expected, file
    named = {file for file, _ in files} | {"rdf.yaml", "README.md", "cover.png"}
    extra = {file.name for file in bundle.iterdir()} - named
    assert extra <= {"sample_truth.tif"}


@pytest.mark.parametrize("name", examples.bundles())
def test_a_bundle_is_complete_for_the_zoo_and_small(name: str) -> None:
    spec = read_bundle(examples.path(name), unpack=Path("unused"))
    assert validate_strict(spec.rdf) == []
    assert sum(file.stat().st_size for file in spec.folder.iterdir()) < 10 * 2**20


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("stardist", ["onnx", "tensorflow_saved_model_bundle"]),
        ("splinedist", ["onnx"]),
        ("cellpose", ["onnx"]),
        ("deepwater", ["torchscript"]),
        ("unet", ["keras_hdf5"]),
        ("unet3d", ["torchscript"]),
    ],
)
def test_every_network_gives_its_test_tensor_in_each_format(name: str, formats: list[str]) -> None:
    bundle = examples.path(name)
    assert [weights.value for weights in deepimagej.info(bundle).weights] == formats
    for weights in formats:
        assert deepimagej.test(bundle, format=weights).passed, weights


def test_the_network_gives_the_test_tensor(network: Any) -> None:
    raw = np.load(BUNDLE / "test_raw.npy")
    expected = np.load(BUNDLE / "test_probability.npy")
    lower, upper = np.percentile(raw, [1, 99.8])
    tensor = ((raw - lower) / (upper - lower + 1e-6)).astype(np.float32)
    found = network.run(None, {"raw": tensor})[0]
    # The RDF's default tolerance: other processors round otherwise.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1.5e-4)


@pytest.mark.parametrize("shift", range(16))
def test_no_pixel_reaches_beyond_the_halo(network: Any, shift: int) -> None:
    size = 16 * 20
    image = np.random.default_rng(shift).random((1, 1, size, size), np.float32)
    changed = image.copy()
    at = size // 2 + shift - 8
    changed[0, 0, at, at] = 50
    before, after = (network.run(None, {"raw": tensor})[0][0, 0] for tensor in (image, changed))
    rows, columns = np.nonzero(before != after)
    assert 0 < max(abs(rows - at).max(), abs(columns - at).max()) <= HALO


def test_the_image_and_its_truth_belong_together() -> None:
    image = tifffile.imread(examples.path("images/nuclei.tif"))
    truth = tifffile.imread(examples.path("images/nuclei_truth.tif"))
    assert image.shape == truth.shape == (512, 512)
    assert len(np.unique(truth)) - 1 == 125
    assert image[truth > 0].mean() > 1.5 * image[truth == 0].mean()


def test_every_image_and_network_has_its_origin_written_down() -> None:
    origins = (FOLDER / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for file in FOLDER.rglob("*"):
        if file.suffix in {".tif", ".npy", ".onnx", ".png", ".h5", ".pt", ".zip"}:
            name = file.relative_to(FOLDER).as_posix()
            assert f"`{name}`" in origins, name


def test_an_unknown_example_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LibraryError) as caught:
        examples.path("cells")
    assert caught.value.message == 'There is no example "cells".'
    assert caught.value.hint == (
        "The examples are cellpose, deepwater, nuclei, splinedist, stardist, unet, unet3d, "
        "images/nuclei.tif, images/nuclei_truth.tif."
    )


def test_an_unknown_example_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(LibraryError) as caught:
        deepimagej.install("example:cells")
    assert caught.value.message == 'There is no example model "cells".'
    assert caught.value.hint == (
        "The example models are cellpose, deepwater, nuclei, splinedist, stardist, unet, unet3d."
    )
