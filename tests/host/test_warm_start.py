"""Networks that are loaded while ImageJ starts."""

from __future__ import annotations

import subprocess
import sys

_STARTS = """
import logging, sys, threading, time
from deepimagej import examples
import deepimagej
from deepimagej.process import tools
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
ij = deepimagej.start(warm=["nonsense", examples.path("nuclei")])
deadline = time.monotonic() + 60
def loaded():
    workers = tools().engines._workers.values()
    return [known for worker in workers for each in worker._services for known in each.loaded]
while not loaded() and time.monotonic() < deadline:
    time.sleep(0.05)
print(sorted(known.partition(":")[2] for known in loaded()))
"""


def test_networks_are_loaded_while_imagej_starts_and_an_unknown_model_is_a_line_of_the_log() -> (
    None
):
    done = subprocess.run(
        [sys.executable, "-c", _STARTS], capture_output=True, text=True, timeout=120, check=True
    )
    log, devices = [line for line in done.stdout.splitlines() if "nonsense" in line or "[" in line]
    assert log.startswith("'nonsense' was not loaded ahead: There is no model \"nonsense\" in ")
    assert devices == "['auto', 'cpu']"
