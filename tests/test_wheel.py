"""The wheel, installed into an empty environment far from the checkout."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from shell import make_shell

_ROOT = Path(__file__).parent.parent
_SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
_MACRO = """
open(getArgument());
makeRectangle(200, 200, 96, 80);
run("Crop");
run("DeepImageJ Run", "model=[%s]");
print(nImages, getTitle(), nResults, roiManager("count"));
"""


def command(*words: str | Path, cwd: Path | None = None) -> str:
    """What a command that succeeds prints."""
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**os.environ, **_uv_settings()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _uv_settings() -> dict[str, str]:
    """Pip's settings by the names that uv knows."""
    names = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS"}
    return {ours: os.environ[pips] for pips, ours in names.items() if os.environ.get(pips)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout; the build tools are those of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    command(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, _ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel and onnxruntime, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere") / "environment"
    has_uv = importlib.util.find_spec("uv") is not None
    venv.create(folder, with_pip=not has_uv)
    python = folder / _SCRIPTS / "python"
    pip: list[str | Path]
    if has_uv:
        pip = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    else:
        pip = [python, "-m", "pip", "install", "--quiet"]
    command(*pip, f"{wheel}[onnx]")
    return folder / _SCRIPTS


def test_the_jar_the_macros_and_the_examples_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix("deepimagej/") for name in archive.namelist()}
    macros = {path.relative_to(_ROOT).as_posix() for path in _ROOT.glob("macros/*/*.ijm")}
    assert macros
    assert names >= macros | {
        "py.typed",
        "host/jars/DeepImageJ_Run.jar",
        "examples/ATTRIBUTION.md",
        "examples/images/nuclei.tif",
        "examples/nuclei/rdf.yaml",
        "examples/nuclei/probability.onnx",
        "examples/nuclei/count_nuclei.ijm",
        "examples/stardist/saved_model.zip",
    }
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_wheel_runs_its_example_in_an_empty_environment(
    environment: Path, tmp_path: Path
) -> None:
    code = (
        "import json, importlib.util, deepimagej\n"
        "from deepimagej import examples\n"
        "others = ['torch', 'tensorflow', 'onnx', 'pytest']\n"
        "print(json.dumps([deepimagej.__file__, str(examples.path('nuclei')),\n"
        "    str(examples.path('images/nuclei.tif')),\n"
        "    [name for name in others if importlib.util.find_spec(name)]]))\n"
    )
    home, bundle, image, others = json.loads(
        command(environment / "python", "-c", code, cwd=tmp_path)
    )
    assert Path(home).is_relative_to(environment.parent)
    assert others == []
    shell = make_shell(tmp_path, environment / "deepimagej")
    tested = shell("test", bundle, "--json")
    assert (tested.code, tested.err) == (0, "")
    assert tested.json["passed"] is True
    (tmp_path / "count.ijm").write_text(_MACRO % bundle)
    done = shell("macro", "count.ijm", image)
    assert (done.err, done.code) == ("", 0)
    images, title, rows, rois = done.out.split()
    assert (images, title) == ("3", "nuclei_labels")
    assert int(rows) == int(rois) > 0
