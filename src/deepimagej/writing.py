"""The files of a run: names, and what is written where."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from deepimagej import files, provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import roifile

    from deepimagej.image import Image


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
    start = file_name(stem)
    written: dict[str, Path] = {}
    for name, image in images.items():
        written[name] = folder / f"{start}_{file_name(name)}.tif"
        files.write_tiff(written[name], image)
    for name, table in tables.items():
        written[name] = folder / f"{start}_{file_name(name)}.csv"
        files.write_table(written[name], table)
    if rois:
        written["rois"] = folder / f"{start}_rois.zip"
        files.write_rois(written["rois"], rois)
    named = {name: path.name for name, path in written.items()}
    written["run"] = record_path(folder, stem)
    # The record is last: it stands for a finished run, which --resume may skip.
    files.write_json(written["run"], {**record, "files": named})
    return written


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
