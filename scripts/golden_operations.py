"""Write the figures that the tests of the zoo operations compare with.

    python scripts/golden_operations.py tests/processing/golden

bioimageio.core runs in an environment of its own, made in a temporary folder, because it pins
what the rest of the project does not. Its procedures are called one by one on small arrays whose
values differ along every axis; inputs and outputs go to operations.npz, the arguments and the
versions used to operations.json. It gets float32 inputs as float64, for it sums in the type it is
given and loses up to 1e-6 of the largest figure in float32.

Four things of bioimageio.core 0.11.0 are mended on its operator before it runs, since they
contradict the format: ``eps`` is dropped by scale_range and both zero_mean_unit_variance, the
``axis`` of binarize is ignored, and scale_linear with ``axes`` (0.4) is not implemented, so that
its 0.5 form runs instead.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

PACKAGES = ["bioimageio.core==0.11.0", "pydantic<2.14"]

YX, CYX = ["y", "x"], ["channel", "y", "x"]
STATISTICS: list[dict[str, Any]] = [
    {},
    {"axes": YX},
    {"axes": CYX},
    {"axes": ["channel", "y"]},
    {"axes": ["batch", "y", "x"]},
    {"axes": YX, "eps": 0.05},
]
STATISTICS_04: list[dict[str, Any]] = [
    {"mode": "per_sample", "axes": "xy"},
    {"mode": "per_sample", "axes": "xyc"},
    {"mode": "per_dataset", "axes": "yx"},
    {"mode": "per_sample", "axes": "c", "eps": 0.01},
]
PERCENTILES: list[dict[str, Any]] = [
    {},
    {"min_percentile": 1, "max_percentile": 99.8},
    {"min_percentile": 5.0},
    {"max_percentile": 37.5},
]
MEANS, STDS = [101.5, 207.25, 310.0], [11.5, 23.0, 31.25]

# Operation, version of the format, arguments, input; a fifth entry is the 0.5 form that runs.
Case = tuple[str, str, dict[str, Any], str] | tuple[str, str, dict[str, Any], str, dict[str, Any]]
CASES: list[Case] = [
    *(("scale_range", "0.5", {**s, **p}, "bcyx") for s in STATISTICS for p in PERCENTILES),
    *(("scale_range", "0.4", {**s, **p}, "bcyx") for s in STATISTICS_04 for p in PERCENTILES),
    ("scale_range", "0.5", {"axes": ["z", "y", "x"], "max_percentile": 99.0}, "bczyx"),
    ("scale_range", "0.5", {"axes": ["index"], "min_percentile": 3.0}, "bic"),
    ("scale_range", "0.5", {"axes": YX, "max_percentile": 99.8}, "uint16"),
    ("scale_range", "0.5", {"reference_tensor": "other"}, "bcyx"),
    ("scale_range", "0.5", {"reference_tensor": "other", "axes": YX}, "bcyx"),
    ("scale_range", "0.5", {"reference_tensor": "other", "axes": CYX}, "bcyx"),
    ("scale_range", "0.4", {"reference_tensor": "other", "axes": "xy", "mode": "per_sample",
                            "max_percentile": 99.0}, "bcyx"),
    *(("zero_mean_unit_variance", "0.5", s, "bcyx") for s in STATISTICS),
    *(("zero_mean_unit_variance", "0.4", s, "bcyx") for s in STATISTICS_04),
    ("zero_mean_unit_variance", "0.5", {"axes": YX}, "uint16"),
    ("zero_mean_unit_variance", "0.4", {"axes": "xy", "mean": MEANS, "std": STDS}, "bcyx"),
    ("zero_mean_unit_variance", "0.4", {"mode": "fixed", "axes": "xy", "mean": MEANS, "std": STDS,
                                        "eps": 0.02}, "bcyx"),
    ("zero_mean_unit_variance", "0.4", {"mode": "fixed", "axes": "cyx", "mean": 99.5, "std": 7.5},
     "bcyx"),
    ("fixed_zero_mean_unit_variance", "0.5", {"mean": 103.5, "std": 13.7}, "bcyx"),
    ("fixed_zero_mean_unit_variance", "0.5", {"mean": MEANS, "std": STDS, "axis": "channel"},
     "bcyx"),
    ("fixed_zero_mean_unit_variance", "0.5", {"mean": MEANS, "std": STDS, "axis": "channel"},
     "bic"),
    ("scale_linear", "0.5", {"gain": 2.5}, "bcyx"),
    ("scale_linear", "0.5", {"offset": -3.25}, "uint16"),
    ("scale_linear", "0.5", {"gain": [1.5, 2.5, -3.5], "offset": MEANS, "axis": "channel"},
     "bcyx"),
    ("scale_linear", "0.5", {"gain": [1.5, 2.5, -3.5], "axis": "channel"}, "bcyx"),
    ("scale_linear", "0.5", {"offset": [1, 2, 3, 4], "axis": "z"}, "bczyx"),
    ("scale_linear", "0.4", {"gain": 0.5, "offset": 3.0}, "bcyx"),
    ("scale_linear", "0.4", {"axes": "yx", "gain": [1.5, 2.5, -3.5], "offset": 2.0}, "bcyx",
     {"axis": "channel", "gain": [1.5, 2.5, -3.5], "offset": 2.0}),
    ("clip", "0.5", {"min": 90.5, "max": 210.0}, "bcyx"),
    ("clip", "0.5", {"min": 90.5}, "bcyx"),
    ("clip", "0.5", {"max": 210.0}, "uint16"),
    ("clip", "0.4", {"min": 90.5, "max": 210.0}, "bcyx"),
    ("clip", "0.5", {"min_percentile": 10.0, "max_percentile": 90.0}, "bcyx"),
    ("clip", "0.5", {"min_percentile": 10.0, "max_percentile": 90.0, "axes": YX}, "bcyx"),
    ("clip", "0.5", {"max_percentile": 50.0, "axes": ["batch", "y", "x"]}, "bcyx"),
    ("clip", "0.5", {"min": 100.0, "max_percentile": 75.0, "axes": CYX}, "bcyx"),
    ("binarize", "0.5", {"threshold": 200.0}, "bcyx"),
    ("binarize", "0.4", {"threshold": 110}, "uint16"),
    ("binarize", "0.5", {"threshold": [100.0, 200.0, 300.0], "axis": "channel"}, "bcyx"),
    ("binarize", "0.5", {"threshold": [90, 95, 100, 105], "axis": "z"}, "bczyx"),
    ("sigmoid", "0.5", {}, "logits"),
    ("sigmoid", "0.4", {}, "logits"),
    ("softmax", "0.5", {}, "logits"),
    ("softmax", "0.5", {"axis": "y"}, "logits"),
    *(("ensure_dtype", "0.5", {"dtype": dtype}, "bcyx") for dtype in
      ["float32", "float64", "uint16", "int16", "uint32", "int32", "uint64", "int64", "bool"]),
    ("ensure_dtype", "0.5", {"dtype": "uint8"}, "logits_positive"),
    ("ensure_dtype", "0.5", {"dtype": "int8"}, "logits"),
    ("ensure_dtype", "0.5", {"dtype": "float32"}, "uint16"),
    *(("scale_mean_variance", "0.5", {"reference_tensor": "other", **s}, "bcyx")
      for s in STATISTICS if "x" in s.get("axes", "x")),
    *(("scale_mean_variance", "0.4", {"reference_tensor": "other", **s}, "bcyx")
      for s in STATISTICS_04 if "x" in s["axes"]),
]  # fmt: skip


def main() -> None:
    """Make the environment and run this file again inside it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where operations.npz and .json are written")
    parser.add_argument("--here", action="store_true", help="use the packages of this Python")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.here:
        compute(options.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        print(f"Installing {', '.join(PACKAGES)} in a temporary environment", flush=True)
        venv.create(temporary, with_pip=True)
        python = Path(temporary) / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        subprocess.run([python, __file__, "--here", options.folder], check=True)


def compute(folder: Path) -> None:
    """Run all cases and write the two files."""
    import importlib.metadata

    import numpy as np

    inputs = make_inputs()
    arrays = {f"input_{name}": values for name, (values, _) in inputs.items()}
    records = []
    for number, (operation, version, kwargs, name, *form) in enumerate(CASES):
        result = run(operation, version, kwargs, inputs=inputs, name=name, form=form)
        # What the tests compare is the values; float64 results keep their digits.
        arrays[f"output_{number}"] = result
        records.append(
            {
                "operation": operation, "format": version, "kwargs": kwargs, "input": name,
                "axes": axis_ids(inputs[name][1], version),
                "other_axes": axis_ids(inputs["other"][1], version),
            }
        )  # fmt: skip
    names = ["bioimageio.core", "bioimageio.spec", "numpy", "xarray", "scipy"]
    versions = {name: importlib.metadata.version(name) for name in names}
    np.savez_compressed(folder / "operations.npz", **arrays)
    lines = ",\n".join("    " + json.dumps(record) for record in records)
    text = f'{{\n  "versions": {json.dumps(versions)},\n  "cases": [\n{lines}\n  ]\n}}\n'
    (folder / "operations.json").write_text(text, encoding="utf-8")
    for name, version in versions.items():
        print(f"{name} {version}")
    size = (folder / "operations.npz").stat().st_size
    print(f"{len(records)} cases, {size / 1000:.0f} kB")


def make_inputs() -> dict[str, tuple[Any, str]]:
    """Small arrays by name, each with its axes as letters."""
    import numpy as np

    random = np.random.default_rng(20)

    def image(shape: tuple[int, ...]) -> Any:
        values = random.gamma(4.0, 5.0, shape) + 80
        for axis, length in enumerate(shape):  # no two places along an axis are alike
            trend = 1 + 0.3 * np.arange(length).reshape(
                [-1 if a == axis else 1 for a in range(len(shape))]
            )
            values = values * (trend if axis < 2 else 1 + 0.1 * (trend - 1))
        return values

    logits = random.normal(0, 12, (2, 3, 5, 7)).astype(np.float32)
    return {
        "bcyx": (image((2, 3, 5, 7)).astype(np.float32), "bcyx"),
        "bczyx": (image((1, 2, 4, 3, 5)).astype(np.float32), "bczyx"),
        "bic": (image((1, 6, 3)).astype(np.float32), "bic"),
        "uint16": (image((1, 2, 6, 5)).astype(np.uint16), "bcyx"),
        "logits": (logits, "bcyx"),
        "logits_positive": (np.abs(logits), "bcyx"),
        "other": ((3 * image((2, 3, 4, 6)) - 100).astype(np.float32), "bcyx"),
    }


def axis_ids(letters: str, version: str) -> list[str]:
    """Axis ids of a tensor: letters in format 0.4, words in 0.5."""
    words = {"b": "batch", "c": "channel", "i": "index"}
    return [words.get(letter, letter) if version == "0.5" else letter for letter in letters]


def run(
    operation: str,
    version: str,
    kwargs: dict[str, Any],
    *,
    inputs: dict[str, tuple[Any, str]],
    name: str,
    form: list[dict[str, Any]],
) -> Any:
    """What bioimageio.core makes of one case."""
    from bioimageio.core.sample import Sample
    from bioimageio.core.stat_calculators import compute_measures
    from bioimageio.core.tensor import Tensor

    operator = make_operator(
        operation, "0.5" if form else version, form[0] if form else kwargs, letters=inputs[name][1]
    )
    members = {}
    for member, key in {"raw": name, "other": "other"}.items():
        values = inputs[key][0]
        if values.dtype == "float32":
            values = values.astype("float64")
        members[member] = Tensor(values, dims=axis_ids(inputs[key][1], "0.5"))
    sample = Sample(members=members, stat={}, id=None)
    if operator.required_measures:
        sample.stat.update(compute_measures(operator.required_measures, [sample]))
    operator(sample)
    return sample.members["raw"].data.values


def make_operator(operation: str, version: str, kwargs: dict[str, Any], *, letters: str) -> Any:
    """The operator of bioimageio.core, mended where it contradicts the format."""
    import xarray as xr
    from bioimageio.core import proc_ops
    from bioimageio.spec.model import v0_4, v0_5

    module = v0_4 if version == "0.4" else v0_5
    camel = "".join(word.capitalize() for word in operation.split("_"))
    descr_class = getattr(module, f"{camel}Descr")
    key = "name" if version == "0.4" else "id"
    content = {key: operation} if operation == "sigmoid" else {key: operation, "kwargs": kwargs}
    description = descr_class.model_validate(content)
    shape = [1] + [3] * (len(letters) - 1)
    tensor = v0_4.InputTensorDescr(name="raw", axes=letters, shape=shape, data_type="float32")
    operator = proc_ops.get_proc(description, tensor)
    if "eps" in kwargs:
        operator.eps = kwargs["eps"]
    if operation == "binarize" and "axis" in kwargs:
        operator.threshold = xr.DataArray(kwargs["threshold"], dims=[kwargs["axis"]])
    return operator


if __name__ == "__main__":
    main()
