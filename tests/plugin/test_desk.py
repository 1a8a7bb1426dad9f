"""The desk where a question cannot be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle
from deepimagej import process
from deepimagej.errors import HostError, ImageError, LibraryError
from deepimagej.guide import Untrusted
from deepimagej.host.reports import report
from deepimagej.host.staying import stay_open
from deepimagej.plugin.desk import Desk
from deepimagej.progress import CancelToken, silent

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.host.imagej import ImageJ
    from deepimagej.tools import Tools


def test_a_page_has_all_that_the_window_shows(tools: Tools) -> None:
    make_identity_bundle(tools.settings.model_folders[0] / "a", name="Nuclei")
    desk = Desk(tools)
    [row] = desk.models()
    page = desk.page(row[0])
    assert [title for title, _ in page.tabs][:3] == ["About", "Inputs and outputs", "Steps"]
    assert page.inputs[0][:2] == ("image:input", "Image")
    assert [field[0] for field in page.fields] == [
        "format", "device", "preprocessing", "postprocessing", "tile:y", "tile:x", "channel",
        "output_folder",
    ]  # fmt: skip
    assert page.has_sample


def test_a_bundle_without_a_sample_says_so(tools: Tools) -> None:
    folder = make_identity_bundle(tools.settings.model_folders[0] / "a", name="Bare")
    for file in folder.glob("*.npy"):
        file.unlink()
    with pytest.raises(LibraryError) as caught:
        Desk(tools).run_sample("Bare", [], progress=silent, cancel=CancelToken())
    assert caught.value.message == '"Bare" ships no sample image.'
    assert caught.value.hint == "Open an image of your own."


def test_help_and_about_name_the_keys_and_the_engines(tools: Tools) -> None:
    title, text = Desk(tools).text("help")
    assert (title, "channel=NUMBERS" in text) == ("DeepImageJ Help", True)
    title, text = Desk(tools).text("about")
    assert (title, "onnxruntime</td><td>ready" in text) == ("About DeepImageJ", True)


def test_a_file_of_a_bundle_is_read_by_its_link(tools: Tools) -> None:
    macros = {"preprocessing": {"pre.ijm": "// what it does"}}
    make_identity_bundle(tools.settings.model_folders[0] / "a", name="Steps", macros=macros)
    assert Desk(tools).text("source?Steps?pre.ijm") == ("pre.ijm", "// what it does")


def test_windows_without_a_desk_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_make_desk", None)
    with pytest.raises(HostError) as caught:
        process._desk.__wrapped__()
    assert caught.value.message == "Nothing answers the windows."
    assert caught.value.hint == "Start ImageJ with deepimagej.start()."


def test_an_image_that_is_not_there_starts_nothing(tmp_path: Path) -> None:
    def start() -> ImageJ:
        raise AssertionError("ImageJ was started")

    with pytest.raises(ImageError) as caught:
        stay_open(start, [str(tmp_path / "no.tif")])
    assert caught.value.message == f"There is no image {tmp_path / 'no.tif'}."
    assert caught.value.hint == "Check the name of the file."


def test_a_report_has_versions_and_the_cause() -> None:
    error = ImageError("It is too small.", hint="Take another.")
    error.__cause__ = ValueError("the cause")
    text = report(error)
    assert text.startswith("deepimagej ")
    assert "ValueError: the cause" in text
    assert "ImageError: It is too small." in text


def test_code_that_is_not_trusted_is_a_question(tools: Tools) -> None:
    macros = {"preprocessing": {"pre.ijm": 'exec("ls");'}}
    make_identity_bundle(tools.settings.model_folders[0] / "a", name="Code", macros=macros)
    desk = Desk(tools)
    spec = tools.library.find("Code")
    with pytest.raises(Exception, match="brings code that you have not trusted") as caught:
        tools.trust.require(spec)
    asked = desk._ask(spec, caught.value)  # type: ignore[arg-type]
    assert isinstance(asked, Untrusted)
    assert asked.hint == "Trust it only if you know where it comes from."
    desk.trust("Code")
    tools.trust.require(spec)
