"""Many images: folders and patterns, one run after the other."""

from __future__ import annotations

import glob
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej import road
from deepimagej.errors import ImageError
from deepimagej.image import stem_of
from deepimagej.macro_options import parse_macro_options
from deepimagej.progress import silent
from deepimagej.result import RunResult
from deepimagej.writing import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    import roifile
    import xarray as xr

    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import RunRequest
    from deepimagej.tools import Tools

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".npy")

_log = logging.getLogger("deepimagej")
_START, _END = 'run("DeepImageJ Run", ', ");"


def expand(sources: Iterable[str]) -> list[Path]:
    """Image files that `sources` name: files as they are, folders and patterns sorted by name.

    Raises
    ------
    ImageError
        If a folder holds no image, or a pattern fits none.
    """
    found: list[Path] = []
    for source in sources:
        path = Path(source).expanduser()
        # os.path, as Path.is_dir and Path.exists raise for a name that is too long.
        if os.path.isdir(path):
            inside = sorted(p for p in path.iterdir() if p.is_file() and _is_image(p))
            if not inside:
                raise ImageError(
                    f"The folder {path} holds no image.",
                    hint=f"Images are files that end in {', '.join(IMAGE_SUFFIXES)}.",
                )
            found += inside
        elif not os.path.exists(path) and glob.has_magic(source):
            fitting = sorted(Path(p) for p in glob.glob(str(path), recursive=True))
            files = [p for p in fitting if p.is_file()]
            if not files:
                raise ImageError(
                    f"No file fits {source}.", hint="Check the pattern and the current folder."
                )
            found += files
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def run_each(
    request: RunRequest,
    tools: Tools,
    files: Iterable[Path],
    *,
    resume: bool = False,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> Iterator[tuple[Path, RunResult | None]]:
    """Results of `request` on each file; None for one that `resume` skips as done.

    Raises
    ------
    ImageError
        Before the first run, if the results of two files would have the same names.
    """
    paths = list(files)
    if request.output_folder is not None:
        _check_names(paths)
    for path in paths:
        one = replace(request, input_path=str(path.absolute()))
        if resume and road.is_done(one, tools):
            _log.info("%s is done already.", path)
            yield path, None
            continue
        yield path, road.run(one, tools, progress=progress, cancel=cancel)


def _check_names(paths: Iterable[Path]) -> None:
    taken: dict[str, Path] = {}
    for path in paths:
        name = file_name(stem_of(path.name))
        if name in taken:
            raise ImageError(
                f'{taken[name]} and {path} would write the same files: "{name}_...".',
                hint="Give each its own output folder, or rename one of them.",
            )
        taken[name] = path


def run_folder(
    request: RunRequest,
    tools: Tools,
    *,
    progress: Progress = silent,
    cancel: CancelToken | None = None,
) -> RunResult:
    """One result for all images of the folder ``request.input_path``.

    Names of images, tables and files begin with that of their image: ``<image>_<tensor>``.
    """
    files = expand([str(request.input_path)])
    images: dict[str, xr.DataArray] = {}
    tables: dict[str, pd.DataFrame] = {}
    written: dict[str, Path] = {}
    rois: list[roifile.ImagejRoi] = []
    timings: dict[str, float] = {}
    results: list[RunResult] = []
    for path, result in run_each(request, tools, files, progress=progress, cancel=cancel):
        if result is None:
            continue
        results.append(result)
        images |= {f"{path.stem}_{name}": image for name, image in result.images.items()}
        tables |= {f"{path.stem}_{name}": table for name, table in result.tables.items()}
        written |= {f"{path.stem}_{name}": file for name, file in result.files.items()}
        rois += result.rois
        timings = {k: timings.get(k, 0.0) + s for k, s in result.timings.items()}
    line = _line(request, results)
    return RunResult(images, tables, rois, line, timings, written)


def _line(request: RunRequest, results: list[RunResult]) -> str:
    """The line of the whole folder, as resolved; the tile only where all images had the same."""
    lines = [result.request for result in results if result.request]
    if not lines:
        return road.line_of(request)
    runs = [parse_macro_options(json.loads(line[len(_START) : -len(_END)])) for line in lines]
    same_tile = len({run.tile for run in runs}) == 1
    path = str(Path(str(request.input_path)).expanduser().absolute())
    tile = runs[0].tile if same_tile else request.tile
    return road.line_of(replace(runs[0], input_path=path, tile=tile))
