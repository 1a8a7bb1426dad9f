"""The files of a run: names, and what is written where."""

from __future__ import annotations

import contextlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

from deepimagej import files, provenance
from deepimagej.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import roifile

    from deepimagej.image import Image


_LONGEST_NAME = 255
"""Bytes of a file's name on all three systems' usual disks."""


def file_name(text: str) -> str:
    """`text` with everything but letters, digits, ``.``, ``-`` and ``_`` as ``_``."""
    return re.sub(r"[^\w.-]", "_", text)


def record_path(folder: Path, stem: str) -> Path:
    """Where the provenance of the run on the image `stem` lies."""
    return folder / f"{file_name(stem)}_run.json"


def write_result(
    folder: Path,
    stem: str,
    *,
    images: Mapping[str, Image],
    tables: Mapping[str, pd.DataFrame],
    rois: Sequence[roifile.ImagejRoi],
    record: Mapping[str, Any],
) -> dict[str, Path]:
    """Write images, tables, ROIs and, last, the provenance of a run.

    Parameters
    ----------
    folder
        Made if it does not exist.
    stem
        Title of the input image without extension.

    Returns
    -------
    Paths by name of image and table, ``rois`` and ``run``.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; finished files stay, none is half.
    """
    # The record stands for a finished run, which --resume may skip: it is the last that is
    # written, and that of an earlier run goes before the first of its files is replaced.
    with contextlib.suppress(OSError):  # who cannot delete cannot write: that is told below
        record_path(folder, stem).unlink()
    written: dict[str, Path] = {}
    for name, image in images.items():
        written[name] = _free_path(folder, stem, f"{name}.tif", written.values())
        files.write_tiff(written[name], image)
    for name, table in tables.items():
        written[name] = _free_path(folder, stem, f"{name}.csv", written.values())
        files.write_table(written[name], table)
    if rois:
        written["rois"] = folder / f"{file_name(stem)}_rois.zip"
        files.write_rois(written["rois"], rois)
    named = {name: path.name for name, path in written.items()}
    written["run"] = record_path(folder, stem)
    files.write_json(written["run"], {**record, "files": named})
    return written


def _free_path(folder: Path, stem: str, name: str, taken: Collection[Path]) -> Path:
    """The path of a result; numbered where another of this run has it: "a b" and "a_b"."""
    path = first = folder / f"{file_name(stem)}_{file_name(name)}"
    number = 1
    while path in taken:
        number += 1
        path = first.with_stem(f"{first.stem}-{number}")
    return path


def check_folder(folder: Path) -> None:
    """Pass if results can be written into `folder`; asked before the work, not after it.

    Raises
    ------
    HostError
        If it is a file, or the user may not write there.
    """
    # os.path, as Path.exists raises for a name that is too long.
    nearest = next(p for p in (folder, *folder.absolute().parents) if os.path.exists(p))
    if len(os.fsencode(folder.name)) > _LONGEST_NAME:
        raise HostError(
            f"{folder} cannot be the output folder: its name is longer than "
            f"{_LONGEST_NAME} characters.",
            hint="Choose a shorter name.",
        )
    if not nearest.is_dir():
        raise HostError(
            f"{folder} cannot be the output folder: {nearest} is a file.",
            hint="Choose an output folder that you may write to.",
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise HostError(
            f"{folder} cannot be the output folder: you may not write in {nearest}.",
            hint="Choose an output folder that you may write to.",
        )


def is_done(folder: Path, stem: str, known: Mapping[str, Any]) -> bool:
    """Whether `folder` holds all files of a run whose provenance has all that is in `known`."""
    try:
        old = json.loads(record_path(folder, stem).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(old, dict):
        return False
    if not provenance.same_run({key: old.get(key) for key in known}, known):
        return False
    return all((folder / str(name)).is_file() for name in old.get("files", {}).values())
