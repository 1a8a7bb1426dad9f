"""The bundles that are measured: of the shared test data, or the example of the package."""

from __future__ import annotations

import os
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from deepimagej import examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_TESTS: Final = Path(__file__).parents[1] / "tests"
_UNET_MIN: Final = 96
"""More than twice the halo of 32 px, or bioimageio.spec refuses it."""
_STARDIST: Final = ("models", "stardist_dsb2018_small")


@dataclass(frozen=True, slots=True)
class Model:
    """A bundle with one weights format, and what the plain framework needs of it."""

    key: str
    """Short name, as in ``unet-onnx``."""
    title: str
    bundle: Path
    format: str
    weights: Path
    """What the framework itself opens."""
    channels_last: bool = False
    smallest: int = _UNET_MIN
    step: int = 16
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Keys that every run of it has."""
    stardist: Path | None = None
    """The folder that StarDist itself opens."""

    @property
    def options(self) -> str:
        """Keys of a macro line."""
        keys = {"model": f"[{self.bundle}]", "format": self.format, **self.keys}
        return " ".join(f"{name}={value}" for name, value in keys.items())

    @property
    def python_keys(self) -> dict[str, Any]:
        """Keys of a Python call."""
        return {"format": self.format, **self.keys}

    def as_input(self, image: NDArray[Any]) -> NDArray[Any]:
        """A (Y, X) array with the axes of the network."""
        return image[None, :, :, None] if self.channels_last else image[None, None]


def make_models(folder: Path, data: Path | None) -> list[Model]:
    """The models that can be measured, written under `folder`.

    Parameters
    ----------
    data
        The shared test data; None: the package's own example alone.
    """
    if data is None:
        return [_example()]
    if str(_TESTS) not in sys.path:
        sys.path.insert(0, str(_TESTS))
    return [
        _unet(folder / "unet-onnx", data, "onnx"),
        _unet(folder / "unet-torchscript", data, "torchscript"),
        _stardist(folder / "stardist-tf", data, "tensorflow_saved_model_bundle"),
        _stardist(folder / "stardist-onnx", data, "onnx"),
        _stardist(folder / "stardist-keras", data, "keras_v3"),
    ]


def data_folder(named: str | None) -> Path | None:
    """The shared test data that the command line or the environment names."""
    text = named or os.environ.get("DEEPIMAGEJ_TEST_DATA")
    return Path(text).expanduser().resolve() if text else None


def _example() -> Model:
    bundle = examples.path("nuclei")
    return Model(
        "example",
        "Example U-Net, ONNX",
        bundle,
        "onnx",
        weights=bundle / "probability.onnx",
        smallest=224,
        keys={"postprocessing": "none"},  # its macro is not the network
    )


def _unet(folder: Path, data: Path, weights_format: str) -> Model:
    """The U-Net with free sizes, which both of its files can: published are 512 x 512 px alone."""
    from shared_bundles import make_unet_bundle

    make_unet_bundle(folder, data)
    path = folder / "bioimageio.yaml"
    rdf = yaml.safe_load(path.read_text(encoding="utf-8"))
    for axis in rdf["inputs"][0]["axes"]:
        if axis["type"] == "space":
            axis |= {"id": axis.get("id", "x"), "size": {"min": _UNET_MIN, "step": 16}}
    for axis in rdf["outputs"][0]["axes"]:
        if axis["type"] == "space":
            axis["id"] = axis.get("id", "x")
    entry = rdf["weights"][weights_format]
    file = folder / entry["source"]
    if weights_format == "onnx":
        entry["sha256"] = _free_sizes(file)
    # Its parent, a state dict, is not in the data; without one the weights need authors.
    entry.pop("parent", None)
    entry["authors"] = [{"name": "Constantin Pape"}]
    rdf["weights"] = {weights_format: entry}
    rdf["inputs"][0].pop("sample_tensor", None)
    rdf["outputs"][0].pop("sample_tensor", None)
    path.write_text(yaml.safe_dump(rdf, sort_keys=False), encoding="utf-8")
    title = {"onnx": "U-Net, ONNX", "torchscript": "U-Net, TorchScript"}[weights_format]
    return Model(f"unet-{weights_format}", title, folder, weights_format, weights=file)


def _free_sizes(file: Path) -> str:
    """Let the ONNX file take any size: its layers do, only its border says 512; its sha256."""
    import onnx

    from bundle_factory import sha256

    network = onnx.load(file)
    for value in (*network.graph.input, *network.graph.output):
        for place, name in ((2, "y"), (3, "x")):
            value.type.tensor_type.shape.dim[place].dim_param = name
    del network.graph.value_info[:]
    onnx.save(network, file)
    return str(sha256(file))


def _stardist(folder: Path, data: Path, weights_format: str) -> Model:
    from shared_bundles import make_stardist_bundle

    make_stardist_bundle(folder, data, weights=weights_format)
    weights = next(folder.glob("weights.*"))
    if weights.suffix == ".zip":
        with zipfile.ZipFile(weights) as archive:
            archive.extractall(folder.with_name("saved-model"))
        weights = next(folder.with_name("saved-model").rglob("saved_model.pb")).parent
    name = {"onnx": "ONNX", "keras_v3": "Keras"}.get(weights_format, "SavedModel")
    return Model(
        f"stardist-{name.lower()}",
        f"StarDist, {name}",
        folder,
        weights_format,
        weights=weights,
        channels_last=True,
        smallest=80,
        stardist=data.joinpath(*_STARDIST),
    )
