"""How long the axes of a tensor are: every form of formats 0.3, 0.4 and 0.5 as an `Axis`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepimagej.axes import Axis, AxisName, AxisSize, DataDependentSize, SizeReference, SizeRule
from deepimagej.bundle.values import (
    Values,
    boolean_of,
    first_of,
    integer_of,
    list_of,
    mapping_of,
    number_of,
    text_of,
)
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepimagej.bundle.axis_names import NamedAxis, NamedTensor

_OPEN_BATCH = SizeRule(1, 1)
_SIZE_HINT = "Give the length, min and step, or a reference to an axis of another tensor."


def read_axes(
    tensor: NamedTensor, tensors: Sequence[NamedTensor], warn: Callable[[str], None]
) -> tuple[Axis, ...]:
    """The axes of `tensor` with their sizes and halos.

    Parameters
    ----------
    tensor
        The tensor to read.
    tensors
        All tensors of the model, inputs first: what references can mean.
    warn
        Takes what is wrong and can be mended.

    Raises
    ------
    BundleError
        If a size is missing or impossible, or refers to what does not exist.
    """
    if any(axis.values for axis in tensor.axes):
        axes = [_entry_axis(tensor, axis, tensors, warn) for axis in tensor.axes]
    else:
        sizes = _shape_sizes(tensor, tensors, warn)
        axes = [
            Axis(axis.id, axis.name, size, concatenable=_is_open_batch(axis, size))
            for axis, size in zip(tensor.axes, sizes, strict=True)
        ]
    halos = _halos(tensor, warn)
    return tuple(
        replace(axis, halo=halos.get(axis.name, axis.halo)) if not tensor.is_input else axis
        for axis in axes
    )


def input_halos(tensor: NamedTensor) -> Mapping[AxisName, int]:
    """The halo that the old CSBDeep format declares on its inputs."""
    return _halos(tensor, lambda _: None)


def _is_open_batch(axis: NamedAxis, size: AxisSize) -> bool:
    return axis.name is AxisName.BATCH and isinstance(size, SizeRule) and size.step > 0


# Formats 0.2 to 0.4: letters and one shape


def _shape_sizes(
    tensor: NamedTensor, tensors: Sequence[NamedTensor], warn: Callable[[str], None]
) -> list[AxisSize]:
    shape = tensor.values.get("shape")
    values = mapping_of(shape)
    if isinstance(shape, (list, tuple)):
        return _explicit_sizes(tensor, shape, warn)
    if "min" in values:
        return _stepped_sizes(tensor, values, tensors, warn)
    if first_of(values, "reference_tensor", "reference_input") is not None:
        return _referring_sizes(tensor, values, tensors)
    raise BundleError(f"The {tensor} has no shape.", hint=_SIZE_HINT)


def _explicit_sizes(
    tensor: NamedTensor, shape: Sequence[Any], warn: Callable[[str], None]
) -> list[AxisSize]:
    _check_count(tensor, "shape", shape)
    return [
        _explicit_size(tensor, axis, value, warn)
        for axis, value in zip(tensor.axes, shape, strict=True)
    ]


def _explicit_size(
    tensor: NamedTensor, axis: NamedAxis, value: Any, warn: Callable[[str], None]
) -> AxisSize:
    size = integer_of(-1 if value is None else value)
    if size is None:
        raise _impossible(tensor, axis, value)
    if size > 0:
        return SizeRule(size)
    if axis.name is AxisName.BATCH:
        return _OPEN_BATCH
    if not tensor.is_input:
        return DataDependentSize()
    warn(f"The {tensor} leaves the length of axis {axis.id} open; any length is fed.")
    return SizeRule(1, 1)


def _stepped_sizes(
    tensor: NamedTensor,
    values: Values,
    tensors: Sequence[NamedTensor],
    warn: Callable[[str], None],
) -> list[AxisSize]:
    smallest, steps = list_of(values.get("min")), list_of(values.get("step"))
    steps = steps or [0] * len(smallest)
    _check_count(tensor, "min", smallest)
    _check_count(tensor, "step", steps)
    rules = [
        _rule(tensor, axis, least, 0 if step is None else step)
        for axis, least, step in zip(tensor.axes, smallest, steps, strict=True)
    ]
    if tensor.is_input:
        return list(rules)
    warn(f"The {tensor} gives min and step; its lengths are taken to follow the first input.")
    first = next(other for other in tensors if other.is_input)
    return [
        _stepped_output(first, axis, rule) for axis, rule in zip(tensor.axes, rules, strict=True)
    ]


def _rule(tensor: NamedTensor, axis: NamedAxis, least: Any, step: Any) -> SizeRule:
    smallest, grid = integer_of(least), integer_of(step)
    if smallest is None or grid is None or smallest < 0 or grid < 0:
        raise _impossible(tensor, axis, f"min {text_of(least)} step {text_of(step)}")
    if axis.name is AxisName.BATCH and smallest <= 1 and grid == 0:
        return _OPEN_BATCH  # how formats up to 0.4 write an open batch
    return SizeRule(smallest or max(grid, 1), grid)


def _stepped_output(first: NamedTensor, axis: NamedAxis, rule: SizeRule) -> AxisSize:
    """The reference that `rule` of an output means, given the rule of the input's axis."""
    if rule.step == 0:
        return rule
    twin = next((other for other in first.axes if other.name is axis.name), None)
    if twin is None:
        return DataDependentSize(rule.min)
    place = first.axes.index(twin)
    shape = mapping_of(first.values.get("shape"))
    smallest = integer_of(dict(enumerate(list_of(shape.get("min")))).get(place)) or rule.min
    step = integer_of(dict(enumerate(list_of(shape.get("step")))).get(place)) or rule.step
    scale = 1.0 if axis.name is AxisName.BATCH else rule.step / step
    offset = 0.0 if axis.name is AxisName.BATCH else round(rule.min - smallest * scale) / 2
    return SizeReference(first.name, twin.id, scale, offset)


