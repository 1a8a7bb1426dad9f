"""The worker's main program, ``python start.py ENGINE``: the folder as a package, then `serve`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = "deepimagej_worker"
IMPORT_FAILED = 86
"""Exit code of a worker whose framework cannot be imported."""


def main(engine: str) -> None:
    """Import this folder under a name of its own and answer tasks.

    The folder must not be on the path: its `onnx.py` and `keras.py` would hide the frameworks.
    """
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, here / "__init__.py", submodule_search_locations=[str(here)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{here} is not a package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    try:
        importlib.import_module(f"{PACKAGE}.serve").main(engine)
    except ImportError as error:  # of the framework, numpy or appose; tasks answer their own
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(IMPORT_FAILED)


if __name__ == "__main__":
    main(sys.argv[1])
