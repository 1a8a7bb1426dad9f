"""The guided window in a Fiji."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej import examples
from gui.screen import Gui

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.gui, pytest.mark.pyimagej]
NUCLEI = str(examples.path("images/nuclei.tif"))


def test_a_fiji_has_the_window_runs_a_model_and_ends_with_code_0(
    display: str, variables: Mapping[str, str], fiji_folder: str
) -> None:
    with Gui(display, variables, ("--fiji", fiji_folder, NUCLEI)) as gui:
        gui.until(lambda: gui.ask("images"), 90)
        gui.open_window()
        gui.preview("512 x 512 px at once")
        gui.picture("fiji-window")
        gui.press("run")
        gui.ended("Done", 60)
        gui.picture("fiji-done")
        assert "nuclei_labels" in gui.ask("images")
        workers = gui.ask("workers")
        assert workers
        gui.close_imagej()
        assert gui.process.wait(60) == 0
