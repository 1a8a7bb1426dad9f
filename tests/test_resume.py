"""``deepimagej run`` on many images, and ``--resume``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from bundle_factory import make_identity_bundle, make_scaling_bundle, make_sum_bundle
from shell import Shell, make_shell, ramp, write_image


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A user with two images in the folder ``in`` and a bundle ``double``."""
    make_scaling_bundle(tmp_path / "double", gain=2.0)
    write_image(tmp_path / "in" / "a.tif", ramp())
    write_image(tmp_path / "in" / "b.tif", ramp() + 1)
    (tmp_path / "in" / "notes.txt").write_text("no image")
    return make_shell(tmp_path)


def times(folder: Path) -> dict[str, int]:
    """When each file was written, in ns."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_folder_is_run_image_by_image_and_resumed_without_writing(shell: Shell) -> None:
    out = shell.home / "out"
    first = shell("run", "double", "in", "-o", "out")
    assert (first.code, first.err) == (0, "")
    names = ["a_output.tif", "a_run.json", "b_output.tif", "b_run.json"]
    assert first.out.splitlines() == [str(out / name) for name in names]
    np.testing.assert_array_equal(tifffile.imread(out / "b_output.tif"), 2 * ramp() + 2)
    before = times(out)
    again = shell("run", "double", "in", "-o", "out", "--resume")
    a, b = Path("in/a.tif"), Path("in/b.tif")
    assert (again.code, again.out) == (0, f"{a}: done already\n{b}: done already\n")
    assert times(out) == before


def test_resume_runs_again_what_is_missing_or_changed(shell: Shell) -> None:
    out = shell.home / "out"
    shell("run", "double", "in", "-o", "out")
    (out / "a_output.tif").unlink()
    before = times(out)
    done = shell("run", "double", "in", "-o", "out", "--resume", "--json")
    assert [sorted(record) for record in done.json] == [
        ["images", "request", "rois", "tables", "timings"],
        ["skipped"],
    ]
    assert times(out)["b_output.tif"] == before["b_output.tif"]
    # Other pixels under the same name.
    write_image(shell.home / "in" / "b.tif", ramp() + 5)
    done = shell("run", "double", "in", "-o", "out", "--resume", "--json")
    assert [record.get("skipped", False) for record in done.json] == [True, False]
    np.testing.assert_array_equal(tifffile.imread(out / "b_output.tif"), 2 * ramp() + 10)


def test_resume_runs_again_when_an_option_or_the_weights_changed(shell: Shell) -> None:
    command = ["run", "double", "in/a.tif", "-o", "out"]
    output = shell.home / "out" / "a_output.tif"
    shell(*command)
    assert shell(*command, "--resume", "--tile", "5,4").out.splitlines()[0] == str(output)
    make_scaling_bundle(shell.home / "double", gain=3.0)
    assert shell(*command, "--resume", "--tile", "5,4").out.splitlines()[0] == str(output)
    np.testing.assert_array_equal(tifffile.imread(output), 3 * ramp())


def test_a_pattern_and_files_are_taken_once_each(shell: Shell) -> None:
    done = shell("run", "double", "in/*.tif", "in/a.tif", "-o", "out")
    assert len(done.out.splitlines()) == 4


def test_two_images_of_one_name_never_overwrite_each_other(shell: Shell) -> None:
    write_image(shell.home / "a.tif", ramp())
    done = shell("run", "double", "in", "a.tif", "-o", "out")
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        f'Error: {Path("in/a.tif")} and a.tif would write the same files: "a_...".\n'
        "Give each its own output folder, or rename one of them.\n"
    )
    assert not (shell.home / "out").exists()


def test_several_tensors_are_named_and_resumed(shell: Shell) -> None:
    make_sum_bundle(shell.home / "sum")
    command = ["run", "sum", "a=in/a.tif", "b=in/b.tif", "-o", "out"]
    first = shell(*command)
    assert (first.code, first.err) == (0, "")
    out = shell.home / "out"
    assert first.out.splitlines() == [str(out / "a_sum.tif"), str(out / "a_run.json")]
    np.testing.assert_array_equal(tifffile.imread(out / "a_sum.tif"), 2 * ramp() + 1)
    before = times(out)
    again = shell(*command, "--resume")
    assert again.out == f"{shell.home / 'in' / 'a.tif'}: done already\n"
    assert times(out) == before


def test_any_size_and_every_kind_of_bundle_runs(shell: Shell) -> None:
    folder = make_identity_bundle(shell.home / "identity", name="Identity")
    for height, width in ((1, 1), (5, 3), (70, 53)):
        write_image(shell.home / "sizes" / f"{height}x{width}.tif", ramp(height, width))
    done = shell("run", folder / "bioimageio.yaml", "sizes", "-o", "out")
    assert (done.code, done.err) == (0, "")
    for height, width in ((1, 1), (5, 3), (70, 53)):
        pixels = tifffile.imread(shell.home / "out" / f"{height}x{width}_output.tif")
        np.testing.assert_array_equal(pixels.reshape(height, width), ramp(height, width))
