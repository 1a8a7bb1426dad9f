"""The inputs and outputs of an RDF as `TensorSpec` values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deepimagej.axes import Axis, AxisName, SizeReference, SizeRule
from deepimagej.bundle.axis_names import NamedTensor, name_axes
from deepimagej.bundle.axis_sizes import input_halos, read_axes
from deepimagej.bundle.sources import declared_source, find_source
from deepimagej.bundle.spec import Operation, TensorSpec
from deepimagej.bundle.values import (
    Values,
    boolean_of,
    first_of,
    list_of,
    mapping_of,
    text_of,
)
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TensorSpecs:
    """All tensors of a model."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def read_tensors(
    rdf: Values, folder: Path, *, pyramidal: bool, warn: Callable[[str], None]
) -> TensorSpecs:
    """The inputs and outputs in `rdf`, with the files that belong to them in `folder`.

    Raises
    ------
    BundleError
        If there is no input or no output, or if one of them cannot be run as described.
    """
    named = _name_tensors(rdf, warn)
    specs = [_read_tensor(tensor, named, warn) for tensor in named]
    _check_no_circle(specs)
    count = sum(tensor.is_input for tensor in named)
    inputs = [
        _with_files(spec, rdf, folder, (index, tensor), warn)
        for index, (spec, tensor) in enumerate(zip(specs[:count], named[:count], strict=True))
    ]
    outputs = [
        _with_files(spec, rdf, folder, (index, tensor), warn)
        for index, (spec, tensor) in enumerate(zip(specs[count:], named[count:], strict=True))
    ]
    outputs = [_with_input_halo(spec, named[:count]) for spec in outputs]
    if not pyramidal:
        outputs = [_follow_fixed(spec, inputs) for spec in outputs]
    return TensorSpecs(tuple(_close_batch(inputs, outputs)), tuple(outputs))


# Names


def _name_tensors(rdf: Values, warn: Callable[[str], None]) -> list[NamedTensor]:
    named = [
        _name_tensor(key, index, entry, warn)
        for key in ("inputs", "outputs")
        for index, entry in enumerate(_entries(rdf, key))
    ]
    for is_input, kind in ((True, "inputs"), (False, "outputs")):
        names = [tensor.name for tensor in named if tensor.is_input is is_input]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise BundleError(
                f'Two {kind} are called "{doubled[0]}".', hint="Give each tensor its own name."
            )
    outputs = {tensor.name for tensor in named if not tensor.is_input}
    for tensor in named:
        if tensor.is_input and tensor.name in outputs:
            warn(f'"{tensor.name}" is the name of an input and of an output.')
    return named


def _entries(rdf: Values, key: str) -> list[Values]:
    entries = [mapping_of(entry) for entry in list_of(rdf.get(key))]
    if not entries:
        raise BundleError(
            f"The RDF has no {key}.", hint=f"Describe the network's {key} with names and axes."
        )
    return entries


def _name_tensor(key: str, index: int, entry: Values, warn: Callable[[str], None]) -> NamedTensor:
    is_input = key == "inputs"
    name = text_of(first_of(entry, "id", "name"))
    if not name:
        name = key[:-1] if index == 0 else f"{key[:-1]}{index}"
        if "format_version" in entry or index or not _is_new_style(entry):
            warn(
                f'The {"input" if is_input else "output"} {index + 1} has no name; "{name}" it is.'
            )
    where = f'{"input" if is_input else "output"} "{name}"'
    return NamedTensor(name, is_input, entry, name_axes(where, entry.get("axes"), warn))


def _is_new_style(entry: Values) -> bool:
    """Format 0.5, where the default ids are ``input`` and ``output``."""
    return any(mapping_of(axis) for axis in list_of(entry.get("axes")))


# Values


def _read_tensor(
    tensor: NamedTensor, named: list[NamedTensor], warn: Callable[[str], None]
) -> TensorSpec:
    values = tensor.values
    key = "preprocessing" if tensor.is_input else "postprocessing"
    return TensorSpec(
        name=tensor.name,
        axes=read_axes(tensor, named, warn),
        data_type=_data_type(values),
        description=text_of(values.get("description")),
        operations=_operations(tensor, values.get(key)),
        optional=boolean_of(values.get("optional"), False),
    )


def _data_type(values: Values) -> str:
    data = next((mapping_of(item) for item in list_of(values.get("data"))), {})
    found = first_of(values, "data_type", "dtype") or data.get("type")
    return text_of(found).lower() or "float32"


