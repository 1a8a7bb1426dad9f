"""Which part of an image is one sample of the model, and back.

Axes are matched by name. What the image has and the model lacks (t, z, b) is looped: one
position is one sample. What the model has and the image lacks is added with length 1::

    image  T Z C Y X          model  B C Y X
           │ │ └─┴─┴── sample ───────┘ │ │ │
           └─┴──────── looped          └─┴─┴── to_tensor
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import Axes, AxisName, SizeRule, format_axes
from deepimagej.errors import ImageError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import TensorSpec
    from deepimagej.image import Image
    from deepimagej.request import ChannelChoice

_LOOPED = (AxisName.BATCH, AxisName.TIME, AxisName.Z)
_PLANES = (AxisName.TIME, AxisName.Z, AxisName.CHANNEL)
"""ImageJ's order of planes, the fastest last."""

Position = tuple[tuple[AxisName, int], ...]
"""Where a sample lies: an index (from 0) on each looped axis, in the image's order."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How the samples lie in an image; made by `match_axes` only."""

    image: Image
    looped: tuple[tuple[AxisName, int], ...]
    """Looped axes with their lengths, in the image's order; ``channel=all`` loops c too."""
    channels: tuple[int, ...] | None
    """Channels that are fed (from 0); None: all, as they are."""

    def positions(self) -> Iterator[Position]:
        """Every position, the last looped axis fastest."""
        axes = [axis for axis, _ in self.looped]
        for index in itertools.product(*(range(size) for _, size in self.looped)):
            yield tuple(zip(axes, index, strict=True))

    def sample(self, position: Position) -> Image:
        """The part of the image at `position`, a view where possible.

        Axes of `position` that this image does not loop are passed over: a second input may be
        one image for all positions of the first.
        """
        own = dict(self.looped)
        at = {axis: index for axis, index in position if axis in own}
        axes = self.image.axes
        pixels = self.image.pixels[tuple(at.get(axis, slice(None)) for axis in axes)]
        left = tuple(axis for axis in axes if axis not in at)
        if self.channels is not None and AxisName.CHANNEL in left:
            pixels = np.take(pixels, self.channels, axis=left.index(AxisName.CHANNEL))
        return replace(
            self.image,
            pixels=pixels,
            axes=left,
            labels=() if self.looped else self.image.labels,
            display=None if self.looped or self.channels is not None else self.image.display,
            is_rgb=self.image.is_rgb and self.channels is None and AxisName.CHANNEL in left,
        )

    def arrange(self, parts: list[tuple[Position, NDArray[Any]]], axes: Axes) -> tuple[Any, Axes]:
        """Results of all positions as one array with the image's axes.

        Parameters
        ----------
        parts
            Each position with its result: one shape and type for all.
        axes
            Axes of a result; singleton axes that the image lacks are dropped, c stays where the
            result has several channels or the image had one.
        """
        kept = [axis for axis in axes if self._is_kept(axis, axes, parts[0][1].shape)]
        squeeze = tuple(number for number, axis in enumerate(axes) if axis not in kept)
        looped = [axis for axis, _ in self.looped]
        stacked = np.squeeze(parts[0][1], squeeze)
        if looped:  # else there is one position, and no second array of its size is made
            stacked = np.empty((*(size for _, size in self.looped), *stacked.shape), stacked.dtype)
            for position, values in parts:
                stacked[tuple(index for _, index in position)] = np.squeeze(values, squeeze)
        now = (*looped, *kept)
        if self.image.sizes.get(AxisName.CHANNEL) == 1 and AxisName.CHANNEL not in now:
            # A macro's image comes back without the channel axis of length 1 that the user's has.
            stacked, now = stacked[np.newaxis], (AxisName.CHANNEL, *now)
        order = _order_like(self.image.axes, now)
        return np.transpose(stacked, [now.index(axis) for axis in order]), order

    def labels(self, axes: Axes, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Slice labels of the image for a result with its planes; empty where these differ.

        Parameters
        ----------
        axes, shape
            Of the result, after `arrange`.
        """
        sizes = {**self.image.sizes, **({AxisName.CHANNEL: 1} if self.image.is_rgb else {})}
        counts = [sizes.get(axis, 1) for axis in _PLANES]
        if len(self.image.labels) != np.prod(counts):
            return ()
        labels = np.array(self.image.labels, dtype=object).reshape(counts)
        if self.channels is not None:
            labels = labels[..., list(self.channels)]
        new = dict(zip(axes, shape, strict=True))
        is_looped = AxisName.CHANNEL in dict(self.looped)
        if labels.shape[-1] != 1 and not is_looped:
            return ()  # which channel of the image a channel of the result shows is not known
        same = tuple(new.get(axis, 1) for axis in _PLANES) == labels.shape
        return tuple(labels.ravel()) if same and AxisName.INDEX not in new else ()

    def _is_kept(self, axis: AxisName, axes: Axes, shape: tuple[int, ...]) -> bool:
        size = shape[axes.index(axis)]
        if size != 1 or axis is AxisName.INDEX:
            return True
        if axis in dict(self.looped) or axis is AxisName.BATCH:
            return False
        return axis in self.image.axes and (
            axis is not AxisName.CHANNEL or self.image.sizes[axis] == 1
        )


def sample_shape(layout: Layout, tensor: TensorSpec) -> tuple[int, ...]:
    """The shape that `to_tensor` gives for a sample; no pixel is read."""
    looped = dict(layout.looped)
    sizes = {axis: size for axis, size in layout.image.sizes.items() if axis not in looped}
    if layout.channels is not None and AxisName.CHANNEL in sizes:
        sizes[AxisName.CHANNEL] = len(layout.channels)
    return tuple(sizes.get(name, 1) for name in tensor.names)


def match_axes(
    image: Image, tensor: TensorSpec, channel: ChannelChoice, *, strict: bool = True
) -> Layout:
    """How `image` is fed to `tensor`.

    Parameters
    ----------
    channel
        The channels that the request names.
    strict
        Whether the number of channels must fit now; not where a macro prepares the image first.

    Raises
    ------
    ImageError
        If the number of channels does not fit, or an axis of the image has no place.
    OptionError
        If the request names a channel that the image lacks.
    """
    sizes = image.sizes
    if AxisName.INDEX in sizes and tensor.axis(AxisName.INDEX) is None:
        raise ImageError(
            f'"{image.title}" has an axis I, which "{tensor.name}" of the model lacks.',
            hint=f"The model takes the axes {format_axes(tensor.names)}.",
        )
    looped = [
        (axis, size)
        for axis, size in sizes.items()
        if axis in _LOOPED and (axis is AxisName.BATCH or tensor.axis(axis) is None)
    ]
    channels = _chosen_channels(image, channel)
    if channel.each and AxisName.CHANNEL in sizes:
        looped = [pair for pair in sizes.items() if pair in looped or pair[0] is AxisName.CHANNEL]
        n_fed = 1
    else:
        n_fed = len(channels) if channels is not None else sizes.get(AxisName.CHANNEL, 1)
    if strict:
        _check_channels(image, tensor, n_fed, channel)
    return Layout(image=image, looped=tuple(looped), channels=channels)


def _chosen_channels(image: Image, channel: ChannelChoice) -> tuple[int, ...] | None:
    if not channel.numbers:
        return None
    available = image.sizes.get(AxisName.CHANNEL, 1)
    for number in channel.numbers:
        if not 1 <= number <= available:
            raise OptionError(
                f'channel={number} does not exist: "{image.title}" has {count(available)}.',
                hint=f"Give a number from 1 to {available}, or channel=all.",
            )
    return tuple(number - 1 for number in channel.numbers)


def count(n_channels: int) -> str:
    """``1 channel``, ``2 channels``."""
    return f"{n_channels} channel" if n_channels == 1 else f"{n_channels} channels"


def fits_channels(image: Image, tensor: TensorSpec) -> bool:
    """Whether all channels of `image` can be fed as they are."""
    takes = _channels_taken(tensor)
    return takes is None or takes.accepts(image.sizes.get(AxisName.CHANNEL, 1))


def _channels_taken(tensor: TensorSpec) -> SizeRule | None:
    axis = tensor.axis(AxisName.CHANNEL)
    if axis is None:
        return SizeRule(1)
    return axis.size if isinstance(axis.size, SizeRule) else None


def _check_channels(
    image: Image, tensor: TensorSpec, n_fed: int, channel: ChannelChoice | None = None
) -> None:
    takes = _channels_taken(tensor)
    if takes is None or takes.accepts(n_fed):
        return
    has = image.sizes.get(AxisName.CHANNEL, 1)
    what = f'"{image.title}" is RGB: {count(has)}' if image.is_rgb else None
    what = what or f'"{image.title}" has {count(has)}'
    if channel is not None and (channel.each or channel.numbers):
        chosen = "all feeds one at a time" if channel.each else _listed(channel.numbers)
        what = f"{what}, channel={chosen}"
    raise ImageError(
        f'{what}, "{tensor.name}" of the model takes {takes.min}.',
        hint=_channel_hint(has, takes.min),
    )


def _channel_hint(n_has: int, n_taken: int) -> str:
    if n_taken == 1:
        return "Choose one with channel=1, or run the model on each with channel=all."
    if n_has >= n_taken:
        return f"Choose {n_taken} with channel={_listed(range(1, n_taken + 1))}."
    return f"Merge {n_taken} channels in one image first; channel= chooses those of one image."


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def to_tensor(image: Image, tensor: TensorSpec, *, from_macro: bool = False) -> NDArray[Any]:
    """Pixels of one sample in the axis order of `tensor`; missing axes have length 1.

    Parameters
    ----------
    from_macro
        Whether a macro made the image: then slices or frames in the number of channels that the
        model takes are read as channels, as macros build channels as stacks.

    Raises
    ------
    ImageError
        If an axis longer than 1 has no place in the tensor, or the channels do not fit.
    """
    if from_macro:
        image = _stack_as_channels(image, tensor)
    _check_channels(image, tensor, image.sizes.get(AxisName.CHANNEL, 1))
    pixels, axes = image.pixels, image.axes
    for axis, size in image.sizes.items():
        if axis in tensor.names:
            continue
        if size != 1:
            raise ImageError(
                f'"{image.title}" has {size} px along {axis.upper()}, '
                f'which "{tensor.name}" of the model lacks.',
                hint=f"The model takes the axes {format_axes(tensor.names)}.",
            )
        pixels = np.take(pixels, 0, axis=axes.index(axis))
        axes = tuple(name for name in axes if name is not axis)
    order = [axes.index(name) for name in tensor.names if name in axes]
    pixels = np.transpose(pixels, order)
    missing = tuple(number for number, name in enumerate(tensor.names) if name not in axes)
    return np.expand_dims(pixels, missing)


def _stack_as_channels(image: Image, tensor: TensorSpec) -> Image:
    axis = tensor.axis(AxisName.CHANNEL)
    if axis is None or not isinstance(axis.size, SizeRule):
        return image
    if axis.size.accepts(image.sizes.get(AxisName.CHANNEL, 1)):
        return image
    for name in (AxisName.Z, AxisName.TIME):
        size = image.sizes.get(name, 1)
        if tensor.axis(name) is None and size > 1 and axis.size.accepts(size):
            flat = [n for n in image.axes if n is not AxisName.CHANNEL]
            if AxisName.CHANNEL in image.axes and image.sizes[AxisName.CHANNEL] != 1:
                return image
            shape = [image.sizes[n] for n in flat]
            axes = tuple(AxisName.CHANNEL if n is name else n for n in flat)
            return image.with_pixels(image.pixels.reshape(shape), axes)
    return image


def check_loops(layouts: Mapping[str, Layout]) -> None:
    """Refuse images whose looped axes differ from those of the first.

    Raises
    ------
    ImageError
        If two images have different lengths along a looped axis.
    """
    first, *others = layouts.values()
    lengths = dict(first.looped)
    for other in others:
        for axis, size in other.looped:
            if lengths.get(axis) != size:
                raise ImageError(
                    f'"{first.image.title}" has {lengths.get(axis, 1)} positions along '
                    f'{axis.upper()}, "{other.image.title}" has {size}.',
                    hint="Give images of the same length, or one without that axis.",
                )


def is_table(tensor: TensorSpec) -> bool:
    """Whether an output is a list (no y and no x): a table, not an image."""
    return AxisName.Y not in tensor.names and AxisName.X not in tensor.names


def _order_like(image: Axes, names: Axes) -> Axes:
    """`names` in the order of the image; new ones before y and x, an index first."""
    ranking = {axis: number for number, axis in enumerate("itzbcyx")}
    if all(axis in image for axis in names):
        return tuple(axis for axis in image if axis in names)
    known = [axis for axis in image if axis in names]
    for axis in sorted(set(names) - set(image), key=lambda name: ranking[name.value]):
        after = [k for k in known if ranking[k.value] > ranking[axis.value]]
        known.insert(known.index(after[0]) if after else len(known), axis)
    return tuple(known)
