"""A bundle as a folder, an RDF file or a zip, and zips that are refused."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

import bundle_factory
from deepimagej.bundle import read_bundle
from deepimagej.errors import BundleError, HostError
from minimal_rdf import dump, rdf_0_4

if TYPE_CHECKING:
    from pathlib import Path


def error_of(path: Path, unpack: Path) -> tuple[str, str]:
    with pytest.raises(BundleError) as caught:
        read_bundle(path, unpack=unpack)
    return caught.value.message, caught.value.hint


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
