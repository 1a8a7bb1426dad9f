"""One request from a macro, from Python and from the shell: the same pixels."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from deepimagej.examples import path

if TYPE_CHECKING:
    from pathlib import Path

_SHELL = "from deepimagej.cli import main; main()"
_PYTHON = """
import sys, deepimagej
model, image, out = sys.argv[1:]
result = deepimagej.run(model, image, output=out, tile=(256, 256), device="cpu")
print(result.request)
"""
_LOOP = """
parts = split(getArgument(), "|"); open(parts[0]);
for (c = 1; c <= 2; c++) for (z = 1; z <= 7; z++) {
  selectImage("biop_zstack_7z_2c_256.tif"); Stack.setPosition(c, z, 1);
  run("Duplicate...", "title=c" + c + "z" + z + ".tif");
  run("DeepImageJ Run", "model=[" + parts[1] + "] postprocessing=none");
  saveAs("Tiff", parts[2] + "/c" + c + "z" + z + ".tif"); }
"""
_ONE_LINE = """
parts = split(getArgument(), "|"); open(parts[0]);
run("DeepImageJ Run", "model=[" + parts[1] + "] postprocessing=none channel=all");
print(nImages); saveAs("Tiff", parts[2] + "/whole.tif");
"""


def start(*command: str) -> subprocess.Popen[str]:
    """A process of its own, with the package of this one."""
    return subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def printed(process: subprocess.Popen[str]) -> str:
    """What `process` printed; it must end well."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def macro(folder: Path, text: str, argument: str) -> subprocess.Popen[str]:
    """``deepimagej macro`` on a file with this text."""
    file = folder / "macro.ijm"
    file.write_text(text, encoding="utf-8")
    return start("-c", _SHELL, "macro", str(file), argument)


@pytest.mark.timeout(240)
def test_macro_python_and_shell_give_identical_bytes_in_three_processes(tmp_path: Path) -> None:
    model, image = str(path("nuclei")), str(path("images/nuclei.tif"))
    outs = {door: tmp_path / door for door in ("macro", "python", "shell", "replay")}
    keys = f"input_path=[{image}] output_folder=[{outs['macro']}] tile=256,256 device=cpu"
    outs["macro"].mkdir()
    shell = ["run", model, image, "-o", str(outs["shell"]), "--tile", "256,256", "--device", "cpu"]
    python = start("-c", _PYTHON, model, image, str(outs["python"]))
    others = [
        macro(outs["macro"], f'run("DeepImageJ Run", "model=[{model}] {keys}");', ""),
        start("-c", _SHELL, *shell),
    ]
    line = printed(python)
    for other in others:
        printed(other)
    outs["replay"].mkdir()
    printed(macro(outs["replay"], line.replace(str(outs["python"]), str(outs["replay"])), ""))
    for name in ("nuclei_probability.tif", "nuclei_labels.tif"):
        pixels = {door: tifffile.imread(out / name) for door, out in outs.items()}
        assert pixels["python"].shape == (512, 512)
        assert pixels["python"].max() > 0
        for door, values in pixels.items():
            assert values.dtype == pixels["python"].dtype
            assert values.tobytes() == pixels["python"].tobytes(), door
    rows = {(out / "nuclei_Results.csv").read_bytes() for out in outs.values()}
    assert len(rows) == 1


@pytest.mark.shared_data
@pytest.mark.timeout(240)
def test_a_loop_over_slices_and_channels_equals_one_line_over_the_stack(
    tmp_path: Path, shared_data: Path
) -> None:
    stack = shared_data / "images" / "biop_zstack_7z_2c_256.tif"
    argument = f"{stack}|{path('nuclei')}|{tmp_path}"
    (tmp_path / "loop").mkdir()
    printed(macro(tmp_path / "loop", _LOOP, argument))
    assert printed(macro(tmp_path, _ONE_LINE, argument)) == "2\n"
    whole = tifffile.imread(tmp_path / "whole.tif")
    assert whole.shape == (7, 2, 256, 256)
    assert np.ptp(whole) > 0
    for z in range(7):
        for c in range(2):
            plane = tifffile.imread(tmp_path / f"c{c + 1}z{z + 1}.tif")
            assert plane.tobytes() == whole[z, c].tobytes(), (z, c)
