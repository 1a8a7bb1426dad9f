"""The zoo's pre- and post-processing operations on numpy arrays.

`apply` runs one operation of the formats 0.3, 0.4 and 0.5; tensors carry their axes with them.
"""

from deepimagej.processing.operations import OPERATIONS, apply
from deepimagej.processing.tensor import Tensor

__all__ = ["OPERATIONS", "Tensor", "apply"]
