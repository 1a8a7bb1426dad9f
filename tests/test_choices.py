from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bundle_factory import make_identity_bundle
from deepimagej.bundle import read_bundle
from deepimagej.bundle.spec import StageStep, StepKind
from deepimagej.choices import plan_stage
from deepimagej.errors import BundleError, OptionError
from deepimagej.request import Source, Stage, StageChoice

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec

PRE, POST = Stage.PREPROCESSING, Stage.POSTPROCESSING
AUTO = StageChoice()
SIGMOID = ({"id": "sigmoid"},)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_identity_bundle(
        tmp_path_factory.mktemp("bundles") / "both",
        macros={"preprocessing": {"pre.ijm": "// a", "pre2.txt": "// b"}},
        operations=SIGMOID,
        post_operations=SIGMOID,
    )


@pytest.fixture
def spec(folder: Path, tmp_path: Path) -> ModelSpec:
    return read_bundle(folder, unpack=tmp_path)


def files(*names: str) -> StageChoice:
    return StageChoice(Source.MACRO, names)


def refusal(
    kind: type[BundleError | OptionError], spec: ModelSpec, stage: Stage, choice: StageChoice
) -> str:
    with pytest.raises(kind) as caught:
        plan_stage(spec, stage, choice)
    return f"{caught.value.message} {caught.value.hint}"


def test_auto_takes_the_macros_of_the_bundle_and_says_what_it_leaves_out(
    spec: ModelSpec, folder: Path
) -> None:
    plan = plan_stage(spec, PRE, AUTO)
    assert plan.source is Source.MACRO
    assert plan.macros == plan.of_bundle == (folder / "pre.ijm", folder / "pre2.txt")
    assert plan.notes == (
        "Preprocessing is the bundle's macro (pre.ijm, pre2.txt); its zoo operations are left out "
        "(preprocessing=zoo chooses them).",
    )
    assert plan.choice == files("pre.ijm", "pre2.txt")


def test_auto_takes_the_zoo_where_the_bundle_has_no_macro(spec: ModelSpec) -> None:
    plan = plan_stage(spec, POST, AUTO)
    assert (plan.source, plan.macros, plan.notes) == (Source.ZOO, (), ())


@pytest.mark.parametrize("stage", [PRE, POST])
def test_zoo_means_operations_only_and_none_means_neither(spec: ModelSpec, stage: Stage) -> None:
    for source in (Source.ZOO, Source.NONE):
        plan = plan_stage(spec, stage, StageChoice(source))
        assert (plan.source, plan.macros, plan.choice) == (source, (), StageChoice(source))


def test_without_steps_all_choices_but_files_mean_none(tmp_path: Path) -> None:
    bare = read_bundle(make_identity_bundle(tmp_path / "bare"), unpack=tmp_path)
    for source in (Source.AUTO, Source.ZOO, Source.NONE):
        assert plan_stage(bare, PRE, StageChoice(source)).source is Source.NONE


def test_a_file_in_the_folder_of_the_bundle_need_not_be_declared(
    spec: ModelSpec, folder: Path
) -> None:
    (folder / "extra.ijm").write_text("// c")
    plan = plan_stage(spec, POST, files("extra.ijm"))
    assert plan.macros == plan.of_bundle == (folder / "extra.ijm",)
    assert plan.choice == files("extra.ijm")


