"""The command line as its users meet it, in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile

from bundle_factory import (
    make_identity_bundle,
    make_scaling_bundle,
    make_two_output_bundle,
    zip_bundle,
)
from deepimagej import examples
from shell import COMMAND, Shell, make_shell, ramp, write_image

_MACRO = 'newImage("m", "8-bit ramp", 9, 7, 1);\nrename("made");\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A user without models, in a folder with an image and a bundle ``identity``."""
    write_image(tmp_path / "a.tif", ramp())
    make_identity_bundle(tmp_path / "identity", name="Identity")
    return make_shell(tmp_path)


# Start


def test_help_comes_at_once(shell: Shell) -> None:
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        done = shell("--help")
        seconds.append(time.perf_counter() - began)
        assert (done.code, done.err) == (0, "")
    assert "run           Run a model on images." in done.out
    assert min(seconds) < 0.3


def test_the_import_loads_neither_java_nor_a_framework() -> None:
    heavy = {"jpype", "torch", "tensorflow", "onnxruntime", "xarray", "pandas", "numpy", "yaml"}
    for code in ("import deepimagej", "import deepimagej.cli"):
        done = subprocess.run(
            [sys.executable, "-c", f"{code}; import sys; print({heavy} & sys.modules.keys())"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "set()\n"


def test_every_command_and_option_has_help(shell: Shell) -> None:
    done = shell("run", "--help")
    assert (done.code, done.err) == (0, "")
    for option in ("--tile", "--format", "--preprocessing", "--channel", "--device", "--resume"):
        assert option in done.out
    version = shell("--version")
    assert (version.code, version.out.split()[0]) == (0, "deepimagej")


# Usage


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ([], "The following arguments are required: COMMAND.", "See deepimagej --help."),
        (
            ["modles"],
            'There is no command "modles".',
            "Did you mean models? See deepimagej --help.",
        ),
        (["xyz"], 'There is no command "xyz".', "See deepimagej --help."),
        (
            ["run"],
            "The following arguments are required: MODEL, IMAGE.",
            "See deepimagej run --help.",
        ),
        (["models", "all"], '"all" is one argument too many.', "See deepimagej models --help."),
        (
            ["run", "identity", "a.tif", "--tile"],
            "Argument --tile: expected one argument.",
            "See deepimagej run --help.",
        ),
        (
            ["test", "identity", "--format", "frob"],
            "format=frob: there is no such weights format.",
            "Weights to use: auto, onnx, torchscript, pytorch_state_dict, "
            "tensorflow_saved_model_bundle, keras_hdf5, keras_v3 or tensorflow_js.",
        ),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(
    shell: Shell, arguments: list[str], message: str, hint: str
) -> None:
    done = shell(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"Error: {message}\n{hint}\n"


def test_with_json_a_failure_is_on_stdout_as_well(shell: Shell) -> None:
    message = f'There is no model "nowhere" in {shell.models}.'
    hint = "No model is installed; deepimagej install FOLDER_OR_ZIP does it."
    error = {"type": "LibraryError", "message": message, "hint": hint, "exit_code": 3}
    for command in (["run", "nowhere", "a.tif"], ["info", "nowhere"], ["test", "nowhere"]):
        done = shell(*command, "--json")
        assert (done.code, done.err) == (3, f"Error: {message}\n{hint}\n")
        assert done.json == {"error": error}
    usage = shell("run", "identity", "a.tif", "--json", "--frob")
    assert (usage.code, usage.json["error"]["type"]) == (2, "OptionError")


def test_a_reader_that_goes_away_and_a_full_disk_are_no_tracebacks(shell: Shell) -> None:
    with subprocess.Popen(
        [COMMAND, "info", "identity"],
        cwd=shell.home,
        env=dict(shell.variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as gone:
        assert gone.stdout is not None
        assert gone.stderr is not None
        gone.stdout.close()
        assert gone.stderr.read() == ""
    assert gone.returncode == 0
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [COMMAND, "info", "identity"],
            cwd=shell.home,
            env=dict(shell.variables),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 7
    assert done.stderr == (
        "Error: The results cannot be printed: the disk that they are sent to is full.\n"
        "Free some space, or send them elsewhere.\n"
    )


# Models


def test_models_are_installed_listed_and_removed(shell: Shell) -> None:
    home, folder = shell.home, shell.models / "Identity"
    assert shell("models").out == ""
    first = shell("install", "identity")
    assert (first.code, first.out, first.err) == (0, f"Identity: {folder}\n", "")
    # The same content once more, as a zip: all is well.
    zipped = shell("install", zip_bundle(home / "identity"), "--json")
    assert zipped.json == {"name": "Identity", "path": str(folder)}
    other = make_scaling_bundle(home / "other", name="Identity")
    refused = shell("install", other)
    assert (refused.code, refused.out) == (3, "")
    assert refused.err == (
        f'Error: Another model called "Identity" is installed in {folder}.\n'
        'Install with --replace, or remove it first: deepimagej remove "Identity".\n'
    )
    assert shell("install", other, "--replace").code == 0
    (shell.models / "broken").mkdir()
    (shell.models / "broken" / "rdf.yaml").write_text("name: [")
    lost = make_identity_bundle(shell.models / "lost", name="Lost", extra={"id": "lost-1"})
    (lost / "weights.onnx").unlink()
    listed = shell("models", "--json")
    assert listed.err == ""
    by_name = {record["name"]: record for record in listed.json}
    assert {frozenset(record) for record in listed.json} == {
        frozenset({"name", "id", "nickname", "version", "path", "runnable", "problem"})
    }
    assert by_name["Identity"]["runnable"] is True
    assert by_name["Identity"]["path"] == str(folder)
    assert by_name["Identity"]["problem"] is None
    assert by_name["Lost"]["problem"] == "the file weights.onnx is missing"
    assert by_name["broken"]["runnable"] is False
    assert "is not YAML" in by_name["broken"]["problem"]
    assert [line.split()[0] for line in shell("models").out.splitlines()] == [
        "broken",
        "Identity",
        "Lost",
    ]
    assert shell("remove", "lost-1").out == f"Removed {lost}\n"
    assert not lost.exists()


def test_example_models_are_installed_by_name_one_or_all(shell: Shell) -> None:
    one = shell("install", "example:stardist")
    assert (one.code, one.out) == (0, f"Nuclei StarDist: {shell.models / 'Nuclei-StarDist'}\n")
    everything = shell("install", "example:all", "--json")
    assert [record["name"] for record in everything.json] == [
        "Nuclei Cellpose",
        "Phase Contrast DeepWater",
        "Nuclei Probability",
        "Nuclei SplineDist",
        "Nuclei StarDist",
        "Nuclei U-Net",
        "Nuclei 3D U-Net",
    ]
    assert len(list(shell.models.glob("*/rdf.yaml"))) == len(everything.json)
    refused = shell("install", "example:cells")
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith('Error: There is no example model "cells".\n')


def test_info_tells_all_keys_without_weights(shell: Shell) -> None:
    folder = make_identity_bundle(
        shell.home / "described",
        name="Described",
        min=16,
        step=8,
        macros={"preprocessing": {"pre.ijm": "run('Invert');"}},
        post_operations=[{"id": "sigmoid"}],
    )
    (folder / "weights.onnx").unlink()
    done = shell("info", "described", "--json")
    assert (done.code, done.err) == (0, "")
    told = done.json
    expected = {"name", "id", "version", "format_version", "path", "inputs", "outputs", "weights"}
    assert expected | {"preprocessing", "postprocessing", "warnings"} <= set(told)
    assert told["name"] == "Described"
    assert told["weights"] == {
        "onnx": {"runnable": False, "reason": "the file weights.onnx is missing"}
    }
    assert told["inputs"][0]["axes"] == "bcyx"
    assert told["inputs"][0]["sizes"]["y"] == "16 + n*8"
    assert told["preprocessing"] == {"macro": [{"kind": "macro", "file": "pre.ijm"}], "zoo": []}
    assert told["postprocessing"] == {
        "macro": [],
        "zoo": [{"tensor": "output", "name": "sigmoid", "kwargs": {}}],
    }
    text = shell("info", folder / "bioimageio.yaml").out
    assert "  weights onnx: the file weights.onnx is missing\n" in text
    assert "  postprocessing: operations sigmoid\n" in text


def test_a_bundle_is_held_to_its_test_tensors(shell: Shell) -> None:
    done = shell("test", "identity", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["passed"] is True
    assert done.json["outputs"]["output"]["max_abs_error"] == 0
    assert done.json["outputs"]["output"]["tolerance_exceeded"] == 0
    reports = shell("test", "identity", "--all-formats", "--json").json
    assert reports["passed"] is True
    assert list(reports["formats"]) == ["onnx"]
    tensor = shell.home / "identity" / "test_output.npy"
    np.save(tensor, np.load(tensor) + 1)
    failed = shell("test", "identity")
    assert (failed.code, failed.err) == (1, "")
    assert failed.out.splitlines()[0].endswith(": FAILED")
    assert "maximal error 1;" in failed.out


# Runs


def test_a_run_prints_its_files_or_json(shell: Shell) -> None:
    bundle = make_two_output_bundle(shell.home / "two", name="Two")
    done = shell("run", zip_bundle(bundle), "a.tif", "--output-folder", "out", "--json")
    assert (done.code, done.err) == (0, "")
    told, out = done.json, shell.home / "out"
    assert set(told) == {"images", "tables", "rois", "request", "timings"}
    assert told["images"] == {
        "double": str(out / "a_double.tif"),
        "negative": str(out / "a_negative.tif"),
    }
    assert (told["tables"], told["rois"]) == ({}, None)
    assert told["request"].startswith('run("DeepImageJ Run", "model=')
    assert "tile=7,9" in told["request"]
    np.testing.assert_array_equal(tifffile.imread(out / "a_negative.tif"), -ramp())


def test_the_example_counts_nuclei_of_a_part_of_its_image(shell: Shell) -> None:
    image = tifffile.imread(examples.path("images/nuclei.tif"))
    sizes = ((1, 1), (5, 3), (70, 53))
    for height, width in sizes:
        part = image[100 : 100 + height, 100 : 100 + width]
        write_image(shell.home / "parts" / f"{height}x{width}.tif", part)
    done = shell("run", examples.path("nuclei"), "parts", "-o", "out", "--json")
    assert (done.code, done.err) == (0, "")
    for record, (height, width) in zip(done.json, sizes, strict=True):
        assert tifffile.imread(record["images"]["probability"]).size == height * width
    assert "Results" in done.json[-1]["tables"]
    assert Path(done.json[-1]["rois"]).name == "70x53_rois.zip"


def test_a_macro_prints_what_it_prints_and_sees_results_at_once(shell: Shell) -> None:
    stage = 'print("from the stage");\nrun("Invert");\n'
    make_identity_bundle(
        shell.home / "talks", name="Talks", macros={"preprocessing": {"pre.ijm": stage}}
    )
    macro = shell.home / "m.ijm"
    macro.write_text(
        f'{_MACRO}print("arg", getArgument());\n'
        f'run("DeepImageJ Run", "model=[{shell.home}/talks]");\n'
        'print(nImages, getTitle());\nreturn "the end";\n'
    )
    done = shell("macro", macro, "zwei Wörter")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["arg zwei Wörter", "2 made_output", "the end"]
    # Nor does it reach the JSON of a run.
    run = shell("run", "talks", "a.tif", "-o", "out", "--json")
    assert (run.code, run.err) == (0, "")
    assert list(run.json["images"]) == ["output"]


# Ctrl-C


def interrupt(shell: Shell, *arguments: str | Path, after: float) -> tuple[int, str, float]:
    """Exit code, stderr and seconds from Ctrl-C to the end; no child process is left."""
    with subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        cwd=shell.home,
        env=dict(shell.variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if after:
            time.sleep(after)
        else:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        try:
            _, error = process.communicate(timeout=30)
        finally:
            process.kill()  # else leaving the block would wait for it
        seconds = time.monotonic() - began
    left = psutil.wait_procs(children, timeout=2)[1]
    assert left == []
    return process.returncode, error, seconds


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("after", [0.4, 1.0])
def test_ctrl_c_while_imagej_starts_ends_with_130(shell: Shell, after: float) -> None:
    macro = shell.home / "m.ijm"
    macro.write_text("wait(20000);\n")
    code, error, seconds = interrupt(shell, "macro", macro, after=after)
    # For the moment in which Java has the signal, Java itself ends the process, and says nothing.
    assert code == 130
    assert "Traceback" not in error
    assert seconds < 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_in_an_endless_macro_ends_with_130(shell: Shell) -> None:
    macro = shell.home / "m.ijm"
    macro.write_text('print("ready");\nwhile (true) { x = 1; }\n')
    code, error, seconds = interrupt(shell, "macro", macro, after=0)
    assert (code, error) == (130, "Cancelled.\n")
    assert seconds < 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_in_a_run_ends_with_130_and_leaves_no_file(shell: Shell) -> None:
    nuclei = tifffile.imread(examples.path("images/nuclei.tif"))
    write_image(shell.home / "large.tif", np.tile(nuclei, (4, 4)))  # thousands of small tiles
    line = ["run", str(examples.path("nuclei")), "large.tif", "-o", "out", "--tile", "240,240"]
    code, error, seconds = interrupt(shell, *line, after=4)
    assert (code, error) == (130, "Cancelled.\n")
    assert seconds < 4
    assert not (shell.home / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_reaches_a_command_that_a_script_started_in_the_background(shell: Shell) -> None:
    macro = shell.home / "m.ijm"
    macro.write_text('print("ready");\nwait(60000);\n')
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `deepimagej ... &` inherits it
    try:
        code, error, seconds = interrupt(shell, "macro", macro, after=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, error) == (130, "Cancelled.\n")
    assert seconds < 4


def test_json_of_a_report_is_strict(shell: Shell) -> None:
    tensor = shell.home / "identity" / "test_output.npy"
    np.save(tensor, np.load(tensor)[..., :-1])
    done = shell("test", "identity", "--json")
    assert done.code == 1

    def refuse(text: str) -> None:
        raise ValueError(f"{text} is not JSON")

    assert json.loads(done.out, parse_constant=refuse)["passed"] is False