def _referring_sizes(
    tensor: NamedTensor, values: Values, tensors: Sequence[NamedTensor]
) -> list[AxisSize]:
    called = text_of(first_of(values, "reference_tensor", "reference_input"))
    reference = find_tensor(tensors, called)
    if reference is None:
        raise BundleError(
            f'The shape of the {tensor} refers to the unknown tensor "{called}".',
            hint=f"The tensors are {_names(tensors)}.",
        )
    scales = list_of(values.get("scale")) or [1] * len(tensor.axes)
    offsets = list_of(values.get("offset")) or [0] * len(tensor.axes)
    _check_count(tensor, "scale", scales)
    _check_count(tensor, "offset", offsets)
    return [
        _referring_size(tensor, axis, reference, (scale, offset))
        for axis, scale, offset in zip(tensor.axes, scales, offsets, strict=True)
    ]


def _referring_size(
    tensor: NamedTensor, axis: NamedAxis, reference: NamedTensor, terms: tuple[Any, Any]
) -> AxisSize:
    """``ceil(length·scale) + 2·offset``; scale 0 or null is an axis that the reference lacks."""
    scale = 0.0 if terms[0] is None else number_of(terms[0])
    offset = 0.0 if terms[1] is None else number_of(terms[1])
    if scale is None or offset is None or scale < 0 or 2 * offset != round(2 * offset):
        raise _impossible(tensor, axis, f"scale {text_of(terms[0])} offset {text_of(terms[1])}")
    twin = next((other for other in reference.axes if other.name is axis.name), None)
    if twin is not None and scale > 0:
        return SizeReference(reference.name, twin.id, scale, offset)
    if axis.name is AxisName.BATCH:
        return SizeRule(1)
    # An axis that the reference lacks has length 1 there.
    length = SizeReference("", "", scale, offset).length(1)
    if length < 1:
        raise _impossible(tensor, axis, length)
    return SizeRule(length)


