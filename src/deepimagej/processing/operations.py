"""The operations by their names: the one definition of each.

The formulas are those of the RDF formats 0.4 and 0.5. Results are float32 (float64 for float64
input) whatever the operation, except after ``ensure_dtype``. Statistics "per dataset" are those of
the tensor at hand, its samples taken together: there is no dataset where a model is run.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import BundleError
from deepimagej.processing.arguments import WAY_OUT, Arguments, Numbers
from deepimagej.processing.chain import Chain, Pointwise, real_type
from deepimagej.processing.statistics import mean_std, percentiles
from deepimagej.processing.tensor import carry_over, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from deepimagej.processing.statistics import Method, Reduced
    from deepimagej.processing.tensor import Tensor

    _Bind = Callable[[Arguments, Chain, Mapping[str, Tensor]], Pointwise]

EPS = 1e-6
"""Default of ``eps`` in all versions of the format."""

DTYPES = (
    "float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "bool",
)  # fmt: skip


def step(
    name: str, kwargs: Mapping[str, Any], chain: Chain, tensors: Mapping[str, Tensor]
) -> Pointwise:
    """The operation as the next one of the chain, its statistics those of the chain's values.

    Raises
    ------
    BundleError
        If the operation is unknown, or its arguments are wrong or do not fit the tensor.
    """
    if name not in OPERATIONS:
        raise _unknown(name)
    operation = OPERATIONS[name]
    arguments = Arguments(name, kwargs, operation.arguments)
    return operation.bind(arguments, chain, tensors)


def _unknown(name: str) -> BundleError:
    if name in NOT_HERE:
        return BundleError(f'The operation "{name}" {NOT_HERE[name]}.', hint=WAY_OUT)
    near = difflib.get_close_matches(name, OPERATIONS, n=1)
    guess = f', the nearest is "{near[0]}"' if near else ""
    return BundleError(f'There is no operation "{name}"{guess}.', hint=WAY_OUT)


def _scale_range(arguments: Arguments, chain: Chain, tensors: Mapping[str, Tensor]) -> Pointwise:
    """``(x - lower) / (upper - lower + eps)``."""
    source = _reference(arguments, chain, tensors)
    low = _percent(arguments, "min_percentile", 0.0)
    high = _percent(arguments, "max_percentile", 100.0)
    if low >= high:
        raise arguments.error(f"has min_percentile {low:g} and max_percentile {high:g}")
    lower, upper = percentiles(source, (low, high), _reduced(arguments, source.source))
    span = upper - lower + arguments.number("eps", EPS)
    return _affine(
        chain,
        minus=_aligned(arguments, lower, source, chain),
        over=_aligned(arguments, span, source, chain),
    )


def _zero_mean_unit_variance(
    arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]
) -> Pointwise:
    """``(x - mean) / (std + eps)``, with fixed values in mode ``fixed`` of 0.3 and 0.4."""
    fixed = "mean" in arguments or "std" in arguments
    mode = arguments.choice(
        "mode", ("per_sample", "per_dataset", "fixed"), "fixed" if fixed else "per_sample"
    )
    if mode == "fixed":
        return _fixed(arguments, chain, _complement(arguments, chain.source))
    if fixed:
        raise arguments.error(f"has mode {mode}, and mean or std belong to mode fixed")
    mean, std = mean_std(chain, _reduced(arguments, chain.source))
    return _affine(chain, minus=mean, over=std + arguments.number("eps", EPS))


def _fixed_zero_mean_unit_variance(
    arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]
) -> Pointwise:
    """``(x - mean) / (std + eps)`` with the values of the RDF, one or a list along ``axis``."""
    axis = arguments.axis("axis", chain.source) if "axis" in arguments else None
    return _fixed(arguments, chain, axis)


def _fixed(arguments: Arguments, chain: Chain, axis: int | None) -> Pointwise:
    mean = _along(arguments, "mean", chain.source, axis=axis)
    std = _along(arguments, "std", chain.source, axis=axis)
    return _affine(chain, minus=mean, over=std + arguments.number("eps", EPS))


def _scale_linear(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """``gain · x + offset``; lists run along ``axis``, in 0.4 along the axis not in ``axes``."""
    if "axis" in arguments:
        axis: int | None = arguments.axis("axis", chain.source)
    else:
        axis = _complement(arguments, chain.source)
    gain = _along(arguments, "gain", chain.source, axis=axis, default=1.0)
    offset = _along(arguments, "offset", chain.source, axis=axis, default=0.0)

    def scaled(x: NDArray[Any], gain: NDArray[Any], offset: NDArray[Any]) -> NDArray[Any]:
        x *= gain
        x += offset
        return x

    return Pointwise(scaled, real_type(chain.dtype), (gain, offset))


def _scale_mean_variance(
    arguments: Arguments, chain: Chain, tensors: Mapping[str, Tensor]
) -> Pointwise:
    """``(x - mean) / (std + eps) · (ref_std + eps) + ref_mean``."""
    arguments.text("reference_tensor")
    source = _reference(arguments, chain, tensors)
    eps = arguments.number("eps", EPS)
    mean, std = mean_std(chain, _reduced(arguments, chain.source))
    ref_mean, ref_std = mean_std(source, _reduced(arguments, source.source))
    factor = (_aligned(arguments, ref_std, source, chain) + eps) / (std + eps)
    ref_mean = _aligned(arguments, ref_mean, source, chain)

    def matched(
        x: NDArray[Any], mean: NDArray[Any], factor: NDArray[Any], ref: NDArray[Any]
    ) -> NDArray[Any]:
        x -= mean
        x *= factor
        x += ref
        return x

    return Pointwise(matched, real_type(chain.dtype), (mean, factor, ref_mean))


def _clip(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """Values below the lower bound become it, values above the upper one too."""
    low = _bound(arguments, chain, "min")
    high = _bound(arguments, chain, "max")
    if low is None and high is None:
        raise arguments.error("needs min, max, min_percentile or max_percentile")
    if low is not None and high is not None and (low > high).any():
        raise arguments.error(f"has min {low.max():g} above max {high.min():g}")
    kind = real_type(chain.dtype)
    bounds = tuple(bound.astype(kind) for bound in (low, high) if bound is not None)
    if low is not None and high is not None:
        limit: Callable[..., NDArray[Any]] = np.clip  # in one pass: 0.4 of the time of two
    else:
        limit = np.minimum if low is None else np.maximum

    def clipped(x: NDArray[Any], *bounds_here: NDArray[Any]) -> NDArray[Any]:
        limit(x, *bounds_here, out=x)
        return x

    return Pointwise(clipped, kind, bounds, inside=kind)


def _bound(arguments: Arguments, chain: Chain, side: str) -> NDArray[np.float64] | None:
    if side in arguments and f"{side}_percentile" in arguments:
        raise arguments.error(f"has both {side} and {side}_percentile")
    if side in arguments:
        return spread((arguments.number(side),), 0, len(chain.shape))
    if f"{side}_percentile" not in arguments:
        return None
    percent = _percent(arguments, f"{side}_percentile", 0.0)
    reduced = _reduced(arguments, chain.source)
    # bioimageio.core 0.11 takes a value that occurs where samples are kept apart.
    apart = "axes" in arguments and chain.source.batch not in reduced
    method: Method = "inverted_cdf" if apart else "linear"
    return percentiles(chain, (percent,), reduced, method=method)[0]


def _binarize(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """1 above the threshold, 0 elsewhere; a list of thresholds runs along ``axis``."""
    axis = arguments.axis("axis", chain.source) if "axis" in arguments else None
    threshold = _along(arguments, "threshold", chain.source, axis=axis)
    # A float32 value is compared with the float32 nearest to the threshold, as numpy does.
    if chain.dtype == np.float32:
        threshold = threshold.astype(np.float32).astype(np.float64)
    return Pointwise(np.greater, real_type(chain.dtype), (threshold,))


def _sigmoid(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """``1 / (1 + exp(-x))``."""

    def expit(x: NDArray[Any]) -> NDArray[Any]:
        np.negative(x, out=x)
        with np.errstate(over="ignore"):  # 1 / (1 + inf) is the 0 that it should be
            np.exp(x, out=x)
        x += 1
        np.reciprocal(x, out=x)
        return x

    return Pointwise(expit, real_type(chain.dtype))


def _softmax(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """``exp(x) / sum(exp(x))`` along ``axis``, by default the channels."""
    axis = arguments.axis("axis", chain.source, "channel")

    def softmax(x: NDArray[Any]) -> NDArray[Any]:
        x -= x.max(axis=axis, keepdims=True)
        np.exp(x, out=x)
        # Added in turn: numpy's order within a sum depends on the lengths of the other axes.
        layers = np.moveaxis(x, axis, 0)
        total = layers[0].copy()
        for layer in layers[1:]:
            total += layer
        layers /= total
        return x

    return Pointwise(softmax, real_type(chain.dtype), whole=axis)


def _ensure_dtype(arguments: Arguments, chain: Chain, _: Mapping[str, Tensor]) -> Pointwise:
    """The values cast to ``dtype``, fractions cut off."""
    dtype = arguments.text("dtype")
    if dtype not in DTYPES:
        raise arguments.error(f'has dtype "{dtype}" and takes {", ".join(DTYPES)}')

    def cast(x: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(invalid="ignore"):  # values outside the type wrap, as numpy has it
            return x.astype(dtype)

    return Pointwise(cast, np.dtype(dtype), inside=None)


def _affine(chain: Chain, *, minus: NDArray[np.float64], over: NDArray[np.float64]) -> Pointwise:
    def normalised(x: NDArray[Any], minus: NDArray[Any], over: NDArray[Any]) -> NDArray[Any]:
        x -= minus
        x /= over
        return x

    return Pointwise(normalised, real_type(chain.dtype), (minus, over))


def _reference(arguments: Arguments, chain: Chain, tensors: Mapping[str, Tensor]) -> Chain:
    """What the statistics are taken from: the chain so far, or another tensor as it is."""
    if "reference_tensor" not in arguments:
        return chain
    name = arguments.text("reference_tensor")
    if name not in tensors:
        there = ", ".join(tensors) or "none"
        raise arguments.error(f'refers to the tensor "{name}", there are {there}')
    return Chain(tensors[name])


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
    arguments: Arguments, statistic: NDArray[Any], source: Chain, target: Chain
) -> NDArray[Any]:
    if source is target:
        return statistic
    aligned = carry_over(statistic, source.source, target.source)
    if aligned is None:
        raise arguments.error(
            f"has a reference tensor of shape {source.shape} that does not match "
            f"{target.shape} along the axes kept apart"
        )
    return aligned


@dataclass(frozen=True, slots=True)
class _Operation:
    bind: _Bind
    arguments: frozenset[str]


def _of(bind: _Bind, arguments: str = "") -> _Operation:
    return _Operation(bind, frozenset(arguments.split()))


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