def _operations(tensor: NamedTensor, value: Any) -> tuple[Operation, ...]:
    entries = [entry for entry in list_of(value) if entry is not None]
    return tuple(_operation(tensor, entry) for entry in entries)


def _operation(tensor: NamedTensor, entry: Any) -> Operation:
    values = mapping_of(entry)
    name = text_of(first_of(values, "id", "name")) if values else text_of(entry)
    if not name:
        raise BundleError(
            f"A processing operation of the {tensor} has no name.",
            hint="Give it the id of an operation of the zoo, or leave it out.",
        )
    return Operation(name, mapping_of(values.get("kwargs")))


# Files


def _with_files(
    spec: TensorSpec,
    rdf: Values,
    folder: Path,
    tensor: tuple[int, NamedTensor],
    warn: Callable[[str], None],
) -> TensorSpec:
    index, named = tensor
    side = "input" if named.is_input else "output"
    found: dict[str, Path | None] = {}
    for role in ("test", "sample"):
        listed = list_of(first_of(rdf, f"{role}_{side}s", f"{role}_{side}"))
        entry = named.values.get(f"{role}_tensor")
        if entry is None and index < len(listed):
            entry = listed[index]
        declared = declared_source(entry)
        found[role] = find_source(folder, declared)
        if declared and found[role] is None:
            warn(f"The {role} tensor of the {named}, {declared}, is not in the bundle.")
    return replace(spec, test=found["test"], sample=found["sample"])


# What one tensor means for another


def _check_no_circle(specs: list[TensorSpec]) -> None:
    """Refuse lengths that refer to each other in a circle."""
    sizes = {(spec.name, axis.id): axis.size for spec in reversed(specs) for axis in spec.axes}
    for spec in specs:
        for axis in spec.axes:
            size, seen = axis.size, {(spec.name, axis.id)}
            while isinstance(size, SizeReference):
                place = (size.tensor, size.axis)
                if place in seen:
                    raise BundleError(
                        f'The length of axis {axis.id} of "{spec.name}" refers to itself.',
                        hint="Give the length, or min and step, on one of the axes.",
                    )
                seen.add(place)
                size = sizes[place]


def _with_input_halo(spec: TensorSpec, inputs: list[NamedTensor]) -> TensorSpec:
    """Take over the halo that the old CSBDeep format gives on inputs."""
    if any(axis.halo for axis in spec.axes):
        return spec
    halos = {tensor.name: input_halos(tensor) for tensor in inputs}

    def mend(axis: Axis) -> Axis:
        size = axis.size
        if not isinstance(size, SizeReference) or size.tensor not in halos:
            return axis
        px = halos[size.tensor].get(axis.name, 0) * size.scale
        return replace(axis, halo=-int(-px // 1))

    return replace(spec, axes=tuple(mend(axis) for axis in spec.axes))


def _follow_fixed(spec: TensorSpec, inputs: list[TensorSpec]) -> TensorSpec:
    """Tie lengths of an output to those of an input, where both are given as plain numbers."""

    def mend(axis: Axis) -> Axis:
        twin = inputs[0].axis(axis.name)
        if not axis.name.is_spatial or twin is None:
            return axis
        if not isinstance(axis.size, SizeRule) or not isinstance(twin.size, SizeRule):
            return axis
        if twin.size.step:
            return axis
        terms = _terms(twin.size.min, axis.size.min)
        if terms is None:
            return axis
        return replace(axis, size=SizeReference(inputs[0].name, twin.id, *terms))

    return replace(spec, axes=tuple(mend(axis) for axis in spec.axes))


def _terms(source: int, target: int) -> tuple[float, float] | None:
    """Scale and offset that a pair of lengths stands for, None where it is any guess."""
    if source % target == 0 or target % source == 0:
        return target / source, 0.0
    if abs(source - target) < source / 2:  # a network without padding loses a margin
        return 1.0, (target - source) / 2
    return None


def _close_batch(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> list[TensorSpec]:
    """One sample a call if an output has no place for more."""
    if all(_takes_batch(spec) for spec in outputs):
        return inputs

    def close(axis: Axis) -> Axis:
        if axis.name is not AxisName.BATCH or not axis.concatenable:
            return axis
        return replace(axis, size=SizeRule(1), concatenable=False)

    return [replace(spec, axes=tuple(close(axis) for axis in spec.axes)) for spec in inputs]


def _takes_batch(spec: TensorSpec) -> bool:
    axis = spec.axis(AxisName.BATCH)
    return axis is not None and (
        axis.concatenable or not isinstance(axis.size, SizeRule) or axis.size.step > 0
    )
