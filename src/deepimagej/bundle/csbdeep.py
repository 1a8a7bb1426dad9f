"""Archives of the CSBDeep plugins (format 0.2.0-csbdeep), rewritten as an RDF of format 0.3.

Their SavedModel lies unpacked in the archive's root, and mean and standard deviation of the
training data are arguments of a Java class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepimagej.bundle.values import Values, list_of, mapping_of, number_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

_PREDICTION = "N2VPrediction::"


def is_csbdeep(rdf: Values) -> bool:
    """Whether `rdf` is of the format that the CSBDeep plugins wrote."""
    prediction = mapping_of(rdf.get("prediction"))
    return rdf.get("weights") is None and prediction.get("weights") is not None


def from_csbdeep(rdf: Values) -> Values:
    """`rdf` in the words of format 0.3."""
    prediction = mapping_of(rdf.get("prediction"))
    weights = mapping_of(prediction.get("weights"))
    pre, post = prediction.get("preprocess"), prediction.get("postprocess")
    if _is_known(pre) and _is_known(post):
        prediction = {}
    return {
        **rdf,
        "inputs": _with(rdf.get("inputs"), "preprocessing", _operations(pre, _normalise)),
        "outputs": _with(rdf.get("outputs"), "postprocessing", _operations(post, _denormalise)),
        "weights": {"tensorflow_saved_model_bundle": {"source": _folder(weights)}},
        "prediction": prediction,
    }


def _folder(weights: Values) -> str:
    """The SavedModel's folder; the archive names the checkpoint ``./variables/variables``."""
    return text_of(weights.get("source")).removesuffix("variables/variables") or "."


def _is_known(steps: Any) -> bool:
    return all(_PREDICTION in text_of(mapping_of(step).get("spec")) for step in list_of(steps))


def _with(tensors: Any, key: str, operations: list[Values]) -> list[Values]:
    return [{**mapping_of(tensor), key: operations} for tensor in list_of(tensors)]


def _operations(
    steps: Any, make: Callable[[float | list[float], float | list[float]], Values]
) -> list[Values]:
    found = []
    for step in (mapping_of(step) for step in list_of(steps)):
        kwargs = mapping_of(step.get("kwargs"))
        mean, deviation = _numbers(kwargs.get("mean")), _numbers(kwargs.get("stdDev"))
        if _PREDICTION in text_of(step.get("spec")) and mean is not None and deviation is not None:
            found.append(make(mean, deviation))
    return found


def _numbers(value: Any) -> float | list[float] | None:
    """One number for all channels, or one for each."""
    numbers = [number for item in list_of(value) if (number := number_of(item)) is not None]
    return numbers[0] if len(numbers) == 1 else numbers or None


def _normalise(mean: float | list[float], deviation: float | list[float]) -> Values:
    return _operation("fixed_zero_mean_unit_variance", {"mean": mean, "std": deviation})


def _denormalise(mean: float | list[float], deviation: float | list[float]) -> Values:
    return _operation("scale_linear", {"gain": deviation, "offset": mean})


def _operation(name: str, kwargs: Values) -> Values:
    per_channel = any(isinstance(value, list) for value in kwargs.values())
    return {"name": name, "kwargs": {**kwargs, "axis": "c"} if per_channel else kwargs}
