"""A bundle's own test: its test tensors through the network, against those it ships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import DataDependentSize, SizeRule
from deepimagej.bundle.tensors import load_tensor
from deepimagej.errors import BundleError
from deepimagej.inference import predict_sample
from deepimagej.planning import plan_sample
from deepimagej.request import TileChoice
from deepimagej.result import OutputReport, TestReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, TensorSpec
    from deepimagej.engines import Network
    from deepimagej.request import RunRequest
    from deepimagej.tiling import TilePlan
    from deepimagej.tools import Tools

_ABSOLUTE, _RELATIVE = 1.5e-4, 1e-4
"""Tolerance of the zoo's public check of deepImageJ, for bundles that state none."""

_TILED = 1e-5
"""Tiled and untiled differ by less than this, times max(1, |untiled|), where the halo fits."""


def test_model(spec: ModelSpec, request: RunRequest, tools: Tools) -> TestReport:
    """Run the test tensors of `spec` through one of its weights formats.

    The bundle's zoo operations take part, its macros do not: test tensors are what the network
    takes and gives with the operations around it.

    Raises
    ------
    BundleError
        If the bundle ships no test tensors, or one cannot be read.
    """
    choice = tools.engines.choose(spec, request.format, tools.trust.is_trusted)
    tools.trust.require(spec, (choice.weights,))
    inputs = {t.name: _fit(load_tensor(t.test), t) for t in spec.inputs if t.test}
    if len(inputs) < sum(not tensor.optional for tensor in spec.inputs):
        missing = next(t.name for t in spec.inputs if t.name not in inputs and not t.optional)
        raise BundleError(
            f'"{spec.name}" ships no test tensor for its input "{missing}".',
            hint="Run the model on an image of your own instead.",
        )
    network = tools.engines.load(spec, choice.weights, device=request.device)
    given = predict_sample(spec, inputs, network, plan=_plan(spec, inputs, TileChoice()))
    tolerance = spec.tolerance or (_ABSOLUTE, _RELATIVE)
    outputs = {
        tensor.name: _compare(
            given.outputs[tensor.name].values, _fit(load_tensor(tensor.test), tensor), tolerance
        )
        for tensor in spec.outputs
        if tensor.test
    }
    tiling_error, notes = _compare_tiled(spec, inputs, network)
    return TestReport(
        model=spec.name,
        passed=bool(outputs) and all(o.tolerance_exceeded == 0 for o in outputs.values()),
        format=str(choice.weights.format),
        engine=network.engine,
        device=str(network.device),
        outputs=outputs,
        tiling_error=tiling_error,
        notes=(*_notes(spec, outputs), *choice.passed_over, *notes),
    )


def _plan(spec: ModelSpec, inputs: Mapping[str, NDArray[Any]], tile: TileChoice) -> TilePlan:
    return plan_sample(spec, {name: a.shape for name, a in inputs.items()}, tile=tile)


def _notes(spec: ModelSpec, outputs: Mapping[str, OutputReport]) -> list[str]:
    notes = [
        f'The bundle ships no test tensor for its output "{tensor.name}".'
        for tensor in spec.outputs
        if tensor.name not in outputs
    ]
    macros = [step.file for steps in spec.steps.values() for step in steps]
    if macros:
        notes.append(f"Its macros take no part: {', '.join(macros)}.")
    return notes


def _fit(values: NDArray[Any], tensor: TensorSpec) -> NDArray[Any]:
    """`values` with all axes of `tensor`: old bundles ship plain images as test tensors."""
    if values.ndim == len(tensor.axes):
        return values
    long = [size for size in values.shape if size != 1]
    spatial = [axis.name.is_spatial for axis in tensor.axes]
    if len(long) > sum(spatial):
        return values  # what it is cannot be told: the sizes are checked next
    left = iter(long)
    sizes = [next(left, 1) if is_spatial else 1 for is_spatial in spatial]
    return values.reshape(sizes)


def _compare(
    given: NDArray[Any], expected: NDArray[Any], tolerance: tuple[float, float]
) -> OutputReport:
    absolute, relative = tolerance
    if given.shape != expected.shape and given.squeeze().shape == expected.squeeze().shape:
        expected = expected.reshape(given.shape)
    if given.shape != expected.shape:
        return OutputReport(float("inf"), expected.size, expected.size, absolute, relative)
    wanted = expected.astype(np.float64)
    error = np.abs(given.astype(np.float64) - wanted)
    # NaN compares as false, so a NaN counts as exceeded.
    within = error <= absolute + relative * np.abs(wanted)
    return OutputReport(
        max_abs_error=float(error.max()) if error.size else 0.0,
        tolerance_exceeded=int(error.size - within.sum()),
        values=int(error.size),
        absolute=absolute,
        relative=relative,
    )


def _compare_tiled(
    spec: ModelSpec, inputs: Mapping[str, NDArray[Any]], network: Network
) -> tuple[float | None, list[str]]:
    """The largest difference that tiles make on the test tensor, with a sentence if it shows."""
    tile = _smaller_tile(spec, inputs)
    if tile is None:
        return None, []
    whole, tiled = (
        predict_sample(spec, inputs, network, plan=_plan(spec, inputs, choice), postprocess=False)
        for choice in (TileChoice(), tile)
    )
    if len(tiled.plan.tiles) < 2:
        return None, []
    errors = {
        name: np.abs(tiled.outputs[name].values - output.values)
        / np.maximum(1, np.abs(output.values))
        for name, output in whole.outputs.items()
    }
    worst = max(float(error.max()) for error in errors.values())
    if worst <= _TILED:
        return worst, []
    sizes = "x".join(str(size) for size in tile.sizes)
    return worst, [
        f"The halo that the bundle declares is smaller than what the network sees: tiles of "
        f"{sizes} px differ by up to {worst:.1e} from the whole image."
    ]


def _smaller_tile(spec: ModelSpec, inputs: Mapping[str, NDArray[Any]]) -> TileChoice | None:
    """A legal tile much smaller than the test tensor; None where the model is not tiled.

    A quarter of each side, as few seams may all lie in the dark: those between halves of the test
    image of a public U-Net do, and its halo of 32 px (it sees 53) went unnoticed.
    """
    first = spec.inputs[0]
    if not spec.allow_tiling or spec.pyramidal or first.name not in inputs:
        return None
    if any(isinstance(a.size, DataDependentSize) for tensor in spec.outputs for a in tensor.axes):
        return None  # lists are of the whole image
    halo = max(
        (axis.halo for tensor in spec.outputs for axis in tensor.axes if axis.name.is_spatial),
        default=0,
    )
    shape = inputs[first.name].shape
    axes = [(a, n) for a, n in zip(first.axes, shape, strict=True) if a.name.is_spatial]
    names = tuple(axis.name for axis, _ in axes)
    for part, least in ((4, 3 * halo), (2, 2 * halo + 1)):
        sizes = []
        for axis, length in axes:
            if not isinstance(axis.size, SizeRule) or axis.size.step == 0:
                return None
            sizes.append(min(length, axis.size.at_least(max(length // part, least))))
        if any(size < length for size, (_, length) in zip(sizes, axes, strict=True)):
            return TileChoice(sizes=tuple(sizes), axes=names)
    return None
