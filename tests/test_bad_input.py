"""What a user gets for bad input: one sentence, the way out, the exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bundle_factory import (
    make_identity_bundle,
    make_scaling_bundle,
    make_sum_bundle,
    sha256,
    write_bundle,
    zip_bundle,
)
from shell import Shell, make_shell, ramp, write_image

if TYPE_CHECKING:
    from pathlib import Path

_BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "onnxruntime":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A user with images and bundles, good and broken; tests only read them."""
    home = tmp_path_factory.mktemp("bad input")
    rgb = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    spoilt = ramp()
    spoilt[0, :3], spoilt[1, 1] = np.nan, np.inf
    write_image(home / "a.tif", ramp())
    write_image(home / "b.tif", ramp())
    write_image(home / "large.tif", ramp(40, 50))
    write_image(home / "two.tif", np.stack([ramp(), ramp()]), "CYX")
    write_image(home / "rgb.tif", rgb, "YXS")
    write_image(home / "spoilt.tif", spoilt)
    (home / "text.tif").write_text("no image")
    (home / "half.tif").write_bytes((home / "a.tif").read_bytes()[:200])
    (home / "empty").mkdir()
    (home / "file").write_text("")
    make_scaling_bundle(home / "grid", name="Grid", min=16, step=16)
    make_sum_bundle(home / "sum", name="Sum")
    identity = make_identity_bundle(home / "identity", name="Identity")
    make_identity_bundle(home / "models" / "Nuclei-StarDist", name="Nuclei StarDist")
    make_identity_bundle(home / "no weights", name="No weights")
    (home / "no weights" / "weights.onnx").unlink()
    break_weights(make_identity_bundle(home / "corrupt", name="Corrupt"))
    break_hash(make_identity_bundle(home / "changed", name="Changed"))
    write_bundle(home / "no yaml", 'name: [1, 2\nb: "', {})
    slip = zip_bundle(identity, home / "slip.zip")
    with zipfile.ZipFile(slip, "a") as archive:
        archive.writestr("../../evil.txt", "gotcha")
    macros = {
        "throws": ("preprocessing", "x = 1;\ny = x + missing;\n"),
        "exits": ("postprocessing", 'exit("This is no nucleus.");\n'),
        "calls": ("preprocessing", 'run("Frobnicate...");\n'),
        "closes": ("preprocessing", 'close("*");\n'),
    }
    for name, (stage, text) in macros.items():
        make_identity_bundle(home / name, name=name, macros={stage: {f"{name}.ijm": text}})
    return make_shell(home)


def break_weights(folder: Path) -> None:
    """Weights that are no network, with the sha256 that the RDF declares."""
    rdf, weights = folder / "bioimageio.yaml", folder / "weights.onnx"
    weights.write_bytes(b"rubbish" * 100)
    rdf.write_text(re.sub(r"sha256: \w+", f"sha256: {sha256(weights)}", rdf.read_text()))


def break_hash(folder: Path) -> None:
    """Weights other than those that the RDF declares."""
    with (folder / "weights.onnx").open("ab") as weights:
        weights.write(b"\0")


