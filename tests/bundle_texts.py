"""The text of the test bundles' RDFs, in formats 0.5 and 0.4."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_KINDS = {"b": "batch", "c": "channel", "t": "time", "i": "index"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all functions take."""

    name: str = ""
    axes: str = "bcyx"
    min: int = 1
    step: int = 1
    channels: int = 1
    halo: int = 0
    dtype: str = "float32"
    batch: str = "open"
    version: str = "0.5"
    operations: Sequence[Mapping[str, Any]] = ()
    """Each ``{"id": ..., "kwargs": ...}``."""
    post_operations: Sequence[Mapping[str, Any]] = ()
    macros: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """``{"preprocessing": {"pre.ijm": "..."}}``."""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output of a tiny network, its size in terms of an input."""

    name: str = "output"
    values: NDArray[Any]
    """What the network gives for the test inputs."""
    follows: str = "input"
    axes: str = ""
    """Empty: those of the inputs."""
    scale: float = 1.0
    offset: int = 0
    """Px that it has more than the scaled input, both sides together."""
    halo: int | None = None


def _halo(options: Options, output: Output) -> int:
    return options.halo if output.halo is None else max(options.halo, output.halo)


def rdf_0_5(
    options: Options, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[Output]
) -> dict[str, Any]:
    """Inputs and outputs as format 0.5 has them."""
    return {
        "inputs": [
            {
                "id": name,
                "axes": [_input_axis(options, letter) for letter in options.axes],
                "data": {"type": options.dtype},
                "test_tensor": {"source": f"test_{name}.npy"},
                "preprocessing": [dict(operation) for operation in options.operations],
            }
            for name in inputs
        ],
        "outputs": [
            {
                "id": output.name,
                "axes": [
                    _output_axis(options, output, letter, size)
                    for letter, size in zip(
                        output.axes or options.axes, output.values.shape, strict=True
                    )
                ],
                "data": {"type": str(output.values.dtype)},
                "test_tensor": {"source": f"test_{output.name}.npy"},
                "postprocessing": [dict(operation) for operation in options.post_operations],
            }
            for output in outputs
        ],
    }


def _input_axis(options: Options, letter: str) -> dict[str, Any]:
    if letter == "b":
        return {"type": "batch"} | ({"size": 1} if options.batch == "one" else {})
    if letter == "c":
        return {"type": "channel", "channel_names": [f"c{n}" for n in range(options.channels)]}
    size = {"min": options.min, "step": options.step} if options.step else options.min
    return _typed(letter) | {"size": size}


def _output_axis(options: Options, output: Output, letter: str, size: int) -> dict[str, Any]:
    if letter == "b":
        return {"type": "batch"} | ({"size": 1} if options.batch == "one" else {})
    if letter == "c":
        return {"type": "channel", "channel_names": [f"c{n}" for n in range(size)]}
    if letter not in options.axes:
        return _typed(letter) | {"size": {"min": 1}}
    reference = {"tensor_id": output.follows, "axis_id": _typed(letter)["id"]}
    axis = _typed(letter) | {"size": reference | {"offset": output.offset}}
    if letter in "zyx":
        # Own size = reference's · its scale / own scale + offset.
        axis |= {"scale": 1 / output.scale} if output.scale != 1 else {}
        axis |= {"halo": _halo(options, output)} if _halo(options, output) else {}
    return axis


def _typed(letter: str) -> dict[str, Any]:
    kind = _KINDS.get(letter, "space")
    return {"type": kind, "id": letter if kind == "space" else kind}


def rdf_0_4(
    options: Options, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[Output]
) -> dict[str, Any]:
    """Inputs and outputs as format 0.4 has them."""
    lengths = {"b": (1, 0), "c": (options.channels, 0)}
    rules = [lengths.get(letter, (options.min, options.step)) for letter in options.axes]
    shape: Any = {"min": [least for least, _ in rules], "step": [step for _, step in rules]}
    if options.batch == "one" and not options.step:
        shape = shape["min"]
    return {
        "inputs": [
            {
                "name": name,
                "axes": options.axes,
                "data_type": options.dtype,
                "shape": shape,
                "preprocessing": [_named(operation) for operation in options.operations],
            }
            for name in inputs
        ],
        "outputs": [
            {
                "name": output.name,
                "axes": output.axes or options.axes,
                "data_type": str(output.values.dtype),
                **_shape_0_4(options, output),
                "postprocessing": [_named(operation) for operation in options.post_operations],
            }
            for output in outputs
        ],
        "test_inputs": [f"test_{name}.npy" for name in inputs],
        "test_outputs": [f"test_{output.name}.npy" for output in outputs],
    }


def _shape_0_4(options: Options, output: Output) -> dict[str, Any]:
    if output.axes and output.axes != options.axes:
        return {
            "shape": [
                -1 if letter == "i" else size
                for letter, size in zip(output.axes, output.values.shape, strict=True)
            ]
        }
    spatial = [letter in "zyx" for letter in options.axes]
    return {
        "halo": [_halo(options, output) if is_spatial else 0 for is_spatial in spatial],
        "shape": {
            "reference_tensor": output.follows,
            "scale": [output.scale if is_spatial else 1.0 for is_spatial in spatial],
            "offset": [output.offset / 2 if is_spatial else 0.0 for is_spatial in spatial],
        },
    }


def _named(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": operation["id"], "kwargs": dict(operation.get("kwargs", {}))}
