"""Files are written whole or not at all."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import roifile

from deepimagej.axes import parse_axes
from deepimagej.errors import HostError
from deepimagej.files import read_image, write_json, write_rois, write_table, write_tiff
from deepimagej.image import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NOISE = np.random.default_rng(0).integers(0, 255, (3, 200, 200), np.uint8)
_WRITERS: dict[str, Callable[[Path], None]] = {
    "a.tif": lambda path: write_tiff(path, Image(_NOISE, parse_axes("ZYX"))),
    "a.csv": lambda path: write_table(path, pd.DataFrame({"x": _NOISE.ravel()})),
    "a.zip": lambda path: write_rois(
        path, [roifile.ImagejRoi.frompoints(_NOISE[0, i : i + 50, :2]) for i in range(150)]
    ),
    "a.json": lambda path: write_json(path, {"x": _NOISE.ravel().tolist()}),
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", _WRITERS)
def test_a_full_disk_leaves_what_was_there(small_disk: Path, name: str) -> None:
    path = small_disk / name
    path.write_text("old")
    with pytest.raises(HostError) as caught:
        _WRITERS[name](path)
    assert caught.value.message.startswith(f"{path} cannot be written: the disk is full (")
    assert "; the file takes " in caught.value.message
    assert caught.value.hint == "Free some space or choose another output folder."
    assert [p.name for p in small_disk.iterdir()] == [name]
    assert path.read_text() == "old"


def test_a_full_disk_says_what_is_free_and_what_is_needed(small_disk: Path) -> None:
    with pytest.raises(HostError) as caught:
        _WRITERS["a.tif"](small_disk / "a.tif")
    assert caught.value.message == (
        f"{small_disk / 'a.tif'} cannot be written: the disk is full "
        "(16.4 kB free; the file takes 124.1 kB)."
    )


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(HostError) as caught:
        write_json(tmp_path / "out" / "a.json", {})
    assert caught.value.message == (
        f"{tmp_path / 'out' / 'a.json'} cannot be written: File exists."
    )
    assert caught.value.hint == "Choose an output folder that you may write to."


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HostError, match="cannot be written: Permission denied"):
        write_json(tmp_path / "a.json", {})


@pytest.mark.parametrize("name", _WRITERS)
def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / "folder" / name
    _WRITERS[name](path)
    assert [p.name for p in path.parent.iterdir()] == [name]


def test_a_table_comes_back_from_csv(tmp_path: Path) -> None:
    table = pd.DataFrame({"Label": ["a,b", 'c"d'], "Area": [1.5, np.nan], "n": [1, 2]})
    table["Mean"] = [0.1 + 0.2, 1e-300]
    write_table(tmp_path / "a.csv", table)
    assert (tmp_path / "a.csv").read_bytes().startswith(b'Label,Area,n,Mean\n"a,b",1.5,1,')
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), table, check_exact=True)


def test_rois_of_one_name_are_all_kept(tmp_path: Path) -> None:
    rois = [
        roifile.ImagejRoi.frompoints([[i, 0], [i, 5], [5, 5]], name=n)
        for i, n in enumerate(["cell", "cell", "CELL", "a/b", ""])
    ]
    write_rois(tmp_path / "a.zip", rois)
    back = roifile.roiread(tmp_path / "a.zip")
    assert isinstance(back, list)
    assert [roi.coordinates()[0].tolist() for roi in back] == [[i, 0] for i in range(5)]
    first = (tmp_path / "a.zip").read_bytes()
    write_rois(tmp_path / "a.zip", rois)
    assert (tmp_path / "a.zip").read_bytes() == first


def test_a_big_image_is_written_as_its_own_type(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", Image(_NOISE, parse_axes("ZYX")))
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, _NOISE)
