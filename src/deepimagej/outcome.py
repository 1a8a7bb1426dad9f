"""What the positions of a run gave, put together: images of all positions, tables, ROIs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName, SizeReference
from deepimagej.image import SOURCE_SIZE, Image
from deepimagej.positions import is_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import roifile

    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.image import Calibration
    from deepimagej.positions import Layout, Position
    from deepimagej.processing import Tensor

_LABEL_WORDS = re.compile(r"label|instance|segment|object|class", re.IGNORECASE)
_LABEL_BYTES = 4
"""Integers of this size are no camera's."""
_COUNTED = {AxisName.TIME: "frame", AxisName.Z: "slice", AxisName.CHANNEL: "channel"}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one position gave."""

    position: Position
    images: Mapping[str, Image]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    rois: tuple[roifile.ImagejRoi, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All positions of a run put together."""

    stem: str
    """Title of the user's image without extension: the start of all names."""
    images: Mapping[str, Image]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    rois: tuple[roifile.ImagejRoi, ...] = ()
    imageplus: Mapping[str, Any] = field(default_factory=dict)
    """ImagePlus that the macros left, where they stand for a whole image."""
    has_table_windows: bool = False
    """Whether the macros' own windows with the tables stay open."""
    active: str | None = None
    """The image that the macros left current; None: the last one."""


def output_image(output: TensorSpec, tensor: Tensor, source: Image, spec: ModelSpec) -> Image:
    """A network output as an image named by its tensor, calibrated from `source`.

    Parameters
    ----------
    tensor
        The output with all axes of the model.
    source
        The image that the (first) input tensor was made of.
    """
    return Image(
        pixels=tensor.values,
        axes=tensor.names,
        title=f"{source.stem}_{output.name}",
        calibration=_scaled(output, tensor, source, spec),
        is_label=_is_label(output, tensor),
        properties=_source_size(tensor, source),
    )


def _source_size(tensor: Tensor, source: Image) -> tuple[tuple[str, str], ...]:
    """The property `SOURCE_SIZE`, where it is not that of the output."""
    sizes = dict(zip(tensor.names, tensor.values.shape, strict=True))
    plane = (AxisName.Y, AxisName.X)
    if all(sizes.get(axis) == source.sizes.get(axis) for axis in plane):
        return ()
    return ((SOURCE_SIZE, " ".join(str(source.sizes.get(axis, 1)) for axis in plane)),)


def _is_label(output: TensorSpec, tensor: Tensor) -> bool:
    """Whether an output names objects: integers that images never are, or that its name says so."""
    if tensor.values.dtype.kind not in "iu":
        return False
    channels = dict(zip(tensor.names, tensor.values.shape, strict=True)).get(AxisName.CHANNEL, 1)
    is_named = _LABEL_WORDS.search(f"{output.name} {output.description}") is not None
    return channels == 1 and (tensor.values.dtype.itemsize >= _LABEL_BYTES or is_named)


def _scaled(output: TensorSpec, tensor: Tensor, source: Image, spec: ModelSpec) -> Calibration:
    """Calibration of an output: pixel size by input over output size, origin by the offset.

    Output px p shows input px (p - offset) / scale; ImageJ places px p at (p - origin)·size.
    """
    old, new = source.calibration, source.calibration
    lengths = dict(zip(tensor.names, tensor.values.shape, strict=True))
    for axis in output.axes:
        if not axis.name.is_spatial or axis.name not in source.sizes:
            continue
        name = axis.name.value
        if isinstance(axis.size, SizeReference):
            scale, offset = axis.size.scale, axis.size.offset
        else:
            scale, offset = lengths[axis.name] / source.sizes[axis.name], 0.0
        if scale <= 0:
            continue
        size = getattr(old, name) / scale
        origin = getattr(old, f"{name}_origin") * scale + offset
        new = replace(new, **{name: size, f"{name}_origin": origin})
    return new


