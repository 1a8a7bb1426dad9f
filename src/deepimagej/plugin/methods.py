"""``run("DeepImageJ StarDist", "...")`` and ``run("DeepImageJ Cellpose", "...")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepimagej import logs
from deepimagej.errors import LibraryError, OptionError
from deepimagej.host.status import StatusBar
from deepimagej.method_cellpose import Cellpose
from deepimagej.method_options import (
    CellposeOptions,
    StarDistOptions,
    parse_cellpose_options,
    parse_stardist_options,
)
from deepimagej.method_run import run_method
from deepimagej.method_stardist import StarDist
from deepimagej.process import tools

if TYPE_CHECKING:
    from deepimagej.method_run import Method

_OWN_WEIGHTS: Final = (
    "cyto", "cyto2", "cyto3", "nuclei", "cpsam", "tissuenet_cp3", "livecell_cp3",
    "yeast_PhC_cp3", "yeast_BF_cp3", "bact_phase_cp3", "bact_fluor_cp3", "deepbacs_cp3",
)  # fmt: skip
"""Weights that the package cellpose downloads; they are no bundles."""


def stardist_command(options: str) -> str:
    """Find star-convex objects as a macro line says, and return the line that repeats it.

    Raises
    ------
    OptionError
        If the line has no options.
    """
    example = "model=[StarDist Fluorescence Nuclei Segmentation] prob_thresh=0.5"
    _require("DeepImageJ StarDist", options, example)
    return _run(parse_stardist_options(options))


def cellpose_command(options: str) -> str:
    """Find cells as a macro line says, and return the line that repeats it.

    Raises
    ------
    OptionError
        If the line has no options.
    LibraryError
        If it names weights of Cellpose's own that are not installed as a bundle.
    """
    example = "model=[My Cells] cyto_color=gray nuclei_color=gray diameter=30"
    _require("DeepImageJ Cellpose", options, example)
    parsed = parse_cellpose_options(options)
    try:
        return _run(parsed)
    except LibraryError as error:
        name = parsed.request.model
        if name not in _OWN_WEIGHTS:
            raise
        raise LibraryError(
            f'The model "{name}" is one of Cellpose\'s own, and no bundle of that name is '
            "installed.",
            hint="Export it as a bundle with the outputs flows and cell probability (ONNX or "
            "TorchScript), and install that with: deepimagej install FOLDER_OR_ZIP.",
        ) from error


def _run(options: StarDistOptions | CellposeOptions) -> str:
    shared, request = tools(), options.request
    spec = shared.library.find(request.model, model_dir=request.model_dir)
    method: Method
    if isinstance(options, StarDistOptions):
        method = StarDist(spec, options)
    else:
        method = Cellpose(spec, options)
    with StatusBar() as bar, logs.shown(request.logging):
        return run_method(method, shared, progress=bar, cancel=bar.cancel).request


def _require(command: str, options: str, example: str) -> None:
    if not options.strip():
        raise OptionError(
            f"{command} was called without options.",
            hint=f'Name a model, as in run("{command}", "{example}").',
        )
