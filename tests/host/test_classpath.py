"""Which jars a Fiji has, and what is said of a folder or coordinates that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import scyjava.config

from deepimagej.errors import HostError
from deepimagej.host.classpath import find_fiji, of_jars

JARS = (
    "ij-1.54p.jar",
    "imagej-2.17.0.jar",
    "imagej-legacy-2.0.3.jar",
    "javassist-3.30.2-GA.jar",
    "imglib2-imglyb-2.0.1.jar",
)


def make_fiji(folder: Path, *jars: str) -> Path:
    for part in ("jars", "plugins"):
        (folder / part).mkdir(parents=True)
    for jar in jars:
        (folder / "jars" / jar).touch()
    return folder


def error_of(name: str | Path) -> tuple[str, str]:
    with pytest.raises(HostError) as caught:
        find_fiji(str(name))
    return caught.value.message, caught.value.hint


def test_all_jars_of_jars_and_plugins_are_on_the_class_path(tmp_path: Path) -> None:
    folder = make_fiji(tmp_path / "Fiji.app", *JARS)
    (folder / "jars" / "bio-formats").mkdir()
    (folder / "jars" / "bio-formats" / "formats-api.jar").touch()
    (folder / "plugins" / "MorphoLibJ_-1.6.jar").touch()
    fiji = find_fiji(str(folder))
    assert {jar.name for jar in fiji.jars} == {*JARS, "formats-api.jar", "MorphoLibJ_-1.6.jar"}
    assert fiji.imagej.name == "ij-1.54p.jar"
    assert fiji.javassist.name == "javassist-3.30.2-GA.jar"
    assert fiji.folder == folder


def test_the_application_of_macos_stands_for_the_folder_around_it(tmp_path: Path) -> None:
    folder = make_fiji(tmp_path / "Fiji", *JARS)
    (folder / "Fiji.app").mkdir()
    assert find_fiji(str(folder / "Fiji.app")).folder == folder


@pytest.mark.parametrize("name", ["/no/such/Fiji.app", "nonsense", "no/such"])
def test_a_folder_that_is_not_there_is_an_error(name: str) -> None:
    assert error_of(name) == (
        f"There is no Fiji folder {name}.",
        "Name the folder that holds jars and plugins, or Maven coordinates such as sc.fiji:fiji.",
    )


def test_a_folder_without_imagej_is_no_fiji(tmp_path: Path) -> None:
    assert error_of(tmp_path) == (
        f"{tmp_path} is no Fiji: there is no ImageJ in its folder jars.",
        "Name the folder that holds jars and plugins, such as Fiji.app.",
    )


def test_a_folder_with_imagej_1_alone_lacks_the_rest(tmp_path: Path) -> None:
    folder = make_fiji(tmp_path / "ImageJ", "ij-1.54p.jar", "javassist-3.30.2-GA.jar")
    assert error_of(folder) == (
        f"The Fiji in {folder} lacks ImageJ2 (imagej), the bridge between both (imagej-legacy), "
        "what PyImageJ reads images with (imglib2-imglyb) in its folder jars.",
        "Update it (Help > Update... in Fiji), or name another one.",
    )


@pytest.mark.parametrize("name", ["sc.fiji:fiji", "2.16.0", "net.imagej:imagej:2.16.0+a.b:c"])
def test_coordinates_without_a_network_are_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nothing listens there
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    repositories = ", ".join(scyjava.config.get_repositories().values())
    assert error_of(name) == (
        f"{name} cannot be fetched from {repositories} or Maven Central.",
        "Check the coordinates and the network, or name the folder of a Fiji.",
    )
    assert capfd.readouterr().err == ""


def test_coordinates_without_imagej2_are_an_error() -> None:
    with pytest.raises(HostError) as caught:
        of_jars("net.imagej:imagej-legacy", [Path(jar) for jar in JARS if "imagej-2" not in jar])
    assert caught.value.message == "net.imagej:imagej-legacy brings no ImageJ2 (imagej)."
    assert caught.value.hint == (
        "Name coordinates that are built on ImageJ2, such as sc.fiji:fiji."
    )


def test_coordinates_with_all_of_it_are_a_fiji_without_a_folder() -> None:
    fiji = of_jars("sc.fiji:fiji", [Path(jar) for jar in JARS])
    assert fiji.folder is None
    assert len(fiji.jars) == len(JARS)
