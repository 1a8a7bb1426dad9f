"""The zoo's own validator, where it is installed and where it is not."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle
from deepimagej.bundle import validate_strict
from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

HAS_VALIDATOR = importlib.util.find_spec("bioimageio") is not None


@pytest.mark.skipif(HAS_VALIDATOR, reason="bioimageio.spec is installed")
def test_without_the_validator_the_error_tells_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        validate_strict(tmp_path)
    assert caught.value.message == (
        "The strict check needs bioimageio.spec, which is not installed."
    )
    assert caught.value.hint == 'Install it with: pip install "deepimagej[strict]"'


@pytest.mark.skipif(not HAS_VALIDATOR, reason="bioimageio.spec is not installed")
def test_the_validator_judges_a_bundle(tmp_path: Path) -> None:
    assert validate_strict(make_identity_bundle(tmp_path / "good")) == []
    bad = make_identity_bundle(tmp_path / "bad", halo=3)
    assert validate_strict(bad) == [
        "outputs: Value error, axis y with minimum size 1 is too small for halo 3."
    ]


# bioimageio.spec 0.5.14 leaves the file open when it raises.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not HAS_VALIDATOR, reason="bioimageio.spec is not installed")
def test_what_is_no_rdf_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "rdf.yaml"
    path.write_text("just a sentence")
    assert validate_strict(path) == [
        "ValueError: Expected rdf.yaml content to be a mapping (got <class 'str'>)."
    ]
