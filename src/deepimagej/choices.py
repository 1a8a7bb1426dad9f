"""What a request means for one bundle: the steps around the network, checked before any work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagej.bundle.spec import StepKind
from deepimagej.errors import BundleError, OptionError
from deepimagej.request import Source, Stage, StageChoice

if TYPE_CHECKING:
    from deepimagej.bundle.spec import ModelSpec, StageStep


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What a stage will do; made by `plan_stage` only."""

    stage: Stage
    source: Source
    """``MACRO``, ``ZOO`` or ``NONE``; never ``AUTO``."""
    macros: tuple[Path, ...] = ()
    """Macro files in the order in which they run."""
    of_bundle: tuple[Path, ...] = ()
    """Those of `macros` that belong to the bundle, and so need trust."""
    notes: tuple[str, ...] = ()
    folder: Path = Path()
    """Of the bundle."""

    @property
    def choice(self) -> StageChoice:
        """The choice that a recorded line holds."""
        if self.source is not Source.MACRO:
            return StageChoice(self.source)
        folder = self.folder.resolve()
        names = (
            m.relative_to(folder).as_posix() if m in self.of_bundle else str(m) for m in self.macros
        )
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
        macros = tuple(_find_macro(spec, stage, name) for name in choice.files)
        inside = tuple(m for m in macros if m.is_relative_to(spec.folder.resolve()))
        return StagePlan(stage, Source.MACRO, macros, inside, folder=spec.folder)
    steps = spec.steps.get(stage, ())
    operations = _has_operations(spec, stage)
    if choice.source is Source.ZOO or not steps:
        return StagePlan(stage, Source.ZOO if operations else Source.NONE)
    macros = tuple(_macro_of(spec, stage, step) for step in steps)
    notes: tuple[str, ...] = ()
    if operations:
        notes = (
            f"{stage.capitalize()} is the bundle's macro ({', '.join(m.name for m in macros)}); "
            f"its zoo operations are left out ({stage}=zoo chooses them).",
        )
    return StagePlan(stage, Source.MACRO, macros, macros, notes, spec.folder)


def _has_operations(spec: ModelSpec, stage: Stage) -> bool:
    tensors = spec.inputs if stage is Stage.PREPROCESSING else spec.outputs
    return any(tensor.operations for tensor in tensors)


def _find_macro(spec: ModelSpec, stage: Stage, name: str) -> Path:
    for path in (spec.folder / name, Path(name).expanduser()):
        if os.path.isfile(path):  # Path.is_file raises for a name that is too long
            return path.resolve()
    macros = sorted(p.name for p in spec.folder.glob("*") if p.suffix in (".ijm", ".txt"))
    has = f"The bundle has {', '.join(macros)}." if macros else "The bundle has no macro."
    raise OptionError(
        f'{stage}={name}: there is no such macro in the bundle "{spec.name}", nor a file.',
        hint=f"{has} Other values: auto, zoo, none or the path of a macro.",
    )


def _macro_of(spec: ModelSpec, stage: Stage, step: StageStep) -> Path:
    way_out = f"Choose {stage}=zoo, {stage}=none or a macro of your own."
    if step.kind is StepKind.JAVA:
        raise BundleError(
            f'The {stage} of "{spec.name}" is Java code ({step.spec}), '
            "which this version does not run.",
            hint=way_out,
        )
    if step.kind is not StepKind.MACRO:
        raise BundleError(
            f'The {stage} of "{spec.name}" is "{step.spec}", which this version does not run.',
            hint=way_out,
        )
    path = (spec.folder / step.file).resolve()
    if not path.is_relative_to(spec.folder.resolve()):
        raise BundleError(
            f'The {stage} macro "{step.file}" of "{spec.name}" lies outside its folder.',
            hint=way_out,
        )
    if not path.is_file():
        raise BundleError(
            f'The {stage} macro "{step.file}" of "{spec.name}" is missing in {spec.folder}.',
            hint=f"Install the bundle again, or: {way_out[0].lower()}{way_out[1:]}",
        )
    return path
