"""Sizes, axes and steps of a model in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepimagej.axes import AxisName, DataDependentSize, SizeRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepimagej.axes import Axis
    from deepimagej.bundle.spec import ModelSpec, Operation, TensorSpec

_AXES: Final = {
    AxisName.BATCH: "samples",
    AxisName.TIME: "time points",
    AxisName.Z: "slices (z)",
    AxisName.CHANNEL: "channels",
    AxisName.Y: "height (y)",
    AxisName.X: "width (x)",
    AxisName.INDEX: "rows of a list",
}
_TASKS: Final[Mapping[str, tuple[str, ...]]] = {
    "localisation": ("smlm", "localization", "localisation", "storm", "palm"),
    "detection": ("detection", "object-detection", "counting", "spots"),
    "restoration": (
        "restoration", "denoising", "super-resolution", "deblurring", "deconvolution", "noise2void",
        "n2v", "care", "image-reconstruction", "virtual-staining", "image-to-image",
    ),
    "segmentation": (
        "segmentation", "instance-segmentation", "semantic-segmentation", "stardist", "cellpose",
        "boundary", "mask",
    ),
    "classification": ("classification", "classifier"),
}  # fmt: skip
"""Tags by which authors tell what a network does; the first that fits."""

_OPERATIONS: Final[Mapping[str, str]] = {
    "scale_range": "Scale each sample so that percentiles {min_percentile} and {max_percentile} "
    "become 0 and 1",
    "zero_mean_unit_variance": "Subtract the mean and divide by the standard deviation",
    "fixed_zero_mean_unit_variance": "Subtract the mean {mean} and divide by {std}, as in training",
    "scale_linear": "Multiply by {gain} and add {offset}",
    "scale_mean_variance": "Give it the mean and variance of {reference_tensor}",
    "binarize": "Set what is above {threshold} to 1 and the rest to 0",
    "clip": "Cut values to {min} to {max}",
    "sigmoid": "Turn scores into probabilities (sigmoid)",
    "softmax": "Turn scores into probabilities (softmax)",
    "ensure_dtype": "Convert to {dtype}",
}
_DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "scale_range": {"min_percentile": 0, "max_percentile": 100},
    "scale_linear": {"gain": 1, "offset": 0},
}


def task_of(spec: ModelSpec) -> str:
    """What the model does: one of the words that the window has a drawing for, or ``""``."""
    words = {tag.casefold() for tag in spec.tags}
    for task, tags in _TASKS.items():
        if words.intersection(tags):
            return task
    return ""


def dimensions(spec: ModelSpec) -> str:
    """``2D`` or ``3D``."""
    return "3D" if any(tensor.axis(AxisName.Z) for tensor in spec.inputs) else "2D"


def axis_in_words(axis: Axis) -> str:
    """An axis with its legal lengths, as in ``height (y): 224 px or more, in steps of 16``."""
    name = _AXES[axis.name]
    if axis.channel_names and axis.name is AxisName.CHANNEL:
        name = f"channels ({', '.join(axis.channel_names)})"
    return f"{name}: {_size_in_words(axis)}"


def _size_in_words(axis: Axis) -> str:
    unit = " px" if axis.name.is_spatial else ""
    size = axis.size
    if isinstance(size, SizeRule):
        if axis.name is AxisName.BATCH and axis.concatenable:
            return "one or several"
        if size.step == 0:
            return f"{size.min}{unit}"
        any_size = size.min == 1 and size.step == 1
        return "any" if any_size else f"{size.min}{unit} or more, in steps of {size.step}"
    if isinstance(size, DataDependentSize):
        return "known after the run"
    parts = [f"as {size.axis} of {size.tensor}"]
    if size.scale != 1:
        parts.append(f"times {size.scale:g}")
    if size.offset:
        change = "plus" if size.offset > 0 else "less"
        parts.append(f"{change} {abs(2 * size.offset):g}{unit}")
    return " ".join(parts)


def pixel_size(tensor: TensorSpec) -> str:
    """The size of a pixel that the author declares, as in ``0.2 x 0.2 micrometer``; or ``""``."""
    axes = [axis for axis in tensor.axes if axis.name.is_spatial]
    units = {axis.unit for axis in axes if axis.unit}
    if len(units) != 1:
        return ""
    return f"{' x '.join(f'{axis.scale:g}' for axis in axes)} {units.pop()}"


def operation_in_words(operation: Operation) -> str:
    """A zoo operation as a sentence without its full stop."""
    sentence = _OPERATIONS.get(operation.name)
    values = {**_DEFAULTS.get(operation.name, {}), **operation.kwargs}
    if sentence is None:
        told = ", ".join(f"{key} {_short(value)}" for key, value in values.items())
        return f"{operation.name}{f' ({told})' if told else ''}"
    try:
        return sentence.format_map({key: _short(value) for key, value in values.items()})
    except KeyError:  # an argument that the bundle leaves to the operation
        return operation.name.replace("_", " ")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(_short(item) for item in value)
    return str(value)


def listed(texts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def times(numbers: Sequence[int]) -> str:
    """``512 x 512``."""
    return " x ".join(map(str, numbers))


def duration(seconds: float) -> str:
    """A time as people say it: ``3 s``, ``2 min``, ``1.5 h``; at least a second."""
    seconds = max(seconds, 1)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
