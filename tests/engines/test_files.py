"""Weights are named by their content."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from deepimagej.engines import files
from deepimagej.request import WeightsFormat
from engine_cases import make_spec

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.settings import Settings

SAVED_MODEL = WeightsFormat.TENSORFLOW_SAVED_MODEL


def test_a_folder_is_the_same_network_elsewhere_and_at_another_time(
    settings: Settings, tmp_path: Path
) -> None:
    folder = _make_folder(tmp_path / "a")
    first = files.prepare(*make_spec(SAVED_MODEL, folder), settings).key
    copy = tmp_path / "b"
    shutil.copytree(folder, copy)
    os.utime(copy / "saved_model.pb", (1, 1))
    assert files.prepare(*make_spec(SAVED_MODEL, copy), settings).key == first


def test_a_folder_is_another_network_with_another_content_or_name_inside(
    settings: Settings, tmp_path: Path
) -> None:
    keys = {files.prepare(*make_spec(SAVED_MODEL, _make_folder(tmp_path / "a")), settings).key}
    folder = _make_folder(tmp_path / "b")
    (folder / "variables" / "index").write_bytes(b"other")
    keys.add(files.prepare(*make_spec(SAVED_MODEL, folder), settings).key)
    (folder / "variables" / "index").rename(folder / "variables" / "other")
    keys.add(files.prepare(*make_spec(SAVED_MODEL, folder), settings).key)
    assert len(keys) == 3


def _make_folder(folder: Path) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "index").write_bytes(b"index")
    return folder