def output_table(output: TensorSpec, tensor: Tensor) -> pd.DataFrame:
    """A network output without y and x as a table: a row an index, a column a channel."""
    import pandas as pd

    values, axes = tensor.values, tensor.names
    keep = [axis for axis in axes if axis in (AxisName.INDEX, AxisName.CHANNEL)]
    for axis in axes:
        if axis not in keep:
            values = np.take(
                values, 0, axis=[a for a in axes if a in keep or a is axis].index(axis)
            )
            axes = tuple(a for a in axes if a is not axis)
    if AxisName.CHANNEL not in keep:
        values, keep = values[:, np.newaxis], [AxisName.INDEX, AxisName.CHANNEL]
    if AxisName.INDEX not in keep:
        values, keep = values[np.newaxis], [AxisName.INDEX, AxisName.CHANNEL]
    values = values if keep[0] is AxisName.INDEX else values.T
    channel = output.axis(AxisName.CHANNEL)
    names = channel.channel_names if channel is not None else ()
    if len(names) != values.shape[1]:
        names = tuple(f"C{number}" for number in range(1, values.shape[1] + 1))
    return pd.DataFrame(values, columns=list(names))


def join_images(parts: list[Part], layout: Layout) -> dict[str, Image]:
    """Images of all positions, by name, with the axes of the user's image.

    An image that not every position gave, that differs in shape or type, or that has a looped
    axis itself, stays apart: one image a position, its name followed by the position.
    """
    joined: dict[str, Image] = {}
    for name in dict.fromkeys(name for part in parts for name in part.images):
        found = [(part.position, part.images[name]) for part in parts if name in part.images]
        kinds = {(image.axes, image.pixels.shape, image.pixels.dtype) for _, image in found}
        sizes = found[0][1].sizes  # a macro may build a stack at each slice
        is_plane = all(sizes.get(axis, 1) == 1 for axis, _ in found[0][0])
        if len(found) == len(parts) and len(kinds) == 1 and is_plane:
            joined[name] = _join([(p, image) for p, image in found], layout)
            continue
        for position, image in found:
            place = "".join(f"_{axis.value}{index + 1}" for axis, index in position)
            joined[name + place] = replace(_join([((), image)], layout), title=image.title + place)
    return joined


def _join(found: list[tuple[Position, Image]], layout: Layout) -> Image:
    first = found[0][1]
    if len(found) == 1 and not found[0][0] and first.axes == layout.image.axes:
        return first
    alone = replace(layout, looped=()) if not found[0][0] else layout
    pixels, axes = alone.arrange([(p, image.pixels) for p, image in found], first.axes)
    display = first.display if AxisName.CHANNEL not in dict(alone.looped) else None
    own = first.labels if len(found) == 1 else ()  # a macro's
    labels = own or layout.labels(axes, pixels.shape)
    return replace(first, pixels=pixels, axes=axes, labels=labels, display=display)


def join_tables(parts: list[Part], layout: Layout) -> dict[str, pd.DataFrame]:
    """Tables of all positions one under the other, with true ``frame`` and ``slice`` columns."""
    names = dict.fromkeys(name for part in parts for name in part.tables)
    if not names:
        return {}
    import pandas as pd

    joined = {}
    for name in names:
        tables = []
        for part in parts:
            if name not in part.tables:
                continue
            table = part.tables[name].copy()
            for axis, index in part.position:
                table[_COUNTED.get(axis, axis.value)] = index + 1
            tables.append(table)
        joined[name] = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    return joined


def join_rois(parts: list[Part]) -> tuple[roifile.ImagejRoi, ...]:
    """ROIs of all positions, each placed on its slice and frame."""
    rois = []
    for part in parts:
        for roi in part.rois:
            _place(roi, part.position)
            rois.append(roi)
    return tuple(rois)


def _place(roi: roifile.ImagejRoi, position: Position) -> None:
    """Put `roi` on its plane: a plain stack counts planes, a hyperstack has three numbers."""
    looped = [(axis, index + 1) for axis, index in position if axis in _COUNTED]
    if len(looped) == 1:
        roi.position = looped[0][1]
        return
    for axis, number in looped:
        setattr(roi, f"{axis.value}_position", number)


def split_outputs(
    spec: ModelSpec, outputs: Mapping[str, Tensor], source: Image
) -> tuple[dict[str, Image], dict[str, pd.DataFrame]]:
    """Network outputs as images and, those without y and x, as tables."""
    images: dict[str, Image] = {}
    tables: dict[str, Any] = {}
    for output in spec.outputs:
        if is_table(output):
            tables[output.name] = output_table(output, outputs[output.name])
        else:
            images[output.name] = output_image(output, outputs[output.name], source, spec)
    return images, tables
