"""A bundle's Python steps around the network, and further inputs that steps made: on arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import MacroError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import TensorSpec
    from deepimagej.engines import Engines
    from deepimagej.inference import Prediction
    from deepimagej.job import Job
    from deepimagej.progress import CancelToken


def before(
    job: Job,
    tensors: Mapping[str, NDArray[Any]],
    engines: Engines,
    *,
    cancel: CancelToken | None = None,
) -> dict[str, NDArray[Any]]:
    """The inputs of the network after the Python steps of its pre-processing.

    Raises
    ------
    MacroError
        If a step failed, made something that is no input, or an input is missing at the end.
    """
    made = _run(job.pre.python, tensors, job.spec.inputs, engines=engines, cancel=cancel)
    missing = [t.name for t in job.spec.inputs if t.name not in made and not t.optional]
    if missing:
        raise MacroError(
            f'The preprocessing of "{job.spec.name}" left nothing for {", ".join(missing)}.',
            hint="Name an image for it, or let a step make it.",
        )
    return made


def after(
    job: Job, prediction: Prediction, engines: Engines, *, cancel: CancelToken | None = None
) -> Prediction:
    """`prediction` after the Python steps of the post-processing.

    Raises
    ------
    MacroError
        If a step failed, or made something that is no output.
    """
    if not job.post.python:
        return prediction
    arrays = {name: tensor.values for name, tensor in prediction.outputs.items()}
    made = _run(job.post.python, arrays, job.spec.outputs, engines=engines, cancel=cancel)
    outputs = {name: prediction.outputs[name].replace(values) for name, values in made.items()}
    return replace(prediction, outputs=outputs)


def fitted(tensor: TensorSpec, array: NDArray[Any], made_by: str) -> NDArray[Any]:
    """An array with an axis for each of the tensor's; leading ones of length 1 may be missing.

    Raises
    ------
    MacroError
        If it has others.
    """
    missing = len(tensor.axes) - array.ndim
    if missing < 0 or missing > 1:
        axes = "".join(name.value for name in tensor.names)
        raise MacroError(
            f'{made_by} made "{tensor.name}" of shape {array.shape}; its axes are {axes}.',
            hint=f"It needs {len(tensor.axes)} axes, in this order.",
        )
    return array[np.newaxis] if missing else array


def _run(
    steps: Sequence[Any],
    tensors: Mapping[str, NDArray[Any]],
    known: Sequence[TensorSpec],
    *,
    engines: Engines,
    cancel: CancelToken | None,
) -> dict[str, NDArray[Any]]:
    arrays = dict(tensors)
    by_name = {tensor.name: tensor for tensor in known}
    for step in steps:
        made = engines.run_step(step.path, step.function, arrays, cancel=cancel)
        for name, array in made.items():
            if name not in by_name:
                raise MacroError(
                    f'The Python step {step.path.name} made "{name}", which the model lacks.',
                    hint=f"Its tensors here are {', '.join(by_name)}.",
                )
            arrays[name] = fitted(by_name[name], array, f"The Python step {step.path.name}")
    return arrays
