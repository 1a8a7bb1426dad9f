"""The RDFs of the example bundles, format 0.5."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILES = {
    "onnx": "weights.onnx",
    "torchscript": "weights.pt",
    "keras_hdf5": "weights.h5",
    "tensorflow_saved_model_bundle": "saved_model.zip",
}
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "onnx": {"opset_version": 17},
    "torchscript": {"pytorch_version": "2.0"},
    "keras_hdf5": {"tensorflow_version": "2.18"},
    "tensorflow_saved_model_bundle": {"tensorflow_version": "2.18"},
}
DSB = {
    "text": "Caicedo et al., Nucleus segmentation across imaging experiments: the 2018 Data "
    "Science Bowl, Nature Methods 2019",
    "doi": "10.1038/s41592-019-0612-7",
}
NUCLEI = ("nuclei", "fluorescence-light-microscopy", "segmentation")


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a bundle."""

    title: str
    id: str
    text: str
    input: str
    """What the image shows."""
    output: str
    """The name of the output tensor."""
    output_text: str
    channels: tuple[str, ...]
    """Of the output."""
    macros: tuple[str | None, str | None]
    """Before and after the network."""
    cite: Sequence[Mapping[str, str]]
    tags: tuple[str, ...]
    layout: str = "bcyx"
    grid: int = 1
    """Px of the image a px of the output."""


STARDIST = Description(
    "Nuclei StarDist",
    "deepimagej-stardist",
    "Finds fluorescent nuclei as star-convex polygons.",
    "One channel with bright nuclei, about 6 to 60 px wide.",
    "output",
    "Object probability, then distances in px to the border along 32 rays; ray 0 runs along x, "
    "the next turns towards y.",
    ("probability", *(f"ray{number}" for number in range(32))),
    (None, "stardist_objects.ijm"),
    (
        {
            "text": "Schmidt et al., Cell Detection with Star-convex Polygons, MICCAI 2018",
            "doi": "10.1007/978-3-030-00934-2_30",
        },
        DSB,
    ),
    (*NUCLEI, "2d", "stardist"),
    layout="byxc",
    grid=2,
)
SPLINEDIST = Description(
    "Nuclei SplineDist",
    "deepimagej-splinedist",
    "Finds fluorescent nuclei as closed cubic splines.",
    STARDIST.input,
    "output",
    "Object probability, then distance in px and angle of each of 16 control points; angle 0 runs "
    "along y, the next turns towards x.",
    (
        "probability",
        *(f"{kind}{number}" for number in range(16) for kind in ("distance", "angle")),
    ),
    (None, "splinedist_objects.ijm"),
    (
        {
            "text": "Mandal and Uhlmann, SplineDist: Automated Cell Segmentation with Spline "
            "Curves, ISBI 2021",
            "doi": "10.1109/ISBI48211.2021.9433928",
        },
        DSB,
    ),
    (*NUCLEI, "2d", "splinedist"),
    grid=2,
)
CELLPOSE = Description(
    "Nuclei Cellpose",
    "deepimagej-cellpose",
    "Finds fluorescent nuclei by flows towards their centres, as Cellpose does.",
    STARDIST.input,
    "flows",
    "Flows along y and x, of length 5 inside a nucleus, and the logit of the cell probability.",
    ("flow_y", "flow_x", "cellprob"),
    (None, "cellpose_masks.ijm"),
    (
        {
            "text": "Stringer et al., Cellpose: a generalist algorithm for cellular segmentation, "
            "Nature Methods 2021",
            "doi": "10.1038/s41592-020-01018-x",
        },
        DSB,
    ),
    (*NUCLEI, "2d", "cellpose"),
)
DEEPWATER = Description(
    "Phase Contrast DeepWater",
    "deepimagej-deepwater",
    "Finds spread cells in phase contrast: markers and cells for a watershed.",
    "One channel of phase contrast, spread cells about 40 to 150 px long.",
    "maps",
    "Two pairs that sum to 1: no marker and marker, no cell and cell.",
    ("no_marker", "marker", "no_cell", "cell"),
    ("level.ijm", "deepwater_cells.ijm"),
    (
        {
            "text": "Lux and Matula, Cell segmentation by combining marker-controlled watershed "
            "and deep learning, arXiv 2004.01607",
            "doi": "10.48550/arXiv.2004.01607",
        },
        {
            "text": "Tsai et al., Usiigaci: Instance-aware cell tracking in stain-free phase "
            "contrast microscopy enabled by machine learning, SoftwareX 2019",
            "doi": "10.1016/j.softx.2019.02.007",
        },
    ),
    ("phase-contrast", "cells", "segmentation", "2d", "deepwater"),
)
UNET = Description(
    "Nuclei U-Net",
    "deepimagej-unet",
    "Finds fluorescent nuclei, with gaps between those that touch.",
    STARDIST.input,
    "probability",
    "How sure it is that a px lies inside a nucleus: 0 to 1.",
    ("probability",),
    (None, "count_nuclei.ijm"),
    (
        {
            "text": "Ronneberger et al., U-Net: Convolutional Networks for Biomedical Image "
            "Segmentation, MICCAI 2015",
            "doi": "10.1007/978-3-319-24574-4_28",
        },
        DSB,
    ),
    (*NUCLEI, "2d", "unet"),
    layout="byxc",
)
UNET3D = Description(
    "Nuclei 3D U-Net",
    "deepimagej-unet3d",
    "Finds fluorescent nuclei in stacks, with gaps between those that touch.",
    "One channel with bright nuclei, about 8 to 20 px wide and half as high.",
    "probability",
    "How sure it is that a px lies inside a nucleus: 0 to 1.",
    ("probability",),
    (None, "label_nuclei.ijm"),
    (
        {
            "text": "Cicek et al., 3D U-Net: Learning Dense Volumetric Segmentation from Sparse "
            "Annotation, MICCAI 2016",
            "doi": "10.1007/978-3-319-46723-8_49",
        },
    ),
    (*NUCLEI, "3d", "unet"),
    layout="bczyx",
)


