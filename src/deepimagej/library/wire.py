"""Protocol buffers without their schemas: fields by number, as SavedModel and ONNX store them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10
"""Bytes of the longest number."""


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: numbers as int, all else as bytes.

    Raises
    ------
    ValueError
        If `message` is not one.
    """
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {position}")
        if position + length > len(message):
            raise ValueError("a field ends beyond the message")
        yield number, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for i in range(_MAX_VARINT):
        if position + i >= len(message):
            break
        byte = message[position + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, position + i + 1
    raise ValueError("a number without end")


def messages(message: memoryview, *path: int) -> Iterator[memoryview]:
    """All submessages (or strings) at the end of a path of field numbers."""
    if not path:
        yield message
        return
    for number, value in fields(message):
        if number == path[0] and isinstance(value, memoryview):
            yield from messages(value, *path[1:])


def strings(message: memoryview, *path: int) -> Iterator[str]:
    """All strings at the end of a path of field numbers."""
    for value in messages(message, *path):
        yield bytes(value).decode("utf-8", errors="replace")
