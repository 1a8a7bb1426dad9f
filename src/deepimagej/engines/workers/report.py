"""Tells what a framework finds in its Python, as one line of JSON: ``start.py ENGINE report``.

Keys: ``python``, ``framework`` (name and version), ``threads``, ``devices`` (``[{"device", "name",
"free", "total"}]``, bytes, None where the system does not say), ``unused`` (names of GPUs that the
driver has and the framework does not see) and ``lacks`` (packages without which some files of the
engine's formats cannot be read).
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import sys
import threading
import time
from typing import Any, Dict, List, Tuple

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")


def main(engine: str) -> None:
    """Import the framework, ask it, and print what it said on a stdout of our own."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # frameworks greet on stdout
    framework = importlib.import_module(f".{engine}", __package__)
    driver = _driver_devices()
    # A driver that cannot be asked may still serve the framework.
    there = [index for index in range(max(len(driver), 1)) if framework.has_gpu(index)]
    found = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "framework": framework.version(),
        "threads": framework.threads() or os.cpu_count(),
        "devices": [_cpu(), *(_gpu(index, driver) for index in there)],
        "unused": [name for index, (name, _, _) in enumerate(driver) if index not in there],
        "lacks": _lacks(engine),
    }
    channel.write(json.dumps(found) + "\n")
    channel.flush()
    os._exit(0)  # a framework's own clean-up may hang or crash


def _end_with_parent(parent: int) -> None:
    """End also in the middle of an import that hangs, when who asked is gone (POSIX)."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _cpu() -> Dict[str, Any]:
    return {"device": "cpu", "name": "", "free": None, "total": None}


def _gpu(index: int, driver: List[Tuple[str, int, int]]) -> Dict[str, Any]:
    name, free, total = driver[index] if index < len(driver) else ("", None, None)
    return {"device": f"cuda:{index}", "name": name, "free": free, "total": total}


def _lacks(engine: str) -> List[str]:
    """``tf_keras`` where Keras is not the version 2 that legacy files are of."""
    if engine != "tensorflow" or importlib.util.find_spec("tf_keras") is not None:
        return []
    keras = importlib.import_module("keras")
    return [] if str(keras.__version__).startswith("2") else ["tf_keras"]


def _driver_devices() -> List[Tuple[str, int, int]]:
    """Name, free and total bytes of each GPU, in the order that frameworks number them."""
    for library in _DRIVERS:
        try:
            driver = ctypes.CDLL(library)
        except OSError:
            continue
        count = ctypes.c_int()
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return [_driver_device(driver, index) for index in range(count.value)]
    return []


def _driver_device(driver: Any, index: int) -> Tuple[str, int, int]:
    device = ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), index)
    name = ctypes.create_string_buffer(100)
    driver.cuDeviceGetName(name, len(name), device)
    total, free = ctypes.c_size_t(), ctypes.c_size_t()
    driver.cuDeviceTotalMem_v2(ctypes.byref(total), device)
    context = ctypes.c_void_p()
    # Only a context knows what is free; it goes with this process.
    if driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device) == 0:
        driver.cuCtxPushCurrent_v2(context)
        driver.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        driver.cuCtxPopCurrent_v2(ctypes.byref(context))
    return name.value.decode("utf-8", "replace"), free.value, total.value
