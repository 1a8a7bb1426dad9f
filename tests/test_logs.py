"""What ``logging=`` shows, and where."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

import deepimagej
from bundle_factory import make_identity_bundle

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_debug_tells_engine_tiles_and_times_on_stderr_and_nothing_stays_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_identity_bundle(tmp_path / "model", name="Identity")
    image = np.zeros((32, 32), np.float32)
    deepimagej.run(tmp_path / "model", image, logging="debug", display_output="none")
    told = capsys.readouterr()
    assert "DEBUG deepimagej: Identity: onnxruntime" in told.err
    assert "1 tiles of 32 x 32, 1 positions" in told.err
    assert "inference took" in told.err
    assert told.out == ""
    deepimagej.run(tmp_path / "model", image, display_output="none")
    assert capsys.readouterr().err == ""
    assert not logging.getLogger("deepimagej").handlers
