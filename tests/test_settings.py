from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepimagej.errors import OptionError
from deepimagej.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str | None = None, **variables: str) -> Settings:
    if text is not None:
        (folder / "settings.toml").write_text(text, encoding="utf-8")
    return Settings.from_environment({"DEEPIMAGEJ_CONFIG": str(folder), **variables})


def test_without_a_file_there_is_no_fiji(tmp_path: Path) -> None:
    assert read(tmp_path).fiji is None


def test_the_file_names_a_fiji_and_the_variable_another(tmp_path: Path) -> None:
    text = 'fiji = "/apps/Fiji.app"'
    assert read(tmp_path, text).fiji == "/apps/Fiji.app"
    assert read(tmp_path, text, DEEPIMAGEJ_FIJI="/mine").fiji == "/mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "fiji",
            "{} is not TOML: Expected '=' after a key in a key/value pair (at end of document).",
        ),
        ("fiji = 3", "{} is to have one entry, fiji, a text; it has another."),
        (
            'fiji = "a"\nfigi = "b"\nmode = 1',
            "{} is to have one entry, fiji, a text; it has figi, mode.",
        ),
    ],
)
def test_a_wrong_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        read(tmp_path, text)
    assert caught.value.message == message.format(tmp_path / "settings.toml")
    hint = caught.value.hint
    assert hint in (
        "Correct it, or delete it.",
        'Write fiji = "/path/to/Fiji.app", or delete the file.',
    )
