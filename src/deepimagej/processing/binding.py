"""Operations of a tensor, bound to it: on the whole, on a part, or in its own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepimagej.processing.chain import Chain, everything
from deepimagej.processing.operations import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepimagej.processing.tensor import Tensor

    Operations = Sequence[tuple[str, Mapping[str, Any]]]


def bind(operations: Operations, tensor: Tensor, tensors: Mapping[str, Tensor]) -> Chain:
    """The operations on the tensor, one after the other, to be computed part by part.

    All statistics are computed here, from slabs: each operation's are those of what the ones
    before it make of the tensor, which is never made as a whole.

    Parameters
    ----------
    operations
        Names, as the RDF calls them, and arguments, as the RDF has them.
    tensor
        Read here and whenever a part is asked for: it must stay as it is as long.
    tensors
        The tensors by name that a ``reference_tensor`` may name: the inputs before any operation,
        and at the outputs the other outputs too. Read here only.

    Raises
    ------
    BundleError
        If an operation is unknown, or its arguments are wrong or do not fit the tensor.
    """
    chain = Chain(tensor)
    for name, kwargs in operations:
        chain = chain.then(step(name, kwargs, chain, tensors))
    return chain


def apply(
    name: str, kwargs: Mapping[str, Any], tensor: Tensor, tensors: Mapping[str, Tensor]
) -> Tensor:
    """The tensor after one operation; `tensor` itself stays as it is.

    Parameters and errors are those of `bind`.
    """
    chain = bind([(name, kwargs)], tensor, tensors)
    return tensor.replace(chain.part(everything(chain)))


def finish(
    operations: Operations,
    tensor: Tensor,
    tensors: Mapping[str, Tensor],
    *,
    keep: bool = False,
) -> Tensor:
    """The tensor after all operations, in its own memory where that holds the result.

    The caller gives `tensor` up: its values are written over, block by block, if the result has
    their type and they may be written to; else the result is a new array. Beside that only some
    blocks are needed. Where nothing changes (no operation, a cast to the type there is) the result
    is `tensor`.

    Parameters
    ----------
    keep
        Whether somebody still reads the old values, so that the result must be a new array: an
        operation of another tensor that names this one (`referred_to`), or the owner of an array
        that `tensor` is a view of. `tensors` may hold `tensor` without that: they are read before
        anything is written.
    """
    chain = bind(operations, tensor, tensors)
    if not chain.steps:
        return tensor
    values = tensor.values
    is_ours = not keep and values.flags.writeable and values.dtype == chain.dtype
    return tensor.replace(chain.part(everything(chain), out=values if is_ours else None))


def referred_to(operations: Operations) -> frozenset[str]:
    """Names of the tensors whose values the operations take statistics from."""
    names = (kwargs.get("reference_tensor") for _, kwargs in operations)
    return frozenset(name for name in names if isinstance(name, str))
