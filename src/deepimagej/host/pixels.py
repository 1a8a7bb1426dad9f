"""Pixels between numpy and Java: one bulk copy each way.

Java sees numpy's memory for the moment of the copy as a direct buffer in native order: 4 to 12 GB/s
where JPype's own conversion of arrays has 0.05 to 0.8 (16.8 million pixels, Java 17, 2026-11).

Java fills a new array with zeros, which takes as long as half the copy and cannot be avoided. So
large planes are copied by several threads, which makes up for it.
"""

from __future__ import annotations

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

EXACT: Final = 2**24
"""A 32-bit float holds every integer up to this one."""

_LARGEST_PLANE: Final = 2**31 - 2
"""Elements of the longest Java array."""

_PIECE: Final = 2**22
"""Bytes that a thread copies at once; planes of two or more pieces are shared out."""
_MOST_THREADS: Final = 4
"""Of more, memory is the limit."""

_TOGETHER: Final = 2**23
"""Bytes of the planes that are taken out of mixed channels at a time."""
_CACHED: Final = 2**20
"""Bytes that are read at a time meanwhile."""

_VIEWS: Final = {1: None, 2: "asShortBuffer", 4: "asFloatBuffer"}
_JAVA_TYPES: Final = {1: "JByte", 2: "JShort", 4: "JFloat"}


def to_java(plane: NDArray[Any]) -> Any:
    """`plane` as a new Java array: ``byte[]``, ``short[]`` or ``float[]`` by its item size.

    Unsigned integers keep their bits, as ImageJ reads them.
    """
    import jpype

    flat = np.ascontiguousarray(plane).reshape(-1)
    java = getattr(jpype, _JAVA_TYPES[flat.itemsize])[flat.size]
    _copy(flat, _VIEWS[flat.itemsize], "get", java)
    return java


