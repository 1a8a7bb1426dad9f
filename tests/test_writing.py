"""The files of a run."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import roifile
import tifffile

from deepimagej.axes import AxisName
from deepimagej.errors import HostError
from deepimagej.image import Image
from deepimagej.writing import check_folder, file_name, is_done, record_path, write_result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RECORD = {"model": {"name": "Nuclei"}, "asked": {"tile": [64, 64]}}


def image(value: float, size: int = 4) -> Image:
    """A small image of one value."""
    return Image(np.full((size, size), value, np.float32), (AxisName.Y, AxisName.X), title="any")


def write(folder: Path, stem: str = "cells", **parts: Any) -> dict[str, Path]:
    """`write_result` with one image unless told otherwise."""
    chosen = {"images": {"mask": image(1)}, "tables": {}, "rois": [], "record": _RECORD, **parts}
    return write_result(folder, stem, **chosen)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain-name_1.0", "plain-name_1.0"),
        ("two words", "two_words"),
        ("a/b\\c:d*e?", "a_b_c_d_e_"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("Zellkern grün é", "Zellkern_grün_é"),
    ],
)
def test_file_names_keep_letters_digits_dots_and_dashes(text: str, expected: str) -> None:
    assert file_name(text) == expected


def test_all_files_are_named_by_the_image_and_what_they_hold(tmp_path: Path) -> None:
    roi = roifile.ImagejRoi.frompoints([[1, 1], [3, 1], [3, 3]])
    written = write(
        tmp_path / "new" / "folder",
        "my cells",
        tables={"Results": pd.DataFrame({"Area": [1.5, 2.0]})},
        rois=[roi],
    )
    assert {name: path.name for name, path in written.items()} == {
        "mask": "my_cells_mask.tif",
        "Results": "my_cells_Results.csv",
        "rois": "my_cells_rois.zip",
        "run": "my_cells_run.json",
    }
    np.testing.assert_array_equal(tifffile.imread(written["mask"]), np.ones((4, 4)))
    assert written["Results"].read_text() == "Area\n1.5\n2.0\n"
    record = json.loads(written["run"].read_text())
    assert record["files"] == {
        "mask": "my_cells_mask.tif",
        "Results": "my_cells_Results.csv",
        "rois": "my_cells_rois.zip",
    }
    assert is_done(tmp_path / "new" / "folder", "my cells", _RECORD)


def test_results_whose_names_differ_in_odd_letters_only_both_stay(tmp_path: Path) -> None:
    images = {"a b": image(1), "a/b": image(2), "a_b": image(3)}
    written = write(tmp_path, images=images)
    names = [path.name for path in written.values()]
    assert names == ["cells_a_b.tif", "cells_a_b-2.tif", "cells_a_b-3.tif", "cells_run.json"]
    values = [tifffile.imread(written[name])[0, 0] for name in images]
    assert values == [1, 2, 3]


def test_a_run_is_done_while_its_record_and_all_its_files_are_there(tmp_path: Path) -> None:
    assert not is_done(tmp_path, "cells", _RECORD)
    written = write(tmp_path)
    assert is_done(tmp_path, "cells", _RECORD)
    assert is_done(tmp_path, "cells", {"model": {"name": "Nuclei"}})
    assert not is_done(tmp_path, "cells", {"model": {"name": "Other"}})
    assert not is_done(tmp_path, "cells", {**_RECORD, "new key": 1})
    assert not is_done(tmp_path, "other cells", _RECORD)
    written["mask"].unlink()
    assert not is_done(tmp_path, "cells", _RECORD)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', '{"files": null}'])
def test_a_record_that_is_no_record_is_not_done(tmp_path: Path, text: str) -> None:
    record_path(tmp_path, "cells").write_text(text)
    assert not is_done(tmp_path, "cells", _RECORD)


def test_a_full_disk_leaves_no_half_file_and_no_record_of_a_finished_run(small_disk: Path) -> None:
    write(small_disk)
    other = {**_RECORD, "asked": {"tile": [32, 32]}}
    with pytest.raises(HostError) as caught:
        write(small_disk, images={"mask": image(2), "large": image(3, size=200)}, record=other)
    path = small_disk / "cells_large.tif"
    assert caught.value.message.startswith(f"{path} cannot be written: the disk is full (")
    assert caught.value.hint == "Free some space or choose another output folder."
    assert [each.name for each in small_disk.iterdir()] == ["cells_mask.tif"]
    # The mask is that of the second run by now: the first must not pass for done.
    assert not is_done(small_disk, "cells", _RECORD)
    assert not is_done(small_disk, "cells", other)


def test_the_output_folder_is_checked_before_the_work(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(HostError) as caught:
        check_folder(file / "out")
    assert caught.value.message == f"{file / 'out'} cannot be the output folder: {file} is a file."
    assert caught.value.hint == "Choose an output folder that you may write to."


def test_a_folder_that_cannot_be_written_is_told_before_the_work(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(HostError) as caught:
        check_folder(small_disk / "out")
    assert caught.value.message == (
        f"{small_disk / 'out'} cannot be the output folder: you may not write in {small_disk}."
    )
    assert caught.value.hint == "Choose an output folder that you may write to."
