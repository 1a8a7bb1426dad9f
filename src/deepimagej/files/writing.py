"""Files of a run, each written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deepimagej.errors import HostError
from deepimagej.files.imagej_tiff import encode_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    import roifile

    from deepimagej.image import Image

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_atomically(path: Path, write: Callable[[IO[bytes]], None], *, needs: int = 0) -> None:
    """Write a file under a temporary name beside `path`, then give it its name.

    Parameters
    ----------
    path
        Its folder is made where it does not exist; an older file is replaced.
    write
        Writes the content into the open binary file.
    needs
        Bytes that the content takes, as far as known: said when the disk is full.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; no part of the file is left.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(path, error, needs) from error


def _not_written(path: Path, error: OSError, needs: int) -> HostError:
    folder = next((p for p in path.parents if p.is_dir()), Path(path.anchor))
    free = shutil.disk_usage(folder).free
    # numpy reports a full disk as an OSError without a number.
    if error.errno in _FULL or (error.errno is None and free < max(needs, 4096)):
        size = f"; the file takes {_size(needs)}" if needs else ""
        return HostError(
            f"{path} cannot be written: the disk is full ({_size(free)} free{size}).",
            hint="Free some space or choose another output folder.",
        )
    return HostError(
        f"{path} cannot be written: {error.strerror or error}.",
        hint="Choose an output folder that you may write to.",
    )


def _size(n_bytes: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} bytes"


def write_tiff(path: Path, image: Image) -> None:
    """Write `image` as a TIFF that ImageJ opens, with calibration, labels, LUTs and properties.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; no part of the file is left.
    ImageError
        If TIFF has no place for its axes or its type.

    Notes
    -----
    Types that ImageJ lacks keep every value: bool becomes 0 and 255 in 8 bits, as in ImageJ's
    masks; integers take 16 bits where they fit, else 32 (ImageJ shows these as 32-bit float,
    exact up to 2^24); 64-bit floats take 32 bits where none changes, else stay as they are, which
    ImageJ cannot open and other readers can.
    """
    encoded = encode_tiff(image)
    write_atomically(path, encoded.write, needs=encoded.n_bytes)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV: a header line, no row numbers, numbers as exact as they are.

    ImageJ opens it with Import > Table; pandas reads it back as it was.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; no part of the file is left.
    """
    text = table.to_csv(index=False, na_rep="NaN", lineterminator="\n")
    _write_bytes(path, text.encode("utf-8"))


def write_rois(path: Path, rois: Sequence[roifile.ImagejRoi]) -> None:
    """Write `rois` as the zip that ImageJ's ROI Manager opens; equal names get numbers.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; no part of the file is left.
    """
    contents = [(name, roi.tobytes()) for name, roi in zip(_roi_names(rois), rois, strict=True)]

    def write(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents:
                # A fixed date: equal ROIs give equal files.
                archive.writestr(zipfile.ZipInfo(f"{name}.roi", _ZIP_EPOCH), content)

    write_atomically(path, write, needs=sum(len(content) for _, content in contents))


def _roi_names(rois: Sequence[roifile.ImagejRoi]) -> list[str]:
    """File names of `rois`, each once, whatever the system says of upper and lower case."""
    names: list[str] = []
    taken: set[str] = set()
    for roi in rois:
        name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", roi.name or roi.autoname)
        name = name[:-4] if name.lower().endswith(".roi") else name
        unique, number = name, 1
        while unique.casefold() in taken:
            unique, number = f"{name}-{number}", number + 1
        taken.add(unique.casefold())
        names.append(unique)
    return names


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as indented JSON; paths and enums become text.

    Raises
    ------
    HostError
        If the disk is full or the folder cannot be written; no part of the file is left.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
    _write_bytes(path, f"{text}\n".encode())


def _write_bytes(path: Path, content: bytes) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(content)

    write_atomically(path, write, needs=len(content))
