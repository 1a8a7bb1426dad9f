"""What an RDF says as a `ModelSpec`, a warning or one error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import bundle_factory
from deepimagej.axes import SizeRule
from deepimagej.bundle import Operation, read_bundle
from deepimagej.errors import BundleError
from deepimagej.request import WeightsFormat
from minimal_rdf import dump, rdf_0_4, read, tensor

if TYPE_CHECKING:
    from pathlib import Path


def error_of(path: Path, unpack: Path) -> tuple[str, str]:
    with pytest.raises(BundleError) as caught:
        read_bundle(path, unpack=unpack)
    return caught.value.message, caught.value.hint


# Which RDF


def test_a_folder_without_rdf_is_an_error(tmp_path: Path) -> None:
    assert error_of(tmp_path, tmp_path) == (
        f"{tmp_path} has no RDF (bioimageio.yaml, rdf.yaml or model.yaml).",
        "Name the folder or zip that was downloaded from the zoo or written by an export.",
    )


def test_of_several_rdfs_the_newest_name_is_read_and_the_others_said(tmp_path: Path) -> None:
    for name in ("bioimageio", "rdf", "model"):
        (tmp_path / f"{name}.yaml").write_text(dump(rdf_0_4(name=name)))
    spec = read_bundle(tmp_path, unpack=tmp_path)
    assert spec.name == "bioimageio"
    assert spec.warnings[0] == (
        "bioimageio.yaml is read; rdf.yaml and model.yaml beside it is passed over."
    )


def test_one_rdf_with_a_name_before_it_is_read_and_two_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "nuclei.rdf.yaml").write_text(dump(rdf_0_4()))
    assert read_bundle(tmp_path, unpack=tmp_path).name == "Small"
    (tmp_path / "cells.bioimageio.yaml").write_text(dump(rdf_0_4()))
    assert error_of(tmp_path, tmp_path) == (
        f"{tmp_path} has several RDFs: cells.bioimageio.yaml, nuclei.rdf.yaml.",
        "Name the one to read, or rename it to bioimageio.yaml.",
    )


# YAML


def test_yaml_that_is_not_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rdf.yaml"
    path.write_text("name: a\ninputs:\n  - b\n c: d\n")
    assert error_of(tmp_path, tmp_path) == (
        f"{path}, line 4, is not YAML: expected <block end>, but found '<block mapping start>'.",
        "Correct the file, or download the model again.",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: a\x00b", ", line 1, is not YAML: it has a character that YAML does not allow."),
        ("a: !!int many", " is not YAML: a value does not fit its tag."),
        ("[" * 5000, " is not YAML: it is nested too deeply."),
    ],
)
def test_odd_yaml_is_an_error_too(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "rdf.yaml"
    path.write_text(text)
    assert error_of(tmp_path, tmp_path) == (
        f"{path}{problem}",
        "Correct the file, or download the model again.",
    )


def test_yaml_that_is_no_mapping_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rdf.yaml"
    path.write_text("- name: a")
    assert error_of(tmp_path, tmp_path) == (
        f"{path} is not an RDF: it holds no mapping of keys to values.",
        "An RDF has lines such as name: ..., inputs: ... and weights: ...",
    )


def test_numbers_and_dates_are_read_as_they_were_meant(tmp_path: Path) -> None:
    operation = "{name: scale_range, kwargs: {eps: 1e-6, min_percentile: 1}}"
    more = f"description: 12:30\ninputs:\n- preprocessing: [{operation}]\n  "
    text = "timestamp: 2021-13-45\n" + dump(rdf_0_4()).replace("inputs:\n- ", more)
    spec = read(tmp_path, "%YAML 1.2\n---\n" + text)
    assert spec.inputs[0].operations == (
        Operation("scale_range", {"eps": 1e-6, "min_percentile": 1}),
    )
    assert spec.description == "12:30"


def test_another_encoding_than_utf_8_is_a_warning(tmp_path: Path) -> None:
    folder = read(tmp_path, rdf_0_4()).folder
    text = dump(rdf_0_4()) + "description: Zürich\n"
    (folder / "bioimageio.yaml").write_bytes(text.encode("latin-1"))
    spec = read_bundle(folder, unpack=tmp_path)
    assert spec.description == "Zürich"
    assert spec.warnings == ("bioimageio.yaml is not UTF-8; it is read as Latin-1.",)
    (folder / "bioimageio.yaml").write_bytes(text.encode("utf-16"))
    assert read_bundle(folder, unpack=tmp_path).description == "Zürich"


# What a run needs


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        (
            {"inputs": []},
            "The RDF has no inputs.",
            "Describe the network's inputs with names and axes.",
        ),
        (
            {"outputs": None},
            "The RDF has no outputs.",
            "Describe the network's outputs with names and axes.",
        ),
        (
            {"weights": None},
            "The RDF lists no weights.",
            "Download the model again, or add its weights to the RDF.",
        ),
        (
            {"inputs": [tensor("a", shape=[1, 1, 8, 8]), tensor("a", shape=[1, 1, 8, 8])]},
            'Two inputs are called "a".',
            "Give each tensor its own name.",
        ),
        (
            {"inputs": [tensor("a", shape=[1, 1, 8, 8], preprocessing=[{"kwargs": {}}])]},
            'A processing operation of the input "a" has no name.',
            "Give it the id of an operation of the zoo, or leave it out.",
        ),
    ],
)
def test_what_a_run_needs_is_one_error_that_names_the_file(
    tmp_path: Path, changes: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(BundleError) as caught:
        read(tmp_path, rdf_0_4(**changes))
    rdf = tmp_path / "bundle" / "bioimageio.yaml"
    assert (caught.value.message, caught.value.hint) == (f"{rdf}: {message}", hint)


def test_what_a_run_does_not_need_is_a_warning(tmp_path: Path) -> None:
    rdf = rdf_0_4(
        name=None,
        format_version="0.7.0",
        test_inputs=["test.npy"],
        test_outputs=[],
        covers=["cover.png", "https://example.com/cover.png"],
        attachments={"files": ["notes.txt"]},
        authors=None,
        cite=[{"text": "Somebody", "doi": "10.1/2"}, "Somebody else", None],
        license=None,
        documentation=None,
        weights={"onnx": {"source": "gone.onnx"}, "caffe": {"source": "a"}, "torchscript": None},
    )
    spec = read(tmp_path, rdf)
    assert spec.warnings == (
        'The test tensor of the input "raw", test.npy, is not in the bundle.',
        "The weights onnx, gone.onnx, are not in the bundle.",
        'Weights of the unknown format "caffe" are passed over.',
        "The weights entry torchscript is empty.",
        "The cover cover.png is not in the bundle.",
        "The attachment notes.txt is not in the bundle.",
        "The model has no name; it is called bundle like its folder.",
        "Format 0.7.0 is not known; it is read as those up to 0.5 are.",
    )
    assert spec.citations == ("Somebody, 10.1/2", "Somebody else")
    assert spec.weights[WeightsFormat.ONNX].source is None


def test_the_zoos_own_keys_are_read(tmp_path: Path) -> None:
    tolerance = [
        {"absolute_tolerance": 0.5, "output_ids": ["prob"]},
        {"relative_tolerance": 1e-2},
    ]
    zoo = {"nickname": "brave-bee", "reproducibility_tolerance": tolerance}
    spec = read(
        tmp_path,
        rdf_0_4(
            id="10.5281/zenodo.1",
            version="0.1.3",
            config={"bioimageio": zoo},
            authors=[{"name": "A"}, "B"],
            tags="nuclei",
        ),
    )
    assert (spec.id, spec.nickname, spec.version) == ("10.5281/zenodo.1", "brave-bee", "0.1.3")
    assert spec.tolerance == (1e-3, 1e-2)
    assert spec.authors == ("A", "B")
    assert spec.tags == ("nuclei",)


@pytest.mark.parametrize(
    "source",
    [
        "./weights.onnx",
        "sub\\weights.onnx",
        "https://zenodo.org/record/1/files/weights.onnx?download=1",
        "https://zenodo.org/api/records/1/files/weights.onnx/content",
    ],
)
def test_sources_mean_the_file_of_their_name_in_the_bundle(tmp_path: Path, source: Any) -> None:
    spec = read(tmp_path, rdf_0_4(weights={"onnx": {"source": source, "sha256": "AB"}}))
    assert spec.weights[WeightsFormat.ONNX].source == spec.folder / "weights.onnx"
    assert spec.weights[WeightsFormat.ONNX].sha256 == "ab"


@pytest.mark.parametrize("source", ["../secret.pt", "/etc/hostname", "a/../../secret.pt"])
def test_sources_never_leave_the_bundle(tmp_path: Path, source: str) -> None:
    (tmp_path / "secret.pt").write_bytes(b"")
    spec = read(tmp_path, rdf_0_4(weights={"pytorch_script": {"source": source, "opset": 1}}))
    weights = spec.weights[WeightsFormat.TORCHSCRIPT]
    assert weights.source is None
    assert (weights.declared, weights.attributes) == (source, {"opset": 1})


# Old formats


def test_the_csbdeep_format_is_read(tmp_path: Path) -> None:
    spec_of = "de.csbdresden.n2v.predict.N2VPrediction::"
    kwargs = {"mean": [0.5], "stdDev": [0.25]}
    rdf = rdf_0_4(
        format_version="0.2.0-csbdeep",
        outputs=[tensor("out", shape={"reference_input": "raw"})],
        prediction={
            "weights": {"source": "./variables/variables"},
            "preprocess": [{"spec": f"{spec_of}preprocess", "kwargs": kwargs}],
            "postprocess": [{"spec": f"{spec_of}postprocess", "kwargs": kwargs}],
        },
    )
    del rdf["weights"]
    bundle = bundle_factory.write_bundle(tmp_path / "bundle", rdf, {"saved_model.pb": b""})
    spec = read_bundle(bundle, unpack=tmp_path)
    assert spec.weights[WeightsFormat.TENSORFLOW_SAVED_MODEL].source == spec.folder
    assert spec.inputs[0].operations == (
        Operation("fixed_zero_mean_unit_variance", {"mean": 0.5, "std": 0.25}),
    )
    assert spec.outputs[0].operations == (Operation("scale_linear", {"gain": 0.25, "offset": 0.5}),)
    assert spec.steps == {}


VERSION_1 = """<?xml version="1.0" encoding="UTF-8"?>
<Model><ModelInformation><Name>Old cells</Name><Author>A</Author></ModelInformation>
<ModelCharacteristics>
<ModelTag>tf.saved_model.tag_constants.SERVING</ModelTag>
<InputTensorDimensions>,-1,-1,-1,1,</InputTensorDimensions>
<InputNames0>input</InputNames0><InputOrganization0>NHWC</InputOrganization0>
<NumberOfOutputs>1</NumberOfOutputs>
<OutputNames0>output</OutputNames0><OutputOrganization0>NHWC</OutputOrganization0>
<FixedPatch>false</FixedPatch><MinimumSize>32</MinimumSize><Padding>10</Padding>
<PreprocessingFile>pre.txt</PreprocessingFile>
</ModelCharacteristics></Model>"""


def test_a_bundle_of_deepimagej_1_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(VERSION_1)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    (tmp_path / "pre.txt").write_text("")
    spec = read_bundle(tmp_path, unpack=tmp_path)
    assert (spec.name, spec.format_version) == ("Old cells", "deepImageJ 1")
    assert [axis.size for axis in spec.inputs[0].axes][1:] == [
        SizeRule(32, 32),
        SizeRule(32, 32),
        SizeRule(1),
    ]
    assert [axis.halo for axis in spec.outputs[0].axes] == [0, 10, 10, 0]
    assert spec.model_keys == {"tag": "serve"}
    assert spec.weights[WeightsFormat.TENSORFLOW_SAVED_MODEL].source == tmp_path
    assert spec.warnings == (
        "config.xml does not say how many channels the output has; as many as the input are taken.",
    )


def test_other_xml_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config.xml"
    path.write_text("<a/>")
    assert error_of(tmp_path, tmp_path) == (
        f"{path} is not a model of deepImageJ 1: it does not describe the network's tensors.",
        "Get the model in its present form, with an rdf.yaml, from the zoo.",
    )
    path.write_text("<a>")
    assert error_of(tmp_path, tmp_path) == (
        f"{path} is not XML: no element found: line 1, column 3.",
        "Correct the file, or download the model again.",
    )
