"""Plugins that macros of a model need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import deepimagej
from bundle_factory import make_scaling_bundle
from deepimagej.errors import HostError
from deepimagej.host.plugins import has_command
from deepimagej.plugin import dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host
    from deepimagej.progress import Step

PLANE = np.arange(20, dtype=np.float32).reshape(4, 5)


@pytest.fixture(autouse=True)
def answering(imagej: Host) -> Iterator[None]:
    with imagej.answering(dispatch):
        yield
    imagej.close()


@pytest.mark.parametrize("stage", ["preprocessing", "postprocessing"])
@pytest.mark.parametrize(
    ("command", "plugin", "way_out"),
    [
        (
            "Classic Watershed",
            "MorphoLibJ",
            "tick the update site IJPB-plugins in Fiji (Help > Update... > Manage Update Sites)",
        ),
        (
            "3D Watershed",
            "the 3D ImageJ Suite",
            "tick the update site 3D ImageJ Suite in Fiji (Help > Update... > Manage Update Sites)",
        ),
        (
            "Kuwahara Filter",
            "the plugins of Fiji",
            "update Fiji, which brings it (Help > Update...)",
        ),
    ],
)
def test_a_missing_plugin_is_named_with_its_update_site_before_the_network_runs(
    imagej: Host, tmp_path: Path, stage: str, command: str, plugin: str, way_out: str
) -> None:
    text = f'run("Invert");\nif (nImages > 99) run("{command}", "a=b");\n'
    folder = make_scaling_bundle(tmp_path, macros={stage: {"step.ijm": text}})
    steps: list[Step] = []
    with pytest.raises(HostError) as caught:
        deepimagej.run(folder, PLANE, trust=True, progress=steps.append)
    assert caught.value.message == (
        f'The macro step.ijm runs "{command}" of {plugin}, which this ImageJ does not have.'
    )
    if imagej.gateway is None:
        hint = (
            'Run the model in a Fiji, as with deepimagej.start("/path/to/Fiji.app") or '
            f"DEEPIMAGEJ_FIJI; if it is missing there too, {way_out}."
        )
    else:
        hint = f"{way_out[0].upper()}{way_out[1:]}, and start it again."
    assert caught.value.hint == hint
    assert steps == []


def test_what_the_menu_has_is_no_missing_plugin(imagej: Host) -> None:
    assert has_command(imagej, "Gaussian Blur...")
    assert has_command(imagej, "DeepImageJ Run")
    assert not has_command(imagej, "Classic Watershed")
