"""The zoo's own judgement of a bundle, through ``bioimageio.spec`` if it is installed."""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path


_FOREIGN = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    zipfile.BadZipFile,
    yaml.YAMLError,
)
"""What the validator lets through for files that are no RDF, a damaged zip, odd YAML ..."""


def validate_strict(path: Path) -> list[str]:
    """What the zoo's validator finds wrong with the bundle at `path`; empty if it is valid.

    No address is opened: only what lies here is judged.

    Parameters
    ----------
    path
        The folder, zip or RDF.

    Raises
    ------
    OptionError
        If ``bioimageio.spec`` is not installed.
    """
    try:
        # It warns of its own deprecated parts while it is imported.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import bioimageio.spec as zoo
    except ImportError as error:
        raise OptionError(
            "The strict check needs bioimageio.spec, which is not installed.",
            hint='Install it with: pip install "deepimagej[strict]"',
        ) from error
    try:
        # Fresh, as the ambient context of the validator remembers files and its defaults.
        with zoo.ValidationContext(perform_io_checks=False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            description = zoo.load_description(path, format_version="discover")
    except _FOREIGN as error:
        return [f"{type(error).__name__}: {error}"]
    return _problems(zoo, description)


def _problems(zoo: Any, description: Any) -> list[str]:
    if not isinstance(description, zoo.InvalidDescr):
        return []
    details = description.validation_summary.details
    return [
        f"{'.'.join(str(part) for part in problem.loc)}: {problem.msg}"
        for detail in details
        for problem in detail.errors
    ]
