from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import deepimagej
from deepimagej.errors import HostError
from deepimagej.host.jars import ARTIFACTS, IMAGEJ, JAVASSIST, find_jars, install_plugin

if TYPE_CHECKING:
    from deepimagej.settings import Settings


def test_without_network_and_cache_the_error_names_the_way_out(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nothing listens there
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(HostError) as caught:
        find_jars(replace(settings, cache=tmp_path / "empty", jars=None))
    assert caught.value.message == (
        "ij-1.54p.jar is not in the cache, and Maven Central cannot be reached."
    )
    assert caught.value.hint == (
        "Connect once to the network, or set DEEPIMAGEJ_JARS to a folder with "
        "ij-1.54p.jar, ij1-patcher-2.0.0.jar, javassist-3.30.2-GA.jar."
    )
    assert not list((tmp_path / "empty" / "jars").glob("*.jar"))


def test_the_folder_of_the_user_comes_first(settings: Settings, tmp_path: Path) -> None:
    cached = find_jars(settings)
    for jar in cached.values():
        shutil.copy(jar, tmp_path)
    found = find_jars(replace(settings, jars=tmp_path))
    assert found == {artifact: tmp_path / artifact.file_name for artifact in ARTIFACTS}


def test_a_folder_that_lacks_jars_is_refused_with_their_names(
    settings: Settings, tmp_path: Path
) -> None:
    shutil.copy(find_jars(settings)[IMAGEJ], tmp_path)
    with pytest.raises(HostError) as caught:
        find_jars(replace(settings, jars=tmp_path))
    assert caught.value.message == (
        f"DEEPIMAGEJ_JARS is {tmp_path}, and it lacks ij1-patcher-2.0.0.jar, "
        "javassist-3.30.2-GA.jar."
    )
    assert caught.value.hint == (
        "Copy them there from Maven Central, or unset DEEPIMAGEJ_JARS to fetch them."
    )


def test_a_jar_with_other_bytes_is_refused(settings: Settings, tmp_path: Path) -> None:
    for jar in find_jars(settings).values():
        shutil.copy(jar, tmp_path)
    (tmp_path / JAVASSIST.file_name).write_bytes(b"")
    with pytest.raises(HostError) as caught:
        find_jars(replace(settings, jars=tmp_path))
    assert caught.value.message == (
        "javassist-3.30.2-GA.jar has the sha256 "
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, not "
        "eba37290994b5e4868f3af98ff113f6244a6b099385d9ad46881307d3cb01aaf."
    )
    assert caught.value.hint == "Replace the file by that of Maven Central."


def test_the_plugin_lies_where_imagej_looks_for_plugins(settings: Settings, tmp_path: Path) -> None:
    jar = install_plugin(replace(settings, cache=tmp_path))
    assert jar.name == "DeepImageJ_Run.jar"
    assert jar.parent.name == "plugins"
    assert install_plugin(replace(settings, cache=tmp_path)) == jar


def test_an_installation_without_the_plugin_says_how_to_get_it(tmp_path: Path) -> None:
    package = Path(deepimagej.__file__).parent
    shutil.copytree(package, tmp_path / "deepimagej", ignore=shutil.ignore_patterns("*.jar"))
    code = (
        "from deepimagej.settings import Settings\n"
        "from deepimagej.host.jars import HostError, install_plugin\n"
        "try:\n    install_plugin(Settings.from_environment())\n"
        "except HostError as error:\n    print(error.message, error.hint, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "This installation of deepimagej lacks its ImageJ plugin, DeepImageJ_Run.jar.",
        "In a checkout run scripts/build_plugin.py; otherwise install deepimagej again.",
    ]
