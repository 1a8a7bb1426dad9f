"""Esc in ImageJ while a command runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from bundle_factory import make_identity_bundle
from deepimagej.errors import RunCancelled
from deepimagej.host.imagej import ImageJ
from deepimagej.library.hashes import sha256_of
from deepimagej.plugin import dispatch
from engine_cases import ENDLESS, write_loop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

IMAGE = np.zeros((6, 7), np.float32)
ESCAPE = 27  # java.awt.event.KeyEvent.VK_ESCAPE


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.java_class("ij.IJ").resetEscape()
    imagej.close()


def test_esc_ends_a_run_within_one_long_call_of_the_network(
    ij: ImageJ, imagej: Host, tmp_path: Path
) -> None:
    folder = make_identity_bundle(tmp_path / "loop", name="Loop")
    weights, (rdf,) = folder / "weights.onnx", folder.glob("*.yaml")
    before = sha256_of(weights)
    write_loop(weights)
    rdf.write_text(rdf.read_text().replace(before, sha256_of(weights)))
    line = f'run("DeepImageJ Run", "model=[{folder}]");'

    ij.show(IMAGE, title="short")
    ij.run_macro(line)  # loads the network
    user = ij.show(IMAGE + ENDLESS, title="endless")
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        imagej.java_class("ij.IJ").setKeyDown(ESCAPE)

    timer = threading.Timer(0.7, press)
    timer.start()
    with pytest.raises(RunCancelled):
        ij.run_macro(line)
    assert time.monotonic() - pressed[0] < 2
    timer.join()

    assert_array_equal(ij.to_numpy(user), IMAGE + ENDLESS)  # as before, and the next run works
    ij.show(IMAGE, title="short again")
    ij.run_macro(line)
    assert ij.active_image is not None
    assert str(ij.active_image.getTitle()).startswith("short again_")
