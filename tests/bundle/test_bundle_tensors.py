"""Test and sample tensors as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from numpy.lib import format as npy_format
from PIL import Image

from deepimagej.bundle import load_tensor
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

VALUES = np.arange(12, dtype=np.uint8).reshape(3, 4)
HINT = "Download the model again, or make the file anew with numpy.save."


def error_of(path: Path) -> tuple[str, str]:
    with pytest.raises(BundleError) as caught:
        load_tensor(path)
    return caught.value.message, caught.value.hint


def test_every_kind_of_file_gives_its_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "a.npz", VALUES)
    tifffile.imwrite(tmp_path / "a.tif", VALUES)
    Image.fromarray(VALUES).save(tmp_path / "a.png")
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(load_tensor(path), VALUES)


def test_a_header_with_an_axis_of_length_0_over_a_full_file_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "old.npy"
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (3, 4, 1, 1, 0)}
        npy_format.write_array_header_1_0(file, header)
        file.write(VALUES.astype("<f4").tobytes())
    np.testing.assert_array_equal(load_tensor(path), VALUES[..., None, None])


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pickle.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    assert error_of(path) == (
        f"The tensor {path} cannot be read: {path} cannot be read as an array: "
        "it holds Python objects.",
        HINT,
    )


def test_a_damaged_archive_of_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK\x03\x04")
    assert error_of(path) == (f"The tensor {path} cannot be read: File is not a zip file.", HINT)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert error_of(path) == (
        f"{path} is not a tensor that can be read.",
        "Readable are .npy, .npz, .tif and .png files.",
    )
