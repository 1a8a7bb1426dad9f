"""Installing with the mouse: a zip dropped from another program, an address, a broken file."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle, zip_bundle

if TYPE_CHECKING:
    from gui.screen import Gui

pytestmark = pytest.mark.gui
_SOURCE = Path(__file__).parent / "drag_source.py"


def test_a_zip_dropped_on_the_window_is_installed_and_chosen(gui: Gui, tmp_path: Path) -> None:
    folder = make_identity_bundle(tmp_path / "dropped", name="Dropped")
    archive = zip_bundle(folder, tmp_path / "dropped.zip")
    other = subprocess.Popen(
        [sys.executable, str(_SOURCE), str(archive)],
        env={**gui.variables, "DISPLAY": gui.display},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        gui.raise_window("DeepImageJ Run")
        gui.drag((40, 1040), gui.at(gui.component("models")))
        gui.until(lambda: "Dropped" in gui.ask("rows", "models"))
    finally:
        other.kill()
        other.communicate(timeout=10)
    gui.until(lambda: "DeepImageJ Install Model" in gui.ask("titles"))
    gui.until(lambda: gui.ask("shown", "header").strip().startswith("Dropped"))
    gui.picture("install")


def test_an_address_is_installed(gui: Gui, tmp_path: Path) -> None:
    zip_bundle(make_identity_bundle(tmp_path / "b", name="Served"), tmp_path / "served.zip")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gui.raise_window("DeepImageJ Install Model")
        gui.fill("source", f"http://127.0.0.1:{server.server_port}/served.zip")
        gui.keys("Return")
        gui.until(lambda: "Served" in gui.ask("rows", "models"))
        server.shutdown()


def test_what_is_no_model_is_refused_in_a_sentence(gui: Gui, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no")
    gui.raise_window("DeepImageJ Install Model")
    gui.fill("source", str(tmp_path / "no.zip"))
    gui.press("install source")
    message = gui.until(lambda: gui.ask("where", "error message"))["text"]
    assert message == f"{tmp_path / 'no.zip'} is neither a folder nor a zip."
    gui.keys("Escape")
    gui.until(lambda: not gui.ask("where", "error message"))
