"""(h): the peak memory of each side, in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tifffile

from benchmarks.images import write_large_tiff
from benchmarks.memory import Watch
from benchmarks.peers import NOT_MADE
from benchmarks.row import Goal, Row
from benchmarks.setup import load_raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.models import Model
    from benchmarks.setup import Setup

_LARGE: Final = Goal(2.5, of="value")
_PERCENTILES: Final = (1.0, 99.8)


def memory(setup: Setup) -> Iterator[Row]:
    """(h) Peak of the processes of each side from start to the end of a run."""
    for model in setup.models:
        for size in setup.effort.memory:
            yield from _of_model(setup, model, size)
    if setup.is_large:
        yield from _large(setup)


def _of_model(setup: Setup, model: Model, size: int) -> Iterator[Row]:
    image, fed = str(setup.image(size, 0)), str(setup.fed(model, size, 0))
    with setup.ours() as side, Watch(side.pid) as watch:
        keys = {**model.python_keys, "tile": "auto"}
        side.ask("predict", model=str(model.bundle), image=image, keys=keys)
    ours = watch.peak / 1e6
    client, worker = (peak / 1e6 for peak in watch.peaks)
    note = f"ours: client {client:.0f}, worker {worker:.0f} MB"
    with setup.raw() as side, Watch(side.pid) as watch:
        load_raw(side, model)
        side.ask("run", image=fed)
    title = f"{model.title}, {size}², peak memory"
    yield _row(title, ours, watch.peak / 1e6, against="raw, whole image", note=note)
    for name, path in _peers(model):
        peer = setup.peer(name)
        if peer is None:
            yield Row("h", title, ours, against=name, unit="MB", note=NOT_MADE)
            continue
        with peer, Watch(peer.pid) as watch:
            peer.ask("load", path=path, format=model.format)
            peer.ask("run", image=image)
        yield _row(title, ours, watch.peak / 1e6, against=f"{name}, whole image")


def _peers(model: Model) -> list[tuple[str, str]]:
    if model.stardist is not None:
        return [("stardist", str(model.stardist))]
    if model.key.startswith("unet"):
        return [("core", str(model.bundle / "bioimageio.yaml"))]
    return []


def _row(title: str, ours: float, theirs: float, *, against: str, note: str = "") -> Row:
    return Row("h", title, ours, theirs, against=against, unit="MB", ratio=ours / theirs, note=note)


def _large(setup: Setup) -> Iterator[Row]:
    """A file of 1 GiB through a network with one input and one output, percentiles first."""
    size = setup.effort.large
    bundle = _percentile_bundle(setup.folder / "percentiles")
    tiff = write_large_tiff(setup.folder / "large.tif", size)
    small = write_large_tiff(setup.folder / "small.tif", 512)
    output = setup.folder / "large.npy"
    keys = {"tile": "auto"}
    with setup.ours() as side:
        side.ask("predict", model=str(bundle), image=str(small), keys=keys)
        with Watch(side.pid) as watch:
            question = {"model": str(bundle), "image": str(tiff), "keys": keys}
            seconds = side.ask("predict", **question)["seconds"]
        yield _large_row(f"{size}² float TIFF, predict", watch, seconds, note=_by_peak(watch))
        side.ask("predict", save=str(output), **question)
    yield _exactness(f"{size}² float TIFF, percentiles", tiff, output)
    yield _from_imagej(setup, bundle, tiff, small=small)


def _from_imagej(setup: Setup, bundle: Path, tiff: Path, *, small: Path) -> Row:
    """With the image open in ImageJ before: what the run adds besides its output image."""
    size = setup.effort.large
    options = f"model=[{bundle}]"
    with setup.ours() as side:
        side.ask("start")
        side.ask("macro", image=str(small), options=options)
        side.ask("open_image", image=str(tiff))
        with Watch(side.pid) as watch:
            seconds = side.ask("run_on_active", options=options)["seconds"]
    above = watch.peak - watch.baseline - 4 * size * size
    note = f"besides the output image; {_by_peak(watch)}"
    return _large_row(f"{size}² float from ImageJ", watch, seconds, note=note, above=above)


def _by_peak(watch: Watch) -> str:
    client, worker = (peak / 1e9 for peak in watch.peaks)
    return f"client {client:.2f}, worker {worker:.2f} GB"


def _large_row(
    title: str, watch: Watch, seconds: float, *, note: str, above: int | None = None
) -> Row:
    above = watch.peak - watch.baseline if above is None else above
    baseline = watch.baseline / 1e9
    return Row(
        "h",
        title,
        above / 1e9,
        baseline,
        against="baseline",
        unit="GB",
        goal=_LARGE,
        note=f"above the baseline, {seconds:.0f} s; {note}",
    )


def _percentile_bundle(folder: Path) -> Path:
    """An identity after the image's percentiles 1 and 99.8: they can be read from its output."""
    from bundle_factory import make_identity_bundle

    kwargs = {
        "axes": ["channel", "y", "x"],
        "min_percentile": _PERCENTILES[0],
        "max_percentile": _PERCENTILES[1],
    }
    operations = [{"id": "scale_range", "kwargs": kwargs}]
    return make_identity_bundle(
        folder, name="Percentiles", axes="bcyx", min=64, step=16, operations=operations
    )


def _exactness(title: str, tiff: Path, output: Path) -> Row:
    """Largest difference of the output to what numpy's own percentiles give."""
    pixels: Any = tifffile.memmap(tiff, mode="r")
    low, high = np.percentile(pixels, _PERCENTILES)
    result = np.load(output, mmap_mode="r")
    worst = 0.0
    for top in range(0, pixels.shape[0], 512):
        wanted = (pixels[top : top + 512] - low) / (high - low + 1e-6)
        worst = max(worst, float(np.abs(result[top : top + 512] - wanted).max()))
    goal = Goal(1e-5, of="value")
    return Row("h", title, worst, unit="", goal=goal, note="largest difference to numpy's")
