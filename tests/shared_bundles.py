"""Bundles for tests made of the real models in the shared data.

Every function takes the folder to write and the folder of the shared data, and returns the
bundle. Test tensors come from each model's ``reference/``.

- ``make_unet_bundle(folder, data, version=...)``     U-Net for nuclei: ONNX and TorchScript
- ``make_fixed_unet_bundle(folder, data)``            U-Net of one size: a state dict
- ``make_stardist_bundle(folder, data, weights=..., version=...)``   StarDist: ONNX or SavedModel
  with one output of full resolution, Keras (``keras_v3``, ``keras_hdf5``) with two on the grid
- ``make_defcon_bundle(folder, data, weights=...)``   DEFCoN: ONNX, SavedModel or Keras; step 4
- ``copy_n2v_archive(folder, data)``                  Noise2Void's old archive, the zip itself
- ``make_n2v_bundle(folder, data)``                   the same, unpacked, with true test tensors
"""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tifffile
import yaml

from bundle_factory import sha256, write_bundle, zip_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_STARDIST_FILES: Final = {
    "onnx": "stardist_tf2onnx.onnx",
    "tensorflow_saved_model_bundle": "TF_SavedModel.zip",
    "keras_v3": "keras_model.keras",
    "keras_hdf5": "keras_model.h5",
}
_DEFCON_FILES: Final = {"onnx": "defcon_tf2onnx.onnx", "keras_hdf5": "defcon_nolambda.h5"}
_HEAD: Final = {
    "type": "model",
    "description": "A real model, described for tests.",
    "authors": [{"name": "deepimagej"}],
}
_SMALLEST_DISTANCE = 1e-3
"""StarDist itself cuts its distances there; its stored reference is after the cut."""


def make_unet_bundle(folder: Path, data: Path, *, version: str = "0.5") -> Path:
    """``unet2d_nuclei_broad`` as published, with its RDF of format 0.5 or 0.4."""
    source = data / "models" / "unet2d_nuclei_broad"
    rdf = {"0.5": "bioimageio.yaml", "0.4": "v0_4_9.bioimageio.yaml"}[version]
    names = ("weights.onnx", "weights.pt", "test_input.npy", "test_output.npy", "README.md")
    pictures = ("test_input.png", "test_output.png", "cover0.png")
    files = {name: source / name for name in (*names, *pictures)}
    return write_bundle(folder, (source / rdf).read_text(encoding="utf-8"), files)


def make_fixed_unet_bundle(folder: Path, data: Path) -> Path:
    """``unet2d_fixed_shape`` as published: 256 x 256 px only, its weights a state dict."""
    source = data / "models" / "unet2d_fixed_shape"
    names = ("weights.pt", "test_input.npy", "test_output.npy", "documentation.md", "cover.jpg")
    rdf = (source / "v0_4.bioimageio.yaml").read_text(encoding="utf-8")
    return write_bundle(folder, rdf, {name: source / name for name in names})


def make_stardist_bundle(
    folder: Path, data: Path, *, weights: str = "onnx", version: str = "0.5"
) -> Path:
    """Our StarDist model for nuclei, percentiles 1 and 99.8 of the image to 0 and 1.

    ONNX and SavedModel give 33 channels of full resolution (probability, 32 distances), Keras
    gives ``prob`` and ``dist`` at half of it.
    """
    source = data / "models" / "stardist_dsb2018_small"
    reference = np.load(source / "reference" / "stardist_img2d_reference.npz")
    prob, dist = reference["prob"][None, ..., None], reference["dist"][None]
    image = tifffile.imread(data / "images" / "stardist_img2d.tif")[None, ..., None]
    is_keras = weights.startswith("keras")
    outputs = {"prob": prob, "dist": dist} if is_keras else {"output": _full_size(prob, dist)}
    file = f"weights{(source / _STARDIST_FILES[weights]).suffix}"
    files: dict[str, Any] = {file: source / _STARDIST_FILES[weights], "test_input.npy": image}
    files |= {f"test_{name}.npy": _cut(values) for name, values in outputs.items()}
    channels = {name: values.shape[-1] for name, values in outputs.items()}
    describe = _stardist_0_5 if version == "0.5" else _stardist_0_4
    rdf = {
        **_HEAD,
        "name": f"Nuclei StarDist {weights} {version}",
        "license": "CC0-1.0",
        **describe(channels, scale=0.5 if is_keras else 1.0),
        "weights": {weights: _entry(weights, source / _STARDIST_FILES[weights], file)},
    }
    return write_bundle(folder, rdf, files)


