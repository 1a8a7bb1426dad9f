"""TensorFlow's words for devices."""

from __future__ import annotations


def tensorflow_name(device: str) -> str:
    """``/GPU:0`` for ``cuda:0``."""
    kind, _, index = device.partition(":")
    return f"/GPU:{index or 0}" if kind == "cuda" else "/CPU:0"
