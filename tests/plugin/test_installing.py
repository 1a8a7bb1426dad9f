"""Installing from a path, an address and a macro line."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle, zip_bundle
from deepimagej.errors import LibraryError, OptionError, RunCancelled
from deepimagej.library.download import download
from deepimagej.plugin.installing import install, install_command, install_line
from deepimagej.progress import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.progress import Step
    from deepimagej.tools import Tools


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Breaking(BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def server(handler: object) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:  # type: ignore[arg-type]
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "served").mkdir()
    folder = make_identity_bundle(tmp_path / "bundle", name="From afar")
    return zip_bundle(folder, tmp_path / "served" / "model.zip")


def test_a_zip_is_installed_from_an_address_with_progress(archive: Path, tools: Tools) -> None:
    steps: list[Step] = []
    with server(partial(Quiet, directory=str(archive.parent))) as address:
        spec = install(f"{address}/model.zip", tools, progress=steps.append)
    assert spec.name == "From afar"
    assert tools.library.find("From afar").folder == spec.folder
    assert {step.stage for step in steps} == {"downloading"}
    assert steps[-1].done == steps[-1].total


def test_an_address_without_a_file_says_what_the_server_said(archive: Path, tools: Tools) -> None:
    with (
        server(partial(Quiet, directory=str(archive.parent))) as address,
        pytest.raises(LibraryError) as caught,
    ):
        install(f"{address}/no.zip", tools)
    assert caught.value.message == (
        f"{address}/no.zip cannot be downloaded: the server answers 404 File not found."
    )
    assert caught.value.hint == "Check the address in a browser."
    assert tools.library.entries() == []


def test_a_server_that_is_not_there_is_told(tools: Tools) -> None:
    with server(Quiet) as address:
        pass
    with pytest.raises(LibraryError) as caught:
        install(f"{address}/a.zip", tools)
    assert caught.value.message == f"{address}/a.zip cannot be downloaded: Connection refused."
    assert caught.value.hint == (
        "Check the address and the network, or download it in a browser and install the file."
    )


def test_a_download_that_breaks_off_installs_nothing(tools: Tools, tmp_path: Path) -> None:
    with server(Breaking) as address, pytest.raises(LibraryError) as caught:
        download(f"{address}/a.zip", tmp_path)
    assert caught.value.message == f"{address}/a.zip broke off after 4 of 1000 bytes."
    assert caught.value.hint == "Install it again."


def test_a_download_is_cancelled(archive: Path, tools: Tools) -> None:
    cancel = CancelToken()
    with (
        server(partial(Quiet, directory=str(archive.parent))) as address,
        pytest.raises(RunCancelled),
    ):
        install(f"{address}/model.zip", tools, progress=lambda step: cancel.cancel(), cancel=cancel)
    assert tools.library.entries() == []


def test_a_page_that_is_no_zip_is_no_model(archive: Path, tools: Tools) -> None:
    (archive.parent / "page.html").write_text("<html>")
    with (
        server(partial(Quiet, directory=str(archive.parent))) as address,
        pytest.raises(LibraryError) as caught,
    ):
        install(f"{address}/page.html", tools)
    assert "is neither a folder nor a zip." in caught.value.message


def test_the_line_repeats_the_installation() -> None:
    line = install_line("C:\\my models\\a.zip")
    assert line == 'run("DeepImageJ Install Model", "source=[C:\\\\my models\\\\a.zip]");'
    assert install_line("a[.zip") == ""


@pytest.mark.parametrize("options", ["", "path=a.zip", "source=a.zip other=b"])
def test_a_line_without_a_source_is_refused(options: str) -> None:
    with pytest.raises(OptionError) as caught:
        install_command(options)
    assert caught.value.message == (
        "DeepImageJ Install Model takes the key source, and nothing else."
    )
    assert caught.value.hint == (
        'Name a zip, a folder or an address, as in run("DeepImageJ Install Model", '
        '"source=[model.zip]").'
    )
