"""ImageJ's jars: from a folder of the user's, the cache, or once from Maven Central."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from deepimagej.errors import HostError
from deepimagej.host.stand_ins import menu_jar

if TYPE_CHECKING:
    from deepimagej.settings import Settings


@dataclass(frozen=True, slots=True)
class Artifact:
    """One jar of Maven Central, pinned to its bytes."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name in the cache and in the folder ``DEEPIMAGEJ_JARS``."""
        return f"{self.name}-{self.version}.jar"


IMAGEJ = Artifact(
    "net.imagej", "ij", "1.54p", "2e1a09961dfb41cee66ddc821b2577a41a072566ce45a49bae69267099741e20"
)
PATCHER = Artifact(
    "net.imagej",
    "ij1-patcher",
    "2.0.0",
    "b68810263f9521ddb34bac272816613ebb71607775c1fc337079a0476c2b581a",
)
JAVASSIST = Artifact(
    "org.javassist",
    "javassist",
    "3.30.2-GA",  # the one that the patcher's own pom names
    "eba37290994b5e4868f3af98ff113f6244a6b099385d9ad46881307d3cb01aaf",
)
ARTIFACTS = (IMAGEJ, PATCHER, JAVASSIST)
FLATLAF = Artifact(
    "com.formdev",
    "flatlaf",
    "3.6.2",  # runs on Java 8
    "32c79dee6d51341a3f8603598415841b4461fe535de2c34bcc8ee40e91e72267",
)
"""The look of the windows, light or dark; without it they have Java's own."""

# ImageJ looks into jars with an underscore in their name only.
PLUGIN = "DeepImageJ_Run.jar"
_STAND_INS = "DeepImageJ_StandIns.jar"
_LONG, _SHORT = 30, 5
"""Seconds that Maven Central has to answer: for what must be there, and for what need not."""
_log = logging.getLogger(__name__)


def find_jars(settings: Settings) -> dict[Artifact, Path]:
    """Every jar that ImageJ needs; fetched only when the cache lacks one.

    Raises
    ------
    HostError
        A jar is neither here nor can it be fetched, or its bytes are not the pinned ones.
    """
    if settings.jars is not None:
        return _jars_of_the_user(settings.jars)
    folder = settings.cache / "jars"
    jars = {artifact: folder / artifact.file_name for artifact in ARTIFACTS}
    if not all(jar.is_file() for jar in jars.values()):
        _fetch(folder)
    return jars


def find_look(settings: Settings) -> Path | None:
    """The jar with the look of the windows; None where it is not here and cannot be fetched."""
    if settings.jars is not None:
        jar = settings.jars / FLATLAF.file_name
        return jar if jar.is_file() else None
    folder = settings.cache / "jars"
    jar = folder / FLATLAF.file_name
    if not jar.is_file():
        try:
            _fetch(folder, (FLATLAF,), timeout=_SHORT)
        except HostError as error:
            _log.info("The windows have Java's own look: %s", error)
            return None
    return jar


def missing_jars(settings: Settings) -> list[str]:
    """File names of the jars that the next start would have to fetch; nothing is fetched here.

    Raises
    ------
    HostError
        If the folder that ``DEEPIMAGEJ_JARS`` names lacks one, or has another one.
    """
    if settings.jars is not None:
        _jars_of_the_user(settings.jars)
        return []
    names = [artifact.file_name for artifact in ARTIFACTS]
    return [name for name in names if not (settings.cache / "jars" / name).is_file()]


def install_plugin(settings: Settings) -> Path:
    """The plugin's jar in the cache, in a folder ``plugins`` as ImageJ's ``plugins.dir`` has it.

    Beside it lies one with the commands of other plugins that we answer. The folder above is named
    by the jars' bytes: two environments share one cache.
    """
    jars = {PLUGIN: plugin_bytes(), _STAND_INS: menu_jar()}
    digest = hashlib.sha256(b"".join(jars.values())).hexdigest()[:12]
    folder = settings.cache / f"imagej-{digest}" / "plugins"
    for name, data in jars.items():
        jar = folder / name
        if not jar.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            part = jar.with_name(f"{name}.{os.getpid()}.part")
            part.write_bytes(data)
            part.replace(jar)
    return folder / PLUGIN


def plugin_bytes() -> bytes:
    """The plugin's jar.

    Raises
    ------
    HostError
        This installation has none.
    """
    try:
        return files("deepimagej.host").joinpath("jars", PLUGIN).read_bytes()
    except FileNotFoundError as cause:
        raise HostError(
            f"This installation of deepimagej lacks its ImageJ plugin, {PLUGIN}.",
            hint="In a checkout run scripts/build_plugin.py; otherwise install deepimagej again.",
        ) from cause


def plugin_commands() -> dict[str, str]:
    """The plugin's commands and the calls that ImageJ's table has for them."""
    with zipfile.ZipFile(io.BytesIO(plugin_bytes())) as jar:
        lines = jar.read("plugins.config").decode().splitlines()
    found = (re.fullmatch(r'[^#,]*, "(.+?)", (.+)', line) for line in lines)
    return {line[1]: line[2] for line in found if line}


def _jars_of_the_user(folder: Path) -> dict[Artifact, Path]:
    jars = {artifact: folder / artifact.file_name for artifact in ARTIFACTS}
    missing = [jar.name for jar in jars.values() if not jar.is_file()]
    if missing:
        raise HostError(
            f"DEEPIMAGEJ_JARS is {folder}, and it lacks {', '.join(missing)}.",
            hint="Copy them there from Maven Central, or unset DEEPIMAGEJ_JARS to fetch them.",
        )
    for artifact, jar in jars.items():
        _check(artifact, jar)
    return jars


def _fetch(
    folder: Path, artifacts: tuple[Artifact, ...] = ARTIFACTS, *, timeout: float = _LONG
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"), tempfile.TemporaryDirectory(dir=folder) as scratch:
        for artifact in artifacts:
            if not (folder / artifact.file_name).is_file():
                jar = _download(artifact, Path(scratch), timeout)
                _check(artifact, jar)
                shutil.move(jar, folder / artifact.file_name)


def _download(artifact: Artifact, repository: Path, timeout: float) -> Path:
    from jgo.maven import MavenContext
    from requests import RequestException

    context = MavenContext(repo_cache=repository, timeout=timeout)
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        return Path(component.artifact().resolve())
    except (RequestException, RuntimeError) as cause:  # jgo raises RuntimeError for "not found"
        raise HostError(
            f"{artifact.file_name} is not in the cache, and Maven Central cannot be reached.",
            hint="Connect once to the network, or set DEEPIMAGEJ_JARS to a folder with "
            f"{', '.join(each.file_name for each in ARTIFACTS)}.",
        ) from cause


def _check(artifact: Artifact, jar: Path) -> None:
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != artifact.sha256:
        raise HostError(
            f"{jar.name} has the sha256 {found}, not {artifact.sha256}.",
            hint="Replace the file by that of Maven Central.",
        )
