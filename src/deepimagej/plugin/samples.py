"""A run on the image that a bundle ships, beside what its author expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.bundle.tensors import load_tensor
from deepimagej.errors import BundleError
from deepimagej.files import read_image
from deepimagej.image import Image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from deepimagej.bundle.spec import ModelSpec, TensorSpec

_TOLERANCE = (1.5e-4, 1e-4)
"""Of bundles that state none: what the zoo's check of deepImageJ allows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Files of a bundle to try it on."""

    inputs: Mapping[str, Path]
    expected: Mapping[str, Path]
    """What the author got from them, by output; may be empty."""


def find_sample(spec: ModelSpec) -> Sample | None:
    """The sample of a bundle; None if it ships none.

    The author's samples where they come with a result, else the test tensors, else samples without
    a result. A sample with the pixels of the test tensor has the test's result.
    """
    samples = _inputs(spec, "sample")
    tests = _inputs(spec, "test")
    results = {t.name: t.sample for t in spec.outputs if t.sample is not None}
    checks = {t.name: t.test for t in spec.outputs if t.test is not None}
    if samples and results:
        return Sample(samples, results)
    if samples and checks and tests and _same_pixels(samples, tests):
        return Sample(samples, checks)
    if tests and checks:
        return Sample(tests, checks)
    found = samples or tests
    return Sample(found, {}) if found else None


def _inputs(spec: ModelSpec, kind: str) -> dict[str, Path]:
    """A file for each input that the model needs; empty if one lacks it."""
    paths = {tensor.name: getattr(tensor, kind) for tensor in spec.inputs}
    needed = [tensor.name for tensor in spec.inputs if not tensor.optional]
    if any(paths[name] is None for name in needed):
        return {}
    return {name: path for name, path in paths.items() if path is not None}


def _same_pixels(one: Mapping[str, Path], other: Mapping[str, Path]) -> bool:
    try:
        return all(
            np.array_equal(load_tensor(path).squeeze(), load_tensor(other[name]).squeeze())
            for name, path in one.items()
        )
    except (BundleError, KeyError):
        return False


def read_sample(path: Path, tensor: TensorSpec, title: str) -> Image:
    """A tensor file as an image to be opened: singleton axes are dropped."""
    if path.suffix.lower() not in (".npy", ".npz"):
        image = read_image(path)
        return Image(
            pixels=image.pixels, axes=image.axes, title=title, calibration=image.calibration,
            is_rgb=image.is_rgb,
        )  # fmt: skip
    values = load_tensor(path)
    names = tensor.names
    if values.ndim != len(names):
        values = values.squeeze()
        names = tuple(axis for axis in names if axis.is_spatial)[-values.ndim :]
    kept = [
        number
        for number, axis in enumerate(names)
        if values.shape[number] > 1 or axis in (AxisName.Y, AxisName.X)
    ]
    shape = [values.shape[number] for number in kept]
    return Image(pixels=values.reshape(shape), axes=tuple(names[n] for n in kept), title=title)


def compare(
    spec: ModelSpec, results: Mapping[str, xr.DataArray], expected: Mapping[str, NDArray[Any]]
) -> str:
    """How the results differ from the author's, in words."""
    if not expected:
        return "The bundle ships no expected result."
    sentences = [_compare(spec, name, results, values) for name, values in expected.items()]
    return " ".join(sentences)


def _compare(
    spec: ModelSpec, name: str, results: Mapping[str, xr.DataArray], wanted: NDArray[Any]
) -> str:
    if name not in results:
        return f'The step after the network kept no "{name}" to compare.'
    given = np.asarray(results[name]).squeeze().astype(np.float64)
    wanted = wanted.squeeze().astype(np.float64)
    if given.shape != wanted.shape:
        return (
            f'"{name}" has the shape {given.shape}, the author\'s has {wanted.shape}: '
            "they cannot be compared."
        )
    difference = np.abs(given - wanted)
    most = float(difference.max(initial=0))
    if most == 0:
        return f'"{name}" is equal to the author\'s in every pixel.'
    absolute, relative = spec.tolerance or _TOLERANCE
    outside = int((~(difference <= absolute + relative * np.abs(wanted))).sum())
    verdict = (
        "as good as equal" if outside == 0 else f"{outside} pixels differ more than they should"
    )
    span = f"{wanted.min():.3g} to {wanted.max():.3g}"
    return f'"{name}" differs from the author\'s by at most {most:.2g} (values {span}): {verdict}.'
