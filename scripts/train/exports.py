"""From a trained network to weights files, without its framework's training parts."""

from __future__ import annotations

import copy
import hashlib
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from training import Network

OPSET = 17


def write_onnx(
    module: nn.Module, sample: torch.Tensor, file: Path, *, names: tuple[str, str], axes: str
) -> None:
    """`module` as ONNX, batch norms folded; sizes of the spatial axes and the batch stay open."""
    open_axes = {place: axis for place, axis in enumerate(axes) if axis != "c"}
    with warnings.catch_warnings():
        # The exporter of torch.export needs onnxscript, and writes larger graphs for these nets.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (sample,),
            str(file),
            dynamo=False,
            opset_version=OPSET,
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_axes=dict.fromkeys(names, open_axes),
        )


def write_torchscript(module: nn.Module, sample: torch.Tensor, file: Path) -> None:
    """`module` as traced TorchScript, frozen."""
    with warnings.catch_warnings(), torch.inference_mode():
        # deepimagej's engine takes TorchScript; torch calls it deprecated since 2.10.
        warnings.simplefilter("ignore")
        traced = torch.jit.freeze(torch.jit.trace(module.eval(), sample))
        torch.jit.save(traced, str(file))


def to_keras(network: Network, *, name: str, finish: Callable[[Any], Any], output: str) -> Any:
    """The 2-D network in Keras, (batch, y, x, channel), with the same weights.

    Parameters
    ----------
    finish
        From the linear outputs of the head to those of the bundle.
    """
    import keras

    layers = keras.layers
    image = keras.Input((None, None, 1), name=name)
    values, features = image, []
    for level, block in enumerate(network.trunk.down):
        values = _double_conv(block, layers.MaxPooling2D(2)(values) if level else values)
        features.append(values)
    for level in range(network.trunk.levels - 2, network.trunk.last - 1, -1):
        larger = layers.UpSampling2D(2, interpolation="nearest")(values)
        joined = layers.Concatenate()([larger, features[level]])
        values = _double_conv(network.trunk.up[str(level)], joined)
    values = _conv(network.features, values, activation="relu")
    values = layers.Identity(name=output)(finish(_conv(network.head, values)))
    return keras.Model(image, values)


def _double_conv(block: nn.Sequential, values: Any) -> Any:
    for conv, norm in ((block[0], block[1]), (block[3], block[4])):
        folded = nn.utils.fuse_conv_bn_eval(conv, norm)
        values = _conv(folded, values, activation="relu")
    return values


def _conv(conv: nn.Conv2d, values: Any, activation: str | None = None) -> Any:
    import keras

    layer = keras.layers.Conv2D(
        conv.out_channels, conv.kernel_size, padding="same", activation=activation
    )
    result = layer(values)
    kernel = conv.weight.detach().numpy().transpose(2, 3, 1, 0)
    layer.set_weights([kernel, conv.bias.detach().numpy()])
    return result


def write_saved_model(model: Any, file: Path) -> None:
    """A Keras model as a SavedModel in a zip; Keras' own export writes each weight twice."""
    import tensorflow as tf

    served = tf.Module()
    served.weights = [variable.value for variable in model.variables]
    shape, names = model.inputs[0].shape, (model.inputs[0].name, model.output_names[0])

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name=names[0])])
    def serve(image: Any) -> dict[str, Any]:
        return {names[1]: model(image, training=False)}

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(served, folder, signatures={"serving_default": serve})
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for member in sorted(Path(folder).rglob("*")):
                if member.is_file() and member.name != "fingerprint.pb":
                    archive.write(member, member.relative_to(folder).as_posix())


def receptive_radius(network: Network, step: int) -> tuple[int, ...]:
    """How far, in px, an input px reaches in the output along each spatial axis: the halo.

    All weights are made positive and the impulse huge, so that nothing hides a path; every place
    of the pooling grid is tried.
    """
    positive = copy.deepcopy(network).eval()
    for layer in positive.modules():
        if isinstance(layer, (nn.Conv2d, nn.Conv3d)):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm3d)):
            layer.reset_running_stats()
            layer.reset_parameters()
    dimensions = network.head.weight.ndim - 2
    size, grid = 2 * step * 2**network.trunk.levels, 2**network.trunk.last
    radius = np.zeros(dimensions, int)
    for offset in range(step):
        at = size // 2 + offset
        image = torch.zeros((1, 1, *[size] * dimensions))
        image[(0, 0, *[at] * dimensions)] = 1e6
        with torch.inference_mode():
            output = positive(image)[0, 0].numpy()
        reached = grid * np.argwhere(output)
        radius = np.maximum(radius, np.maximum(at - reached.min(0), reached.max(0) - at))
    return tuple(int(value) for value in radius)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