def describe(
    description: Description,
    folder: Path,
    *,
    halo: int,
    least: int,
    step: int,
    formats: Sequence[str],
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """The whole RDF; `halo`, `least` and `step` are in px of the image."""
    spatial = [letter for letter in description.layout if letter not in "bc"]
    sizes = {letter: {"min": least, "step": step} for letter in spatial}
    before, after = description.macros
    stages = {
        stage: [{"spec": "ij.IJ::runMacroFile", "kwargs": macro}]
        for stage, macro in (("preprocess", before), ("postprocess", after))
        if macro
    }
    return {
        "format_version": "0.5.3",
        "type": "model",
        "name": description.title,
        "id": description.id,
        "version": "1.0.0",
        "description": description.text,
        "authors": [{"name": "The deepimagej developers"}],
        "license": "BSD-2-Clause",
        "documentation": "README.md",
        "covers": ["cover.png"],
        "tags": list(description.tags),
        "cite": [dict(entry) for entry in description.cite],
        "attachments": [_file(folder, macro) for macro in description.macros if macro],
        "inputs": [
            {
                "id": "raw",
                "description": description.input,
                "axes": _axes(description.layout, sizes, ("image",)),
                "data": {"type": "float32"},
                "test_tensor": _file(folder, "test_input.npy"),
                "sample_tensor": _file(folder, "sample.tif"),
                **({} if before else {"preprocessing": [_scale_range(spatial)]}),
            }
        ],
        "outputs": [
            {
                "id": description.output,
                "description": description.output_text,
                "axes": _output_axes(description, halo),
                "data": {"type": "float32"},
                "test_tensor": _file(folder, "test_output.npy"),
            }
        ],
        "weights": {
            name: {**_file(folder, FILES[name]), **VERSIONS[name], **_parent(name, formats)}
            for name in formats
        },
        "config": {
            "deepimagej": {
                "allow_tiling": True,
                "pyramidal_model": False,
                "prediction": stages,
            },
            **extra,
        },
    }


def _parent(name: str, formats: Sequence[str]) -> dict[str, str]:
    """Of which weights these were made."""
    return {} if name == formats[0] else {"parent": formats[0]}


def _file(folder: Path, name: str) -> dict[str, str]:
    return {"source": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}


def _scale_range(spatial: Sequence[str]) -> dict[str, Any]:
    return {
        "id": "scale_range",
        "kwargs": {
            "axes": ["channel", *spatial],
            "min_percentile": 1.0,
            "max_percentile": 99.8,
            "eps": 1e-6,
        },
    }


def _axes(
    layout: str, sizes: Mapping[str, Mapping[str, int]], channels: Sequence[str]
) -> list[dict[str, Any]]:
    special: dict[str, dict[str, Any]] = {
        "b": {"type": "batch"},
        "c": {"type": "channel", "channel_names": list(channels)},
    }
    return [
        special.get(letter) or {"type": "space", "id": letter, "size": dict(sizes[letter])}
        for letter in layout
    ]


def _output_axes(description: Description, halo: int) -> list[dict[str, Any]]:
    axes = _axes(description.layout, {letter: {} for letter in "zyx"}, description.channels)
    for axis in axes:
        if axis["type"] == "space":
            axis["size"] = {"tensor_id": "raw", "axis_id": axis["id"]}
            axis["halo"] = halo // description.grid
            if description.grid > 1:
                axis["scale"] = float(description.grid)
    return axes
