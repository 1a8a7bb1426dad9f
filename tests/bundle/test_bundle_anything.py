"""Whatever stands in an RDF: a model or one error."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepimagej.bundle import ModelSpec, read_bundle
from deepimagej.errors import BundleError
from minimal_rdf import dump, rdf_0_4

if TYPE_CHECKING:
    from pathlib import Path

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
KEYS = st.sampled_from(
    """
    name axes shape min step size type id halo scale offset tensor_id
    reference_tensor source kwargs spec preprocessing postprocessing channel_names
    data test_tensor
    """.split()  # noqa: SIM905  # a list of forty strings would be forty lines
)
WORDS = st.sampled_from(["b", "bcyx", "x", "batch", "space", "raw", "raw.x", "", "a.ijm", "9"])
VALUES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TOP = st.sampled_from(
    """
    format_version name inputs outputs weights config test_inputs sample_outputs
    authors cite license tags covers attachments documentation version id prediction
    """.split()  # noqa: SIM905  # a list of forty strings would be forty lines
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.dictionaries(TOP, VALUES, max_size=5))
def test_any_rdf_gives_a_model_or_one_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    _model_or_error(tmp_path, dump(rdf_0_4(**changes)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=VALUES, place=st.sampled_from(["inputs", "outputs"]), key=KEYS)
def test_any_tensor_gives_a_model_or_one_error(
    tmp_path: Path, values: Any, place: str, key: str
) -> None:
    rdf = rdf_0_4()
    rdf[place][0][key] = values
    _model_or_error(tmp_path, dump(rdf))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60) | st.text("{}[]:-!&*|>#%@`'\" \nab1.", max_size=60))
def test_any_text_gives_a_model_or_one_error(tmp_path: Path, text: str) -> None:
    _model_or_error(tmp_path, text)


def _model_or_error(folder: Path, text: str) -> None:
    (folder / "rdf.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(BundleError):
        spec = read_bundle(folder, unpack=folder)
        assert isinstance(spec, ModelSpec)
        assert spec.inputs
        assert spec.outputs
