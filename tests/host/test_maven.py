"""The plugin as a Maven project, for people who build ImageJ plugins that way."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "fiji-plugin"


@pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed")
def test_maven_builds_the_plugin_for_java_8(tmp_path: Path) -> None:
    project = shutil.copytree(
        PROJECT, tmp_path / "fiji-plugin", ignore=shutil.ignore_patterns("target")
    )
    built = subprocess.run(
        ["mvn", "--batch-mode", "--quiet", "package"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [jar] = (project / "target").glob("DeepImageJ_Run*.jar")
    with zipfile.ZipFile(jar) as archive:
        names = archive.namelist()
        command = archive.read("deepimagej/Command.class")
    assert "plugins.config" in names
    assert int.from_bytes(command[6:8], "big") == 52  # the class file version of Java 8
