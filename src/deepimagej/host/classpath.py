"""The jars of a Fiji: those of a folder, or those of Maven coordinates."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deepimagej.errors import HostError

_IMAGEJ: Final = re.compile(r"ij(-\d.*)?\.jar")
_JAVASSIST: Final = re.compile(r"javassist-\d.*\.jar")
_NEEDED: Final = {
    "ImageJ (ij)": _IMAGEJ,
    "ImageJ2 (imagej)": re.compile(r"imagej-\d.*\.jar"),
    "the bridge between both (imagej-legacy)": re.compile(r"imagej-legacy-\d.*\.jar"),
    "javassist": _JAVASSIST,
    "what PyImageJ reads images with (imglib2-imglyb)": re.compile(r"imglib2-imglyb-\d.*\.jar"),
}
_COORDINATE: Final = re.compile(r"[\w.-]+(:[\w.-]+)+(\+[\w.-]+(:[\w.-]+)+)*")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+[\w.-]*")
_IMAGEJ2: Final = "net.imagej:imagej"
_BESIDE: Final = ("net.imagej:imagej-legacy:MANAGED", "org.scijava:scijava-config:MANAGED")
"""What PyImageJ adds to the user's coordinates: ImageJ 1, and where ImageJ2 logs to."""


@dataclass(frozen=True, slots=True)
class Fiji:
    """The jars of a Fiji, all of them on one class path."""

    name: str
    """As the user named it."""
    jars: tuple[Path, ...]
    folder: Path | None
    """None if the jars are of Maven coordinates."""

    @property
    def imagej(self) -> Path:
        """The jar with ImageJ 1."""
        return next(jar for jar in self.jars if _IMAGEJ.fullmatch(jar.name))

    @property
    def javassist(self) -> Path:
        """The jar that changes classes."""
        return next(jar for jar in self.jars if _JAVASSIST.fullmatch(jar.name))


def find_fiji(name: str) -> Fiji:
    """The jars of the Fiji that the user named.

    Parameters
    ----------
    name
        A folder; Maven coordinates, several with ``+`` between them; a version of
        ``net.imagej:imagej``.

    Raises
    ------
    HostError
        There is no such folder, it lacks what a Fiji has, or the jars cannot be fetched.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _of_folder(name, folder_of(folder.resolve()))
    if is_coordinates(name):
        whole = f"{_IMAGEJ2}:{name}" if _VERSION.fullmatch(name) else name
        return _of_coordinates(name, whole.split("+"))
    raise HostError(
        f"There is no Fiji folder {folder}.",
        hint="Name the folder that holds jars and plugins, or Maven coordinates such as "
        "sc.fiji:fiji.",
    )


def folder_of(path: Path) -> Path:
    """The folder with ``jars``: `path`, or the one around a ``Fiji.app`` of macOS."""
    is_inside = path.suffix == ".app" and not (path / "jars").is_dir()
    return path.parent if is_inside and (path.parent / "jars").is_dir() else path


def is_coordinates(name: str) -> bool:
    """Whether `name` is of Maven, not a folder."""
    return bool(_VERSION.fullmatch(name) or _COORDINATE.fullmatch(name)) and not os.path.isdir(name)


def _of_folder(name: str, folder: Path) -> Fiji:
    jars = [jar for part in ("jars", "plugins") for jar in sorted((folder / part).rglob("*.jar"))]
    missing = _missing(jars)
    if len(missing) == len(_NEEDED):
        raise HostError(
            f"{folder} is no Fiji: there is no ImageJ in its folder jars.",
            hint="Name the folder that holds jars and plugins, such as Fiji.app.",
        )
    if missing:
        raise HostError(
            f"The Fiji in {folder} lacks {', '.join(missing)} in its folder jars.",
            hint="Update it (Help > Update... in Fiji), or name another one.",
        )
    return Fiji(name, tuple(jars), folder)


def _of_coordinates(name: str, coordinates: list[str]) -> Fiji:
    import jgo
    import scyjava.config
    from requests import RequestException

    wanted = [*coordinates, *(c for c in _BESIDE if not _includes(coordinates, c))]
    repositories = scyjava.config.get_repositories()
    log = logging.getLogger("jgo")
    level = log.level
    log.setLevel(logging.ERROR)  # what it warns of is in our sentence
    try:
        environment = jgo.build(
            endpoint="+".join([*wanted, *scyjava.config.endpoints]),
            cache_dir=scyjava.config.get_cache_dir(),
            repositories=repositories,
            resolver=jgo.maven.PythonResolver(lenient=True),
        )
    except (RequestException, RuntimeError, OSError, ValueError) as cause:
        raise HostError(
            f"{name} cannot be fetched from {', '.join(repositories.values())} or Maven Central.",
            hint="Check the coordinates and the network, or name the folder of a Fiji.",
        ) from cause
    finally:
        log.setLevel(level)
    folders = (environment.modules_dir, environment.jars_dir)
    return of_jars(name, [jar for each in folders for jar in sorted(Path(each).glob("*.jar"))])


def of_jars(name: str, jars: list[Path]) -> Fiji:
    """The Fiji that Maven brought.

    Raises
    ------
    HostError
        It lacks what PyImageJ needs.
    """
    if missing := _missing(jars):
        raise HostError(
            f"{name} brings no {', '.join(missing)}.",
            hint="Name coordinates that are built on ImageJ2, such as sc.fiji:fiji.",
        )
    return Fiji(name, tuple(jars), None)


def _missing(jars: list[Path]) -> list[str]:
    names = [jar.name for jar in jars]
    return [what for what, name in _NEEDED.items() if not any(map(name.fullmatch, names))]


def _includes(coordinates: list[str], wanted: str) -> bool:
    group, artifact, _ = wanted.split(":")
    return any(each.split(":")[:2] == [group, artifact] for each in coordinates)
