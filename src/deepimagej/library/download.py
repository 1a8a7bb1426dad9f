"""A bundle from an address: its zip, fetched into a folder."""

from __future__ import annotations

import re
import socket
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from deepimagej.errors import LibraryError
from deepimagej.progress import Step, silent

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.progress import CancelToken, Progress

_PIECE: Final = 2**18
_PATIENCE: Final = 30.0
"""Seconds without an answer."""


def is_address(text: str) -> bool:
    """Whether `text` is an address of the network, not a path."""
    return text.lower().startswith(("http://", "https://"))


def download(
    address: str,
    folder: Path,
    *,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> Path:
    """The file at `address`, in `folder`.

    Parameters
    ----------
    progress
        Called with the kilobytes done.

    Raises
    ------
    LibraryError
        If there is no answer, it is no file, or it breaks off.
    RunCancelled
        If `cancel` was used.
    """
    path = folder / _file_name(address)
    request = urllib.request.Request(address, headers={"User-Agent": "deepimagej"})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer, path.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            start, done = time.monotonic(), 0
            while piece := answer.read(_PIECE):
                file.write(piece)
                done += len(piece)
                progress(_step(done, total, time.monotonic() - start))
                if cancel is not None:
                    cancel.check()
    except urllib.error.HTTPError as error:
        error.close()
        raise LibraryError(
            f"{address} cannot be downloaded: the server answers {error.code} {error.reason}.",
            hint="Check the address in a browser.",
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        raise LibraryError(
            f"{address} cannot be downloaded: {_plain(error)}.",
            hint="Check the address and the network, or download it in a browser and install the "
            "file.",
        ) from error
    if total and done < total:
        raise LibraryError(
            f"{address} broke off after {done} of {total} bytes.", hint="Install it again."
        )
    return path


def _step(done: int, total: int, seconds: float) -> Step:
    left = seconds * (total - done) / done if total else None
    return Step("downloading", done // 1024, max(total, done) // 1024, seconds_left=left)


def _file_name(address: str) -> str:
    """A legal name for the file, with its extension."""
    last = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2]
    name = re.sub(r"[^\w.+-]+", "-", last, flags=re.ASCII).strip("-.")[-80:]
    return name if name.lower().endswith(".zip") else f"{name or 'model'}.zip"


def _plain(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError | socket.timeout):
        return f"no answer for {_PATIENCE:.0f} s"
    text = getattr(reason, "strerror", None) or str(reason)
    return str(text) or type(error).__name__
