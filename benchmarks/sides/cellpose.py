"""Cellpose's own steps after the network, in an environment of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.sides.answering import serve, timed


def objects(outputs: str) -> dict[str, Any]:
    """Masks from flows and cell probability, (3, Y, X), on the CPU with its defaults."""
    import torch
    from cellpose import dynamics

    values = np.load(outputs)

    def work() -> Any:
        return dynamics.compute_masks(
            values[:2], values[2], min_size=15, device=torch.device("cpu")
        )

    seconds, masks = timed(work)
    return {"seconds": seconds, "count": len(np.unique(masks)) - 1}


if __name__ == "__main__":
    serve({"objects": objects})
