"""Networks of onnxruntime: the same numbers as its own call, tensors found by name or order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from onnx import helper

from deepimagej.errors import BundleError, EngineError, OptionError, OutOfMemory
from deepimagej.request import Device, WeightsFormat
from engine_cases import make_spec, random_image, write_identity, write_onnx

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.engines import Engines

ONNX = WeightsFormat.ONNX


@pytest.mark.shared_data
def test_unet_gives_the_logits_of_a_plain_session(engines: Engines, shared_data: Path) -> None:
    folder = shared_data / "models" / "unet2d_nuclei_broad"
    reference = np.load(folder / "reference" / "reference.npz")
    spec, weights = make_spec(ONNX, folder / "weights.onnx")
    network = engines.load(spec, weights, device=Device("cpu"))
    for _ in range(2):
        result = network.predict({"input": reference["normalized_input"]}, ["output"])
        # The session has onnxruntime's own options; another CPU than the reference's may round.
        assert np.abs(result["output"] - reference["onnx_logits"]).max() <= 1e-4
    assert str(network.device) == "cpu"
    assert network.engine.startswith("onnxruntime 1.")


def test_inputs_are_found_by_name_whatever_their_order(engines: Engines, tmp_path: Path) -> None:
    node = helper.make_node("Sub", ["a", "b"], ["y"])
    path = write_onnx(tmp_path / "sub.onnx", [node], ["a", "b"], ["y"])
    spec, weights = make_spec(ONNX, path, inputs=("b", "a"))
    network = engines.load(spec, weights)
    a, b = random_image(1, 1, 5, 7), random_image(1, 1, 5, 7) + 3
    assert_array_equal(network.predict({"b": b, "a": a}, ["output"])["output"], a - b)


def test_other_names_are_matched_in_the_order_of_the_rdf(engines: Engines, tmp_path: Path) -> None:
    node = helper.make_node("Sub", ["input.1", "input.2"], ["82"])
    path = write_onnx(tmp_path / "sub.onnx", [node], ["input.1", "input.2"], ["82"])
    spec, weights = make_spec(ONNX, path, inputs=("raw", "mask"))
    network = engines.load(spec, weights)
    a, b = random_image(1, 1, 5, 7), random_image(1, 1, 5, 7) + 3
    assert_array_equal(network.predict({"mask": b, "raw": a}, ["output"])["output"], a - b)


def test_one_of_two_outputs_can_be_asked_for(engines: Engines, tmp_path: Path) -> None:
    nodes = [helper.make_node("Neg", ["x"], ["1"]), helper.make_node("Abs", ["x"], ["2"])]
    path = write_onnx(tmp_path / "two.onnx", nodes, ["x"], ["1", "2"])
    spec, weights = make_spec(ONNX, path, outputs={"negative": 4, "absolute": 4})
    image = random_image(1, 1, 4, 4) - 0.5
    result = engines.load(spec, weights).predict({"input": image}, ["absolute"])
    assert list(result) == ["absolute"]
    assert_array_equal(result["absolute"], np.abs(image))


def test_any_layout_and_type_of_pixels_goes_in(engines: Engines, tmp_path: Path) -> None:
    spec, weights = make_spec(ONNX, write_identity(tmp_path / "identity.onnx"))
    network = engines.load(spec, weights)
    image = np.arange(60, dtype=np.float64).reshape(1, 1, 6, 10)[..., ::-1].transpose(0, 1, 3, 2)
    result = network.predict({"input": image}, ["output"])["output"]
    assert result.dtype == np.float32
    assert_array_equal(result, image)


def test_results_stay_when_the_next_call_has_another_size(engines: Engines, tmp_path: Path) -> None:
    spec, weights = make_spec(ONNX, write_identity(tmp_path / "identity.onnx"))
    network = engines.load(spec, weights)
    images = [random_image(1, 1, side, side) for side in (3, 64, 5)]
    results = [network.predict({"input": image}, ["output"])["output"] for image in images]
    for image, result in zip(images, results, strict=True):
        assert_array_equal(result, image)


def test_missing_input_is_named_with_those_the_network_has(
    engines: Engines, tmp_path: Path
) -> None:
    node = helper.make_node("Sub", ["a", "b"], ["y"])
    path = write_onnx(tmp_path / "sub.onnx", [node], ["a", "b"], ["y"])
    spec, weights = make_spec(ONNX, path, inputs=("a",))
    with pytest.raises(BundleError) as caught:
        engines.load(spec, weights).predict({"a": random_image(1, 1, 4, 4)}, ["output"])
    assert caught.value.message == (
        "The tensors of the model 'Nuclei' do not fit its weights 'sub.onnx': the bundle names "
        "1 input (a), the network has 2 (a ?x?x?x?, b ?x?x?x?)."
    )
    assert caught.value.hint == "Correct the inputs and outputs in the bundle's RDF."


def test_corrupt_weights_are_named(engines: Engines, tmp_path: Path) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(BundleError) as caught:
        engines.load(*make_spec(ONNX, path))
    assert caught.value.message.startswith(
        "The weights 'weights.onnx' of the model 'Nuclei' cannot be loaded by onnxruntime: "
    )
    assert caught.value.hint == (
        "The file may be damaged: install the model again, or choose another format."
    )


def test_weights_with_another_sha256_are_not_loaded(engines: Engines, tmp_path: Path) -> None:
    path = write_identity(tmp_path / "identity.onnx")
    with pytest.raises(BundleError, match="has the sha256"):
        engines.load(*make_spec(ONNX, path, sha256="0" * 64))


def test_failure_of_the_framework_is_passed_on_and_the_next_call_works(
    engines: Engines, tmp_path: Path
) -> None:
    node = helper.make_node("Sub", ["a", "b"], ["y"])
    path = write_onnx(tmp_path / "sub.onnx", [node], ["a", "b"], ["y"])
    network = engines.load(*make_spec(ONNX, path, inputs=("a", "b")))
    image = random_image(1, 1, 5, 7)
    with pytest.raises(EngineError) as caught:
        network.predict({"a": image, "b": image[..., :3]}, ["output"])
    assert caught.value.message.startswith("onnxruntime failed to run the model 'Nuclei': ")
    assert caught.value.hint == (
        "Check the image's size and channels against the model's; "
        "`deepimagej test` tells whether the model itself works."
    )
    assert not network.predict({"a": image, "b": image}, ["output"])["output"].any()


def test_more_memory_than_there_is_has_an_error_of_its_own(
    engines: Engines, tmp_path: Path
) -> None:
    shape = helper.make_tensor("shape", 7, [4], [1, 10**4, 10**5, 10**5])
    nodes = [
        helper.make_node("Constant", [], ["shape"], value=shape),
        helper.make_node("Expand", ["x", "shape"], ["y"]),
    ]
    path = write_onnx(tmp_path / "huge.onnx", nodes, ["x"], ["y"])
    network = engines.load(*make_spec(ONNX, path), device=Device("cpu"))
    with pytest.raises(OutOfMemory) as caught:
        network.predict({"input": random_image(1, 1, 1, 1)}, ["output"])
    assert caught.value.message.startswith(
        "There is not enough memory for running the model 'Nuclei' in onnxruntime: "
    )
    assert caught.value.hint == "Use a smaller tile, or free memory."


def test_device_that_is_not_there_is_refused_with_those_that_are(
    engines: Engines, tmp_path: Path
) -> None:
    spec, weights = make_spec(ONNX, write_identity(tmp_path / "identity.onnx"))
    with pytest.raises(OptionError) as caught:
        engines.load(spec, weights, device=Device("cuda", 64))
    assert caught.value.message.startswith(
        "onnxruntime sees no device 'cuda:64' on this machine; it has: cpu"
    )
    assert caught.value.hint == "Leave device at auto, or name one of these."
