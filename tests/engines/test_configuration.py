"""What engines.toml may say, and what is answered to one that is wrong."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from deepimagej.engines.configuration import Wish, read_configuration
from deepimagej.errors import OptionError
from deepimagej.settings import Settings

USAGE = Path(__file__).parents[2] / "docs" / "usage.md"
_KEYS = "python, variables, memory, seconds_per_tile, warm_memory, idle_seconds"

FULL = """
[tensorflow]
python = "~/environments/tf"
variables = { TF_NUM_INTRAOP_THREADS = "4", OMP_NUM_THREADS = 2 }
memory = "8 GB"
seconds_per_tile = 600
warm_memory = "1.5 GiB"
idle_seconds = 60.5

[models."Old StarDist"]
python = "../old"

[models."Old StarDist".tensorflow]
memory = "512mb"
"""


def _settings(folder: Path, text: str | bytes) -> Settings:
    content = text.encode() if isinstance(text, str) else text
    (folder / "engines.toml").write_bytes(content)
    return Settings((), folder, folder, folder)


def test_without_a_file_nothing_is_said(tmp_path: Path) -> None:
    said = read_configuration(Settings((), tmp_path, tmp_path, tmp_path))
    assert (said.is_there, said.engines, said.models) == (False, {}, {})
    assert said.file == tmp_path / "engines.toml"


def test_every_key_is_read(tmp_path: Path) -> None:
    said = read_configuration(_settings(tmp_path, FULL))
    assert said.engines["tensorflow"] == Wish(
        "[tensorflow]",
        python="~/environments/tf",
        variables={"TF_NUM_INTRAOP_THREADS": "4", "OMP_NUM_THREADS": "2"},
        memory=8_000_000_000,
        seconds_per_tile=600.0,
        warm_memory=3 * 2**29,
        idle_seconds=60.5,
    )
    head = '[models."Old StarDist"]'
    assert said.models["Old StarDist"] == {
        "": Wish(head, python="../old"),
        "tensorflow": Wish('[models."Old StarDist".tensorflow]', memory=512_000_000),
    }


def test_the_table_of_the_model_and_engine_comes_before_that_of_the_engine(tmp_path: Path) -> None:
    said = read_configuration(_settings(tmp_path, FULL))
    tables = [wish.table for wish in said.wishes("tensorflow", ["", "old stardist"])]
    assert tables == [
        '[models."Old StarDist".tensorflow]',
        '[models."Old StarDist"]',
        "[tensorflow]",
    ]
    assert [wish.table for wish in said.wishes("onnx", ["Old StarDist"])] == tables[1:2]
    assert [wish.table for wish in said.wishes("tensorflow", ["Other"])] == tables[2:]


def test_the_example_of_the_manual_says_what_its_comments_say(tmp_path: Path) -> None:
    [example] = re.findall(r"^```toml\n(.*?)^```$", USAGE.read_text("utf-8"), re.DOTALL | re.M)
    said = read_configuration(_settings(tmp_path, example))
    assert said.engines == {
        "tensorflow": Wish(
            "[tensorflow]",
            python="~/environments/tf210",
            variables={"TF_NUM_INTRAOP_THREADS": "4"},
        ),
        "torch": Wish(
            "[torch]",
            memory=8 * 10**9,
            seconds_per_tile=600.0,
            warm_memory=4 * 10**9,
            idle_seconds=1800.0,
        ),
    }
    both = said.wishes("tensorflow", ["Old StarDist"])
    assert [wish.memory for wish in both] == [2 * 10**9, None, None]
    assert both[1].python == "environments/old/bin/python"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    settings = _settings(tmp_path, '[onnx]\nmemory = "1 GB"\n')
    assert read_configuration(settings).engines["onnx"].memory == 10**9
    _settings(tmp_path, '[onnx]\nmemory = "20 GB"\n')
    assert read_configuration(settings).engines["onnx"].memory == 2 * 10**10


def test_the_file_of_the_environment_variable_is_read_instead(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[torch]\nseconds_per_tile = 3\n")
    settings = Settings.from_environment({"DEEPIMAGEJ_ENGINES": str(tmp_path / "mine.toml")})
    assert read_configuration(settings).engines["torch"].seconds_per_tile == 3


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    settings = Settings((), tmp_path, tmp_path, tmp_path, engines_file=tmp_path / "none.toml")
    with pytest.raises(OptionError) as caught:
        read_configuration(settings)
    assert caught.value.message == (
        f"DEEPIMAGEJ_ENGINES is {tmp_path / 'none.toml'}, and there is no such file."
    )
    assert caught.value.hint == "Correct the path, or unset DEEPIMAGEJ_ENGINES."


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    settings = Settings((), tmp_path, tmp_path, tmp_path, engines_file=tmp_path)
    with pytest.raises(OptionError) as caught:
        read_configuration(settings)
    reason = os.strerror(13 if sys.platform == "win32" else 21)
    assert caught.value.message == f"The engines' file {tmp_path} cannot be read: {reason}."
    assert caught.value.hint == "Check its permissions, or delete it."


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[onnx\n",
            " is not TOML: Expected ']' at the end of a table declaration (at line 1, column 6).",
            "Correct it there; docs/usage.md shows an example.",
        ),
        (
            b"[onnx]\npython = '\xff'\n",
            " is not TOML: 'utf-8' codec can't decode byte 0xff in position 17: "
            "invalid start byte.",
            "Correct it there; docs/usage.md shows an example.",
        ),
        (
            "[pytorch]\n",
            ': "pytorch" is not one of its tables.',
            'Did you mean [torch]? They are [onnx], [torch], [tensorflow] and [models."NAME"].',
        ),
        (
            'python = "/usr/bin/python3"\n',
            ': "python" is not one of its tables.',
            'They are [onnx], [torch], [tensorflow] and [models."NAME"].',
        ),
        (
            "onnx = 3\n",
            ': "onnx" is not one of its tables.',
            'Did you mean [onnx]? They are [onnx], [torch], [tensorflow] and [models."NAME"].',
        ),
        (
            '[torch]\npyton = "/usr/bin/python3"\n',
            ': [torch] has no key "pyton".',
            f"Did you mean python? Its keys are {_KEYS}.",
        ),
        (
            '[models."A b"]\nfrob = 1\n',
            ': [models."A b"] has no key "frob".',
            f"Its keys are {_KEYS}.",
        ),
        (
            '[models]\n"A b" = 1\n',
            ": models is not a table of models.",
            'Name the model in the head of its table, as in [models."Old StarDist"].',
        ),
        (
            '[[models]]\nname = "A b"\n',
            ": models is not a table of models.",
            'Name the model in the head of its table, as in [models."Old StarDist"].',
        ),
        (
            '[models."A b"]\nonnx = "/usr/bin/python3"\n',
            ': onnx in [models."A b"] is not a table.',
            'Write it as in python = "/path/to/python".',
        ),
        (
            "[onnx]\npython = 3.9\n",
            ": python in [onnx] is not a path.",
            'Write it as in python = "/path/to/python".',
        ),
        (
            '[onnx]\npython = " "\n',
            ": python in [onnx] is not a path.",
            'Write it as in python = "/path/to/python".',
        ),
        (
            '[onnx]\nvariables = "A=1"\n',
            ": variables in [onnx] is not a table of texts.",
            'Write it as in variables = { OMP_NUM_THREADS = "4" }.',
        ),
        (
            "[onnx]\nvariables = { A = true }\n",
            ": variables in [onnx] is not a table of texts.",
            'Write it as in variables = { OMP_NUM_THREADS = "4" }.',
        ),
        (
            '[onnx]\nmemory = "8"\n',
            ": memory in [onnx] is not a size.",
            'Write it as in memory = "8 GB".',
        ),
        (
            '[onnx]\nwarm_memory = "0 GB"\n',
            ": warm_memory in [onnx] is not a size.",
            'Write it as in warm_memory = "4 GB".',
        ),
        (
            "[onnx]\nseconds_per_tile = -1\n",
            ": seconds_per_tile in [onnx] is not a positive number.",
            "Write it as in seconds_per_tile = 600.",
        ),
        (
            "[onnx]\nidle_seconds = inf\n",
            ": idle_seconds in [onnx] is not a positive number.",
            "Write it as in idle_seconds = 3600.",
        ),
    ],
)
def test_each_mistake_is_one_sentence_with_the_way_out(
    tmp_path: Path, text: str | bytes, message: str, hint: str
) -> None:
    with pytest.raises(OptionError) as caught:
        read_configuration(_settings(tmp_path, text))
    file = tmp_path / "engines.toml"
    assert caught.value.message == f"{file}{message}"
    assert caught.value.hint == hint
