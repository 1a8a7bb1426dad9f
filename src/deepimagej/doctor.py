"""What works on this machine and what does not: engines, Java, ImageJ, folders."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej import __version__
from deepimagej.engines.checkup import State, check_engines
from deepimagej.engines.configuration import Configuration, engines_file, read_configuration
from deepimagej.errors import HostError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.engines.checkup import EngineReport
    from deepimagej.settings import Settings
    from deepimagej.tools import Tools


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the machine or the installation."""

    name: str
    state: State
    text: str
    """What was found."""
    hint: str = ""
    """What to do, if something is wrong or missing."""
    path: Path | None = None
    free: int | None = None
    """Bytes on its disk."""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """What `examine` found."""

    version: str
    python: Path
    python_version: str
    system: str
    cores: int
    memory_free: int
    memory_total: int
    """Bytes."""
    engines: tuple[EngineReport, ...]
    parts: tuple[Part, ...]
    """Java, ImageJ, folders and ``engines.toml``."""

    @property
    def broken(self) -> int:
        """How many of those that are installed or asked for do not work."""
        states = [*(each.state for each in self.engines), *(each.state for each in self.parts)]
        return states.count(State.BROKEN)

    def record(self) -> dict[str, Any]:
        """For JSON: paths as text."""
        record: dict[str, Any] = _plain(asdict(self))
        return {"ok": self.broken == 0, **record}


def examine(tools: Tools) -> DoctorReport:
    """Look at everything; what is broken is in the report, nothing is raised for it."""
    import psutil

    memory = psutil.virtual_memory()
    said, engines_part = _configuration(tools)
    parts = (*_imagej(tools.settings), *_folders(tools), engines_part)
    return DoctorReport(
        version=__version__,
        python=Path(sys.executable),
        python_version=platform.python_version(),
        system=platform.platform(),
        cores=psutil.cpu_count() or 1,
        memory_free=memory.available,
        memory_total=memory.total,
        engines=tuple(check_engines(said)),
        parts=parts,
    )


def _configuration(tools: Tools) -> tuple[Configuration, Part]:
    file = engines_file(tools.settings)
    try:
        said = read_configuration(tools.settings)
    except OptionError as error:
        broken = Part("engines.toml", State.BROKEN, error.message, error.hint, file)
        return Configuration(file), broken
    if not said.is_there:
        text = "not there: each engine runs in this Python"
        return said, Part("engines.toml", State.OK, text, path=file)
    names = {name.casefold() for entry in tools.library.entries() for name in entry.names}
    unknown = [name for name in said.models if name.casefold() not in names]
    hint = f"No model is called {' or '.join(unknown)}." if unknown else ""
    return said, Part("engines.toml", State.OK, "in force", hint, file)


def _imagej(settings: Settings) -> Iterator[Part]:
    from deepimagej.host import jars
    from deepimagej.host.java import find_java

    try:
        java = find_java()
        yield Part("Java", State.OK, f"Java {java.version}", path=java.home)
    except HostError as error:
        yield Part("Java", State.BROKEN, error.message, error.hint)
    name, version = "ImageJ", f"ImageJ {jars.IMAGEJ.version}"
    folder = settings.jars or settings.cache / "jars"
    try:
        missing = jars.missing_jars(settings)
        jars.install_plugin(settings)
    except HostError as error:
        yield Part(name, State.BROKEN, error.message, error.hint)
    except OSError as error:
        yield Part(name, State.BROKEN, f"{error.filename}: {error.strerror}.", path=folder)
    else:
        state = State.MISSING if missing else State.OK
        text = f"{version} is not fetched yet" if missing else version
        hint = "With a network: deepimagej setup" if missing else ""
        yield Part(name, state, text, hint, folder)
    if settings.fiji:
        yield _fiji(settings.fiji)


def _fiji(name: str) -> Part:
    from deepimagej.host.classpath import find_fiji, is_coordinates

    if is_coordinates(name):
        return Part("Fiji", State.OK, f"{name}, fetched when it starts")
    try:
        fiji = find_fiji(name)
    except HostError as error:
        return Part("Fiji", State.BROKEN, error.message, error.hint)
    return Part("Fiji", State.OK, f"{len(fiji.jars)} jars, {fiji.imagej.stem}", path=fiji.folder)


def _folders(tools: Tools) -> Iterator[Part]:
    settings = tools.settings
    named = [("models", folder) for folder in tools.library.folders]
    named += [("data", settings.data), ("cache", settings.cache), ("config", settings.config)]
    for name, folder in named:
        yield _folder(name, folder)


def _folder(name: str, folder: Path) -> Part:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = "there" if folder == there else "not made yet"
    if _is_writable(there):
        return Part(name, State.OK, text, path=folder, free=free)
    variable = f"DEEPIMAGEJ_{name.upper()}"
    return Part(
        name,
        State.BROKEN,
        "cannot be written",
        f"Change its permissions, or name another folder in {variable}.",
        folder,
        free,
    )


def _is_writable(folder: Path) -> bool:
    """Whether a file can be made there; permissions alone do not tell of a read-only disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path | State) else value
