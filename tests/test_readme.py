"""What the README and docs/usage.md tell to paste works when pasted."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from deepimagej import cli_commands, errors, settings
from deepimagej.macro_options import OPTIONS
from deepimagej.method_options import CELLPOSE_OPTIONS, STARDIST_OPTIONS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
USAGE = ROOT / "docs" / "usage.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DOCUMENTS = (README, USAGE, ARCHITECTURE, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md")


class Desk(NamedTuple):
    """A newcomer's folder, with an empty library of its own."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """What `command` prints on stdout; it must succeed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The README's shell lines were pasted here, with the environment's commands on the PATH."""
    if sys.platform == "win32":
        pytest.skip("the shell lines are for a POSIX shell")
    folder = tmp_path_factory.mktemp("newcomer")
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": commands, "DEEPIMAGEJ_MODELS": str(folder / "models")}
    desk = Desk(folder, environment)
    desk.run("sh", "-ec", blocks(README, "sh")[0])
    return desk


def blocks(document: Path, language: str) -> list[str]:
    """The code blocks of `document` in `language`."""
    text = document.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def rows(document: Path, heading: str) -> list[str]:
    """The first cells of the first table under `heading`, without its head."""
    text = document.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), text.splitlines())
    table = list(itertools.takewhile(lambda line: line.startswith("|"), lines))
    return [line.split("|")[1].strip().strip("`") for line in table[2:]]


def test_each_way_in_takes_five_lines() -> None:
    for language in ("sh", "ijm", "python"):
        [block] = blocks(README, language)
        assert len(block.splitlines()) == 5


def test_the_shell_lines_install_a_model_and_save_its_results(desk: Desk) -> None:
    saved = sorted(file.name for file in (desk.folder / "results").iterdir())
    assert saved == [
        "nuclei_Results.csv",
        "nuclei_labels.tif",
        "nuclei_probability.tif",
        "nuclei_rois.zip",
        "nuclei_run.json",
    ]
    assert desk.run("deepimagej", "models").startswith("Nuclei Probability")


def test_the_macro_counts_the_nuclei_of_the_active_image(desk: Desk) -> None:
    (desk.folder / "count.ijm").write_text(blocks(README, "ijm")[0], encoding="utf-8")
    printed = desk.run("deepimagej", "macro", "count.ijm")
    rows_of_results = (desk.folder / "nuclei.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert printed == f"{len(rows_of_results)} nuclei in nuclei_labels\n"
    assert (desk.folder / "nuclei_rois.zip").is_file()


def test_the_python_lines_count_as_many_nuclei_as_the_shell(desk: Desk) -> None:
    printed = desk.run(sys.executable, "-c", blocks(README, "python")[0]).splitlines()
    table = (desk.folder / "results" / "nuclei_Results.csv").read_text(encoding="utf-8")
    assert printed[0] == f"{len(table.splitlines()) - 1} nuclei in (512, 512)"
    assert printed[1].startswith('run("DeepImageJ Run", "model=')


@pytest.mark.parametrize("number", range(len(blocks(USAGE, "sh"))))
def test_the_shell_lines_of_the_manual_run(desk: Desk, number: int) -> None:
    desk.run("sh", "-ec", blocks(USAGE, "sh")[number])


@pytest.mark.parametrize("number", range(len(blocks(USAGE, "python"))))
def test_the_python_lines_of_the_manual_run(desk: Desk, number: int) -> None:
    desk.run(sys.executable, "-W", "error", "-c", blocks(USAGE, "python")[number])


@pytest.mark.parametrize("number", range(len(blocks(USAGE, "ijm"))))
def test_the_macros_of_the_manual_run(desk: Desk, number: int) -> None:
    macro = desk.folder / f"manual{number}.ijm"
    macro.write_text(blocks(USAGE, "ijm")[number], encoding="utf-8")
    desk.run("deepimagej", "macro", macro.name)


def test_the_manual_lists_every_key_of_the_macro_line() -> None:
    assert rows(USAGE, "Keys") == [option.key for option in OPTIONS]


def test_the_manual_lists_every_key_of_stardist_and_cellpose() -> None:
    run = {option.key for option in OPTIONS} - {"model"}
    own = dict.fromkeys(o.key for o in (*STARDIST_OPTIONS, *CELLPOSE_OPTIONS) if o.key not in run)
    listed = [key for row in rows(USAGE, "StarDist and Cellpose") for key in row.split("`, `")]
    assert listed == list(own)
    text = USAGE.read_text(encoding="utf-8").split("\nBoth take the keys ")[1].split(".\n")[0]
    shared = {o.key for o in (*STARDIST_OPTIONS, *CELLPOSE_OPTIONS)} & run
    assert set(re.findall(r"`(\w+)`", text)) == shared


def test_the_manual_lists_every_command_of_the_shell() -> None:
    listed = [row.split()[0] for row in rows(USAGE, "Commands")]
    assert listed == [command.name for command in cli_commands.COMMANDS]


def test_the_manual_lists_the_exit_code_of_every_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {vars(kind).get("exit_code", 0) for kind in kinds if issubclass(kind, Exception)}
    assert rows(USAGE, "Exit codes") == [str(code) for code in sorted({0, *codes})]


def test_the_manual_lists_every_environment_variable() -> None:
    read = re.findall(r'"(DEEPIMAGEJ_\w+)"', Path(settings.__file__).read_text(encoding="utf-8"))
    listed = rows(USAGE, "Environment variables")
    assert sorted(name for name in listed if name.startswith("DEEPIMAGEJ")) == sorted(set(read))


def test_the_layers_are_drawn_as_they_are_checked() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [c for c in pyproject["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    [drawn] = blocks(ARCHITECTURE, "layers")
    lines = [re.split(r"\s{2,}", line)[0] for line in drawn.splitlines()]
    assert lines == [re.sub(r"[()]", "", layer) for layer in layers["layers"]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_the_documents_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not target.startswith("https://") and not (document.parent / target).exists()
    ]
    assert missing == []
