"""What the window says of the choices before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_convolution_bundle, make_identity_bundle, make_sum_bundle
from deepimagej.bundle import read_bundle
from deepimagej.macro_options import parse_macro_options
from deepimagej.plugin.form import fields, keys_of
from deepimagej.plugin.judging import judge, request_for
from deepimagej.request import RunRequest, TileChoice
from deepimagej.tile_learning import Known, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.guide import Field, Verdict
    from deepimagej.host.outlines import OpenImage
    from deepimagej.tools import Tools

    Opened = Callable[..., OpenImage]


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    """8 + n * 8 px, one channel, halo 1."""
    folder = make_convolution_bundle(tmp_path / "bundle", min=16, step=8)
    return read_bundle(folder, unpack=tmp_path / "unpack")


def form(spec: ModelSpec, tools: Tools) -> list[Field]:
    return fields(spec, lambda weights, spec: tools.engines.status(weights.format, spec), "onnx")


def verdict(spec: ModelSpec, tools: Tools, opened: Sequence[OpenImage], **choices: str) -> Verdict:
    texts = {key.replace("__", ":"): text for key, text in choices.items()}
    if opened and not any(key.startswith("image:") for key in texts):
        texts[f"image:{spec.inputs[0].name}"] = str(opened[0].id)
    return judge(spec, spec.name, form(spec, tools), texts, opened=opened, tools=tools)


def test_the_defaults_run_and_are_told_in_words(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    found = verdict(spec, tools, [opened()])
    assert (found.problem, found.key) == ("", "")
    assert found.preview.splitlines() == [
        "96 x 64 px at once. How long it takes is known after a first run.",
        "Before the network: nothing. After it: nothing.",
    ]


def test_tiles_are_counted_with_what_they_share(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    found = verdict(spec, tools, [opened()], tile__y="32", tile__x="32")
    assert found.preview.startswith("96 x 64 px in 12 tiles of 32 x 32, overlap 8.")


def test_a_time_is_told_where_an_earlier_run_taught_one(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    weights = next(iter(spec.weights.values()))
    expected = tools.engines.expected(spec, weights)
    assert expected is not None
    key = key_of(expected.content, expected.engine, "cpu", memory=expected.memory)
    tools.tiles.write(key, Known(seconds={64 * 96: 0.001}))
    found = verdict(spec, tools, [opened()])
    assert found.preview.startswith("96 x 64 px at once, about 6 s on cpu.\n")


def test_every_plane_of_a_stack_counts(spec: ModelSpec, tools: Tools, opened: Opened) -> None:
    found = verdict(spec, tools, [opened(shape=(5, 64, 96), axes="ZYX")])
    assert found.preview.startswith("96 x 64 px, each of 5 planes at once.")


def test_a_size_off_the_grid_is_padded_and_said(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    found = verdict(spec, tools, [opened(shape=(60, 90))])
    assert found.preview.startswith("90 x 60 px at once (padded to 96 x 64).")


REFUSED = {
    "no image": (
        {},
        [],
        "image:input",
        "No image is open. Open one, or run the model on its sample image.",
    ),
    "a tile off the grid": (
        {"tile__y": "33"},
        ["one"],
        "tile:y",
        "The tile is 33 px along Y; the model takes 16 + n * 8 px. Take 32 or 40 px along Y.",
    ),
    "the other axis": (
        {"tile__y": "32", "tile__x": "33"},
        ["one"],
        "tile:x",
        "The tile is 33 px along X; the model takes 16 + n * 8 px. Take 32 or 40 px along X.",
    ),
    "letters": (
        {"tile__x": "big"},
        ["one"],
        "tile:x",
        'tile=big: "big" is not a whole number of 1 or more. Size of a tile in px, a whole '
        "number for each axis, as in tile=512,512, or tile=auto.",
    ),
    "channels": (
        {},
        ["two channels"],
        "channel",
        '"cells.tif" has 2 channels, "input" of the model takes 1. Choose one with channel=1, or '
        "run the model on each with channel=all.",
    ),
    "a channel that is not there": (
        {"channel": "3"},
        ["two channels"],
        "channel",
        'channel=3 does not exist: "cells.tif" has 2 channels. Give a number from 1 to 2, or '
        "channel=all.",
    ),
    "a device": (
        {"device": "moon"},
        ["one"],
        "device",
        "device=moon: there is no such device. Where the network runs: auto, cpu, cuda or cuda:1.",
    ),
    "a macro": (
        {"postprocessing": "no.ijm"},
        ["one"],
        "postprocessing",
        'postprocessing=no.ijm: there is no such macro in the bundle "Convolution", nor a file. '
        "The bundle has no macro. Other values: auto, zoo, none or the path of a macro.",
    ),
}


@pytest.mark.parametrize(("choices", "images", "key", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_run_is_told_at_its_field(
    choices: dict[str, str],
    images: list[str],
    key: str,
    problem: str,
    spec: ModelSpec,
    tools: Tools,
    opened: Opened,
) -> None:
    kinds = {"one": opened(), "two channels": opened(shape=(2, 64, 96), axes="CYX")}
    found = verdict(spec, tools, [kinds[name] for name in images], **choices)
    assert (found.key, found.problem) == (key, problem)
    assert found.preview == ""


def test_missing_weights_are_told_at_the_format(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    source = next(iter(spec.weights.values())).source
    assert source is not None
    source.unlink()
    found = verdict(spec, tools, [opened()])
    assert found.key == "format"
    assert found.problem.startswith("No weights of the model 'Convolution' can run here")


def test_a_chosen_channel_makes_it_legal(spec: ModelSpec, tools: Tools, opened: Opened) -> None:
    image = opened(shape=(2, 64, 96), axes="CYX")
    assert verdict(spec, tools, [image], channel="2").problem == ""
    assert "each of 2 planes" in verdict(spec, tools, [image], channel="all").preview


def test_code_of_the_bundle_is_announced(tmp_path: Path, tools: Tools, opened: Opened) -> None:
    macros = {"postprocessing": {"post.ijm": 'exec("ls");'}}
    folder = make_identity_bundle(tmp_path / "code", macros=macros)
    spec = read_bundle(folder, unpack=tmp_path / "unpack")
    found = verdict(spec, tools, [opened()])
    assert found.preview.splitlines()[-1] == (
        "The model brings code; you are asked about it before it runs."
    )


def test_the_lines_say_what_was_chosen(
    spec: ModelSpec, tools: Tools, opened: Opened, tmp_path: Path
) -> None:
    file = tmp_path / "cells.tif"
    found = verdict(spec, tools, [opened(path=file)], tile__y="32", device="cpu")
    assert found.short_line == (
        'run("DeepImageJ Run", "model=Convolution axes=Y tile=32 device=cpu");'
    )
    options = found.full_line.removeprefix('run("DeepImageJ Run", "').removesuffix('");')
    request = parse_macro_options(options)
    assert request.tile.sizes == (32,)
    assert "format=auto" in options
    assert found.python == (
        "import deepimagej\n"
        f"result = deepimagej.run('Convolution', {str(file)!r}, axes='Y', tile='32', "
        "device='cpu')\n"
    )


def test_the_active_image_is_not_named_and_another_is(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    images = [opened(), opened(-2, title="other.tif", active=False)]
    form_ = form(spec, tools)
    active = request_for("M", form_, {"image:input": "-1"}, images)
    other = request_for("M", form_, {"image:input": "-2"}, images)
    assert active == RunRequest("M")
    assert other == RunRequest("M", images=(("", "other.tif"),))


def test_an_image_that_shares_its_title_is_named_by_its_number(
    spec: ModelSpec, tools: Tools, opened: Opened
) -> None:
    images = [opened(), opened(-2, active=False)]
    found = request_for("M", form(spec, tools), {"image:input": "-2"}, images)
    assert found.images == (("", "-2"),)


def test_several_inputs_are_named_by_tensor(tmp_path: Path, tools: Tools, opened: Opened) -> None:
    spec = read_bundle(make_sum_bundle(tmp_path / "sum"), unpack=tmp_path / "unpack")
    images = [opened(), opened(-2, title="b.tif", active=False)]
    found = verdict(spec, tools, images, image__a="-1", image__b="-2")
    assert found.problem == ""
    assert "image=[a=cells.tif, b=b.tif]" in found.short_line
    assert "{'a': 'cells.tif', 'b': 'b.tif'}" in found.python
    lonely = verdict(spec, tools, images, image__a="-1")
    assert (lonely.key, lonely.problem) == (
        "image:a",
        '"Sum of two" takes 2 images; b has none. Name one for each input, as in '
        "image=[a=TITLE, b=TITLE].",
    )


def test_two_sizes_make_one_tile_and_one_names_its_axis(spec: ModelSpec, tools: Tools) -> None:
    both = {"tile:y": "32", "tile:x": "64"}
    assert keys_of(form(spec, tools), both) == {"tile": "32,64"}
    assert keys_of(form(spec, tools), {"tile:y": "auto", "tile:x": "64"}) == {
        "axes": "X",
        "tile": "64",
    }
    request = request_for("M", form(spec, tools), both, ())
    assert request.tile == TileChoice((32, 64))
