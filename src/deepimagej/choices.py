"""What a request means for one bundle: the steps around the network, checked before any work."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deepimagej.bundle.sources import class_files
from deepimagej.bundle.spec import StepKind
from deepimagej.errors import BundleError, OptionError
from deepimagej.request import Source, Stage, StageChoice

if TYPE_CHECKING:
    from deepimagej.bundle.spec import ModelSpec, StageStep


_IN_IMAGEJ: Final = (StepKind.MACRO, StepKind.JAVA)
_KINDS: Final = {".jar": StepKind.JAVA, ".class": StepKind.JAVA, ".py": StepKind.PYTHON}
"""Of files that a user names; all others are macros."""


@dataclass(frozen=True, slots=True)
class StepFile:
    """A file that a stage runs."""

    path: Path
    kind: StepKind = StepKind.MACRO
    function: str = ""
    """Of a Python step."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What a stage will do; made by `plan_stage` only."""

    stage: Stage
    source: Source
    """``MACRO``, ``ZOO`` or ``NONE``; never ``AUTO``."""
    steps: tuple[StepFile, ...] = ()
    """Files in the order in which they run."""
    of_bundle: tuple[Path, ...] = ()
    """Those that belong to the bundle, and so need trust."""
    notes: tuple[str, ...] = ()
    folder: Path = Path()
    """Of the bundle."""

    @property
    def macros(self) -> tuple[Path, ...]:
        """The files that run in ImageJ: macros and Java steps."""
        return tuple(step.path for step in self.steps if step.kind in _IN_IMAGEJ)

    @property
    def python(self) -> tuple[StepFile, ...]:
        """The steps that run in a worker, on arrays."""
        return tuple(step for step in self.steps if step.kind is StepKind.PYTHON)

    @property
    def makes_inputs(self) -> bool:
        """Whether a step may make inputs that no image is named for."""
        return any(step.kind is not StepKind.MACRO for step in self.steps)

    @property
    def choice(self) -> StageChoice:
        """The choice that a recorded line holds."""
        if self.source is not Source.MACRO:
            return StageChoice(self.source)
        folder = self.folder.resolve()
        names = []
        for step in self.steps:
            is_own = step.path in self.of_bundle
            name = step.path.relative_to(folder).as_posix() if is_own else str(step.path)
            names.append(f"{name}::{step.function}" if step.function else name)
        return StageChoice(Source.MACRO, tuple(names))


def plan_stage(spec: ModelSpec, stage: Stage, choice: StageChoice) -> StagePlan:
    """The steps of `stage` that `choice` asks for.

    ``auto`` takes the bundle's macros if it names some, else its zoo operations; never both, as
    bundles describe one step in both ways and running both would normalise twice.

    Raises
    ------
    OptionError
        If a macro file that the user names does not exist.
    BundleError
        If the bundle's own step cannot run: a missing macro, a Java class, Python source.
    """
    if choice.source is Source.NONE:
        return StagePlan(stage, Source.NONE)
    if choice.source is Source.MACRO:
        chosen = tuple(_find_step(spec, stage, name) for name in choice.files)
        return _plan(spec, stage, chosen)
    steps = spec.steps.get(stage, ())
    operations = _has_operations(spec, stage)
    if choice.source is Source.ZOO or not steps:
        return StagePlan(stage, Source.ZOO if operations else Source.NONE)
    files = tuple(_file_of(spec, stage, step) for step in steps)
    notes: tuple[str, ...] = ()
    if operations:
        kind = "macro" if all(file.kind is StepKind.MACRO for file in files) else "step"
        names = ", ".join(file.path.name for file in files)
        notes = (
            f"{stage.capitalize()} is the bundle's {kind} ({names}); "
            f"its zoo operations are left out ({stage}=zoo chooses them).",
        )
    return replace(_plan(spec, stage, files), notes=notes)


def _plan(spec: ModelSpec, stage: Stage, steps: tuple[StepFile, ...]) -> StagePlan:
    """Python works on the arrays of the network: last before it, first after it.

    Raises
    ------
    BundleError
        If a Python step stands elsewhere.
    """
    ranks = [step.kind is StepKind.PYTHON for step in steps]
    if ranks != sorted(ranks, reverse=stage is Stage.POSTPROCESSING):
        place = "last before" if stage is Stage.PREPROCESSING else "first after"
        raise BundleError(
            f'In the {stage} of "{spec.name}" a Python step stands on the wrong side of '
            "another step.",
            hint=f"Python works on the network's arrays: it comes {place} the network.",
        )
    folder = spec.folder.resolve()
    inside = tuple(
        path
        for step in steps
        if step.path.is_relative_to(folder)
        for path in (class_files(step.path) if step.path.suffix == ".class" else (step.path,))
    )
    return StagePlan(stage, Source.MACRO, steps, inside, folder=spec.folder)


def _has_operations(spec: ModelSpec, stage: Stage) -> bool:
    tensors = spec.inputs if stage is Stage.PREPROCESSING else spec.outputs
    return any(tensor.operations for tensor in tensors)


def _find_step(spec: ModelSpec, stage: Stage, name: str) -> StepFile:
    file, _, function = name.partition("::")
    for path in (spec.folder / file, Path(file).expanduser()):
        if os.path.isfile(path):  # Path.is_file raises for a name that is too long
            kind = _KINDS.get(path.suffix.lower(), StepKind.MACRO)
            return _checked(StepFile(path.resolve(), kind, function), spec, stage)
    macros = sorted(p.name for p in spec.folder.glob("*") if p.suffix in (".ijm", ".txt"))
    has = f"The bundle has {', '.join(macros)}." if macros else "The bundle has no macro."
    raise OptionError(
        f'{stage}={name}: there is no such macro in the bundle "{spec.name}", nor a file.',
        hint=f"{has} Other values: auto, zoo, none or the path of a macro.",
    )


def _file_of(spec: ModelSpec, stage: Stage, step: StageStep) -> StepFile:
    way_out = f"Choose {stage}=zoo, {stage}=none or a macro of your own."
    if step.kind is StepKind.UNKNOWN or not step.file:
        raise BundleError(
            f'The {stage} of "{spec.name}" is "{step.spec}", which this version does not run.',
            hint=way_out,
        )
    what = "macro" if step.kind is StepKind.MACRO else f"{step.kind.capitalize()} step"
    path = (spec.folder / step.file).resolve()
    if not path.is_relative_to(spec.folder.resolve()):
        raise BundleError(
            f'The {stage} {what} "{step.file}" of "{spec.name}" lies outside its folder.',
            hint=way_out,
        )
    if not path.is_file():
        raise BundleError(
            f'The {stage} {what} "{step.file}" of "{spec.name}" is missing in {spec.folder}.',
            hint=f"Install the bundle again, or: {way_out[0].lower()}{way_out[1:]}",
        )
    return _checked(StepFile(path, step.kind, step.function), spec, stage)


def _checked(step: StepFile, spec: ModelSpec, stage: Stage) -> StepFile:
    if step.kind is StepKind.PYTHON and not step.function.isidentifier():
        raise BundleError(
            f'The {stage} step {step.path.name} of "{spec.name}" names no function.',
            hint=f"Write {step.path.name}::function, with a function of the file.",
        )
    return step
