"""Make the bundle of a method from its trained network.

    python scripts/train/make_bundle.py METHOD CHECKPOINT

Writes weights, test tensors and rdf.yaml to `src/deepimagej/examples/METHOD`, where the macros, the
README and the sample image are. The macros hold the thresholds that belong to the weights.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rdf
import tifffile
import torch
import yaml
from cellpose import CellposeNet
from deepwater import DeepWaterNet, level
from exports import receptive_radius, to_keras, write_onnx, write_saved_model, write_torchscript
from nuclei_unet import NucleiNet
from splinedist import CONTROLS, SplineDistNet
from stardist import DISTANCE_SCALE, GRID, RAYS, StarDistNet
from torch import nn
from training import scale_range
from unet3d import Network3D, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from training import Network

SHORTEST = 1e-3
"""Px; stardist takes no distance for shorter."""
EXAMPLES = Path(__file__).parents[2] / "src" / "deepimagej" / "examples"


@dataclass(frozen=True, slots=True)
class Method:
    """How the trained network becomes that of the bundle."""

    network: Callable[[], Network]
    finish: Callable[[torch.Tensor], torch.Tensor]
    """From the linear outputs of the head to the output of the bundle."""
    description: rdf.Description
    formats: tuple[str, ...]
    halving: int = 1
    """The network sees means of so many px a side, and its output is enlarged again."""
    prepare: Callable[[NDArray[Any]], NDArray[np.float32]] = scale_range
    finish_keras: Callable[[Any], Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Bundled(nn.Module):
    """The network of a bundle, with its layout."""

    def __init__(self, network: Network, method: Method) -> None:
        super().__init__()
        self.network, self.finish = network, method.finish
        self.is_channel_last = method.description.layout.endswith("c")
        self.halving = method.halving

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if self.is_channel_last:
            image = image.permute(0, 3, 1, 2)
        if self.halving > 1:
            image = nn.functional.avg_pool2d(image, self.halving)
        output = self.finish(self.network(image))
        if self.halving > 1:
            output = nn.functional.interpolate(
                output, scale_factor=float(self.halving), mode="bilinear", align_corners=False
            )
        return output.permute(0, 2, 3, 1) if self.is_channel_last else output


def stardist_outputs(values: torch.Tensor) -> torch.Tensor:
    return torch.cat(
        [torch.sigmoid(values[:, :1]), (DISTANCE_SCALE * values[:, 1:]).clamp(min=SHORTEST)], 1
    )


def stardist_keras(values: Any) -> Any:
    import keras

    prob = keras.layers.Activation("sigmoid")(values[..., :1])
    dist = keras.ops.maximum(DISTANCE_SCALE * values[..., 1:], SHORTEST)
    return keras.layers.Concatenate()([prob, dist])


def splinedist_outputs(values: torch.Tensor) -> torch.Tensor:
    """Probability; distance and angle of each control point, in turn; angle 0 runs along y."""
    y, x = DISTANCE_SCALE * values[:, 1::2], DISTANCE_SCALE * values[:, 2::2]
    pairs = torch.stack([torch.sqrt(y * y + x * x), torch.atan2(x, y)], 2).flatten(1, 2)
    return torch.cat([torch.sigmoid(values[:, :1]), pairs], 1)


def deepwater_outputs(values: torch.Tensor) -> torch.Tensor:
    """Not a marker, marker, not a cell, cell."""
    found = torch.sigmoid(values)
    return torch.stack([1 - found, found], 2).flatten(1, 2)


def sigmoid_keras(values: Any) -> Any:
    import keras

    return keras.layers.Activation("sigmoid")(values)


METHODS = {
    "stardist": Method(
        StarDistNet,
        stardist_outputs,
        rdf.STARDIST,
        formats=("onnx", "tensorflow_saved_model_bundle"),
        finish_keras=stardist_keras,
        extra={
            "stardist": {
                "config": {"n_rays": RAYS, "grid": [GRID, GRID]},
                "thresholds": {"prob": 0.35, "nms": 0.3},
            }
        },
    ),
    "splinedist": Method(
        SplineDistNet,
        splinedist_outputs,
        rdf.SPLINEDIST,
        formats=("onnx",),
        extra={
            "splinedist": {
                "config": {"n_control_points": CONTROLS, "grid": [GRID, GRID]},
                "thresholds": {"prob": 0.4, "nms": 0.3},
            }
        },
    ),
    "cellpose": Method(CellposeNet, lambda values: values, rdf.CELLPOSE, formats=("onnx",)),
    "deepwater": Method(
        DeepWaterNet,
        deepwater_outputs,
        rdf.DEEPWATER,
        formats=("torchscript",),
        halving=2,
        prepare=level,
    ),
    "unet": Method(
        NucleiNet, torch.sigmoid, rdf.UNET, formats=("keras_hdf5",), finish_keras=sigmoid_keras
    ),
    "unet3d": Method(Network3D, torch.sigmoid, rdf.UNET3D, formats=("torchscript",)),
}


def main(name: str, checkpoint: Path) -> None:
    method, folder = METHODS[name], EXAMPLES / name
    network = method.network().eval()
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["mean"])
    description = method.description
    step = 2 ** (network.trunk.levels - 1)
    radius = receptive_radius(network, step)
    # What bilinear enlargement reaches beyond the halved grid.
    halo = max(radius) * method.halving + (method.halving if method.halving > 1 else 0)
    step *= method.halving
    halo = -(-halo // description.grid) * description.grid
    least = (2 * halo // step + 1) * step
    print(f"receptive field: {radius} px; halo {halo} px; smallest input {least} px")

    raw = sample_of(folder, description, least)
    np.save(folder / "test_input.npy", raw)
    module = Bundled(network, method).eval()
    tensor = torch.from_numpy(prepared(raw, method))
    with torch.inference_mode():
        expected = module(tensor).numpy()
    np.save(folder / "test_output.npy", expected)
    for weights in method.formats:
        write_weights(weights, network, method, tensor, folder)
    text = yaml.safe_dump(
        rdf.describe(
            description,
            folder,
            halo=halo,
            least=least,
            step=step,
            formats=method.formats,
            extra=method.extra,
        ),
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    (folder / "rdf.yaml").write_text(text, encoding="utf-8")
    size = sum(file.stat().st_size for file in folder.rglob("*"))
    print(f"{folder}: {size / 1e6:.2f} MB")


def sample_of(folder: Path, description: rdf.Description, least: int) -> NDArray[np.float32]:
    """The test input: part of the sample image, mirrored where that is smaller."""
    if description.layout == "bczyx":
        image = draw(3003, 1)[0].image * 100
    else:
        image = tifffile.imread(folder / "sample.tif").astype(np.float32)
    widths = [(0, max(least - size, 0)) for size in image.shape]
    image = np.pad(image, widths, mode="reflect")[(slice(0, least),) * image.ndim]
    return np.ascontiguousarray(
        image[None, ..., None] if description.layout.endswith("c") else image[None, None]
    ).astype(np.float32)


def prepared(raw: NDArray[np.float32], method: Method) -> NDArray[np.float32]:
    """What the network gets: the bundle's operations, or as it is where a macro prepares it."""
    return raw if method.description.macros[0] else method.prepare(raw)


def write_weights(
    weights: str, network: Network, method: Method, tensor: torch.Tensor, folder: Path
) -> None:
    description = method.description
    module, file = Bundled(network, method).eval(), folder / rdf.FILES[weights]
    if weights == "onnx":
        axes = description.layout
        names = ("raw", description.output)
        write_onnx(module, tensor, file, names=names, axes=axes)
    elif weights == "torchscript":
        write_torchscript(module, tensor, file)
    else:
        assert method.finish_keras is not None
        model = to_keras(network, name="raw", finish=method.finish_keras, output=description.output)
        found = np.asarray(model.predict_on_batch(tensor.numpy()))
        with torch.inference_mode():
            difference = np.abs(found - module(tensor).numpy()).max()
        print(f"Keras differs from torch by {difference:.1e}")
        if weights == "keras_hdf5":
            model.save(file)
        else:
            write_saved_model(model, file)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in METHODS:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]))
