"""What the training scripts share: images, the U-Net, the loop with its clock, the curve.

The clock is the processor time of the process, so that a run on a busy machine, or one that was
interrupted, gets the same training as one on an idle machine.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from deepimagej.metrics import match_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

Batch = tuple[torch.Tensor, ...]
TUNING = 10
"""Every tenth training image is kept for the choice of thresholds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image, (Y, X) or (Z, Y, X) float32 as the network sees it, and its labels."""

    name: str
    image: NDArray[np.float32]
    labels: NDArray[np.int32]


def arguments(
    description: str, minutes: float, *, is_simulated: bool = False
) -> argparse.Namespace:
    """The options of a training script."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if not is_simulated:
        parser.add_argument("data", type=Path, help="folder with train/images and train/masks")
    parser.add_argument("output", type=Path, help="folder for checkpoint.pt and curve.csv")
    parser.add_argument("--minutes", type=float, default=minutes, help="of processor time")
    parser.add_argument("--start-from", type=Path, help="checkpoint of a network of the same trunk")
    parser.add_argument("--resume", action="store_true", help="go on from output/checkpoint.pt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.output.mkdir(parents=True, exist_ok=True)
    return options


def scale_range(
    image: NDArray[Any], percentiles: tuple[float, float] = (1, 99.8)
) -> NDArray[np.float32]:
    """Percentiles of the whole image become 0 and 1: the operation scale_range of the bundles."""
    low, high = np.percentile(image, percentiles).astype(np.float32)
    return (image.astype(np.float32) - low) / (high - low + np.float32(1e-6))


def read_samples(
    folder: Path, prepare: Callable[[NDArray[Any]], NDArray[np.float32]] = scale_range
) -> list[Sample]:
    """The images of folder/images with the labels of the same name in folder/masks."""
    files = sorted((folder / "images").glob("*.tif"))
    return [
        Sample(
            file.stem,
            prepare(tifffile.imread(file)),
            tifffile.imread(folder / "masks" / file.name).astype(np.int32),
        )
        for file in files
    ]


def split(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Images to train with, and those to choose thresholds with."""
    tuning = list(samples[::TUNING])
    return [sample for number, sample in enumerate(samples) if number % TUNING], tuning


def crops(
    shapes: Sequence[tuple[int, int]], size: int, rng: np.random.Generator
) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Places of `size` px in images of these shapes; larger images come more often."""
    weights = np.array([math.ceil(h / size) * math.ceil(w / size) for h, w in shapes], float)
    while True:
        number = int(rng.choice(len(shapes), p=weights / weights.sum()))
        height, width = shapes[number]
        y, x = rng.integers(max(height - size, 0) + 1), rng.integers(max(width - size, 0) + 1)
        yield number, (slice(y, y + size), slice(x, x + size))


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the eight ways to lay a square: mirrored along y, along x, then transposed."""

    flip_y: bool
    flip_x: bool
    transpose: bool

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Turn:
        return cls(*(bool(value) for value in rng.random(3) < 0.5))

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` with y and x as the last two axes, laid that way."""
        if self.flip_y:
            values = values[..., ::-1, :]
        if self.flip_x:
            values = values[..., ::-1]
        return values.swapaxes(-1, -2) if self.transpose else values


def tensors(rows: Sequence[tuple[NDArray[Any], ...]]) -> Batch:
    """The crops of a batch, one tensor for each kind."""
    return tuple(
        torch.from_numpy(np.stack(values).astype(np.float32)) for values in zip(*rows, strict=True)
    )


def vary(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The image a little brighter or darker, with a little noise."""
    gain, shift = rng.uniform(0.7, 1.4), rng.uniform(-0.1, 0.1)
    noise = rng.normal(0, rng.uniform(0, 0.03), image.shape)
    return (image * gain + shift + noise).astype(np.float32)


def double_conv(channels_in: int, channels: int, dimensions: int) -> nn.Sequential:
    """Two convolutions of 3 px, each with batch normalisation and ReLU."""
    conv, norm = (nn.Conv2d, nn.BatchNorm2d) if dimensions == 2 else (nn.Conv3d, nn.BatchNorm3d)
    return nn.Sequential(
        conv(channels_in, channels, 3, padding=1, bias=False),
        norm(channels),
        nn.ReLU(inplace=True),
        conv(channels, channels, 3, padding=1, bias=False),
        norm(channels),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """A U-Net whose decoder ends at a grid of `grid` px; features only, the head is the method's.

    Parameters
    ----------
    channels
        Of each level, the full size first.
    grid
        1, 2, 4 ...: px of the image per px of the result.
    """

    def __init__(self, channels: Sequence[int], *, grid: int = 1, dimensions: int = 2) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            double_conv(before, after, dimensions)
            for before, after in zip((1, *channels[:-1]), channels, strict=True)
        )
        last = grid.bit_length() - 1
        self.up = nn.ModuleDict(
            {
                str(level): double_conv(
                    channels[level + 1] + channels[level], channels[level], dimensions
                )
                for level in range(last, len(channels) - 1)
            }
        )
        self.last = last
        self.levels = len(channels)
        self.pool = nn.MaxPool2d(2) if dimensions == 2 else nn.MaxPool3d(2)
        self.enlarge = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = []
        for level, block in enumerate(self.down):
            image = block(self.pool(image) if level else image)
            features.append(image)
        for level in range(self.levels - 2, self.last - 1, -1):
            joined = torch.cat([self.enlarge(image), features[level]], dim=1)
            image = self.up[str(level)](joined)
        return image


class Network(nn.Module):
    """U-Net, one more convolution, and a linear layer to the outputs."""

    def __init__(
        self,
        outputs: int,
        *,
        channels: Sequence[int] = (16, 32, 64, 96, 160),
        grid: int = 1,
        features: int = 64,
        dimensions: int = 2,
    ) -> None:
        super().__init__()
        conv = nn.Conv2d if dimensions == 2 else nn.Conv3d
        self.trunk = UNet(channels, grid=grid, dimensions=dimensions)
        self.features = conv(channels[grid.bit_length() - 1], features, 3, padding=1)
        self.head = conv(features, outputs, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.features(self.trunk(image))))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained."""

    batches: Iterator[Batch]
    loss: Callable[[torch.Tensor, Batch], torch.Tensor]
    """Of the network's output and the batch."""
    score: Callable[[nn.Module], dict[str, float]]
    """Figures on the tuning images."""
    rate: float = 2e-3
    scores: int = 4
    """How often the tuning images are scored."""


def train(network: Network, recipe: Recipe, options: argparse.Namespace) -> nn.Module:
    """The network with the running mean of its weights; output/checkpoint.pt has them too."""
    layout = torch.channels_last if network.head.weight.ndim == 4 else torch.channels_last_3d
    network.to(memory_format=layout)
    mean = AveragedModel(network, multi_avg_fn=_running_mean, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=1e-4)
    state = _State(network, mean, optimizer, options.output)
    if options.resume:
        state.load()
    elif options.start_from:
        warm_start(network, options.start_from)
    budget, started, losses = 60 * options.minutes, time.process_time() - state.spent, []
    due = state.spent + budget / recipe.scores
    for batch in recipe.batches:
        state.spent = time.process_time() - started
        _set_rate(optimizer, recipe.rate, state.spent / budget)
        losses.append(_step(network, optimizer, batch, recipe.loss))
        mean.update_parameters(network)
        state.iteration += 1
        if state.spent >= min(due, budget):
            figures = recipe.score(mean.module.eval())
            state.save({"loss": float(np.mean(losses)), **figures})
            if state.spent >= budget:
                break
            losses, due = [], due + budget / recipe.scores
            started = time.process_time() - state.spent  # scoring is not training
    return mean.module.eval()


def _running_mean(
    means: Sequence[torch.Tensor], values: Sequence[torch.Tensor], count: torch.Tensor | int
) -> None:
    """The mean of the last 500 steps or so; at first of fewer, so that the start is forgotten."""
    weight = max(0.002, 9 / (10 + int(count)))
    with torch.no_grad():
        for mean, value in zip(means, values, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), weight)
            else:
                mean.copy_(value)


def _step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    loss_of: Callable[[torch.Tensor, Batch], torch.Tensor],
) -> float:
    network.train()
    is_flat = batch[0].ndim == 4
    layout = torch.channels_last if is_flat else torch.channels_last_3d
    image = batch[0].contiguous(memory_format=layout)
    # With AMX a step takes 0.30 s in bfloat16, 0.74 s in float32 (4 crops of 256 px, one core).
    with torch.autocast("cpu", torch.bfloat16):
        output = network(image)
    loss = loss_of(output.float(), batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()
    return float(loss.detach())


def _set_rate(optimizer: torch.optim.Optimizer, rate: float, done: float) -> None:
    """A short rise, then half a cosine down to a hundredth."""
    rise = min(done / 0.03, 1)
    fall = 0.5 * (1 + math.cos(math.pi * min(done, 1)))
    for group in optimizer.param_groups:
        group["lr"] = rate * max(rise * fall, 0.01)


def warm_start(network: nn.Module, checkpoint: Path) -> None:
    """Take the weights that have the same names and shapes there."""
    known = torch.load(checkpoint, weights_only=True)["mean"]
    own = network.state_dict()
    fitting = {
        key: value for key, value in known.items() if key in own and own[key].shape == value.shape
    }
    network.load_state_dict({**own, **fitting})
    print(f"{len(fitting)} of {len(own)} tensors from {checkpoint}", flush=True)


class _State:
    """What a checkpoint keeps."""

    def __init__(
        self,
        network: nn.Module,
        mean: AveragedModel,
        optimizer: torch.optim.Optimizer,
        folder: Path,
    ) -> None:
        self.network, self.mean, self.optimizer = network, mean, optimizer
        self.folder, self.iteration, self.spent = folder, 0, 0.0

    def save(self, figures: dict[str, float]) -> None:
        row = {"cpu_s": round(self.spent, 1), "iteration": self.iteration, **figures}
        print(row, flush=True)
        curve = self.folder / "curve.csv"
        is_new = not curve.exists() or self.iteration == 0
        with curve.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if is_new:
                writer.writeheader()
            writer.writerow({key: f"{value:.5g}" for key, value in row.items()})
        content = {
            "network": self.network.state_dict(),
            "mean": self.mean.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": self.mean.n_averaged,
            "iteration": self.iteration,
            "spent": self.spent,
        }
        partial = self.folder / "checkpoint.part"
        torch.save(content, partial)
        os.replace(partial, self.folder / "checkpoint.pt")

    def load(self) -> None:
        content = torch.load(self.folder / "checkpoint.pt", weights_only=True)
        self.network.load_state_dict(content["network"])
        self.mean.module.load_state_dict(content["mean"])
        self.mean.n_averaged.copy_(content["averaged"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.iteration, self.spent = content["iteration"], content["spent"]


def f1_scores(found: Sequence[NDArray[np.int32]], samples: Sequence[Sample]) -> dict[str, float]:
    """F1 at three overlaps, objects of all images counted together."""
    figures = {}
    for iou in (0.5, 0.7, 0.8):
        matches = [
            match_labels(sample.labels, labels, iou)
            for labels, sample in zip(found, samples, strict=True)
        ]
        hits = 2 * sum(match.true_positives for match in matches)
        wrong = sum(match.false_positives + match.false_negatives for match in matches)
        figures[f"F1@{iou}"] = round(hits / max(hits + wrong, 1), 4)
    return figures


def predict(network: nn.Module, image: NDArray[np.float32], step: int = 16) -> NDArray[np.float32]:
    """Outputs, (channels, ...), of a whole image that is mirrored up to multiples of `step`."""
    widths = [(0, -size % step) for size in image.shape]
    padded = np.pad(image, widths, mode="symmetric")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        output = network(torch.from_numpy(padded)[None, None])
    return output[0].float().numpy()
