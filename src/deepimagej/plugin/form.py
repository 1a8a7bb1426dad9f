"""The choices of a run: what the window offers for a model, and the request that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deepimagej.axes import AxisName, SizeRule
from deepimagej.choices import plan_stage
from deepimagej.errors import DeepImageJError
from deepimagej.guide import Field
from deepimagej.macro_options import request_from_keys
from deepimagej.plugin.words import axis_in_words, listed
from deepimagej.request import Source, Stage, StageChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deepimagej.axes import Axis
    from deepimagej.bundle.spec import ModelSpec, TensorSpec, Weights
    from deepimagej.engines import EngineStatus
    from deepimagej.request import RunRequest

IMAGE: Final = "image:"
"""Start of the key of an image; the tensor's name follows."""
TILE: Final = "tile:"
"""Start of the key of a tile's size; the letter of the axis follows."""
_SIZES: Final = (128, 256, 512, 1024, 2048)
"""Tiles that are offered, if the model takes about so many px."""


def inputs(spec: ModelSpec) -> list[tuple[str, ...]]:
    """Key, label and help of the images that the model takes."""
    single = len(spec.inputs) == 1
    rows: list[tuple[str, ...]] = []
    for tensor in spec.inputs:
        label = "Image" if single else f"Image for {tensor.name}"
        row = (IMAGE + tensor.name, label, _help_of_input(tensor))
        rows.append((*row, "optional") if tensor.optional else row)
    return rows


def _help_of_input(tensor: TensorSpec) -> str:
    sizes = "; ".join(axis_in_words(a) for a in tensor.axes if a.name is not AxisName.BATCH)
    return f"{tensor.description} It takes {sizes}.".strip()


def fields(
    spec: ModelSpec, status: Callable[[Weights, ModelSpec], EngineStatus], auto: str
) -> list[Field]:
    """The choices that a run of the model has.

    Parameters
    ----------
    status
        Whether weights can run here.
    auto
        The format that ``auto`` takes; empty if none can run.
    """
    return [
        _format(spec, status, auto),
        Field(
            "device",
            "Device",
            "Where the network computes: the first GPU if there is one, else the processor.",
            (("auto", "auto"), ("cpu", "cpu"), ("cuda", "cuda")),
            is_written=True,
        ),
        _stage(spec, Stage.PREPROCESSING),
        _stage(spec, Stage.POSTPROCESSING),
        *(_tile(spec, axis) for axis in spec.inputs[0].axes if axis.name.is_spatial),
        Field(
            "channel",
            "Channel",
            "Which channels are fed: one (2), several (1,3), or all one after the other (all).",
            (("as they are", ""), ("1", "1"), ("2", "2"), ("3", "3"), ("all", "all")),
            is_written=True,
        ),
        Field(
            "output_folder",
            "Save in",
            "Folder for images, tables, ROIs and the record of the run.",
            kind="folder",
            is_written=True,
        ),
    ]


def _format(
    spec: ModelSpec, status: Callable[[Weights, ModelSpec], EngineStatus], auto: str
) -> Field:
    choices = [(f"auto ({auto})" if auto else "auto", "auto")]
    for weights in spec.weights.values():
        state = status(weights, spec)
        note = "" if state.runnable else " (cannot run here)"
        choices.append((f"{weights.format}{note}", str(weights.format)))
    return Field(
        "format", "Weights", "The file format of the network; auto is the author's first.",
        tuple(choices),
    )  # fmt: skip


def _stage(spec: ModelSpec, stage: Stage) -> Field:
    before = stage is Stage.PREPROCESSING
    tensors = spec.inputs if before else spec.outputs
    operations = [operation.name for tensor in tensors for operation in tensor.operations]
    choices = [(f"auto ({_of_auto(spec, stage)})", "auto")]
    if operations:
        choices.append((f"zoo ({listed(list(dict.fromkeys(operations)))})", "zoo"))
    choices.append(("none", "none"))
    files = sorted(p.name for p in spec.folder.glob("*") if p.suffix.lower() == ".ijm")
    choices += [(name, name) for name in files]
    return Field(
        str(stage),
        "Preprocessing" if before else "Postprocessing",
        f"What is done {'before' if before else 'after'} the network: the author's steps, none, "
        "or a macro of yours by its path.",
        tuple(choices),
        is_written=True,
    )


def _of_auto(spec: ModelSpec, stage: Stage) -> str:
    try:
        plan = plan_stage(spec, stage, StageChoice())
    except DeepImageJError:
        return "cannot run"
    if plan.source is Source.MACRO:
        return listed([step.path.name for step in plan.steps])
    return "the author's operations" if plan.source is Source.ZOO else "nothing"


def _tile(spec: ModelSpec, axis: Axis) -> Field:
    can_tile = spec.allow_tiling and not spec.pyramidal
    choices = [("auto" if can_tile else "the whole image", "auto")]
    size = axis.size
    if can_tile and isinstance(size, SizeRule):
        legal = [size.min] if size.step == 0 else [size.at_least(about) for about in _SIZES]
        choices += [(str(px), str(px)) for px in dict.fromkeys(legal)]
    return Field(
        TILE + axis.name.value,
        f"Tile {axis.name.value}",
        f"How much of the image the network sees at once, px. {axis_in_words(axis)}.",
        tuple(choices),
        is_written=can_tile,
    )


def keys_of(fields: Sequence[Field], choices: Mapping[str, str]) -> dict[str, object]:
    """The keys of a request that the choices of the window mean; images apart."""
    values = {
        field.key: field.value_of(choices[field.key]) for field in fields if field.key in choices
    }
    tiles = {
        key.removeprefix(TILE): text
        for key, text in values.items()
        if key.startswith(TILE) and text not in ("", "auto")
    }
    all_axes = [field.key for field in fields if field.key.startswith(TILE)]
    keys: dict[str, object] = {
        key: text for key, text in values.items() if text and not key.startswith(TILE)
    }
    if tiles and len(tiles) == len(all_axes):
        keys["tile"] = ",".join(tiles.values())
    elif tiles:
        keys |= {"axes": ",".join(tiles).upper(), "tile": ",".join(tiles.values())}
    return keys


def check_texts(
    fields: Sequence[Field], choices: Mapping[str, str]
) -> tuple[str, DeepImageJError] | None:
    """The first field whose text is no legal value, and why; None if all are."""
    for field in fields:
        try:
            request_of("model", [field], choices)
        except DeepImageJError as error:
            return field.key, error
    return None


def request_of(model: str, fields: Sequence[Field], choices: Mapping[str, str]) -> RunRequest:
    """The run that the choices mean; images apart.

    Raises
    ------
    OptionError
        If a value is illegal.
    """
    return request_from_keys(model, keys_of(fields, choices))
