"""How many threads a framework computes with: one for each core that this process may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterable, Iterator, Optional, Set, Tuple

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_PROCESSORS = Path("/sys/devices/system/cpu")


def usable(variable: str = "OMP_NUM_THREADS") -> Optional[int]:
    """The number of threads; None leaves it to the framework.

    It is what the environment's `variable` says, else the cores that the process may run on
    (two hyperthreads share one core's arithmetic units), at most a container's quota of time:
    frameworks see all the cores of the machine there, and threads that wait for their turn hold
    up the others.

    Notes
    -----
    None where the system does not say (macOS, Windows): the frameworks ask it in their own ways.
    """
    wished = os.environ.get(variable, "").partition(",")[0].strip()
    if wished.isdigit() and int(wished) > 0:
        return int(wished)
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = {_core(processor) for processor in os.sched_getaffinity(0)}
    return max(1, min([len(cores), *(int(quota + 0.5) for quota in quotas(_folders()))]))


def _core(processor: int) -> str:
    """One text for all hyperthreads of a core."""
    try:
        return (_PROCESSORS / f"cpu{processor}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(processor)


def quotas(folders: Iterable[Path]) -> Iterator[float]:
    """Processors' worth of time that control groups allow, where they set a limit (Linux)."""
    for folder in folders:
        for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
            try:
                words = " ".join((folder / name).read_text() for name in files).split()
            except OSError:
                continue
            if len(words) == 2 and words[0].isdigit() and int(words[1]) > 0:
                yield int(words[0]) / int(words[1])


def _folders() -> Set[Path]:
    """The groups of this process and those around them, of versions 1 and 2.

    Inside a container, the path that the kernel names may not exist: its own group is the root.
    """
    folders = {_GROUPS, _GROUPS / "cpu"}
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return folders
    for line in lines:
        root, path = _place(line)
        if root is not None:
            own = root / path.lstrip("/")
            folders |= {own, *(parent for parent in own.parents if root in parent.parents)}
    return folders


def _place(line: str) -> Tuple[Optional[Path], str]:
    """``4:cpu,cpuacct:/docker/1`` as where those groups are mounted, and the path."""
    _, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    if not controllers:
        return _GROUPS, path
    return (_GROUPS / "cpu", path) if "cpu" in controllers.split(",") else (None, path)
