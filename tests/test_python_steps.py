"""Steps of bundles in Python: a function of a file, run in a worker, on arrays by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import make_scaling_bundle, make_sum_bundle
from deepimagej.errors import (
    BundleError,
    DeepImageJError,
    MacroError,
    TrustError,
    WorkerCrashed,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PLANE = np.arange(20, dtype=np.float32).reshape(4, 5)


def with_python(bundle: Path, code: str, **stages: str) -> Path:
    """The bundle with ``steps.py``, and one of its functions in each of `stages`."""
    (bundle / "steps.py").write_text(code)
    rdf = bundle / "bioimageio.yaml"
    content: dict[str, Any] = yaml.safe_load(rdf.read_text())
    content.setdefault("config", {})["deepimagej"] = {
        "prediction": {
            stage: [{"spec": "python", "kwargs": f"steps.py::{function}"}]
            for stage, function in stages.items()
        }
    }
    rdf.write_text(yaml.safe_dump(content))
    return bundle


def output(bundle: Path, name: str = "output", *, trust: bool = True) -> NDArray[Any]:
    result = deepimagej.run(bundle, PLANE, display_output="none", trust=trust)
    return result.images[name].values


def test_functions_work_on_the_arrays_before_and_after_the_network(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "def pre(tensors):\n"
        "    assert tensors['input'].shape == (1, 1, 4, 5)\n"
        "    return {'input': tensors['input'] + 1}\n"
        "def post(tensors):\n"
        "    return {'output': tensors['output'] * 10 + 0 * os.getpid()}\n"
    )
    bundle = with_python(
        make_scaling_bundle(tmp_path / "twice"), code, preprocess="pre", postprocess="post"
    )
    assert_array_equal(output(bundle), 20 * (PLANE + 1))
    found = deepimagej.predict(bundle, PLANE)["output"]  # trusted by now
    assert_array_equal(found, 20 * (PLANE + 1))
    result = deepimagej.run(bundle, np.stack([PLANE, -PLANE]), axes="ZYX", display_output="none")
    assert_array_equal(result.images["output"], 20 * (np.stack([PLANE, -PLANE]) + 1))
    assert "preprocessing=steps.py::pre postprocessing=steps.py::post" in result.request
    assert list(result.provenance["postprocessing"]["macros"]) == ["steps.py"]


def test_a_function_makes_a_further_input(tmp_path: Path) -> None:
    code = "def pre(tensors):\n    return {'b': 100 * tensors['a'][0]}\n"
    bundle = with_python(make_sum_bundle(tmp_path / "sum"), code, preprocess="pre")
    found = output(bundle, "sum")
    assert_array_equal(found, 101 * PLANE)


def test_a_changed_file_is_loaded_anew(tmp_path: Path) -> None:
    code = "def post(tensors):\n    return {'output': tensors['output'] + 1}\n"
    bundle = with_python(make_scaling_bundle(tmp_path / "twice"), code, postprocess="post")
    assert_array_equal(output(bundle), 2 * PLANE + 1)
    (bundle / "steps.py").write_text(code.replace("+ 1", "+ 2"))
    with pytest.raises(TrustError) as caught:
        output(bundle, trust=False)
    assert "steps.py: Python code (can do anything)" in caught.value.message
    assert_array_equal(output(bundle), 2 * PLANE + 2)


RUN = "Check the image against what the step expects, or correct the file."
LOAD = "Correct the file, or install what it imports into this Python."
ERRORS: list[tuple[str, type[DeepImageJError], str, str]] = [
    (
        "    raise ValueError('too dark')",
        MacroError,
        "The Python step steps.py failed: too dark.",
        RUN,
    ),
    (
        "    pass",
        MacroError,
        "The Python step steps.py failed: it returned nothing, not a dict of arrays.",
        RUN,
    ),
    (
        "    return {'output': 'text'}",
        MacroError,
        "The Python step steps.py failed: it returned a str as 'output', not numbers.",
        RUN,
    ),
    (
        "    return {'other': tensors['output']}",
        MacroError,
        'The Python step steps.py made "other", which the model lacks.',
        "Its tensors here are output.",
    ),
    (
        "    return {'output': tensors['output'].sum()}",
        MacroError,
        'The Python step steps.py made "output" of shape (); its axes are bcyx.',
        "It needs 4 axes, in this order.",
    ),
    (
        "    import os; os._exit(3)",
        WorkerCrashed,
        "The worker ended in the Python step steps.py: exit code 3.",
        "The next run starts a new worker.",
    ),
]


@pytest.mark.parametrize(("body", "kind", "message", "hint"), ERRORS)
def test_what_a_function_does_wrong_is_told_in_one_sentence(
    tmp_path: Path, body: str, kind: type[DeepImageJError], message: str, hint: str
) -> None:
    code = f"def post(tensors):\n{body}\n"
    bundle = with_python(make_scaling_bundle(tmp_path / "twice"), code, postprocess="post")
    with pytest.raises(kind) as caught:
        output(bundle)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("def other(tensors): pass", "it has no function post"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told(tmp_path: Path, code: str, reason: str) -> None:
    bundle = with_python(make_scaling_bundle(tmp_path / "twice"), code, postprocess="post")
    with pytest.raises(BundleError) as caught:
        output(bundle)
    assert caught.value.message == f"The Python step steps.py cannot be loaded: {reason}."
    assert caught.value.hint == LOAD


def test_files_beside_a_step_cannot_be_imported(tmp_path: Path) -> None:
    code = "import sibling\ndef post(tensors): return tensors\n"
    bundle = with_python(make_scaling_bundle(tmp_path / "twice"), code, postprocess="post")
    (bundle / "sibling.py").write_text("raise SystemExit")
    with pytest.raises(BundleError) as caught:
        output(bundle)
    assert "No module named 'sibling'" in caught.value.message
