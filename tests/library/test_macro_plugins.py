from __future__ import annotations

import pytest

from deepimagej.library.macro_commands import COMMANDS, IMAGEJ
from deepimagej.library.macro_plugins import (
    FIJI,
    MORPHOLIBJ,
    PLUGINS,
    SUITE_3D,
    plugin_commands,
    plugin_of,
)


def test_a_command_is_known_by_its_plugin_and_update_site() -> None:
    plugin = plugin_of("Classic Watershed")
    assert plugin is not None
    assert (plugin.name, plugin.site) == ("MorphoLibJ", "IJPB-plugins")
    assert plugin_of("Gaussian Blur...") is None


@pytest.mark.parametrize(
    ("command", "way_out"),
    [
        (
            "StarDist 2D",
            "tick the update site StarDist in Fiji (Help > Update... > Manage Update Sites)",
        ),
        ("TrackMate", "update Fiji, which brings it (Help > Update...)"),
        (
            "Run analysis",
            "put the jar from github.com/zitmen/thunderstorm/releases into Fiji's folder plugins",
        ),
    ],
)
def test_the_way_out_is_an_update_site_or_fiji_or_a_jar(command: str, way_out: str) -> None:
    plugin = plugin_of(command)
    assert plugin is not None
    assert plugin.way_out == way_out


def test_a_command_belongs_to_one_plugin_and_is_none_of_imagejs_own() -> None:
    names = [command for plugin in PLUGINS for command in plugin.commands]
    assert len(names) == len(set(names))
    assert set(names) & set(IMAGEJ) <= {"Set Label Map"}  # a lookup table has that name, too


def test_operations_on_images_are_on_the_allow_list() -> None:
    assert {*MORPHOLIBJ, *FIJI, *SUITE_3D} <= COMMANDS
    assert "Bio-Formats Importer" not in COMMANDS


def test_commands_in_comments_strings_and_other_calls_do_not_count() -> None:
    text = """
        // run("Classic Watershed");
        print("run('Kill Borders')");
        run( "Analyze Regions", "area");
        run("Gaussian Blur...", "sigma=1");
        x = "StarDist 2D"; run(x);
        if (true) { run('TrackMate'); }
    """
    assert list(plugin_commands(text)) == ["Analyze Regions", "TrackMate"]
