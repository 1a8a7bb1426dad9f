"""What lives and what hangs: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from deepimagej.engines.pulse import Pulse

SILENCE = 3.0
LOCKED = """
import re
re.match("(a+)+b", "a" * 40)  # holds Python's lock for days
"""
STUCK = """
import ctypes
ctypes.PyDLL(None).sleep(60)  # holds Python's lock and does nothing
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_process_that_is_stopped_hangs() -> None:
    with _process(LOCKED) as process:
        process.send_signal(signal.SIGSTOP)
        assert 2.5 < _seconds_until_gone(process.pid, 8.0) < 8.0
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="the C library's sleep")
def test_a_process_that_neither_beats_nor_computes_hangs() -> None:
    with _process(STUCK) as process:
        assert 2.5 < _seconds_until_gone(process.pid, 8.0) < 8.0
        process.kill()


def test_a_process_that_computes_lives_though_it_holds_pythons_lock() -> None:
    with _process(LOCKED) as process:
        assert _seconds_until_gone(process.pid, 6.0) >= 6.0
        process.kill()


def test_a_process_that_beats_lives_whatever_it_does() -> None:
    with _process(STUCK) as process:
        pulse = Pulse(process.pid, silence=SILENCE)
        for _ in range(5):
            time.sleep(1.0)
            assert not pulse.is_gone()
            pulse.beat()
        process.kill()


def test_time_in_which_nobody_could_look_does_not_count() -> None:
    with _process(STUCK) as process:
        pulse = Pulse(process.pid, silence=SILENCE)
        time.sleep(SILENCE + 1)  # as after Ctrl-Z and fg
        assert not pulse.is_gone()
        process.kill()


def _process(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def _seconds_until_gone(pid: int, most: float) -> float:
    time.sleep(0.5)  # it starts
    pulse = Pulse(pid, silence=SILENCE)
    start = time.monotonic()
    while time.monotonic() - start < most and not pulse.is_gone():
        time.sleep(0.05)
    return time.monotonic() - start
