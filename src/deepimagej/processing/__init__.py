"""The zoo's pre- and post-processing operations on numpy arrays.

`apply` runs one operation of the formats 0.3, 0.4 and 0.5, `bind` readies several for being
computed part by part, `finish` runs them in the tensor's own memory; tensors carry their axes.
"""

from deepimagej.processing.binding import apply, bind, finish, referred_to
from deepimagej.processing.chain import Chain
from deepimagej.processing.operations import OPERATIONS
from deepimagej.processing.tensor import Tensor

__all__ = ["OPERATIONS", "Chain", "Tensor", "apply", "bind", "finish", "referred_to"]
