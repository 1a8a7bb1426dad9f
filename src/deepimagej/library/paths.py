"""Paths that a file names: whether they stay where they should."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath


def leaves(path: str) -> bool:
    """Whether a relative path of any system would leave the folder that it starts from."""
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    is_rooted = posix.is_absolute() or bool(windows.drive or windows.root)
    return is_rooted or ".." in posix.parts or ".." in windows.parts