def _full_size(prob: NDArray[Any], dist: NDArray[Any]) -> NDArray[np.float32]:
    """What StarDist's export makes of the two outputs on the grid: zeros between probabilities."""
    full = np.zeros((1, 2 * prob.shape[1], 2 * prob.shape[2], 33), np.float32)
    full[:, ::2, ::2, :1] = prob
    full[..., 1:] = dist.repeat(2, 1).repeat(2, 2)
    return full


def _cut(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(np.maximum(values, _SMALLEST_DISTANCE), np.float32)


def _entry(weights: str, file: Path, name: str) -> Mapping[str, Any]:
    version = {"opset_version": 17} if weights == "onnx" else {"tensorflow_version": "2.21"}
    return {"source": name, "sha256": sha256(file), **version}


def _stardist_0_5(channels: Mapping[str, int], *, scale: float) -> Mapping[str, Any]:
    kwargs = {"axes": ["y", "x"], "min_percentile": 1.0, "max_percentile": 99.8}
    clip = {"id": "clip", "kwargs": {"min": _SMALLEST_DISTANCE, "max": 1e6}}
    size = {"min": 80, "step": 16}

    def following(letter: str) -> Mapping[str, Any]:
        halo = round(32 * scale)
        reference = {"tensor_id": "input", "axis_id": letter}
        return {"type": "space", "id": letter, "size": reference, "scale": 1 / scale, "halo": halo}

    return {
        "format_version": "0.5.4",
        "inputs": [
            {
                "id": "input",
                "axes": [
                    {"type": "batch"},
                    {"type": "space", "id": "y", "size": size},
                    {"type": "space", "id": "x", "size": dict(size)},
                    {"type": "channel", "channel_names": ["nuclei"]},
                ],
                "data": {"type": "float32"},
                "test_tensor": {"source": "test_input.npy"},
                "preprocessing": [{"id": "scale_range", "kwargs": kwargs}],
            }
        ],
        "outputs": [
            {
                "id": name,
                "axes": [
                    {"type": "batch"},
                    following("y"),
                    following("x"),
                    {"type": "channel", "channel_names": [f"c{n}" for n in range(count)]},
                ],
                "test_tensor": {"source": f"test_{name}.npy"},
                "postprocessing": [dict(clip)],
            }
            for name, count in channels.items()
        ],
    }


def _stardist_0_4(channels: Mapping[str, int], *, scale: float) -> Mapping[str, Any]:
    kwargs = {"mode": "per_sample", "axes": "yx", "min_percentile": 1.0, "max_percentile": 99.8}
    clip = {"name": "clip", "kwargs": {"min": _SMALLEST_DISTANCE, "max": 1e6}}
    halo = round(32 * scale)
    return {
        "format_version": "0.4.10",
        "inputs": [
            {
                "name": "input",
                "axes": "byxc",
                "data_type": "float32",
                "shape": {"min": [1, 80, 80, 1], "step": [0, 16, 16, 0]},
                "preprocessing": [{"name": "scale_range", "kwargs": kwargs}],
            }
        ],
        "outputs": [
            {
                "name": name,
                "axes": "byxc",
                "data_type": "float32",
                "halo": [0, halo, halo, 0],
                "shape": {
                    "reference_tensor": "input",
                    "scale": [1.0, scale, scale, 0.0],
                    "offset": [0.0, 0.0, 0.0, count / 2],
                },
                "postprocessing": [dict(clip)],
            }
            for name, count in channels.items()
        ],
        "test_inputs": ["test_input.npy"],
        "test_outputs": [f"test_{name}.npy" for name in channels],
    }


def make_defcon_bundle(folder: Path, data: Path, *, weights: str = "onnx") -> Path:
    """DEFCoN's derived weights in format 0.4, step 4 as the network pools twice.

    The ONNX file normalises in the network; for the others the RDF does it, over the same range.
    """
    source = data / "models" / "defcon"
    reference = np.load(source / "reference" / "reference.npz")
    name, file = _defcon_file(folder.with_name(f"{folder.name}_weights"), source, weights)
    is_raw = weights == "onnx"
    tensors = {"onnx": ("input_tensor:0", "output_tensor:0")}.get(weights, ("input", "output_0"))
    kwargs = {"mode": "per_sample", "axes": "yx", "min_percentile": 0, "max_percentile": 100}
    rdf = {
        **_HEAD,
        "format_version": "0.4.10",
        "name": f"DEFCoN {weights}",
        "license": "BSD-3-Clause",
        "inputs": [
            {
                "name": tensors[0],
                "axes": "byxc",
                "data_type": "float32",
                "shape": {"min": [1, 20, 20, 1], "step": [0, 4, 4, 0]},
                "preprocessing": [] if is_raw else [{"name": "scale_range", "kwargs": kwargs}],
            }
        ],
        "outputs": [
            {
                "name": tensors[1],
                "axes": "byxc",
                "data_type": "float32",
                "halo": [0, 10, 10, 0],
                "shape": {
                    "reference_tensor": tensors[0],
                    "scale": [1.0, 1.0, 1.0, 1.0],
                    "offset": [0.0, 0.0, 0.0, 0.0],
                },
            }
        ],
        "test_inputs": ["test_input.npy"],
        "test_outputs": ["test_output.npy"],
        "weights": {weights: _entry(weights, file, name)},
    }
    files = {
        name: file,
        "test_input.npy": reference["example_raw"][None, ..., None],
        "test_output.npy": reference["density_no_tiling"],
    }
    return write_bundle(folder, rdf, files)


def _defcon_file(scratch: Path, source: Path, weights: str) -> tuple[str, Path]:
    """Name in the bundle and file; the SavedModel is zipped as the format wants it."""
    derived = source / "derived"
    if weights in _DEFCON_FILES:
        file = derived / _DEFCON_FILES[weights]
        return f"weights{file.suffix}", file
    name = "tensorflow_saved_model_bundle.zip"
    return name, zip_bundle(derived / "saved_model_tf2", scratch / name)


def copy_n2v_archive(folder: Path, data: Path) -> Path:
    """Noise2Void's archive of format 0.2.0 as it is; its own test output is not to be trusted."""
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.copyfile(_n2v(data), folder / _n2v(data).name)


def _n2v(data: Path) -> Path:
    name = "format-0.2.0-csbdeep.bioimage.io.zip"
    return data / "models" / "n2v_fiji_format020" / name


def make_n2v_bundle(folder: Path, data: Path) -> Path:
    """Noise2Void's archive unpacked, the network alone, with what its weights really give."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(_n2v(data)) as archive:
        archive.extractall(folder)
    reference = np.load(_n2v(data).parent / "reference" / "reference.npz")
    for name in ("input", "output"):
        np.save(folder / f"test_{name}.npy", reference[name][None, ..., None])
    path = folder / "model.yaml"
    rdf = yaml.safe_load(path.read_text(encoding="utf-8"))
    del rdf["prediction"]["preprocess"], rdf["prediction"]["postprocess"]
    rdf |= {"test_input": "test_input.npy", "test_output": "test_output.npy"}
    path.write_text(yaml.safe_dump(rdf, sort_keys=False), encoding="utf-8")
    return folder
