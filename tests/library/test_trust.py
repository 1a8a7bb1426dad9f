"""Code of a bundle runs only after the user trusted this very content."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle
from deepimagej.bundle import ModelSpec, read_bundle
from deepimagej.bundle.spec import Weights
from deepimagej.errors import HostError, TrustError
from deepimagej.library import TrustStore
from deepimagej.request import WeightsFormat

if TYPE_CHECKING:
    from pathlib import Path

_HARMLESS = 'run("Invert");\n'
_CODE = 'run("Invert");\r\nexec("ls");\r\nFile.delete("a");'


def _bundle(folder: Path, macro: str, name: str = "post.ijm") -> ModelSpec:
    make_identity_bundle(folder, name="Nuclei", macros={"postprocessing": {name: macro}})
    return read_bundle(folder, unpack=folder)


def test_a_bundle_that_only_works_on_images_needs_no_trust(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _HARMLESS)
    store = TrustStore(tmp_path / "data")
    store.require(spec)
    assert store.untrusted(spec) == ()
    assert store.trust(spec) == ()
    assert all(store.is_trusted(weights) for weights in spec.weights.values())
    assert not (tmp_path / "data").exists()


def test_code_is_refused_with_file_line_and_what_was_found(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _CODE)
    with pytest.raises(TrustError) as caught:
        TrustStore(tmp_path / "data").require(spec, [spec.folder / "post.ijm"])
    assert caught.value.message == (
        'The model "Nuclei" brings code that you have not trusted yet: '
        "post.ijm, line 2: exec (starts programs); "
        "post.ijm, line 3: File.delete (reads, writes or deletes files)."
    )
    assert caught.value.hint == (
        f'Read it in {spec.folder}; if you trust it: deepimagej trust "{spec.folder}", '
        "or trust=True in Python."
    )


def test_many_findings_are_counted(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", 'exec("ls");\n' * 9)
    with pytest.raises(TrustError, match=r"line 5: exec \(starts programs\); and 4 more\.$"):
        TrustStore(tmp_path / "data").require(spec)


def test_only_the_parts_that_shall_run_are_asked_for(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _CODE)
    TrustStore(tmp_path / "data").require(spec, [*spec.weights.values()])


def test_trust_is_kept_for_this_content_only(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _CODE)
    macro = spec.folder / "post.ijm"
    assert TrustStore(tmp_path / "data").trust(spec) == (macro.resolve(),)
    store = TrustStore(tmp_path / "data")
    store.require(spec)
    entry = next(iter(json.loads((tmp_path / "data" / "trust.json").read_text()).values()))
    assert (entry["model"], entry["file"]) == ("Nuclei", "post.ijm")
    macro.write_text(_CODE + " ")
    with pytest.raises(TrustError):
        store.require(spec)


def test_a_macro_that_no_step_names_is_trusted_too(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _HARMLESS)
    other = spec.folder / "other.txt"
    other.write_text(_CODE)
    (spec.folder / "README.txt").write_text("Call open(path).")
    store = TrustStore(tmp_path / "data")
    assert store.trust(spec) == (other.resolve(),)
    store.require(spec, [other])


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("General.jar", b"PK", "General.jar: Java code (can do anything)"),
        ("Post.class", b"", "Post.class: Java code (can do anything)"),
        ("post.py", b"pass", "post.py: Python code (can do anything)"),
        ("post.ijm", b"e\0x\0", "post.ijm: binary content (cannot be checked)"),
        ("post.ijm", b"\xef\xbb\xbfexec(1)", "post.ijm, line 1: exec (starts programs)"),
        ("post.ijm", b"\xb5 exec(1)", "post.ijm, line 1: exec (starts programs)"),
    ],
)
def test_other_code_is_always_asked_for(
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    spec = _bundle(tmp_path / "m", _HARMLESS)
    path = spec.folder / name
    path.write_bytes(content)
    findings = TrustStore(tmp_path / "data").untrusted(spec, [path])
    assert [str(finding) for finding in findings] == [found]


@pytest.mark.parametrize("content", ["no JSON", "[]"])
def test_a_damaged_store_is_said_and_trusts_nothing(tmp_path: Path, content: str) -> None:
    spec = _bundle(tmp_path / "m", _CODE)
    (tmp_path / "trust.json").write_text(content)
    with pytest.raises(HostError) as caught:
        TrustStore(tmp_path).require(spec)
    assert caught.value.message == f"{tmp_path / 'trust.json'} cannot be read."
    assert caught.value.hint == "Delete it; you will be asked for trust again."


def test_a_data_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    spec = _bundle(tmp_path / "m", _CODE)
    (tmp_path / "data").write_text("")
    with pytest.raises(HostError) as caught:
        TrustStore(tmp_path / "data").trust(spec)
    assert caught.value.message == f"{tmp_path / 'data'} cannot be written: File exists."
    assert caught.value.hint == "Choose another folder with DEEPIMAGEJ_DATA."


def test_lambda_layers_are_refused_whether_trusted_or_not(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Lambda"}')
    weights = Weights(WeightsFormat.KERAS_HDF5, path, "net.h5")
    spec = _bundle(tmp_path / "m", _HARMLESS)
    spec = replace(spec, name="Spots", weights={weights.format: weights})
    store = TrustStore(tmp_path / "data")
    store.trust(spec)
    assert not store.is_trusted(weights)
    with pytest.raises(TrustError) as caught:
        store.require(spec)
    assert caught.value.message == (
        'The weights of "Spots" bring code that is never run: '
        "net.h5: Lambda layer (runs Python code)."
    )
    assert caught.value.hint == "Choose another format, or export the model without that layer."
