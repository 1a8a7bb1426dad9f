"""The zoo's own judgement of a bundle, through ``bioimageio.spec`` if it is installed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path


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
    context = zoo.ValidationContext(perform_io_checks=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            description = zoo.load_description(path, context=context, format_version="discover")
    # Any file may be given to it, and its validators let foreign errors through.
    except Exception as error:  # noqa: BLE001
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
