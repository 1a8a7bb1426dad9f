"""Steps of bundles in Java, by the two interfaces that deepImageJ 2 published.

The classes of a step come from its jar alone, through a class loader of their own that is closed
after the step: a changed jar is read anew, and two models do not see each other's classes.
"""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.bundle.sources import class_files
from deepimagej.errors import BundleError, MacroError
from deepimagej.request import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from deepimagej.host.running import Host

_INTERFACES: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.PREPROCESSING: (
        "deepimagej.processing.PreProcessingInterface", "deepimagejPreprocessing",
    ),
    Stage.POSTPROCESSING: (
        "deepimagej.processing.PostProcessingInterface", "deepimagejPostprocessing",
    ),
}  # fmt: skip


def run_java_step(
    host: Host, file: Path, stage: Stage, *, values: Mapping[str, Any], attachments: Sequence[Path]
) -> dict[str, Any]:
    """What the step in a jar or class file makes of `values`.

    Parameters
    ----------
    values
        ImagePlus and ResultsTable by name.
    attachments
        Files whose paths the step is given before it runs.

    Returns
    -------
    Java objects by name: ImagePlus, ResultsTable, or what `to_array` reads.

    Raises
    ------
    BundleError
        The file holds no such step.
    MacroError
        The step threw, or returned nothing.
    """
    import jpype

    interface, method = _INTERFACES[stage]
    with _loader(host, file) as loader:
        try:
            step = _find(host, file, loader, interface)
            step.setConfigFiles(_list(host, [str(path) for path in attachments]))
            result = getattr(step, method)(_map(host, values))
            why = "" if result is not None and result.size() else str(step.error() or "")
        except jpype.JException as error:
            raise MacroError(
                f"The Java step {file.name} failed: {_described(error)}.",
                hint="Check the image against what the step expects, or choose "
                f"{stage}=zoo or {stage}=none.",
            ) from error
        if result is None or not result.size():
            reason = f": {why.rstrip('.')}" if why else ""
            raise MacroError(
                f"The Java step {file.name} returned nothing{reason}.",
                hint="Check the image against what the step expects, or choose "
                f"{stage}=zoo or {stage}=none.",
            )
        return {str(entry.getKey()): entry.getValue() for entry in result.entrySet()}


def to_array(value: Any, *, name: str, file: Path) -> NDArray[Any]:
    """A Java array of numbers, nested or not.

    Raises
    ------
    MacroError
        It is something else.
    """
    import jpype

    if isinstance(value, jpype.JArray):
        try:
            array = np.array(_nested(value))
        except ValueError:
            array = np.array(None)
        if array.dtype.kind in "biuf":
            return array
    kind = value.getClass().getName() if hasattr(value, "getClass") else type(value).__name__
    raise MacroError(
        f'The Java step {file.name} made "{name}" as {kind}.',
        hint="It may be an ImagePlus, a ResultsTable or an array of numbers such as float[][].",
    )


def _nested(value: Any) -> Any:
    import jpype

    if isinstance(value, jpype.JArray) and len(value) and isinstance(value[0], jpype.JArray):
        return [_nested(part) for part in value]
    return np.array(value) if isinstance(value, jpype.JArray) else value


@contextmanager
def _loader(host: Host, file: Path) -> Iterator[Any]:
    """A class loader that sees ImageJ, our interfaces and the step."""
    with tempfile.TemporaryDirectory() as scratch:
        place = file
        if file.suffix.lower() == ".class":  # a folder would show its other classes as well
            place = Path(scratch) / f"{file.stem}.jar"
            with zipfile.ZipFile(place, "w") as jar:
                for part in class_files(file):
                    jar.write(part, part.name)
        url = host.java_class("java.io.File")(str(place)).toURI().toURL()
        urls = host.java_class("java.net.URL")[:]([url])
        parent = host.java_class("deepimagej.Command").class_.getClassLoader()
        loader = host.java_class("java.net.URLClassLoader")(urls, parent)
        try:
            yield loader
        finally:
            loader.close()


def _find(host: Host, file: Path, loader: Any, interface: str) -> Any:
    """A new object of the first class that is such a step."""
    import jpype

    wanted = host.java_class(interface).class_
    modifier = host.java_class("java.lang.reflect.Modifier")
    for name in _class_names(file):
        try:
            found = loader.loadClass(name)
        except jpype.JException:
            continue  # a class that needs what is not here; the step itself is told below
        is_made = not modifier.isAbstract(found.getModifiers())
        if wanted.isAssignableFrom(found) and is_made:
            return found.getDeclaredConstructor().newInstance()
    raise BundleError(
        f"{file.name} holds no class that implements {interface} and can be loaded.",
        hint="Compile the step for this Java or an older one, with all that it needs in the jar.",
    )


def _class_names(file: Path) -> list[str]:
    if file.suffix.lower() == ".class":
        return [file.stem]
    try:
        with zipfile.ZipFile(file) as jar:
            names = [name for name in jar.namelist() if name.endswith(".class")]
    except (OSError, zipfile.BadZipFile) as error:
        raise BundleError(
            f"{file.name} is no jar that can be read.", hint="Install the bundle again."
        ) from error
    return sorted(name.removesuffix(".class").replace("/", ".") for name in names)


def _map(host: Host, values: Mapping[str, Any]) -> Any:
    made = host.java_class("java.util.HashMap")()
    for name, value in values.items():
        made.put(name, value)
    return made


def _list(host: Host, texts: Sequence[str]) -> Any:
    made = host.java_class("java.util.ArrayList")()
    for text in texts:
        made.add(text)
    return made


def _described(error: Any) -> str:
    kind = error.getClass().getSimpleName()
    message = error.getMessage()
    return str(kind if message is None else f"{kind}: {message}").rstrip(".")
