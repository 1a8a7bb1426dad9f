"""What a user has, folder, RDF or zip, as a `ModelSpec`, a warning or one error."""

from __future__ import annotations

import contextlib
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from minimal_rdf import dump, rdf_0_4, read, tensor

import bundle_factory
import shared_bundles
from deepimagej.axes import SizeReference, SizeRule
from deepimagej.bundle import ModelSpec, Operation, load_tensor, read_bundle
from deepimagej.errors import BundleError, HostError
from deepimagej.request import WeightsFormat


def error_of(path: Path, unpack: Path) -> tuple[str, str]:
    with pytest.raises(BundleError) as caught:
        read_bundle(path, unpack=unpack)
    return caught.value.message, caught.value.hint


# Folder, RDF, zip


def test_a_folder_its_rdf_and_its_zip_are_the_same_model(tmp_path: Path) -> None:
    folder = bundle_factory.make_identity_bundle(tmp_path / "identity", halo=3)
    unpack = tmp_path / "unpack"
    specs = [
        read_bundle(path, unpack=unpack)
        for path in (
            folder,
            folder / "bioimageio.yaml",
            bundle_factory.zip_bundle(folder),
            bundle_factory.zip_bundle(folder, tmp_path / "top.zip", top=True),
        )
    ]
    assert {spec.name for spec in specs} == {"Identity"}
    assert all(spec.inputs[0].axes == specs[0].inputs[0].axes for spec in specs)
    assert all(spec.outputs[0].axes == specs[0].outputs[0].axes for spec in specs)
    assert all(weights.source for spec in specs for weights in spec.weights.values())


def test_a_zip_is_unpacked_once_and_anew_when_its_content_changed(tmp_path: Path) -> None:
    folder, unpack = tmp_path / "identity", tmp_path / "unpack"
    archive = bundle_factory.zip_bundle(bundle_factory.make_identity_bundle(folder))
    first = read_bundle(archive, unpack=unpack)
    times = first.rdf.stat().st_mtime_ns
    assert read_bundle(archive, unpack=unpack).rdf.stat().st_mtime_ns == times
    bundle_factory.zip_bundle(bundle_factory.make_identity_bundle(folder, name="Changed"))
    assert read_bundle(archive, unpack=unpack).name == "Changed"
    assert len(list(unpack.iterdir())) == 2


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "C:/evil", "a/../../b", "..\\evil"])
def test_a_zip_with_an_entry_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", dump(rdf_0_4()))
        archive.writestr(name, "evil")
    shown = name.replace("\\", "/")
    assert error_of(path, tmp_path / "unpack") == (
        f'Entry "{shown}" of {path} leaves the bundle\'s folder.',
        "Do not use this file; get the model from another source.",
    )
    assert list((tmp_path / "unpack").iterdir()) == []


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    entry = zipfile.ZipInfo("weights.onnx")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert error_of(path, tmp_path / "unpack") == (
        f'Entry "weights.onnx" of {path} is a link.',
        "Do not use this file; get the model from another source.",
    )


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    path.write_bytes(b"PK\x03\x04 and then the download broke")
    assert error_of(path, tmp_path / "unpack") == (
        f"{path} cannot be unpacked: File is not a zip file.",
        "Download the file again.",
    )


def test_a_zip_in_which_a_file_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "file")
        archive.writestr("a/b", "file")
    assert error_of(path, tmp_path / "unpack") == (
        f'Entry "a/b" of {path} is a file and a folder.',
        "Download the file again.",
    )


def test_a_place_that_cannot_be_written_is_an_error_of_the_host(tmp_path: Path) -> None:
    archive = bundle_factory.zip_bundle(bundle_factory.make_identity_bundle(tmp_path / "identity"))
    place = tmp_path / "file"
    place.write_text("not a folder")
    with pytest.raises(HostError) as caught:
        read_bundle(archive, unpack=place)
    assert caught.value.message == f"{place} cannot be written: File exists."
    assert caught.value.hint == (
        "Free space on the disk, or choose another folder with DEEPIMAGEJ_CACHE."
    )


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "model"
    assert error_of(path, tmp_path) == (
        f"There is no file or folder {path}.",
        "Check the path of the model.",
    )


def test_a_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    path.write_bytes(b"II*\0")
    assert error_of(path, tmp_path) == (
        f"{path} is not a bundle: neither a folder, nor a zip, nor an RDF.",
        "Name the folder or zip of the model, or its rdf.yaml.",
    )


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


# Real models


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


# Anything


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
KEYS = st.sampled_from(
    """
    name axes shape min step size type id halo scale offset tensor_id
    reference_tensor source kwargs spec preprocessing postprocessing channel_names
    data test_tensor
    """.split()  # noqa: SIM905  # a list of forty strings would be forty lines
)
WORDS = st.sampled_from(["b", "bcyx", "x", "batch", "space", "raw", "raw.x", "", "a.ijm", "9"])
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TOP = st.sampled_from(
    """
    format_version name inputs outputs weights config test_inputs sample_outputs
    authors cite license tags covers attachments documentation version id prediction
    """.split()  # noqa: SIM905  # a list of forty strings would be forty lines
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.dictionaries(TOP, VALUES, max_size=5))
def test_any_rdf_gives_a_model_or_one_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    _model_or_error(tmp_path, dump(rdf_0_4(**changes)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=VALUES, place=st.sampled_from(["inputs", "outputs"]), key=KEYS)
def test_any_tensor_gives_a_model_or_one_error(
    tmp_path: Path, values: Any, place: str, key: str
) -> None:
    rdf = rdf_0_4()
    rdf[place][0][key] = values
    _model_or_error(tmp_path, dump(rdf))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60) | st.text("{}[]:-!&*|>#%@`'\" \nab1.", max_size=60))
def test_any_text_gives_a_model_or_one_error(tmp_path: Path, text: str) -> None:
    _model_or_error(tmp_path, text)


def _model_or_error(folder: Path, text: str) -> None:
    (folder / "rdf.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(BundleError):
        spec = read_bundle(folder, unpack=folder)
        assert isinstance(spec, ModelSpec)
        assert spec.inputs
        assert spec.outputs


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
