"""Example data that comes with the package: a model and a real image with its ground truth.

============================  ====================================================
``nuclei``                    the bundle of the demo: probability of nuclei
``images/nuclei.tif``         fluorescent nuclei, (512, 512) uint16
``images/nuclei_truth.tif``   their labels by hand, (512, 512) uint16, 0 background
============================  ====================================================

Where each comes from stands in the folder's ``ATTRIBUTION.md``.
"""

from __future__ import annotations

from pathlib import Path

from deepimagej.errors import LibraryError

_FOLDER = Path(__file__).parent


def path(name: str) -> Path:
    """Where the example `name` lies, such as ``nuclei`` or ``images/nuclei.tif``.

    Raises
    ------
    LibraryError
        If there is no such example.
    """
    found = _FOLDER / name
    if name not in names():
        raise LibraryError(
            f'There is no example "{name}".', hint=f"The examples are {', '.join(names())}."
        )
    return found


def names() -> tuple[str, ...]:
    """Names that `path` knows: folders are bundles, files are images."""
    bundles = [rdf.parent.name for rdf in _FOLDER.glob("*/rdf.yaml")]
    images = [f"images/{image.name}" for image in (_FOLDER / "images").glob("*.tif")]
    return (*sorted(bundles), *sorted(images))
