"""Example data that comes with the package: models, and a real image with its ground truth.

============================  ====================================================
``nuclei``                    the bundle of the demo: probability of nuclei
``stardist``, ``cellpose``    bundles of methods, one page each in docs/methods
and others
``images/nuclei.tif``         fluorescent nuclei, (512, 512) uint16
``images/nuclei_truth.tif``   their labels by hand, (512, 512) uint16, 0 background
============================  ====================================================

Where each comes from stands in the folder's ``ATTRIBUTION.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from deepimagej.errors import LibraryError

PREFIX: Final = "example:"
"""``example:stardist`` means the bundle ``stardist`` where a folder or zip is asked for."""
_FOLDER: Final = Path(__file__).parent


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
    images = [f"images/{image.name}" for image in (_FOLDER / "images").glob("*.tif")]
    return (*bundles(), *sorted(images))


def bundles() -> tuple[str, ...]:
    """The names of the bundles, sorted."""
    return tuple(sorted(rdf.parent.name for rdf in _FOLDER.glob("*/rdf.yaml")))


def bundle(text: str) -> Path:
    """Where the bundle lies that ``example:NAME`` means.

    Raises
    ------
    LibraryError
        If there is no bundle of that name.
    """
    name = text.removeprefix(PREFIX)
    if name not in bundles():
        raise LibraryError(
            f'There is no example model "{name}".',
            hint=f"The example models are {', '.join(bundles())}.",
        )
    return _FOLDER / name
