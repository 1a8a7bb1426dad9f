"""The plugin in a Fiji that the user starts on its own: put there, noted, and taken out again.

What was changed is noted beside the jar, in a file that Java's ``Restart`` reads as well.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepimagej.errors import HostError
from deepimagej.host.classpath import folder_of
from deepimagej.host.jars import PLUGIN, plugin_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOTE: Final = "DeepImageJ_Run.properties"
_OTHERS: Final = re.compile(r"deepimagej[-_].*\.jar", re.IGNORECASE)
"""Jars of deepImageJ's own plugin, which has the same commands."""
_ASIDE: Final = ".set-aside"
_LAUNCHER_FILE: Final = Path("config", "jaunch", "fiji.cfg")
_PYTHON_DIR: Final = "python-dir"
_BEFORE: Final = "python_dir.before"


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a Fiji that was changed."""

    action: str
    """``added``, ``replaced``, ``set aside``, ``put back``, ``changed``, ``noted``, ``removed``."""
    path: Path
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.path}" + (f": {self.detail}" if self.detail else "")


def install_plugin_in(fiji: Path) -> list[Change]:
    """Put the plugin into a Fiji, with a note of this Python.

    Parameters
    ----------
    fiji
        The folder with ``jars`` and ``plugins``.

    Returns
    -------
    What was changed; `remove_plugin_from` undoes it.

    Raises
    ------
    HostError
        The folder is no Fiji, or cannot be written.
    """
    fiji = folder_of(fiji)
    plugins = _plugins_of(fiji)
    note = _read(plugins / _NOTE)
    with _writing(fiji):
        changes = [_put_jar(plugins / PLUGIN)]
        for path in _others(plugins):
            path.replace(path.with_name(path.name + _ASIDE))
            note[f"set_aside.{path.name}"] = path.relative_to(plugins).as_posix()
            changes.append(Change("set aside", path, "it has the same commands"))
        launcher = fiji / _LAUNCHER_FILE
        if launcher.parent.is_dir():
            said = _read(launcher)
            if said.get(_PYTHON_DIR) != sys.prefix:
                note.setdefault(_BEFORE, said.get(_PYTHON_DIR, ""))
                _write(launcher, said | {_PYTHON_DIR: sys.prefix})
                changes.append(Change("changed", launcher, f"{_PYTHON_DIR}={sys.prefix}"))
        _write(plugins / _NOTE, note | {"python": sys.executable, _PYTHON_DIR: sys.prefix})
        changes.append(Change("noted", plugins / _NOTE, sys.executable))
    return changes


def remove_plugin_from(fiji: Path) -> list[Change]:
    """Undo what `install_plugin_in` changed, and tell what that was.

    Raises
    ------
    HostError
        The folder is no Fiji, nothing was installed there, or it cannot be written.
    """
    fiji = folder_of(fiji)
    plugins = _plugins_of(fiji)
    note = _read(plugins / _NOTE)
    if not note:
        raise HostError(
            f"deepimagej has not installed its plugin in {fiji}.",
            hint="Name the Fiji in which you installed it.",
        )
    changes = []
    with _writing(fiji):
        for name in (key for key in note if key.startswith("set_aside.")):
            path = plugins / note[name]
            aside = path.with_name(path.name + _ASIDE)
            if aside.is_file():
                aside.replace(path)
                changes.append(Change("put back", path))
        launcher = fiji / _LAUNCHER_FILE
        said = _read(launcher)
        if _BEFORE in note and said.get(_PYTHON_DIR) == note[_PYTHON_DIR]:
            del said[_PYTHON_DIR]
            before = {_PYTHON_DIR: note[_BEFORE]} if note[_BEFORE] else {}
            _write(launcher, said | before)
            changes.append(Change("changed", launcher, f"{_PYTHON_DIR}={note[_BEFORE]}"))
        for path in (plugins / PLUGIN, plugins / _NOTE):
            path.unlink(missing_ok=True)
            changes.append(Change("removed", path))
    return changes


def _plugins_of(fiji: Path) -> Path:
    plugins = fiji / "plugins"
    if not plugins.is_dir() or not (fiji / "jars").is_dir():
        raise HostError(
            f"{fiji} is no Fiji: it has no folders jars and plugins.",
            hint="Name the folder that holds them, such as Fiji.app.",
        )
    return plugins


def _put_jar(jar: Path) -> Change:
    content = plugin_bytes()
    action = "replaced" if jar.is_file() else "added"
    part = jar.with_name(f"{jar.name}.part")
    part.write_bytes(content)
    part.replace(jar)
    return Change(action, jar)


def _others(plugins: Path) -> list[Path]:
    jars = sorted(plugins.rglob("*.jar"))
    return [jar for jar in jars if _OTHERS.fullmatch(jar.name) and jar.name != PLUGIN]


def _read(path: Path) -> dict[str, str]:
    """``key=value`` lines; none if there is no such file."""
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    if path.name == _NOTE:
        text = text.replace("\\\\", "\\")
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value for key, _, value in pairs}


def _write(path: Path, values: Mapping[str, str]) -> None:
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    if path.name == _NOTE:  # Java's properties take one backslash for an escape
        text = text.replace("\\", "\\\\")
    path.write_text(text, encoding="utf-8")


@contextmanager
def _writing(fiji: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise HostError(
            f"{cause.filename or fiji} cannot be written: {cause.strerror or cause}.",
            hint="Close that Fiji, and check the rights of its folder.",
        ) from cause
