"""The operations by their names: what each does, and `apply`, which runs one.

The formulas are those of the RDF formats 0.4 and 0.5. Results are float32 (float64 for float64
input) whatever the operation, except after ``ensure_dtype``. Statistics "per dataset" are those of
the tensor at hand, its samples taken together: there is no dataset where a model is run.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepimagej.errors import BundleError
from deepimagej.processing.arguments import WAY_OUT, Arguments, Numbers
from deepimagej.processing.statistics import mean_std, percentiles, pointwise, real_type
from deepimagej.processing.tensor import carry_over, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from deepimagej.processing.statistics import Reduced
    from deepimagej.processing.tensor import Tensor

EPS = 1e-6
"""Default of ``eps`` in all versions of the format."""

DTYPES = (
    "float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "bool",
)  # fmt: skip


def apply(
    name: str, kwargs: Mapping[str, Any], tensor: Tensor, tensors: Mapping[str, Tensor]
) -> Tensor:
    """The tensor after the operation; `tensor` itself stays as it is.

    Parameters
    ----------
    name
        As the RDF calls the operation: ``scale_range``, ...
    kwargs
        Its arguments as the RDF has them.
    tensors
        The tensors by name that a ``reference_tensor`` may name: the inputs before any operation,
        and at the outputs the other outputs too.

    Raises
    ------
    BundleError
        If the operation is unknown, or its arguments are wrong or do not fit the tensor.
    """
    if name not in OPERATIONS:
        raise _unknown(name)
    operation = OPERATIONS[name]
    arguments = Arguments(name, kwargs, operation.arguments)
    return tensor.replace(operation.run(arguments, tensor, tensors))


def _unknown(name: str) -> BundleError:
    if name in NOT_HERE:
        return BundleError(f'The operation "{name}" {NOT_HERE[name]}.', hint=WAY_OUT)
    near = difflib.get_close_matches(name, OPERATIONS, n=1)
    guess = f', the nearest is "{near[0]}"' if near else ""
    return BundleError(f'There is no operation "{name}"{guess}.', hint=WAY_OUT)


def _scale_range(
    arguments: Arguments, tensor: Tensor, tensors: Mapping[str, Tensor]
) -> NDArray[Any]:
    """``(x - lower) / (upper - lower + eps)``."""
    source = _reference(arguments, tensor, tensors)
    low = _percent(arguments, "min_percentile", 0.0)
    high = _percent(arguments, "max_percentile", 100.0)
    if low >= high:
        raise arguments.error(f"has min_percentile {low:g} and max_percentile {high:g}")
    lower, upper = percentiles(source.values, (low, high), _reduced(arguments, source))
    span = upper - lower + arguments.number("eps", EPS)
    return _affine(
        tensor,
        minus=_aligned(arguments, lower, source, tensor),
        over=_aligned(arguments, span, source, tensor),
    )


def _zero_mean_unit_variance(
    arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]
) -> NDArray[Any]:
    """``(x - mean) / (std + eps)``, with fixed values in mode ``fixed`` of 0.3 and 0.4."""
    fixed = "mean" in arguments or "std" in arguments
    mode = arguments.choice(
        "mode", ("per_sample", "per_dataset", "fixed"), "fixed" if fixed else "per_sample"
    )
    if mode == "fixed":
        return _fixed(arguments, tensor, _complement(arguments, tensor))
    if fixed:
        raise arguments.error(f"has mode {mode}, and mean or std belong to mode fixed")
    mean, std = mean_std(tensor.values, _reduced(arguments, tensor))
    return _affine(tensor, minus=mean, over=std + arguments.number("eps", EPS))


def _fixed_zero_mean_unit_variance(
    arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]
) -> NDArray[Any]:
    """``(x - mean) / (std + eps)`` with the values of the RDF, one or a list along ``axis``."""
    axis = arguments.axis("axis", tensor) if "axis" in arguments else None
    return _fixed(arguments, tensor, axis)


def _fixed(arguments: Arguments, tensor: Tensor, axis: int | None) -> NDArray[Any]:
    mean = _along(arguments, "mean", tensor, axis=axis)
    std = _along(arguments, "std", tensor, axis=axis)
    return _affine(tensor, minus=mean, over=std + arguments.number("eps", EPS))


def _scale_linear(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """``gain · x + offset``; lists run along ``axis``, in 0.4 along the axis not in ``axes``."""
    if "axis" in arguments:
        axis: int | None = arguments.axis("axis", tensor)
    else:
        axis = _complement(arguments, tensor)
    gain = _along(arguments, "gain", tensor, axis=axis, default=1.0)
    offset = _along(arguments, "offset", tensor, axis=axis, default=0.0)

    def scaled(x: NDArray[Any], gain: NDArray[Any], offset: NDArray[Any]) -> NDArray[Any]:
        x *= gain
        x += offset
        return x

    return pointwise(tensor.values, scaled, gain, offset)


def _scale_mean_variance(
    arguments: Arguments, tensor: Tensor, tensors: Mapping[str, Tensor]
) -> NDArray[Any]:
    """``(x - mean) / (std + eps) · (ref_std + eps) + ref_mean``."""
    arguments.text("reference_tensor")
    source = _reference(arguments, tensor, tensors)
    eps = arguments.number("eps", EPS)
    mean, std = mean_std(tensor.values, _reduced(arguments, tensor))
    ref_mean, ref_std = mean_std(source.values, _reduced(arguments, source))
    factor = (_aligned(arguments, ref_std, source, tensor) + eps) / (std + eps)
    ref_mean = _aligned(arguments, ref_mean, source, tensor)

    def matched(
        x: NDArray[Any], mean: NDArray[Any], factor: NDArray[Any], ref: NDArray[Any]
    ) -> NDArray[Any]:
        x -= mean
        x *= factor
        x += ref
        return x

    return pointwise(tensor.values, matched, mean, factor, ref_mean)


def _clip(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """Values below the lower bound become it, values above the upper one too."""
    low = _bound(arguments, tensor, "min")
    high = _bound(arguments, tensor, "max")
    if low is None and high is None:
        raise arguments.error("needs min, max, min_percentile or max_percentile")
    if low is not None and high is not None and (low > high).any():
        raise arguments.error(f"has min {low.max():g} above max {high.min():g}")
    kind = real_type(tensor.values.dtype)
    values = tensor.values.astype(kind)
    if low is not None:
        np.maximum(values, low.astype(kind), out=values)
    if high is not None:
        np.minimum(values, high.astype(kind), out=values)
    return values


def _bound(arguments: Arguments, tensor: Tensor, side: str) -> NDArray[np.float64] | None:
    if side in arguments and f"{side}_percentile" in arguments:
        raise arguments.error(f"has both {side} and {side}_percentile")
    if side in arguments:
        return np.asarray(arguments.number(side))
    if f"{side}_percentile" not in arguments:
        return None
    percent = _percent(arguments, f"{side}_percentile", 0.0)
    reduced = _reduced(arguments, tensor)
    # bioimageio.core 0.11 takes a value that occurs where samples are kept apart.
    apart = "axes" in arguments and tensor.batch not in reduced
    method: Literal["linear", "inverted_cdf"] = "inverted_cdf" if apart else "linear"
    return percentiles(tensor.values, (percent,), reduced, method=method)[0]


def _binarize(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """1 above the threshold, 0 elsewhere; a list of thresholds runs along ``axis``."""
    axis = arguments.axis("axis", tensor) if "axis" in arguments else None
    threshold = _along(arguments, "threshold", tensor, axis=axis)
    kind = real_type(tensor.values.dtype)
    # A float32 value is compared with the float32 nearest to the threshold, as numpy does.
    if tensor.values.dtype == np.float32:
        threshold = threshold.astype(np.float32).astype(np.float64)
    return pointwise(tensor.values, np.greater, threshold).astype(kind, copy=False)


def _sigmoid(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """``1 / (1 + exp(-x))``, without overflow."""

    def expit(x: NDArray[Any]) -> NDArray[Any]:
        small: NDArray[Any] = np.exp(-np.abs(x))
        result: NDArray[Any] = np.where(x >= 0, 1.0, small) / (1.0 + small)
        return result

    return pointwise(tensor.values, expit)


def _softmax(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """``exp(x) / sum(exp(x))`` along ``axis``, by default the channels."""
    axis = arguments.axis("axis", tensor, "channel")

    def softmax(x: NDArray[Any]) -> NDArray[Any]:
        x -= x.max(axis=axis, keepdims=True)
        np.exp(x, out=x)
        x /= x.sum(axis=axis, keepdims=True)
        return x

    return pointwise(tensor.values, softmax, whole=axis)


def _ensure_dtype(arguments: Arguments, tensor: Tensor, _: Mapping[str, Tensor]) -> NDArray[Any]:
    """The values cast to ``dtype``, fractions cut off."""
    dtype = arguments.text("dtype")
    if dtype not in DTYPES:
        raise arguments.error(f'has dtype "{dtype}" and takes {", ".join(DTYPES)}')
    with np.errstate(invalid="ignore"):  # values outside the type wrap, as numpy has it
        return tensor.values.astype(dtype)


def _affine(
    tensor: Tensor, *, minus: NDArray[np.float64], over: NDArray[np.float64]
) -> NDArray[Any]:
    def normalised(x: NDArray[Any], minus: NDArray[Any], over: NDArray[Any]) -> NDArray[Any]:
        x -= minus
        x /= over
        return x

    return pointwise(tensor.values, normalised, minus, over)


def _reference(arguments: Arguments, tensor: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """The tensor that the statistics are taken from."""
    if "reference_tensor" not in arguments:
        return tensor
    name = arguments.text("reference_tensor")
    if name not in tensors:
        there = ", ".join(tensors) or "none"
        raise arguments.error(f'refers to the tensor "{name}", there are {there}')
    return tensors[name]


def _reduced(arguments: Arguments, tensor: Tensor) -> Reduced:
    """Positions of the axes that a statistic is computed over jointly.

    All if the RDF names none (0.5); with mode ``per_sample`` (0.3, 0.4) all but the batch.
    Mode ``per_dataset`` adds the batch to the axes named.
    """
    mode = None
    if "mode" in arguments:
        mode = arguments.choice("mode", ("per_sample", "per_dataset"), "per_sample")
    named = arguments.axes("axes", tensor)
    reduced = set(range(tensor.values.ndim) if named is None else named)
    if mode == "per_dataset" and tensor.batch is not None:
        reduced.add(tensor.batch)
    if mode == "per_sample" and named is None:
        reduced.discard(-1 if tensor.batch is None else tensor.batch)
    return tuple(sorted(reduced))


def _complement(arguments: Arguments, tensor: Tensor) -> int | None:
    """The axis that lists of values run along in 0.4: the one, not the batch, not in ``axes``."""
    named = arguments.axes("axes", tensor)
    if named is None:
        return None
    others = [a for a in range(tensor.values.ndim) if a not in named and a != tensor.batch]
    return others[0] if len(others) == 1 else None


def _along(
    arguments: Arguments,
    name: str,
    tensor: Tensor,
    *,
    axis: int | None,
    default: float | None = None,
) -> NDArray[np.float64]:
    """The number, or the list along `axis`, ready to broadcast."""
    numbers: Numbers = arguments.numbers(name, default)
    if not isinstance(numbers, tuple):
        return spread((numbers,), 0, tensor.values.ndim)
    if axis is None:
        raise arguments.error(f"has {len(numbers)} values of {name} and no axis for them")
    length = tensor.values.shape[axis]
    if len(numbers) != length:
        raise arguments.error(
            f"has {len(numbers)} values of {name} for the axis {tensor.axes[axis]} "
            f"of length {length}"
        )
    return spread(numbers, axis, tensor.values.ndim)


def _percent(arguments: Arguments, name: str, default: float) -> float:
    value = arguments.number(name, default)
    lowest = 1.0 if name == "max_percentile" else 0.0
    if not lowest <= value <= 100:
        raise arguments.error(f"has {name} {value:g}, percentiles run from 0 to 100")
    return value


def _aligned(
    arguments: Arguments, statistic: NDArray[Any], source: Tensor, target: Tensor
) -> NDArray[Any]:
    if source is target:
        return statistic
    aligned = carry_over(statistic, source, target)
    if aligned is None:
        raise arguments.error(
            f"has a reference tensor of shape {source.values.shape} that does not match "
            f"{target.values.shape} along the axes kept apart"
        )
    return aligned


@dataclass(frozen=True, slots=True)
class _Operation:
    run: Callable[[Arguments, Tensor, Mapping[str, Tensor]], NDArray[Any]]
    arguments: frozenset[str]


def _of(
    run: Callable[[Arguments, Tensor, Mapping[str, Tensor]], NDArray[Any]], arguments: str = ""
) -> _Operation:
    return _Operation(run, frozenset(arguments.split()))


OPERATIONS: Mapping[str, _Operation] = {
    "binarize": _of(_binarize, "threshold axis"),
    "clip": _of(_clip, "min max min_percentile max_percentile axes"),
    "ensure_dtype": _of(_ensure_dtype, "dtype"),
    "fixed_zero_mean_unit_variance": _of(_fixed_zero_mean_unit_variance, "mean std axis eps"),
    "scale_linear": _of(_scale_linear, "gain offset axis axes"),
    "scale_mean_variance": _of(_scale_mean_variance, "reference_tensor axes mode eps"),
    "scale_range": _of(
        _scale_range, "min_percentile max_percentile axes mode eps reference_tensor"
    ),
    "sigmoid": _of(_sigmoid),
    "softmax": _of(_softmax, "axis"),
    "zero_mean_unit_variance": _of(_zero_mean_unit_variance, "mean std axes mode eps"),
}
"""The operations by name, with the arguments that each takes."""

NOT_HERE: Mapping[str, str] = {
    "custom": "is Python code of the bundle, which is not run",
    "cellpose_flow_dynamics": "is not one of those that run here yet",
    "stardist_postprocessing": "is not one of those that run here yet",
}
"""Operations of format 0.5 that exist and cannot run."""
