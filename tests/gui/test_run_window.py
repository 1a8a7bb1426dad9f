"""The guided window as its user meets it, with the mouse and the keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from deepimagej import examples
from shell import make_shell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gui.screen import Gui

pytestmark = pytest.mark.gui
NUCLEI = str(examples.path("images/nuclei.tif"))


def test_the_menu_opens_the_window_with_a_model_that_can_run(gui: Gui) -> None:
    assert gui.ask("rows", "models") == ["Nuclei Probability", "Zebra asks"]
    preview = gui.preview("512 x 512 px at once")
    assert "After it: the macro count_nuclei.ijm." in preview
    gui.picture("run-window")


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("About", ["The deepimagej developers", "BSD-2-Clause", "10.1007/978-3-030-00934-2_30"]),
        ("Inputs and outputs", ["224 px or more, in steps of 16", "108 px along y"]),
        ("Steps", ["percentiles 1 and 99.8 become 0 and 1", "count_nuclei.ijm"]),
        ("Documentation", ["Validation", "2018 Data Science Bowl"]),
    ],
)
def test_all_that_the_author_said_is_there_to_read(gui: Gui, title: str, words: list[str]) -> None:
    gui.show_tab(title)
    text = gui.until(lambda: gui.ask("shown", f"page {title}"))
    assert [word for word in words if word not in " ".join(text.split())] == []
    gui.picture(f"tab-{title.lower().replace(' ', '-')}")
    gui.show_tab("Run")


def test_an_illegal_tile_is_refused_while_it_is_typed(gui: Gui) -> None:
    gui.fill("tile:y", "230")
    problem = gui.preview("The tile is 230 px along Y; the model takes 224 + n * 16 px.")
    assert problem.endswith("Take 240 or 256 px along Y.")
    gui.until(lambda: not gui.component("run")["enabled"])
    gui.picture("illegal-tile")
    gui.fill("tile:y", "240")
    gui.preview("512 x 512 px in ")
    gui.until(lambda: gui.component("run")["enabled"])
    gui.fill("tile:y", "auto")
    gui.preview("512 x 512 px at once")


def test_keys_alone_find_a_model_and_choose_a_tab(gui: Gui) -> None:
    gui.keys("ctrl+f")
    gui.until(lambda: gui.ask("focus") == "search")
    gui.write("nucl")
    gui.keys("Down")
    gui.until(lambda: gui.ask("focus") == "models")
    gui.keys("alt+2")
    gui.until(lambda: gui.ask("where", "page About"))
    gui.keys("alt+1")
    gui.until(lambda: gui.ask("where", "preview"))
    gui.keys("ctrl+f")
    gui.write("no such model")
    gui.until(lambda: gui.ask("rows", "models") == [])
    gui.picture("nothing-found")
    gui.keys("ctrl+a", "BackSpace")
    gui.until(lambda: len(gui.ask("rows", "models")) == 2)
    gui.preview("512 x 512 px at once")


def test_a_run_is_recorded_as_one_line_that_repeats_its_pixels_headless(
    gui: Gui, home: Path, variables: Mapping[str, str], tmp_path: Path
) -> None:
    gui.open_menu("Plugins", "Macros", "Record...")
    gui.until(lambda: "Recorder" in gui.ask("titles"))
    gui.raise_window("DeepImageJ Run")
    gui.fill("output_folder", str(home / "from-window"))
    before = gui.ask("recorded")
    gui.preview("512 x 512 px at once")
    gui.press("run")
    told = gui.ended("Done on cpu in ")
    gui.picture("after-run")
    assert told
    line = gui.recorded_line(before)
    assert line.startswith('run("DeepImageJ Run", "model=[Nuclei Probability] format=onnx ')
    assert "tile=512,512" in line
    assert "device=cpu" in line
    assert str(home / "from-window") in line
    assert {"nuclei_probability", "nuclei_labels"} <= set(gui.ask("images"))
    assert gui.ask("counts")["rois"] == gui.ask("counts")["rows"] > 50
    assert "deepImageJ run" in gui.ask("image", "nuclei_labels")["info"]

    shell = make_shell(tmp_path)
    again = line.replace(str(home / "from-window"), str(tmp_path / "again"))
    (tmp_path / "again.ijm").write_text(f'open("{NUCLEI}");\n{again}\n')
    done = shell("macro", "again.ijm", DEEPIMAGEJ_MODELS=variables["DEEPIMAGEJ_MODELS"])
    assert (done.err, done.code) == ("", 0)
    for name in ("nuclei_probability.tif", "nuclei_labels.tif"):
        one, other = (
            tifffile.imread(folder / name) for folder in (home / "from-window", tmp_path / "again")
        )
        assert np.array_equal(one, other)


def test_scripts_are_recorded_with_their_image(gui: Gui) -> None:
    gui.raise_window("Recorder")
    gui.click(gui.ask("choice", "Recorder"))
    gui.keys("Down", "Return")  # from Macro to JavaScript
    before = gui.ask("recorded")
    gui.raise_window("DeepImageJ Run")
    gui.fill("output_folder", "")
    gui.fill("tile:y", "240")
    gui.preview("512 x 512 px in ")
    gui.press("run")
    gui.ended("Done in ")
    line = gui.recorded_line(before)
    assert line.startswith('IJ.run(imp, "DeepImageJ Run", "model=[Nuclei Probability] format=')
    gui.raise_window("DeepImageJ Run")  # the results lie over it
    gui.fill("tile:y", "auto")
    gui.preview("512 x 512 px at once")


def test_code_of_a_model_is_asked_about_before_it_runs(gui: Gui) -> None:
    gui.raise_window("DeepImageJ Run")
    gui.keys("ctrl+f")
    gui.write("zebra")
    gui.until(lambda: "asked about it before it runs" in gui.text("preview"))
    recorded = gui.ask("recorded")
    gui.press("run")
    gui.until(lambda: gui.ask("button", "Trust and run"))
    gui.picture("trust")
    gui.keys("Escape")
    gui.until(lambda: not gui.ask("button", "Trust and run"))
    assert gui.ask("recorded") == recorded
    gui.press("run")
    gui.click(gui.until(lambda: gui.ask("button", "Trust and run")))
    gui.ended("Done")
    gui.raise_window("DeepImageJ Run")
    gui.keys("ctrl+f", "BackSpace")
    gui.until(lambda: len(gui.ask("rows", "models")) == 2)
    gui.keys("ctrl+f")
    gui.write("nuclei")
    gui.preview("512 x 512 px at once")


def test_the_lines_are_copied(gui: Gui) -> None:
    gui.raise_window("DeepImageJ Run")
    gui.click("copy line")
    assert "format=auto" in gui.ask("clipboard")
    gui.click("copy short line")
    short = gui.ask("clipboard")
    assert short == 'run("DeepImageJ Run", "model=[Nuclei Probability]");'
    gui.click("copy python")
    assert gui.ask("clipboard").startswith("import deepimagej\nresult = deepimagej.run(")
    gui.click("copy bibtex")
    assert gui.ask("clipboard").startswith("@misc{")
    gui.fill("output_folder", "")


def test_the_sample_stands_beside_what_its_author_expects(gui: Gui) -> None:
    gui.raise_window("DeepImageJ Run")
    recorded = gui.ask("recorded")
    gui.press("run sample")
    told = gui.ended('"probability" ')
    assert re.search(r"as good as equal|equal to the author's", told)
    assert "probability expected by the author" in gui.ask("images")
    mine, theirs = (
        gui.ask("image", title)
        for title in (
            "Nuclei-Probability raw_probability",
            "probability expected by the author",
        )
    )
    assert theirs["x"] >= mine["x"] + mine["width"] or theirs["y"] > mine["y"]
    assert theirs["range"] == mine["range"]
    assert gui.ask("recorded") == recorded
    gui.picture("sample")


def test_the_source_of_a_macro_is_one_click_away(gui: Gui) -> None:
    gui.raise_window("DeepImageJ Run")
    gui.show_tab("Steps")
    place = gui.ask("link", "page Steps", "count_nuclei.ijm")
    gui.click(place)
    gui.until(lambda: gui.ask("where", "text view"))
    assert "Watershed" in gui.ask("shown", "text view")
    gui.picture("macro-source")
    gui.keys("Escape")
    gui.until(lambda: "count_nuclei.ijm" not in gui.ask("titles"))
    gui.show_tab("Run")


def test_help_and_about_are_in_the_menu(gui: Gui) -> None:
    for name, words in (("Help", "Ctrl+F"), ("About", "BSD-2-Clause")):
        gui.open_menu("Plugins", "DeepImageJ", f"DeepImageJ {name}")
        gui.until(lambda: gui.ask("where", "text view"))
        assert words in gui.ask("shown", "text view")
        gui.picture(name.lower())
        gui.keys("Escape")
        gui.until(lambda: not gui.ask("where", "text view"))
