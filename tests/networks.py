"""Small random convolutional networks whose receptive field is known, on plain numpy.

They compute in float64, so that a wrong pixel in a halo cannot hide in rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from deepimagej.axes import Axis, AxisName, SizeReference, SizeRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Layer(StrEnum):
    """What a network is made of; each works along all spatial axes."""

    CONV3 = "conv3"
    CONV5 = "conv5"
    POOL = "pool"
    """Largest of 2 px: the length must be even."""
    STRIDE = "stride"
    """Convolution of which each second px is kept: ceil(n / 2)."""
    UP = "up"
    """Each px twice, then a convolution."""
    VALID3 = "valid3"
    """Convolution that loses 1 px on each side; always last."""


@dataclass(frozen=True, slots=True)
class Net:
    """A network of one channel on images with `ndim` axes."""

    layers: tuple[Layer, ...]
    ndim: int = 2
    seed: int = 0

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """The network on one image."""
        random = np.random.default_rng(self.seed)
        for layer in self.layers:
            image = np.tanh(self._run(layer, image, random))
        return image

    def _run(self, layer: Layer, image: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
        if layer is Layer.POOL:
            for axis in range(self.ndim):
                pairs = image.reshape(*image.shape[:axis], -1, 2, *image.shape[axis + 1 :])
                image = pairs.max(axis=axis + 1)
            return image
        if layer is Layer.UP:
            for axis in range(self.ndim):
                image = image.repeat(2, axis=axis)
        width = 5 if layer is Layer.CONV5 else 3
        kernel = random.normal(size=(width,) * self.ndim)
        windows = sliding_window_view(np.pad(image, width // 2), kernel.shape)
        image = np.tensordot(windows, kernel, self.ndim)
        if layer is Layer.STRIDE:
            return image[(slice(None, None, 2),) * self.ndim]
        return image[(slice(1, -1),) * self.ndim] if layer is Layer.VALID3 else image

    @property
    def step(self) -> int:
        """Input lengths must be multiples of it."""
        return int(2 ** self.layers.count(Layer.POOL))

    @property
    def scale(self) -> float:
        """Output px for one input px."""
        n_down = self.layers.count(Layer.POOL) + self.layers.count(Layer.STRIDE)
        return 2.0 ** (self.layers.count(Layer.UP) - n_down)

    @property
    def offset(self) -> float:
        """Half the px that the output has beyond the scaled input."""
        return -float(self.layers.count(Layer.VALID3))

    @property
    def smallest(self) -> int:
        """Px of the smallest image of which a px is left."""
        return int(-2 * self.offset / self.scale) + 1

    @property
    def halo(self) -> int:
        """Output px whose value what lies beyond the tile may change."""
        px, radius = 1.0, 0.0
        for layer in self.layers:
            if layer is Layer.UP:
                radius += px
                px /= 2
            if layer is Layer.POOL:
                radius += px
            elif layer is not Layer.VALID3:
                radius += px * (2 if layer is Layer.CONV5 else 1)
            if layer in (Layer.POOL, Layer.STRIDE):
                px *= 2
        return int(-(-radius * self.scale // 1))


def nets(ndim: int, *, pools: bool = True) -> st.SearchStrategy[Net]:
    """Random networks; those without pools take any length."""
    inner: list[Layer] = [layer for layer in list(Layer) if layer != Layer.VALID3]
    if not pools:
        inner.remove(Layer.POOL)
    body: st.SearchStrategy[list[Layer]] = st.lists(st.sampled_from(inner), max_size=3)
    tail = st.lists(st.just(Layer.VALID3), max_size=2)
    return st.builds(
        lambda layers, last, seed: Net((*layers, *last), ndim, seed),
        body.filter(_has_known_lengths),
        tail,
        st.integers(0, 99),
    )


def _has_known_lengths(layers: list[Layer]) -> bool:
    """After a stride an odd length is lost: no pool and no doubling may follow."""
    if Layer.STRIDE not in layers:
        return True
    after = layers[layers.index(Layer.STRIDE) :]
    return Layer.POOL not in after and Layer.UP not in after


SPATIAL = (AxisName.Z, AxisName.Y, AxisName.X)


def around(axes: Sequence[Axis], *, has_batch: bool) -> tuple[Axis, ...]:
    """The spatial `axes` with a channel axis and, if wished, a batch axis."""
    channel = Axis("c", AxisName.CHANNEL, SizeRule(1))
    batch = (Axis("b", AxisName.BATCH, SizeRule(1), concatenable=True),) if has_batch else ()
    return (*batch, channel, *axes)


def input_axes(rule: SizeRule, ndim: int, *, has_batch: bool = True) -> tuple[Axis, ...]:
    """Axes of an input with `rule` along each spatial axis."""
    spatial = [Axis(name.value, name, rule) for name in SPATIAL[3 - ndim :]]
    return around(spatial, has_batch=has_batch)


def output_axes(
    net: Net, *, of: str = "raw", has_batch: bool = True, halo: int | None = None
) -> tuple[Axis, ...]:
    """Axes of the output of `net`; `halo` None: as large as its receptive field."""
    halo = net.halo if halo is None else halo
    spatial = [
        Axis(name.value, name, SizeReference(of, name.value, net.scale, net.offset), halo)
        for name in SPATIAL[3 - net.ndim :]
    ]
    return around(spatial, has_batch=has_batch)
