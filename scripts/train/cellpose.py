"""Train a network of Cellpose's kind: flows towards the centre of each cell, cell probability.

    python scripts/train/cellpose.py DATA OUTPUT [--start-from STARDIST/checkpoint.pt]

Stringer et al., "Cellpose: a generalist algorithm for cellular segmentation", Nature Methods 2021.
The network is a plain U-Net, without Cellpose's style vector and residual blocks.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from training import (
    Network,
    Recipe,
    Sample,
    Turn,
    arguments,
    crops,
    f1_scores,
    predict,
    read_samples,
    split,
    tensors,
    train,
    vary,
)

from deepimagej.methods.flows import FLOW_SCALE, flows_of, masks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from training import Batch

CROP = 256
BATCH = 4


class CellposeNet(Network):
    """Flows along y and x, `FLOW_SCALE` long, then the logit of the cell probability."""

    def __init__(self) -> None:
        super().__init__(3, features=32)


def main() -> None:
    options = arguments(__doc__, 25)
    samples, tuning = split(read_samples(options.data / "train"))
    flows = [flows_of(sample.labels).astype(np.float16) for sample in samples]
    print(f"{len(samples)} images to train, {len(tuning)} to choose thresholds", flush=True)
    rng = np.random.default_rng(options.seed)
    recipe = Recipe(batches(samples, flows, rng), loss, partial(score, tuning=tuning[::2]))
    network = train(CellposeNet(), recipe, options)
    outputs = [predict(network, sample.image) for sample in tuning]
    for cellprob, flow in ((-0.5, 0.4), (0.0, 0.4), (0.5, 0.4), (0.0, 0.8)):
        figures = agreement(outputs, tuning, cellprob=cellprob, flow=flow)
        print(cellprob, flow, figures, flush=True)


def batches(
    samples: Sequence[Sample], flows: Sequence[NDArray[np.float16]], rng: np.random.Generator
) -> Iterator[Batch]:
    """Crops, turned and mirrored: image, flows, cell or not."""
    places = crops([sample.image.shape for sample in samples], CROP, rng)
    while True:
        rows = []
        for _ in range(BATCH):
            number, place = next(places)
            turn, sample = Turn.draw(rng), samples[number]
            image = vary(turn.apply(sample.image[place]), rng)
            flow = turned_flows(flows[number][:, *place], turn)
            rows.append((image[np.newaxis], flow, turn.apply(sample.labels[place] > 0)))
        yield tensors(rows)


def turned_flows(flows: NDArray[np.float16], turn: Turn) -> NDArray[np.float16]:
    """Flows, (2, Y, X), of the turned image: a mirror turns them round, transposing swaps them."""
    y, x = turn.apply(flows)
    y, x = -y if turn.flip_y else y, -x if turn.flip_x else x
    return np.stack([x, y] if turn.transpose else [y, x])


def loss(output: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Squared error of the flows and cross-entropy of the probability, as Cellpose's."""
    _, flows, is_cell = batch
    squares = torch.nn.functional.mse_loss(output[:, :2], FLOW_SCALE * flows)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(output[:, 2], is_cell)
    return 0.5 * squares + entropy


def score(network: nn.Module, *, tuning: Sequence[Sample]) -> dict[str, float]:
    outputs = [predict(network, sample.image) for sample in tuning]
    return agreement(outputs, tuning, cellprob=0.0, flow=0.4)


def agreement(
    outputs: Sequence[NDArray[np.float32]],
    samples: Sequence[Sample],
    *,
    cellprob: float,
    flow: float,
) -> dict[str, float]:
    found = []
    for output, sample in zip(outputs, samples, strict=True):
        height, width = sample.labels.shape
        output = output[:, :height, :width]
        found.append(masks(output[:2], output[2], cellprob_threshold=cellprob, flow_threshold=flow))
    return f1_scores(found, samples)


if __name__ == "__main__":
    main()
