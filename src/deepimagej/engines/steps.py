"""Python steps of bundles, in a worker process of their own."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.engines.blocks import Block, lay_out
from deepimagej.engines.process import WorkerFailure
from deepimagej.errors import BundleError, MacroError, WorkerCrashed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from deepimagej.engines.process import Worker
    from deepimagej.progress import CancelToken


def run_step(
    worker: Worker,
    file: Path,
    function: str,
    *,
    key: str,
    arrays: Mapping[str, NDArray[Any]],
    cancel: CancelToken | None = None,
) -> dict[str, NDArray[Any]]:
    """What `function` of `file` makes of arrays by name.

    Parameters
    ----------
    key
        Names the content of the file.

    Raises
    ------
    BundleError
        The file cannot be imported, or has no such function.
    MacroError
        The function failed, or returned something else than arrays.
    WorkerCrashed
        Its process ended.
    RunCancelled
        If `cancel` was used; the process is ended.
    """
    options = {"device": "cpu", "function": function}
    try:
        reply = worker.load(f"{key}:{function}", file, options, cancel=cancel)
    except WorkerFailure as failure:
        raise BundleError(
            f"The Python step {file.name} cannot be loaded: {_told(failure)}.",
            hint="Correct the file, or install what it imports into this Python.",
        ) from failure
    with closing(Block()) as given, closing(Block()) as made:
        try:
            return _call(worker, reply["key"], arrays, given=given, made=made, cancel=cancel)
        except WorkerFailure as failure:
            raise _failure(file, failure) from failure
        finally:
            worker.release([block.name for block in (given, made) if block.name])


def _call(
    worker: Worker,
    key: str,
    arrays: Mapping[str, NDArray[Any]],
    *,
    given: Block,
    made: Block,
    cancel: CancelToken | None,
) -> dict[str, NDArray[Any]]:
    items, size = lay_out(arrays.items())
    given.reserve(size)
    for item, array in zip(items, arrays.values(), strict=True):
        np.copyto(given.view(item), array)
    reply = worker.call("apply", {"key": key, "block": given.name, "inputs": items}, cancel=cancel)
    made.reserve(reply["size"])
    room = {"block": given.name, "target": made.name, "capacity": made.capacity}
    reply = worker.call("fetch", room, cancel=cancel)
    return {item["name"]: made.view(item).copy() for item in reply["outputs"]}


def _failure(file: Path, failure: WorkerFailure) -> MacroError | WorkerCrashed:
    if failure.kind in ("crash", "hang", "killed", "stopped", "seconds"):
        return WorkerCrashed(
            f"The worker ended in the Python step {file.name}: {_told(failure)}.",
            hint="The next run starts a new worker.",
        )
    return MacroError(
        f"The Python step {file.name} failed: {_told(failure)}.",
        hint="Check the image against what the step expects, or correct the file.",
    )


def _told(failure: WorkerFailure) -> str:
    return failure.message.strip().rstrip(".")
