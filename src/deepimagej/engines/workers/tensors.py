"""Which tensor of the RDF is which tensor of the network."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .failures import Refused


class Slot(NamedTuple):
    """A tensor at the network's border, as its file describes it."""

    name: str
    """Empty: one of a tuple."""
    shape: Optional[Tuple[Optional[int], ...]] = None
    """None: unknown; None for one size: any."""
    dtype: Optional[str] = None
    """numpy's name."""


def match(
    kind: str, wanted: Sequence[str], offered: Sequence[Slot], ranks: Sequence[int]
) -> List[int]:
    """Index in `offered` for each tensor that is wanted: by name, by order, or by rank.

    Authors name tensors freely in the RDF, while exporters make up names of their own
    (``input.1``, ``serving_default_x:0``), so names agree only sometimes.

    Parameters
    ----------
    kind
        ``input`` or ``output``, for the message.
    wanted
        Names in the RDF's order.
    offered
        What the network has, in its order.
    ranks
        Number of axes of each wanted tensor, as many as `wanted`.
    """
    found: Dict[int, int] = {}
    names = {_plain(slot.name): index for index, slot in enumerate(offered) if slot.name}
    for position, name in enumerate(wanted):
        if _plain(name) in names:
            found[position] = names[_plain(name)]
    open_wanted = [position for position in range(len(wanted)) if position not in found]
    open_offered = [index for index in range(len(offered)) if index not in found.values()]
    is_tuple = not any(slot.name for slot in offered)  # further parts may be the author's own
    if len(open_wanted) == len(open_offered) or is_tuple:
        found.update(zip(open_wanted, open_offered))
    for position in open_wanted:
        same = [index for index in open_offered if _fits(offered[index], ranks[position])]
        if position not in found and len(same) == 1:
            found[position] = same[0]
            open_offered.remove(same[0])
    if len(found) < len(wanted) or (kind == "input" and len(found) < len(offered)):
        raise Refused("tensors", _message(kind, wanted, offered))
    return [found[position] for position in range(len(wanted))]


def _plain(name: str) -> str:
    """``input:0`` of a TensorFlow graph is ``input`` to its author."""
    return name[:-2] if name.endswith(":0") else name


def _fits(slot: Slot, rank: int) -> bool:
    return slot.shape is not None and len(slot.shape) == rank


def _message(kind: str, wanted: Sequence[str], offered: Sequence[Slot]) -> str:
    there = ", ".join(f"{slot.name} {_sizes(slot.shape)}".strip() for slot in offered)
    plural = "" if len(wanted) == 1 else "s"
    return (
        f"the bundle names {len(wanted)} {kind}{plural} ({', '.join(wanted)}), "
        f"the network has {len(offered)} ({there})"
    )


def _sizes(shape: Optional[Sequence[Optional[int]]]) -> str:
    if shape is None:
        return ""
    return "x".join("?" if size is None else str(size) for size in shape)
