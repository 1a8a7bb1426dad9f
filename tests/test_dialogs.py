"""The plain dialogs: what they ask for is what the commands understand."""

from __future__ import annotations

import pytest

from deepimagej.dialogs import fields_of
from deepimagej.macro_options import parse_macro_options
from deepimagej.method_options import (
    CELLPOSE_OPTIONS,
    CellposeOptions,
    StarDistOptions,
    parse_cellpose_options,
    parse_stardist_options,
)
from deepimagej.plugin import COMMANDS, IMAGE_COMMANDS
from deepimagej.recorded_options import parse_recorded
from deepimagej.request import RunRequest

MODELS = ["Nuclei", "My Cells"]


def answers(command: str) -> str:
    """The options of a dialog in which nothing was changed, as Java writes them."""
    fields = [(key, value) for key, _, value, *_ in fields_of(command, MODELS) or []]
    return " ".join(f"{key}=[{value}]" for key, value in fields if value)


def test_an_unchanged_dialog_asks_for_the_defaults() -> None:
    request = RunRequest("Nuclei")
    assert parse_macro_options(answers("DeepImageJ Run")) == request
    assert parse_stardist_options(answers("DeepImageJ StarDist")) == StarDistOptions(request)
    unchanged = CellposeOptions(request, "gray", "gray")
    assert parse_cellpose_options(answers("DeepImageJ Cellpose")) == unchanged


WITH_A_MODEL = ("DeepImageJ Run", "DeepImageJ StarDist", "DeepImageJ Cellpose")
WITH_A_WINDOW = ("DeepImageJ Install Model", "DeepImageJ Help", "DeepImageJ About")


def test_every_command_has_a_dialog_or_a_window_of_its_own() -> None:
    assert set(COMMANDS) == {*WITH_A_MODEL, *WITH_A_WINDOW}


@pytest.mark.parametrize("command", WITH_A_MODEL)
def test_every_dialog_offers_the_models_and_begins_with_a_value_that_can_be_chosen(
    command: str,
) -> None:
    fields = fields_of(command, MODELS)
    assert fields is not None
    assert fields[0] == ["model", "Model", "Nuclei", "Nuclei", "My Cells"]
    assert len(fields) > 3
    assert all(value in choices for _, _, value, *choices in fields if choices)


def test_without_a_model_there_is_nothing_to_ask() -> None:
    assert fields_of("DeepImageJ Run", []) == []


@pytest.mark.parametrize("command", IMAGE_COMMANDS)
def test_the_dialog_of_a_command_on_images_asks_for_its_options(command: str) -> None:
    fields, options = fields_of(command, []), IMAGE_COMMANDS[command][1]
    if not options:
        assert fields is None
        return
    assert fields
    parsed = parse_recorded(answers(command), options)
    assert all(value in choices for _, _, value, *choices in fields if choices)
    assert set(parsed.values) == {key for key, _, value, *_ in fields if value}


def test_the_colours_of_the_dialog_are_those_of_the_command() -> None:
    [field] = [f for f in fields_of("DeepImageJ Cellpose", MODELS) or [] if f[0] == "cyto_color"]
    [option] = [option for option in CELLPOSE_OPTIONS if option.key == "cyto_color"]
    assert all(color in option.meaning for color in field[2:])