def in_order(planes: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The planes of an (N, Y, X) or (N, 3, Y, X) array, contiguous, each until the next.

    Where channels lie last, one plane reads the whole image. Some are taken out together, rows that
    stay in the cache at a time: 33 planes of 512 x 512 px in 13 ms instead of 32.
    """
    is_mixed = planes.ndim == 3 and 0 < planes.strides[0] < planes.strides[-1]
    count = _TOGETHER // planes[0].nbytes if is_mixed else 1
    if count < 2:
        yield from map(np.ascontiguousarray, planes)
        return
    height = planes.shape[1]
    rows = max(1, _CACHED // (planes.shape[2] * planes.strides[-1]))
    taken = np.empty((min(count, len(planes)), *planes.shape[1:]), planes.dtype)
    for first in range(0, len(planes), count):
        group = planes[first : first + count]
        for top in range(0, height, rows):
            taken[: len(group), top : top + rows] = group[:, top : top + rows]
        yield from taken[: len(group)]


def to_java_rgb(plane: NDArray[np.uint8]) -> Any:
    """(3, Y, X) red, green, blue as ImageJ's ``int[]``."""
    import jpype

    red, green, blue = plane.astype(np.uint32)
    flat = (0xFF000000 | red << 16 | green << 8 | blue).reshape(-1)
    java = jpype.JInt[flat.size]
    _copy(flat, "asIntBuffer", "get", java)
    return java


def from_java(java: Any, out: NDArray[Any]) -> None:
    """Fill `out`, which is contiguous, with a Java ``byte[]``, ``short[]`` or ``float[]``."""
    _copy(out.reshape(-1), _VIEWS[out.itemsize], "put", java)


def from_java_rgb(java: Any, out: NDArray[np.uint8]) -> None:
    """Fill `out`, (3, Y, X), with ImageJ's ``int[]``."""
    packed = np.empty(out.shape[1:], np.uint32)
    _copy(packed.reshape(-1), "asIntBuffer", "put", java)
    for channel, shift in enumerate((16, 8, 0)):
        out[channel] = (packed >> shift).astype(np.uint8)


def doubles_to_java(values: NDArray[np.float64]) -> Any:
    """A column of numbers as a new ``double[]``."""
    import jpype

    flat = np.ascontiguousarray(values, np.float64)
    java = jpype.JDouble[flat.size]
    if flat.size:
        _buffer(flat, "asDoubleBuffer").get(java)
    return java


def doubles_from_java(java: Any) -> NDArray[np.float64]:
    """A ``double[]`` as an array of its own."""
    out = np.empty(len(java), np.float64)
    if out.size:
        _buffer(out, "asDoubleBuffer").put(java)
    return out


def imagej_pixels(pixels: NDArray[Any], *, title: str) -> NDArray[Any]:
    """`pixels` in a type that ImageJ has: uint8, uint16 or float32.

    Masks become 0 and 255. Integers keep their values: in 8 bit up to 255, in 16 bit up to 65535,
    else (and if some are negative) in 32 bit.

    Raises
    ------
    ImageError
        ImageJ has no such type, or an integer is too large for its 32-bit floats.
    """
    if pixels.dtype in (np.uint8, np.uint16, np.float32):
        return pixels if pixels.dtype.isnative else pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype == np.bool_:
        return np.where(pixels, np.uint8(255), np.uint8(0))
    if np.issubdtype(pixels.dtype, np.floating):
        with np.errstate(over="ignore"):
            return pixels.astype(np.float32)
    if not np.issubdtype(pixels.dtype, np.integer):
        raise ImageError(
            f'"{title}" has pixels of type {pixels.dtype}, which ImageJ has not.',
            hint="Convert it to float32, uint8, uint16 or bool.",
        )
    return pixels.astype(_type_of_integers(pixels, title), copy=False)


def check_plane(height: int, width: int, *, title: str) -> None:
    """Raise `ImageError` unless ImageJ can hold a plane of that size."""
    if height * width > _LARGEST_PLANE:
        raise ImageError(
            f'A plane of "{title}" has {width} x {height} px; '
            f"ImageJ holds at most {_LARGEST_PLANE} in one.",
            hint="Crop the image, or scale it down.",
        )


def _type_of_integers(pixels: NDArray[Any], title: str) -> type[np.generic]:
    low, high = (int(pixels.min()), int(pixels.max())) if pixels.size else (0, 0)
    if low >= 0 and high <= 0xFFFF:
        return np.uint8 if high <= 0xFF else np.uint16
    largest = high if high >= -low else low
    if abs(largest) > EXACT:
        raise ImageError(
            f'"{title}" holds the integer {largest}; ImageJ keeps integers up to {EXACT} exactly.',
            hint="Number the objects anew, or convert the image to float32 if digits may be lost.",
        )
    return np.float32


def _copy(flat: NDArray[Any], view: str | None, way: str, java: Any) -> None:
    """Let Java ``get`` its array from `flat`, or ``put`` it there, in pieces by several threads."""
    step = _PIECE // flat.itemsize
    begins = iter(range(0, flat.size, step))

    def work() -> None:
        for begin in begins:  # each thread takes the next piece: none waits for a slow one
            piece = flat[begin : begin + step]
            getattr(_buffer(piece, view), way)(java, begin, piece.size)

    n_helpers = min(flat.size // step, _MOST_THREADS, os.cpu_count() or 1) - 1
    helpers = [_threads().submit(work) for _ in range(n_helpers)]
    work()
    for helper in helpers:
        if not helper.cancel():  # it did not begin, and nothing is left to do
            helper.result()


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS - 1, thread_name_prefix="deepimagej-copy")


def _buffer(array: NDArray[Any], view: str | None) -> Any:
    """The memory of `array` as a Java buffer that is to be used at once.

    It is made from the bare address: a buffer of the array itself would keep the array alive until
    Java's next garbage collection, and writing to ever new memory took 10 times as long.
    """
    import jpype

    memory = (ctypes.c_char * array.nbytes).from_address(array.ctypes.data)
    order = jpype.JClass("java.nio.ByteOrder").nativeOrder()
    buffer = jpype.nio.convertToDirectBuffer(memory).order(order)
    return buffer if view is None else getattr(buffer, view)()
