"""The models as cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bundle_factory import make_identity_bundle, write_bundle
from deepimagej.engines.table import status
from deepimagej.library import Library
from deepimagej.plugin.cards import cards

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.settings import Settings

ID, NAME, CAPTION, BADGE, STATE, REASON, PICTURE, TASK, WORDS = range(9)


def rows(settings: Settings) -> dict[str, tuple[str, ...]]:
    found = cards(
        Library(settings).entries(),
        lambda weights, spec: status(weights.format),
        lambda path: f"picture of {path.name}",
    )
    return {row[NAME]: row for row in found}


def bundle(settings: Settings, folder: str, **options: Any) -> Path:
    return make_identity_bundle(settings.model_folders[0] / folder, **options)


def test_a_card_says_what_the_model_does_and_what_runs_it(settings: Settings) -> None:
    extra = {"tags": ["Instance-Segmentation", "2d", "nuclei", "unet"], "description": "Finds."}
    bundle(settings, "a", name="Nuclei", extra=extra)
    row = rows(settings)["Nuclei"]
    assert row[ID] == "Nuclei"
    assert row[CAPTION] == "Segmentation · 2D · Instance-Segmentation · nuclei"
    assert (row[BADGE], row[STATE], row[REASON]) == ("onnxruntime", "ready", "")
    assert row[TASK] == "segmentation"
    assert {"nuclei", "finds.", "onnxruntime"} <= set(row[WORDS].split())


def test_two_of_one_name_are_told_apart(settings: Settings) -> None:
    first, second = (bundle(settings, name, name="Same") for name in ("a", "b"))
    found = cards(
        Library(settings).entries(), lambda weights, spec: status(weights.format), lambda path: ""
    )
    assert {row[ID] for row in found} == {first.name, second.name}


def test_a_broken_one_shows_its_reason(settings: Settings) -> None:
    write_bundle(settings.model_folders[0] / "broken", {"name": "Broken"}, {})
    row = next(iter(rows(settings).values()))
    assert row[STATE] == "broken"
    assert row[REASON] == Library(settings).entries()[0].problem


def test_one_without_an_engine_says_what_it_needs(settings: Settings) -> None:
    folder = bundle(settings, "a", name="State")
    text = (folder / "bioimageio.yaml").read_text()
    (folder / "bioimageio.yaml").write_text(text.replace("  onnx:", "  pytorch_state_dict:"))
    row = rows(settings)["State"]
    assert (row[STATE], row[REASON]) == (
        "needs",
        "pytorch_state_dict needs the architecture's Python code",
    )


def test_one_without_its_weights_says_so(settings: Settings) -> None:
    folder = bundle(settings, "a", name="Empty")
    (folder / "weights.onnx").unlink()
    assert rows(settings)["Empty"][STATE : REASON + 1] == ("needs", "its weights are missing")


def test_a_missing_step_is_a_reason(settings: Settings) -> None:
    folder = bundle(
        settings, "a", name="Steps", macros={"preprocessing": {"pre.ijm": "// nothing"}}
    )
    (folder / "pre.ijm").unlink()
    row = rows(settings)["Steps"]
    assert row[STATE] == "needs"
    assert row[REASON].startswith('The preprocessing macro "pre.ijm" of "Steps" is missing')
