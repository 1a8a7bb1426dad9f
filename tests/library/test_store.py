"""Finding, installing and removing models."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle, make_scaling_bundle, sha256, zip_bundle
from deepimagej.errors import BundleError, DeepImageJError, HostError, LibraryError
from deepimagej.library import Library
from deepimagej.library.installing import folder_name

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.settings import Settings


@pytest.fixture
def library(settings: Settings, tmp_path: Path) -> Library:
    return Library(replace(settings, cache=tmp_path / "cache"))


@pytest.fixture
def models(library: Library) -> Path:
    return library.folders[0]


def _error(kind: type[DeepImageJError], call: object, *args: object) -> tuple[str, str]:
    assert callable(call)
    with pytest.raises(kind) as caught:
        call(*args)
    assert type(caught.value) is kind
    return caught.value.message, caught.value.hint


def _make(folder: Path, name: str, **extra: object) -> Path:
    return make_identity_bundle(folder, name=name, extra=extra)


@pytest.mark.parametrize(
    "text",
    [
        "Nuclei (2D) StarDist",
        "nuclei (2d) stardist",
        "10.1/zoo.7",
        "10.1/zoo.7/1.2",
        "nuclei-2d",
        "chatty-frog",
        "CHATTY-FROG/1.2",
    ],
)
def test_a_model_is_found_by_all_its_names(library: Library, models: Path, text: str) -> None:
    config = {"bioimageio": {"nickname": "chatty-frog"}}
    _make(
        models / "nuclei-2d", "Nuclei (2D) StarDist", id="10.1/zoo.7", version="1.2", config=config
    )
    _make(models / "other", "Other")
    assert library.find(text).name == "Nuclei (2D) StarDist"


def test_a_model_is_found_by_its_path(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _make(tmp_path / "elsewhere" / "bundle", "Elsewhere")
    zipped = zip_bundle(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    places = [folder, folder / "bioimageio.yaml", zipped, "elsewhere/bundle", "./elsewhere/bundle"]
    assert [library.find(str(place)).name for place in places] == ["Elsewhere"] * 5
    if os.name != "nt":
        assert library.find("~/elsewhere/bundle").name == "Elsewhere"
    assert library.find("bundle", model_dir=folder.parent).name == "Elsewhere"
    assert library.find("Elsewhere", model_dir=folder.parent).name == "Elsewhere"


def test_the_same_letters_in_other_cases_are_other_models(library: Library, models: Path) -> None:
    _make(models / "a", "nuclei")
    _make(models / "b", "Nuclei")
    assert library.find("Nuclei").folder.name == "b"
    assert library.find("nuclei").folder.name == "a"


def test_an_ambiguous_name_lists_the_models(library: Library, models: Path) -> None:
    _make(models / "a", "Nuclei", id="zoo/1")
    _make(models / "b", "Nuclei", id="zoo/2", version="3")
    assert _error(LibraryError, library.find, "Nuclei") == (
        f'"Nuclei" names 2 models: Nuclei (zoo/1) in {models / "a"}; '
        f"Nuclei 3 (zoo/2) in {models / 'b'}.",
        "Name one by its id or its path.",
    )
    assert library.find("zoo/2").version == "3"


def test_an_unknown_model_gives_near_names(library: Library, models: Path) -> None:
    _make(models / "a", "Nuclei StarDist")
    assert _error(LibraryError, library.find, "nucleii stardist") == (
        f'There is no model "nucleii stardist" in {models}.',
        "Did you mean Nuclei StarDist?",
    )
    assert _error(LibraryError, library.find, "xyzzy") == (
        f'There is no model "xyzzy" in {models}.',
        "deepimagej models lists what is installed; a path names a model that is not.",
    )


def test_an_empty_library_says_how_to_fill_it(library: Library, models: Path) -> None:
    assert _error(LibraryError, library.find, "Nuclei") == (
        f'There is no model "Nuclei" in {models}.',
        "No model is installed; deepimagej install FOLDER_OR_ZIP does it.",
    )


def test_a_path_without_a_model_is_said(library: Library, tmp_path: Path) -> None:
    assert _error(LibraryError, library.find, str(tmp_path / "none")) == (
        f"There is no model at {tmp_path / 'none'}.",
        "Check the path of the model.",
    )


def test_one_broken_bundle_hides_no_other(library: Library, models: Path) -> None:
    _make(models / "good", "Good")
    (models / "broken").mkdir()
    (models / "broken" / "rdf.yaml").write_text("a: [")
    (models / "lost.bioimage.io.model").mkdir()
    (models / "notes").mkdir()
    (models / "bad.zip").write_text("no zip")
    entries = {entry.path.name: entry for entry in library.entries()}
    assert set(entries) == {"good", "broken", "lost.bioimage.io.model", "bad.zip"}
    assert entries["good"].spec is not None
    problems = [entry.problem for entry in entries.values() if entry.path.name != "good"]
    assert all(problem.endswith(".") for problem in problems)
    message, _ = _error(BundleError, library.find, "broken")
    assert message == entries["broken"].problem


def test_a_zip_in_the_library_is_a_model(library: Library, models: Path, tmp_path: Path) -> None:
    folder = _make(tmp_path / "bundle", "Zipped")
    models.mkdir()
    zip_bundle(folder, models / "zipped.zip", top=True)
    assert [(e.name, e.path.name) for e in library.entries()] == [("Zipped", "zipped.zip")]
    assert library.find("zipped").name == "Zipped"


def test_the_models_of_a_fiji_are_listed_too(settings: Settings, tmp_path: Path) -> None:
    _make(tmp_path / "Fiji.app" / "models" / "one", "In Fiji")
    library = Library(replace(settings, fiji=str(tmp_path / "Fiji.app")))
    assert [entry.name for entry in library.entries()] == ["In Fiji"]
    assert Library(replace(settings, fiji="sc.fiji:fiji")).entries() == []


def test_a_changed_bundle_is_read_again(library: Library, models: Path) -> None:
    folder = _make(models / "a", "Before")
    assert library.find("Before").name == "Before"
    rdf = folder / "bioimageio.yaml"
    rdf.write_text(rdf.read_text().replace("Before", "After you"))
    assert [entry.name for entry in library.entries()] == ["After you"]


def test_two_hundred_models_are_listed_again_within_a_second(
    library: Library, models: Path
) -> None:
    first = _make(models / "m0", "M0")
    for i in range(1, 200):
        shutil.copytree(first, models / f"m{i}")
    assert len(library.entries()) == 200
    start = time.perf_counter()
    assert len(library.entries()) == 200
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a top folder"])
def test_installing_copies_the_whole_bundle(
    library: Library, models: Path, tmp_path: Path, form: str
) -> None:
    source = _make(tmp_path / "src", "Nuclei (2D) \N{MICRO SIGN}/StarDist")
    if form != "folder":
        source = zip_bundle(source, tmp_path / "a.zip", top=form != "zip")
    spec = library.install(source)
    assert spec.folder == models / "Nuclei-2D-StarDist"
    assert library.find("Nuclei (2D) \N{MICRO SIGN}/StarDist").folder == spec.folder
    names = sorted(path.name for path in (tmp_path / "src").iterdir())
    assert sorted(path.name for path in spec.folder.iterdir()) == names
    assert [path.name for path in models.iterdir() if path.is_dir()] == [spec.folder.name]


def test_installing_the_same_content_again_changes_nothing(
    library: Library, models: Path, tmp_path: Path
) -> None:
    source = _make(tmp_path / "src", "Nuclei")
    first = library.install(source).rdf.stat().st_mtime_ns
    assert library.install(zip_bundle(source)).rdf.stat().st_mtime_ns == first
    assert library.install(models / "Nuclei").folder == models / "Nuclei"


def test_another_model_of_the_same_name_is_replaced_only_on_demand(
    library: Library, models: Path, tmp_path: Path
) -> None:
    library.install(_make(tmp_path / "a", "Nuclei"))
    other = make_scaling_bundle(tmp_path / "b", name="Nuclei", gain=3)
    assert _error(LibraryError, library.install, other) == (
        f'Another model called "Nuclei" is installed in {models / "Nuclei"}.',
        'Install with --replace, or remove it first: deepimagej remove "Nuclei".',
    )
    library.install(other, replace=True)
    weights = next(iter(library.find("Nuclei").weights.values())).source
    assert weights is not None
    assert sha256(weights) == sha256(other / weights.name)
    assert [path.name for path in models.iterdir() if path.is_dir()] == ["Nuclei"]


def test_weights_that_are_not_the_declared_ones_are_not_installed(
    library: Library, models: Path, tmp_path: Path
) -> None:
    source = _make(tmp_path / "src", "Nuclei")
    weights = next(source.glob("*.onnx"))
    declared = sha256(weights)
    weights.write_bytes(weights.read_bytes() + b" ")
    assert _error(BundleError, library.install, source) == (
        f"{weights} has the sha256 {sha256(weights)}; the bundle declares {declared}.",
        "The file is damaged or was changed; get the model again.",
    )
    assert not models.exists()


def test_what_is_no_bundle_is_not_installed(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "rdf.yaml"
    path.write_text("name: x")
    assert _error(LibraryError, library.install, path) == (
        f"{path} is neither a folder nor a zip.",
        "Install the folder or the zip of the model.",
    )


def test_a_full_disk_installs_nothing(settings: Settings, tmp_path: Path) -> None:
    models = tmp_path / "disk"
    models.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(models)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    try:
        source = _make(tmp_path / "src", "Nuclei")
        (source / "large.bin").write_bytes(bytes(100_000))
        library = Library(replace(settings, model_folders=(models,), cache=tmp_path / "cache"))
        message, hint = _error(HostError, library.install, source)
        assert message.startswith(f'"Nuclei" cannot be installed: the disk of {models} is full (')
        assert message.endswith(" MB).")
        assert hint == "Free some space, or choose another folder with DEEPIMAGEJ_MODELS."
        assert [path.name for path in models.iterdir() if path.is_dir()] == []
    finally:
        subprocess.run(["umount", str(models)], check=True)


def test_a_folder_that_cannot_be_made_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    library = Library(replace(settings, model_folders=(tmp_path / "file",)))
    source = _make(tmp_path / "src", "Nuclei")
    assert _error(HostError, library.install, source) == (
        f'"Nuclei" cannot be installed in {tmp_path / "file"}: File exists.',
        "Choose a folder that you may write to with DEEPIMAGEJ_MODELS.",
    )


def test_removing_deletes_the_model_and_nothing_else(
    library: Library, models: Path, tmp_path: Path
) -> None:
    library.install(_make(tmp_path / "a", "Nuclei"))
    library.install(_make(tmp_path / "b", "Other"))
    assert library.remove("nuclei") == models / "Nuclei"
    assert [entry.name for entry in library.entries()] == ["Other"]
    assert [path.name for path in models.iterdir() if path.is_dir()] == ["Other"]


def test_a_broken_model_can_be_removed(library: Library, models: Path) -> None:
    (models / "broken").mkdir(parents=True)
    (models / "broken" / "rdf.yaml").write_text("a: [")
    library.remove("broken")
    assert library.entries() == []


def test_a_model_outside_the_library_is_not_removed(
    library: Library, models: Path, tmp_path: Path
) -> None:
    folder = _make(tmp_path / "elsewhere", "Elsewhere")
    assert _error(LibraryError, library.remove, str(folder)) == (
        f"{folder} is not in the library, so it is not removed.",
        f"Delete it yourself; the library is {models}.",
    )
    assert folder.is_dir()


def test_an_unknown_model_cannot_be_removed(library: Library, models: Path) -> None:
    message, _ = _error(LibraryError, library.remove, "Nuclei")
    assert message == f'There is no model "Nuclei" in {models}.'


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../etc", "etc"),
        ("a  b", "a-b"),
        ("...", "model"),
        ("\N{MICRO SIGN}m", "m"),
        ("x" * 99, "x" * 80),
    ],
)
def test_names_of_folders_are_legal_everywhere(name: str, folder: str) -> None:
    assert folder_name(name) == folder
