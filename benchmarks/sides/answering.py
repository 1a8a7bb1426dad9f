"""Questions on stdin, answers on stdout, a line of JSON each: what every measured process speaks.

Nothing but the standard library: it runs in the environments of the peers too.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def serve(functions: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answer ``{"do": name, ...}`` with what ``functions[name](...)`` gives, until stdin ends."""
    # Frameworks write to stdout as they like: it becomes stderr, answers get a channel of their own
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = functions[question.pop("do")](**question)
        except Exception:  # noqa: BLE001  # whatever a framework raises is the answer
            answer = {"error": traceback.format_exc()}
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of `work`, and what it gave."""
    begin = time.perf_counter()
    made = work()
    return time.perf_counter() - begin, made
