"""Runs whose tiles do not fit into the memory, as users of the shell meet them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from deepimagej import examples
from shell import Shell, make_shell, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIZE = 1024


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A user with a large image, whose engine may take 200 MB."""
    (tmp_path / "engines.toml").write_text('[onnx]\nmemory = "200 MB"\n', encoding="utf-8")
    write_image(tmp_path / "large.tif", large_image())
    return make_shell(tmp_path)


def large_image() -> NDArray[Any]:
    nuclei = tifffile.imread(examples.path("images/nuclei.tif"))
    repeats = [-(-SIZE // length) for length in nuclei.shape]
    return np.tile(nuclei, repeats)[:SIZE, :SIZE]


def run(shell: Shell, folder: str, *options: str, limited: bool = True) -> dict[str, Any]:
    """The provenance of a run of the example without its macro."""
    variables = {"DEEPIMAGEJ_ENGINES": str(shell.home / "engines.toml")} if limited else {}
    done = shell(
        "run", examples.path("nuclei"), "large.tif", "-o", folder, "--postprocessing", "none",
        *options, **variables,
    )  # fmt: skip
    assert (done.code, done.err.strip()) == (0, "")
    record: dict[str, Any] = json.loads((shell.home / folder / "large_run.json").read_text("utf-8"))
    return record


def pixels(shell: Shell, folder: str) -> NDArray[Any]:
    (path,) = (shell.home / folder).glob("*.tif")
    return np.asarray(tifffile.imread(path))


def test_a_run_that_does_not_fit_into_the_memory_goes_on_with_smaller_tiles(shell: Shell) -> None:
    record = run(shell, "out")
    tile = record["tiles"]["tile"]
    assert tile["y"] * tile["x"] <= SIZE**2 / 2
    sizes = f"{tile['y']} x {tile['x']}"
    said = [note for note in record["notes"] if "fit into the memory" in note]
    assert said[0].startswith(f"Tiles of {SIZE} x {SIZE} px did not fit into the memory; ")
    assert said[-1].endswith(f"the run went on with {sizes} px.")

    assert f"tile={tile['y']},{tile['x']}" in record["request"]
    run(shell, "again", "--tile", f"{tile['y']},{tile['x']}", limited=False)
    np.testing.assert_array_equal(pixels(shell, "out"), pixels(shell, "again"))

    learnt = run(shell, "learnt")  # the next run starts with what fits
    assert learnt["tiles"]["tile"] == tile
    assert not any("fit into the memory" in note for note in learnt["notes"])


def test_a_tile_that_was_asked_for_is_made_smaller_too(shell: Shell) -> None:
    record = run(shell, "out", "--tile", f"{SIZE},{SIZE}")
    tile = record["tiles"]["tile"]
    assert tile["y"] * tile["x"] <= SIZE**2 / 2
    assert any("fit into the memory" in note for note in record["notes"])


def test_memory_that_holds_no_tile_at_all_is_an_error(shell: Shell) -> None:
    """The model takes no less than 512 x 512 px, and with 100 MB it can only be loaded."""
    bundle = shutil.copytree(examples.path("nuclei"), shell.home / "bundle")
    rdf = bundle / "rdf.yaml"
    rdf.write_text(rdf.read_text("utf-8").replace("min: 224", "min: 512"), encoding="utf-8")
    (shell.home / "engines.toml").write_text('[onnx]\nmemory = "100 MB"\n', encoding="utf-8")
    done = shell(
        "run", bundle, "large.tif", "-o", "out", "--postprocessing", "none",
        DEEPIMAGEJ_ENGINES=str(shell.home / "engines.toml"),
    )  # fmt: skip
    assert done.code == 6
    assert done.err.startswith(
        "Error: There is not enough memory for running the model 'Nuclei Probability' in "
    )
    assert "(its limit is 100 MB)" in done.err
    assert not (shell.home / "out").exists()