# Format 0.5: a mapping an axis


def _entry_axis(
    tensor: NamedTensor,
    axis: NamedAxis,
    tensors: Sequence[NamedTensor],
    warn: Callable[[str], None],
) -> Axis:
    values = axis.values
    names = tuple(text_of(name) for name in list_of(values.get("channel_names")))
    size = _entry_size(tensor, axis, tensors, warn)
    is_open = _is_open_batch(axis, size)
    return Axis(
        axis.id,
        axis.name,
        size,
        halo=_halo(tensor, axis, values.get("halo"), warn),
        channel_names=names,
        scale=scale_of(axis),
        unit=text_of(values.get("unit")),
        concatenable=is_open or boolean_of(values.get("concatenable"), False),
    )


def _entry_size(
    tensor: NamedTensor,
    axis: NamedAxis,
    tensors: Sequence[NamedTensor],
    warn: Callable[[str], None],
) -> AxisSize:
    size = axis.values.get("size")
    values = mapping_of(size)
    length = integer_of(size)
    if length is not None and length > 0:
        return SizeRule(length)
    if size is None:
        return _default_size(tensor, axis, tensors)
    if values.get("tensor_id") is not None:
        called = (text_of(values["tensor_id"]), text_of(values.get("axis_id")) or axis.id)
        return _reference(tensor, axis, tensors, (*called, values.get("offset")))
    if isinstance(size, str) and "." in size:
        name, _, axis_id = size.strip().rpartition(".")
        return _reference(tensor, axis, tensors, (name, axis_id, None))
    if "step" in values:
        return _entry_rule(tensor, axis, tensors, warn)
    if "min" in values or "max" in values:
        return _bounded(tensor, axis, values, warn)
    raise _impossible(tensor, axis, size)


def _default_size(tensor: NamedTensor, axis: NamedAxis, tensors: Sequence[NamedTensor]) -> AxisSize:
    names = list_of(axis.values.get("channel_names"))
    if axis.name is AxisName.CHANNEL and names:
        return SizeRule(len(names))
    if axis.name is AxisName.BATCH and tensor.is_input:
        return _OPEN_BATCH
    if axis.name is AxisName.BATCH:
        inputs = (other for other in tensors if other.is_input)
        found = ((other, other.find("batch")) for other in inputs)
        first = next(((other, twin) for other, twin in found if twin is not None), None)
        return SizeRule(1) if first is None else SizeReference(first[0].name, first[1].id)
    raise BundleError(f"Axis {axis.id} of the {tensor} has no size.", hint=_SIZE_HINT)


def _entry_rule(
    tensor: NamedTensor,
    axis: NamedAxis,
    tensors: Sequence[NamedTensor],
    warn: Callable[[str], None],
) -> AxisSize:
    values = mapping_of(axis.values.get("size"))
    rule = _rule(tensor, axis, first_of(values, "min") or 1, first_of(values, "step") or 0)
    if tensor.is_input or rule.step == 0:
        return rule
    warn(f"Axis {axis.id} of the {tensor} gives min and step; it is taken to follow the input.")
    first = next(other for other in tensors if other.is_input)
    twin = first.find(axis.name.value)
    if twin is None:
        return DataDependentSize(rule.min)
    its = mapping_of(twin.values.get("size"))
    step = integer_of(its.get("step")) or rule.step
    smallest = integer_of(its.get("min")) or rule.min
    scale = rule.step / step
    return SizeReference(first.name, twin.id, scale, round(rule.min - smallest * scale) / 2)


def _bounded(
    tensor: NamedTensor, axis: NamedAxis, values: Values, warn: Callable[[str], None]
) -> AxisSize:
    smallest, largest = integer_of(values.get("min", 1)), integer_of(values.get("max"))
    if smallest is None or (largest is not None and largest < smallest):
        raise _impossible(tensor, axis, f"min {values.get('min')} max {values.get('max')}")
    if not tensor.is_input:
        return DataDependentSize(max(smallest, 1), largest)
    warn(f"The {tensor} gives no step for axis {axis.id}; it is taken as 1.")
    return SizeRule(max(smallest, 1), 1)


