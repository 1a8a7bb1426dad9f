"""The report of a failure: what helps to find its cause, for who asks for the details."""

from __future__ import annotations

import traceback

from deepimagej import provenance


def report(error: BaseException) -> str:
    """Versions of what takes part, and where the error came from."""
    versions = "\n".join(f"{name} {version}" for name, version in provenance.versions().items())
    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"{versions}\n\n{trace}"