CASES: dict[str, tuple[str, int, str, str]] = {
    "two channels": (
        "identity|two.tif",
        4,
        '"two.tif" has 2 channels, "input" of the model takes 1.',
        "Choose one with channel=1, or run the model on each with channel=all.",
    ),
    "RGB": (
        "identity|rgb.tif",
        4,
        '"rgb.tif" is RGB: 3 channels, "input" of the model takes 1.',
        "Choose one with channel=1, or run the model on each with channel=all.",
    ),
    "NaN": (
        "identity|spoilt.tif",
        4,
        '4 pixels are NaN or infinite in "spoilt.tif".',
        'Replace them first: in ImageJ with run("Macro...", "code=[if (isNaN(v)) v = 0]"), '
        "in Python with numpy.nan_to_num.",
    ),
    "no such file": (
        "identity|gone.tif",
        4,
        "There is no file {home}/gone.tif.",
        "Check the path of the image.",
    ),
    "no image": (
        "identity|text.tif",
        4,
        "{home}/text.tif is not an image that can be read.",
        "Readable are TIFF, PNG, JPEG, BMP and .npy files; open others in ImageJ.",
    ),
    "none named": (
        "identity",
        4,
        "No image is named.",
        "Name one, as in: deepimagej run MODEL IMAGE -o OUT.",
    ),
    "an empty word": (
        "identity|",
        4,
        "No image is named.",
        "Name one, as in: deepimagej run MODEL IMAGE -o OUT.",
    ),
    "half a file": (
        "identity|half.tif",
        4,
        "{home}/half.tif cannot be read: failed to read 252 bytes, got 0.",
        "The file may be damaged; open it in ImageJ and save it as TIFF again.",
    ),
    "an output too long": (
        "identity|a.tif|--output-folder=" + 300 * "x",
        7,
        "{home}/" + 300 * "x" + " cannot be the output folder: "
        "its name is longer than 255 characters.",
        "Choose a shorter name.",
    ),
    "a model too long": (
        300 * "x" + "|a.tif",
        3,
        'There is no model "' + 300 * "x" + '" in {home}/models.',
        "deepimagej models lists what is installed; a path names a model that is not.",
    ),
    "an image too long": (
        "identity|" + 300 * "x",
        4,
        "{home}/" + 300 * "x" + " cannot be read: File name too long.",
        "Name an image file that you may read.",
    ),
    "not in model_dir": (
        "identity|a.tif|--model-dir=empty",
        3,
        'There is no model "identity" in empty.',
        "No model is installed; deepimagej install FOLDER_OR_ZIP does it.",
    ),
    "empty folder": (
        "identity|empty",
        4,
        "The folder empty holds no image.",
        "Images are files that end in .tif, .tiff, .png, .jpg, .jpeg, .bmp, .npy.",
    ),
    "pattern": (
        "identity|x*.tif",
        4,
        "No file fits x*.tif.",
        "Check the pattern and the current folder.",
    ),
    "missing weights": (
        "no weights|a.tif",
        3,
        "No weights of the model 'No weights' can run here: "
        "onnx: the file 'weights.onnx' is missing.",
        "Install the model again.",
    ),
    "wrong sha256": (
        "changed|a.tif",
        3,
        "changed/weights.onnx has the sha256 {found}; the bundle declares {declared}.",
        "The file is damaged or was changed; get the model again.",
    ),
    "not YAML": (
        "no yaml|a.tif",
        3,
        "no yaml/bioimageio.yaml, line 2, is not YAML: expected ',' or ']', but got ':'.",
        "Correct the file, or download the model again.",
    ),
    "zip slip": (
        "slip.zip|a.tif",
        3,
        'Entry "../../evil.txt" of {home}/slip.zip leaves the bundle\'s folder.',
        "Do not use this file; get the model from another source.",
    ),
    "near model": (
        "nuclei stardst|a.tif",
        3,
        'There is no model "nuclei stardst" in {home}/models.',
        "Did you mean Nuclei StarDist?",
    ),
    "unknown key": (
        "identity|a.tif|--tiel=64,64",
        2,
        "Unknown option --tiel.",
        "Did you mean --tile? See deepimagej run --help.",
    ),
    "off the grid": (
        "grid|large.tif|--tile=20,16",
        2,
        "The tile is 20 px along Y; the model takes 16 + n * 16 px.",
        "Take 16 or 32 px along Y.",
    ),
    "sizes": (
        "grid|a.tif|--tile=16",
        2,
        "tile=16 has 1 size for the axes Y,X.",
        "Give one for each axis, as in axes=Y,X tile=256,256.",
    ),
    "format": (
        "identity|a.tif|--format=torchscript",
        2,
        "The model 'Identity' has no weights in the format 'torchscript'.",
        "It has: onnx.",
    ),
    "no such channel": (
        "identity|a.tif|--channel=5",
        2,
        'channel=5 does not exist: "a.tif" has 1 channel.',
        "Give a number from 1 to 1, or channel=all.",
    ),
    "one of two": (
        "sum|a.tif",
        2,
        '"Sum" takes 2 images; b has none.',
        "Name one for each input, as in image=[a=TITLE, b=TITLE].",
    ),
    "other tensor": (
        "sum|a=a.tif|c=b.tif",
        2,
        '"Sum" has no input "c".',
        "Its inputs are a, b.",
    ),
    "tensor twice": (
        "sum|a=a.tif|a=gone.tif",
        2,
        'The tensor "a" is given more than one image.',
        "Give each tensor one.",
    ),
    "tensor unnamed": (
        "sum|a=a.tif|b.tif",
        2,
        '"b.tif" names no tensor, and other images do.',
        "Name all, as in raw=a.tif mask=b.tif, or none.",
    ),
    "tensor's file": (
        "sum|a=a.tif|b=gone.tif",
        4,
        'No image called "{home}/gone.tif" is open, and there is no such file.',
        "Give the title or id of an open image, or the path of a file.",
    ),
    "output is a file": (
        "identity|a.tif|--output-folder=file",
        7,
        "{home}/file cannot be the output folder: {home}/file is a file.",
        "Choose an output folder that you may write to.",
    ),
    "macro throws": (
        "throws|a.tif",
        8,
        'throws.ijm stopped in line 2, "y = x + missing;": Undefined variable.',
        "Correct the macro, or the image and options that it was given.",
    ),
    "macro exits": (
        "exits|a.tif",
        8,
        "exits.ijm stopped: This is no nucleus.",
        "Correct the macro, or the image and options that it was given.",
    ),
    "missing plugin": (
        "calls|a.tif|--trust",
        8,
        'calls.ijm stopped in line 1, "run("Frobnicate...");": '
        'ImageJ has no command "Frobnicate...".',
        'Install the plugin that brings "Frobnicate...", or correct its name.',
    ),
    "macro closes all": (
        "closes|a.tif",
        8,
        "closes.ijm left no image open for the network.",
        'Let the macro keep an image, current or titled "input".',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_in_one_sentence_and_one_hint(shell: Shell, case: str) -> None:
    words, code, message, hint = CASES[case]
    output = [] if "--output-folder" in words else ["-o", "out"]
    done = shell("run", *words.split("|"), *output)
    places = {"home": str(shell.home)}
    if case == "wrong sha256":
        rdf = (shell.home / "changed" / "bioimageio.yaml").read_text()
        places["found"] = sha256(shell.home / "changed" / "weights.onnx")
        declared = re.search(r"sha256: (\w+)", rdf)
        places["declared"] = declared[1] if declared else ""
    assert done.err == f"Error: {message.format(**places)}\n{hint}\n"
    assert (done.code, done.out) == (code, "")
    assert not (shell.home / "out").exists()
    assert not (shell.home.parent / "evil.txt").exists()


def test_what_is_broken_is_not_installed(shell: Shell) -> None:
    before = sorted(shell.models.iterdir())
    weights = shell.home / "changed" / "weights.onnx"
    starts = {
        "changed": f"Error: changed/weights.onnx has the sha256 {sha256(weights)}; ",
        "no yaml": "Error: no yaml/bioimageio.yaml, line 2, is not YAML: ",
        "slip.zip": 'Error: Entry "../../evil.txt" of ',
        "a.tif": "Error: a.tif is neither a folder nor a zip.",
    }
    for source, start in starts.items():
        done = shell("install", source)
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith(start)
        assert len(done.err.splitlines()) == 2
    assert [path for path in shell.models.iterdir() if path.is_dir()] == before


def test_weights_that_are_no_network_are_named(shell: Shell) -> None:
    done = shell("run", "corrupt", "a.tif", "-o", "out")
    message, hint = done.err.splitlines()
    assert message.startswith(
        "Error: The weights 'weights.onnx' of the model 'Corrupt' cannot be loaded by onnxruntime: "
    )
    assert hint == "The file may be damaged: install the model again, or choose another format."
    assert (done.code, done.out) == (3, "")


def test_untrusted_code_is_shown_and_runs_after_it_was_trusted(
    shell: Shell, tmp_path: Path
) -> None:
    folder = make_identity_bundle(
        tmp_path / "runs code",
        name="Runs code",
        macros={"postprocessing": {"post.ijm": 'exec("true");\n'}},
    )
    command: list[str | Path] = ["run", folder, shell.home / "a.tif", "-o", tmp_path / "out"]
    done = shell(*command)
    assert (done.code, done.out) == (3, "")
    message, hint = done.err.splitlines()
    assert message.startswith(
        'Error: The model "Runs code" brings code that you have not trusted yet: post.ijm, line 1: '
    )
    assert hint == (
        f'Read it in {folder}; if you trust it: deepimagej trust "{folder}", '
        "or trust=True in Python."
    )
    trusted = shell("trust", folder)
    assert (trusted.code, trusted.err) == (0, "")
    assert trusted.out == f"Trusted: Runs code, as it is now in {folder}\n"
    assert shell(*command).code == 0


def test_an_engine_that_is_not_installed_is_named_with_its_pip_line(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_BLOCKER)
    blocked = str(tmp_path)
    hint = 'Install it: pip install "deepimagej[onnx]"'
    auto = shell("run", "identity", "a.tif", "-o", "out", PYTHONPATH=blocked)
    assert (auto.code, auto.out) == (5, "")
    assert auto.err == (
        "Error: No weights of the model 'Identity' can run here: "
        f"onnx: onnx needs onnxruntime, which is not installed.\n{hint}\n"
    )
    asked = shell("test", "identity", "--format", "onnx", "--json", PYTHONPATH=blocked)
    message = "The model 'Identity' cannot run: onnx needs onnxruntime, which is not installed."
    assert (asked.code, asked.err) == (5, f"Error: {message}\n{hint}\n")
    error = {"type": "EngineMissing", "message": message, "hint": hint, "exit_code": 5}
    assert asked.json == {"error": error}
    # No test is no passed test.
    assert shell("test", "identity", "--all-formats", PYTHONPATH=blocked).code == 5


def test_a_disk_that_is_full_while_writing_is_told(shell: Shell, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    try:
        (disk / "mine.txt").write_text("kept")
        write_image(tmp_path / "large.tif", ramp(200, 200))
        done = shell("run", "identity", tmp_path / "large.tif", "-o", disk)
        free = shutil.disk_usage(disk).free
        assert done.err == (
            f"Error: {disk / 'large_output.tif'} cannot be written: the disk is full "
            f"({free / 1000:.1f} kB free; the file takes 164.1 kB).\n"
            "Free some space or choose another output folder.\n"
        )
        assert (done.code, done.out) == (7, "")
        assert [path.name for path in disk.iterdir()] == ["mine.txt"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


_IN_MACROS = """
import json, sys
import deepimagej
imagej = deepimagej.start()
rois = "roiManager('count')"
def answer(text):
    try:
        return imagej.run_macro(text)
    except deepimagej.DeepImageJError as error:
        return [type(error).__name__, error.message, error.hint]
def run(options):
    return f'run("DeepImageJ Run", "{options}"); exit("not reached");'
lines = [answer(run(f"model=[{sys.argv[1]}/identity]"))]
answer('newImage("mine", "8-bit ramp", 50, 40, 1); newImage("other", "8-bit black", 5, 4, 1);')
answer('makeRectangle(1, 1, 2, 2); roiManager("add"); setResult("Mine", 0, 42);')
answer('selectImage("mine"); makeRectangle(2, 1, 3, 4);')
for options in json.loads(sys.argv[2]):
    lines.append(answer(run(options)))
    lines.append(answer('''
        getSelectionBounds(x, y, width, height);
        images = newArray(nImages);
        for (i = 0; i < nImages; i++) { selectImage(i + 1); images[i] = getTitle(); }
        selectImage("mine");
        return "" + getTitle() + " " + String.join(images) + " " + x + "," + y + "," + width
            + "," + height + " " + roiManager("count") + " " + nResults + " "
            + getResult("Mine", 0) + " " + round(getValue("Mean"));
    '''))
print(json.dumps(lines))
"""


def test_bad_input_in_a_macro_leaves_all_that_is_the_users(shell: Shell) -> None:
    home = shell.home
    wrong = {
        f"model=[{home}/identity] tiel=3": ["OptionError", "Unknown option: tiel."],
        f"model=[{home}/nowhere]": ["LibraryError", f"There is no model at {home}/nowhere."],
        f"model=[{home}/grid] tile=20,16": [
            "OptionError",
            "The tile is 20 px along Y; the model takes 16 + n * 16 px.",
        ],
        f"model=[{home}/identity] image=[gone]": [
            "ImageError",
            'No open image is called "gone".',
        ],
        f"model=[{home}/throws]": [
            "MacroError",
            'throws.ijm stopped in line 2, "y = x + missing;": Undefined variable.',
        ],
        f"model=[{home}/exits]": ["MacroError", "exits.ijm stopped: This is no nucleus."],
        f"model=[{home}/closes]": [
            "MacroError",
            "closes.ijm left no image open for the network.",
        ],
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _IN_MACROS, str(home), json.dumps(list(wrong))],
        env=dict(shell.variables),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stderr == ""
    first, *others = json.loads(done.stdout.splitlines()[-1])
    assert first == [
        "ImageError",
        "No image is open.",
        "Open an image first, or name a file with input_path=FILE.",
    ]
    errors, states = others[::2], others[1::2]
    assert [error[:2] for error in errors] == list(wrong.values())
    assert set(states) == {states[0]}
    assert states[0] == "mine mine, other 2,1,3,4 1 1 42 15"


def test_deepimagej_macro_ends_with_the_code_of_what_stopped_the_macro(
    shell: Shell, tmp_path: Path
) -> None:
    macros = {
        "none_open.ijm": (
            f'print("before");\nrun("DeepImageJ Run", "model=[{shell.home}/sum]");',
            4,
        ),
        "throws.ijm": ('print("before");\nexit("Enough.");', 8),
    }
    told = {
        "none_open.ijm": "Error: No image is open.\n"
        "Open an image first, or name a file with input_path=FILE.\n",
        "throws.ijm": "Error: The macro stopped: Enough.\n"
        "Correct the macro, or the image and options that it was given.\n",
    }
    for name, (text, code) in macros.items():
        (tmp_path / name).write_text(f'{text}\nprint("after");\n')
        done = shell("macro", tmp_path / name)
        assert (done.code, done.out, done.err) == (code, "before\n", told[name])
    gone = shell("macro", tmp_path / "gone.ijm")
    assert (gone.code, gone.out) == (2, "")
    assert gone.err == (
        f"Error: The macro {tmp_path / 'gone.ijm'} cannot be read: {os.strerror(2)}.\n"
        "Check the path.\n"
    )
