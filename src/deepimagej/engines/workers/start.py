"""The worker's main program, ``python start.py ENGINE [PROGRAM]``.

It makes the folder a package and runs one of its programs: `serve`, or another that is named.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path

PACKAGE = "deepimagej_worker"
IMPORT_FAILED = 86
"""Exit code of a worker whose framework cannot be imported."""


def main(engine: str, program: str = "serve") -> None:
    """Import this folder under a name of its own and answer tasks.

    The folder must not be on the path: its `onnx.py` and `keras.py` would hide the frameworks.
    """
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    _import_folder(PACKAGE, here)
    try:
        _lend_appose()
        importlib.import_module(f"{PACKAGE}.{program}").main(engine)
    except ImportError as error:  # of the framework, numpy or appose; tasks answer their own
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(IMPORT_FAILED)


def _lend_appose() -> None:
    """Take the client's Appose: this Python needs none, and both ends speak one version."""
    folder = os.environ.get("DEEPIMAGEJ_WORKER_APPOSE")
    if not folder:
        return
    # It reads its version from the metadata of an installation, and none is lent.
    version = types.ModuleType("appose._version")
    version.__dict__["__version__"] = "lent"
    sys.modules["appose._version"] = version
    # Without its own first module, which imports all that builds environments: 0.06 s.
    package = types.ModuleType("appose")
    package.__path__ = [folder]
    sys.modules["appose"] = package


def _import_folder(name: str, folder: Path) -> None:
    """Import a package from a folder that is not on the path."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    main(*sys.argv[1:])
