"""How large ``tile=auto`` is for a sample: what the memory holds and what this machine learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepimagej import tile_learning
from deepimagej.planning import price_sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.request import Device
    from deepimagej.tile_learning import Choice, Known


def choose_auto(
    spec: ModelSpec,
    shapes: Mapping[str, tuple[int, ...]],
    known: Known,
    *,
    device: Device,
    allowed: int | None,
    overlap: int | None,
) -> Choice:
    """The largest px of a tile for a sample.

    Parameters
    ----------
    shapes
        Of the input tensors by name.
    known
        What runs of the network taught.
    allowed
        Bytes that the user allows its worker; None: any.
    """
    most = _held(known, device, allowed)
    limits = tile_learning.LIMITS
    prices = price_sample(spec, shapes, limits[-1:], overlap=overlap)
    if prices[-1].pixels > tile_learning.WHOLE:  # else there is nothing to choose from
        prices = price_sample(spec, shapes, limits, overlap=overlap)
    return tile_learning.choose(prices, known, most=most, device=device.kind)


def _held(known: Known, device: Device, allowed: int | None) -> int:
    """Px of a tile that the memory holds, as far as known."""
    import psutil

    if device.kind != "cpu":
        return known.limit or tile_learning.LIMITS[-1]
    memory = psutil.virtual_memory()
    available = memory.available
    if known.bytes_per_px is not None and allowed is not None:
        available = min(available, allowed)
    return tile_learning.memory_limit(known, total=memory.total, available=available)
