"""``deepimagej install-plugin``: what it changes in a Fiji, and that it can be undone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from deepimagej.errors import HostError
from deepimagej.host.fiji_plugin import install_plugin_in, remove_plugin_from
from deepimagej.host.jars import plugin_bytes
from shell import make_shell

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fiji(tmp_path: Path) -> Path:
    folder = tmp_path / "Fiji.app"
    for part in ("jars", "plugins"):
        (folder / part).mkdir(parents=True)
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_jar_and_a_note_of_this_python_are_put_there(fiji: Path) -> None:
    changes = install_plugin_in(fiji)
    jar, note = fiji / "plugins" / "DeepImageJ_Run.jar", "plugins/DeepImageJ_Run.properties"
    assert jar.read_bytes() == plugin_bytes()
    text = (fiji / note).read_text(encoding="utf-8").replace("\\\\", "\\")
    assert f"python={sys.executable}" in text.splitlines()
    assert [str(change) for change in changes] == [
        f"added {jar}",
        f"noted {fiji / note}: {sys.executable}",
    ]


def test_it_can_be_undone(fiji: Path) -> None:
    (fiji / "plugins" / "Other_.jar").write_bytes(b"other")
    before = files_in(fiji)
    install_plugin_in(fiji)
    assert files_in(fiji) != before
    remove_plugin_from(fiji)
    assert files_in(fiji) == before


def test_deepimagej_itself_is_set_aside_and_put_back(fiji: Path) -> None:
    old = fiji / "plugins" / "DeepImageJ_-3.1.0.jar"
    old.write_bytes(b"old")
    before = files_in(fiji)
    changes = install_plugin_in(fiji)
    assert f"set aside {old}: it has the same commands" in [str(change) for change in changes]
    assert not old.exists()
    install_plugin_in(fiji)  # again, as after an update of deepimagej
    assert f"put back {old}" in [str(change) for change in remove_plugin_from(fiji)]
    assert files_in(fiji) == before


@pytest.mark.parametrize("text", [None, "max-heap=75%\n", "python-dir=/old env\nlaunch-mode=JVM\n"])
def test_fijis_own_launcher_is_told_of_this_python(fiji: Path, text: str | None) -> None:
    file = fiji / "config" / "jaunch" / "fiji.cfg"
    file.parent.mkdir(parents=True)
    if text is not None:
        file.write_text(text, encoding="utf-8")
    install_plugin_in(fiji)
    install_plugin_in(fiji)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines.count(f"python-dir={sys.prefix}") == 1
    assert sum(line.startswith("python-dir=") for line in lines) == 1
    remove_plugin_from(fiji)
    left = file.read_text(encoding="utf-8") if file.exists() else None
    assert sorted((left or "").splitlines()) == sorted((text or "").splitlines())


def test_a_folder_that_is_no_fiji_is_refused(tmp_path: Path) -> None:
    for function in (install_plugin_in, remove_plugin_from):
        with pytest.raises(HostError) as caught:
            function(tmp_path)
        assert caught.value.message == f"{tmp_path} is no Fiji: it has no folders jars and plugins."
        assert caught.value.hint == "Name the folder that holds them, such as Fiji.app."


def test_undoing_what_was_not_done_is_an_error(fiji: Path) -> None:
    with pytest.raises(HostError) as caught:
        remove_plugin_from(fiji)
    assert caught.value.message == f"deepimagej has not installed its plugin in {fiji}."
    assert caught.value.hint == "Name the Fiji in which you installed it."


def test_a_fiji_that_cannot_be_written_is_an_error(fiji: Path) -> None:
    (fiji / "plugins" / "DeepImageJ_Run.jar.part").mkdir()  # root writes everything else
    with pytest.raises(HostError) as caught:
        install_plugin_in(fiji)
    path = fiji / "plugins" / "DeepImageJ_Run.jar.part"
    assert caught.value.message == f"{path} cannot be written: Is a directory."
    assert caught.value.hint == "Close that Fiji, and check the rights of its folder."


def test_the_shell_tells_what_it_changed(fiji: Path, tmp_path: Path) -> None:
    shell = make_shell(tmp_path)
    done = shell("install-plugin", fiji)
    jar = fiji / "plugins" / "DeepImageJ_Run.jar"
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == f"added {jar}"
    done = shell("install-plugin", fiji, "--undo")
    assert f"removed {jar}" in done.out.splitlines()
    assert shell("install-plugin", tmp_path).code == 7