def _reference(
    tensor: NamedTensor,
    axis: NamedAxis,
    tensors: Sequence[NamedTensor],
    called: tuple[str, str, Any],
) -> SizeReference:
    """Own length = reference's · its scale / own scale + offset (format 0.5)."""
    other = find_tensor(tensors, called[0])
    if other is None:
        raise BundleError(
            f'Axis {axis.id} of the {tensor} refers to the unknown tensor "{called[0]}".',
            hint=f"The tensors are {_names(tensors)}.",
        )
    twin = other.find(called[1])
    if twin is None:
        raise BundleError(
            f'Axis {axis.id} of the {tensor} refers to the unknown axis "{called[1]}"'
            f" of the {other}.",
            hint=f"Its axes are {', '.join(axis.id for axis in other.axes)}.",
        )
    offset = integer_of(0 if called[2] is None else called[2])
    if offset is None:
        raise _impossible(tensor, axis, f"offset {text_of(called[2])}")
    return SizeReference(other.name, twin.id, scale_of(twin) / scale_of(axis), offset / 2)


def scale_of(axis: NamedAxis) -> float:
    """Physical size of a px, 1 where none is given or it is not positive."""
    scale = number_of(axis.values.get("scale"))
    return scale if scale is not None and scale > 0 else 1.0


# Both


def _halos(tensor: NamedTensor, warn: Callable[[str], None]) -> dict[AxisName, int]:
    """Halo of each axis where the tensor as a whole gives one."""
    value = tensor.values.get("halo")
    if value is None:
        return {}
    if isinstance(value, Mapping):
        named = {tensor.find(key): halo for key, halo in mapping_of(value).items()}
        return {axis.name: _halo(tensor, axis, halo, warn) for axis, halo in named.items() if axis}
    if not isinstance(value, (list, tuple)):
        return {
            axis.name: _halo(tensor, axis, value, warn)
            for axis in tensor.axes
            if axis.name.is_spatial
        }
    if len(value) != len(tensor.axes):
        warn(f"The halo of the {tensor} has {len(value)} numbers for {len(tensor.axes)} axes.")
        return {}
    return {
        axis.name: _halo(tensor, axis, halo, warn)
        for axis, halo in zip(tensor.axes, value, strict=True)
    }


def _halo(tensor: NamedTensor, axis: NamedAxis, value: Any, warn: Callable[[str], None]) -> int:
    halo = integer_of(0 if value is None else value)
    if halo is None or halo < 0:
        warn(f"The halo of axis {axis.id} of the {tensor} is not a number of px; 0 is taken.")
        return 0
    return halo


def find_tensor(tensors: Sequence[NamedTensor], called: str) -> NamedTensor | None:
    """The tensor `called` so; format 0.5 does not tell capitals from small letters."""
    exact = next((tensor for tensor in tensors if tensor.name == called), None)
    low = called.lower()
    return exact or next((tensor for tensor in tensors if tensor.name.lower() == low), None)


def _names(tensors: Sequence[NamedTensor]) -> str:
    return ", ".join(tensor.name for tensor in tensors)


def _check_count(tensor: NamedTensor, key: str, values: Sequence[Any]) -> None:
    if len(values) != len(tensor.axes):
        letters = "".join(axis.name.value for axis in tensor.axes)
        raise BundleError(
            f"The {tensor} has axes {letters} and {len(values)} numbers in its {key}.",
            hint="Give one number for each axis.",
        )


def _impossible(tensor: NamedTensor, axis: NamedAxis, value: Any) -> BundleError:
    what = text_of(value) or "what is given"
    return BundleError(
        f"Axis {axis.id} of the {tensor} has an impossible size: {what}.", hint=_SIZE_HINT
    )