def test_a_macro_of_the_user_is_found_by_its_path_and_needs_no_trust(
    spec: ModelSpec, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.ijm"
    mine.write_text("// d")
    plan = plan_stage(spec, POST, files(str(mine)))
    assert (plan.macros, plan.of_bundle) == ((mine,), ())
    assert plan.choice == files(str(mine))


def test_a_macro_in_a_folder_of_the_bundle_is_named_with_it(spec: ModelSpec, folder: Path) -> None:
    (folder / "macros").mkdir(exist_ok=True)
    (folder / "macros" / "deep.ijm").write_text("// e")
    declared = replace(spec, steps={POST: (StageStep(StepKind.MACRO, "macros/deep.ijm"),)})
    assert plan_stage(declared, POST, AUTO).choice == files("macros/deep.ijm")
    again = plan_stage(spec, POST, files("macros/deep.ijm"))
    assert again.of_bundle == (folder / "macros" / "deep.ijm",)


def test_two_files_run_in_the_order_of_the_request(spec: ModelSpec, folder: Path) -> None:
    plan = plan_stage(spec, PRE, files("pre2.txt", "pre.ijm"))
    assert [macro.name for macro in plan.macros] == ["pre2.txt", "pre.ijm"]


def test_a_macro_that_is_nowhere_is_refused_with_those_that_there_are(spec: ModelSpec) -> None:
    (spec.folder / "extra.ijm").unlink(missing_ok=True)
    assert refusal(OptionError, spec, POST, files("post.ijm")) == (
        'postprocessing=post.ijm: there is no such macro in the bundle "Identity", nor a file. '
        "The bundle has pre.ijm, pre2.txt. "
        "Other values: auto, zoo, none or the path of a macro."
    )


def test_a_macro_for_a_bundle_without_any_is_refused(tmp_path: Path) -> None:
    bare = read_bundle(make_identity_bundle(tmp_path / "bare"), unpack=tmp_path)
    assert refusal(OptionError, bare, PRE, files("pre.ijm")) == (
        'preprocessing=pre.ijm: there is no such macro in the bundle "Identity", nor a file. '
        "The bundle has no macro. Other values: auto, zoo, none or the path of a macro."
    )


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            StageStep(StepKind.JAVA, "Labels.jar", "Labels.jar::Labels"),
            'The preprocessing Java step "Labels.jar" of "Identity" is missing in FOLDER. '
            "Install the bundle again, or: choose preprocessing=zoo, preprocessing=none or a "
            "macro of your own.",
        ),
        (
            StageStep(StepKind.PYTHON, "../pre.py", "python ../pre.py::main", "main"),
            'The preprocessing Python step "../pre.py" of "Identity" lies outside its folder. '
            "Choose preprocessing=zoo, preprocessing=none or a macro of your own.",
        ),
        (
            StageStep(StepKind.PYTHON, "pre.ijm", "python pre.ijm"),
            'The preprocessing step pre.ijm of "Identity" names no function. '
            "Write pre.ijm::function, with a function of the file.",
        ),
        (
            StageStep(StepKind.UNKNOWN, "", "exec rm"),
            'The preprocessing of "Identity" is "exec rm", which this version does not run. '
            "Choose preprocessing=zoo, preprocessing=none or a macro of your own.",
        ),
        (
            StageStep(StepKind.MACRO, "../pre.ijm"),
            'The preprocessing macro "../pre.ijm" of "Identity" lies outside its folder. '
            "Choose preprocessing=zoo, preprocessing=none or a macro of your own.",
        ),
        (
            StageStep(StepKind.MACRO, "gone.ijm"),
            'The preprocessing macro "gone.ijm" of "Identity" is missing in FOLDER. '
            "Install the bundle again, or: choose preprocessing=zoo, preprocessing=none or a "
            "macro of your own.",
        ),
    ],
)
def test_a_step_that_cannot_run_is_refused_with_the_way_round_it(
    spec: ModelSpec, step: StageStep, sentence: str
) -> None:
    broken = replace(spec, steps={PRE: (step,)})
    assert refusal(BundleError, broken, PRE, AUTO) == sentence.replace("FOLDER", str(spec.folder))
    assert plan_stage(broken, PRE, StageChoice(Source.ZOO)).source is Source.ZOO


@pytest.mark.parametrize(
    ("stage", "names", "place"),
    [
        (PRE, ("step.py::main", "pre.ijm"), "last before"),
        (POST, ("pre.ijm", "step.py::main"), "first after"),
    ],
)
def test_a_python_step_on_the_wrong_side_of_a_macro_is_refused(
    spec: ModelSpec, folder: Path, stage: Stage, names: tuple[str, ...], place: str
) -> None:
    (folder / "step.py").write_text("def main(tensors): return tensors")
    assert refusal(BundleError, spec, stage, files(*names)) == (
        f'In the {stage} of "Identity" a Python step stands on the wrong side of another step. '
        f"Python works on the network's arrays: it comes {place} the network."
    )
    plan = plan_stage(spec, stage, files(*reversed(names)))
    assert (plan.macros, [step.function for step in plan.python]) == (
        (folder / "pre.ijm",),
        ["main"],
    )
    assert plan.choice == files(*reversed(names))
    assert set(plan.of_bundle) == {folder / "pre.ijm", folder / "step.py"}
