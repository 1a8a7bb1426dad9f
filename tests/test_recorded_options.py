"""Options as ImageJ's recorder writes them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from deepimagej.errors import OptionError
from deepimagej.option_table import Option
from deepimagej.plugin.calls import short_title
from deepimagej.recorded_options import parse_recorded

OPTIONS = (
    Option("command", "CLASS", "A class."),
    Option("args", "TEXT", "Arguments."),
    Option("radius", "PX", "A number of px."),
    Option("use", "", "A box."),
    Option("label(s)", "NUMBERS", "Labels."),
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("radius=3 use", {"radius": "3", "use": "true"}),
        ("use radius=3.5  label(s)=1,2", {"radius": "3.5", "use": "true", "label(s)": "1,2"}),
        (
            "command=[a.b.C], args=['x':'1', 'y':'a b'], use",
            {"command": "a.b.C", "args": "'x':'1', 'y':'a b'", "use": "true"},
        ),
        ("Radius=2 args=[] use=false", {"radius": "2", "args": "", "use": "false"}),
        ("radius=2, use ", {"radius": "2", "use": "true"}),
    ],
)
def test_values_and_ticked_boxes_are_read(text: str, values: dict[str, str]) -> None:
    parsed = parse_recorded(text, OPTIONS)
    assert {key: given.text for key, given in parsed.values.items()} == values
    assert parsed.is_ticked("use") is (values.get("use") == "true")


def test_what_is_absent_has_its_default() -> None:
    parsed = parse_recorded("radius=7.9", OPTIONS)
    assert parsed.whole("radius", 1) == 7
    assert parsed.number("label(s)", 2.5) == 2.5
    assert parsed.text("args", "none") == "none"
    assert parsed.choice("command", ("a", "b"), "b") == "b"
    with pytest.raises(OptionError) as caught:
        parsed.text("command")
    assert caught.value.message == "The option command is missing."
    assert caught.value.hint == "A class."


@pytest.mark.parametrize("text", ["radius=[3", "]", "radius=[3]x", "=3"])
def test_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_recorded(text, OPTIONS)
    assert caught.value.message == f'The options cannot be read from "{text}" on.'
    assert caught.value.hint == "Write key=value, and put values with spaces in [brackets]."


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("cells.tif", "cells"),
        ("my cells.tif", "my"),
        ("a.b.tif", "a.b"),
        (".tif", ".tif"),
        ("", ""),
    ],
)
def test_titles_are_shortened_as_imagej_does(title: str, short: str) -> None:
    assert short_title(title) == short


def test_without_imagej_a_command_says_so() -> None:
    code = (
        "from deepimagej.errors import HostError\n"
        "from deepimagej.plugin import dispatch\n"
        "try:\n    dispatch('glasbey', '')\n"
        "except HostError as error:\n    print(error.message, error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == (
        "glasbey was called, and no ImageJ runs. Start it with deepimagej.start()."
    )
