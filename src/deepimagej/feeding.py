"""What a network is fed: input tensors processed, cast and padded, a tile at a time.

The zoo's operations know their statistics from the whole sample before the first tile; the values
themselves are made for a tile when it is its turn, so no second image is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.processing import bind
from deepimagej.tiling import read_padded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from deepimagej.bundle.spec import TensorSpec
    from deepimagej.processing import Chain, Tensor
    from deepimagej.tiling import Slices


@dataclass(frozen=True, slots=True)
class Feed:
    """One input tensor as the network takes it."""

    chain: Chain
    dtype: np.dtype[Any]
    """Type that the network takes."""

    def part(self, where: Slices) -> NDArray[Any]:
        """The values at `where` in padded px; to be read only."""
        values = read_padded(self.chain.read, self.chain.shape, where)
        return _cast(values, self.dtype)


def feed(
    spec: TensorSpec, tensor: Tensor, tensors: Mapping[str, Tensor], *, preprocess: bool
) -> Feed:
    """How the network is fed with `tensor`.

    Parameters
    ----------
    spec
        The input of the model.
    tensors
        The inputs by name, which operations may refer to.
    preprocess
        Whether the zoo operations of the bundle run.

    Raises
    ------
    BundleError
        If an operation is unknown or does not fit the tensor.
    """
    operations = [(o.name, o.kwargs) for o in spec.operations] if preprocess else []
    return Feed(bind(operations, tensor, tensors), _type_taken(spec))


def _type_taken(tensor: TensorSpec) -> np.dtype[Any]:
    """Type that the network takes.

    Format 0.5 declares the type of the image; its operations end in another, at last in that of
    ``ensure_dtype``. The same holds where a macro stands in for the operations.
    """
    for operation in reversed(tensor.operations):
        if operation.name == "ensure_dtype" and "dtype" in operation.kwargs:
            return np.dtype(str(operation.kwargs["dtype"]))
    declared = np.dtype(tensor.data_type)
    if tensor.operations and not np.issubdtype(declared, np.floating):
        return np.dtype(np.float32)
    return declared


def _cast(values: NDArray[Any], wanted: np.dtype[Any]) -> NDArray[Any]:
    if np.issubdtype(wanted, np.integer) and np.issubdtype(values.dtype, np.floating):
        limits = np.iinfo(wanted)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(wanted, copy=False)
