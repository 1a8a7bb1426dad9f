"""Where the results of Python calls are opened: in the ImageJ that the user asked for, if any."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import numpy as np
import deepimagej
from deepimagej import examples

array = np.random.default_rng(0).integers(0, 200, (64, 64)).astype(np.uint16)
for _ in range(2):
    deepimagej.run(examples.path("nuclei"), array)
ij = deepimagej.start()
print(ij.run_macro("return '' + nImages"))
deepimagej.run(examples.path("nuclei"), array)
print(ij.run_macro("return '' + nImages + ' ' + getTitle()"))
"""


def test_images_pile_up_only_in_an_imagej_that_the_user_started() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.splitlines() == ["0", "2 image_labels"]
