"""How long ImageJ takes to start and to run a first macro, each time in a new process.

    python benchmarks/start.py [JAVA_HOME ...]

Starts the Java that deepimagej finds, or each of those given. The first start of a Java after the
cache is emptied, which also downloads ImageJ, is not measured here. `process` is the whole life of
`python -c`, from the shell's view. Times are medians in seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

ROUNDS = 7
WANTED = 1.5
CODE = """
import json, time
begin = time.perf_counter()
import deepimagej
imported = time.perf_counter()
ij = deepimagej.start()
started = time.perf_counter()
assert ij.run_macro("return '' + 6 * 7;") == "42"
ran = time.perf_counter()
from deepimagej.host.running import _running
import jpype
version = jpype.JClass("java.lang.System").getProperty("java.version")
steps = {"import": imported - begin, **_running.timings, "start": started - imported}
print(json.dumps([str(version), {**steps, "macro": ran - started}]))
"""


def main(homes: list[str]) -> int:
    """Print the table; 1 if a process takes longer than wanted."""
    slowest = max(_measure(home) for home in homes or [os.environ.get("JAVA_HOME", "")])
    print(f"slowest {slowest:.2f} s, wanted {WANTED}")
    return int(slowest > WANTED)


def _measure(home: str) -> float:
    environment = {**os.environ, "JAVA_HOME": home}
    rounds = [_start(environment) for _ in range(1 + ROUNDS)]
    print(f"Java {rounds[0][0]}, {os.cpu_count()} cores")
    print("".join(f"{name:>12}" for name in ("", *rounds[0][1])))
    cold, warm = rounds[0][1], rounds[1:]
    medians = {name: statistics.median(steps[name] for _, steps in warm) for name in cold}
    for title, steps in (("first", cold), ("median", medians)):
        print(f"{title:>12}" + "".join(f"{seconds:12.3f}" for seconds in steps.values()))
    return medians["process"]


def _start(environment: dict[str, str]) -> tuple[str, dict[str, float]]:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, stdout=subprocess.PIPE, check=True
    )
    process = time.perf_counter() - begin
    version, steps = json.loads(done.stdout)
    return version, {**steps, "process": process}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
