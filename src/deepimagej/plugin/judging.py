"""What the choices of the window come to: judged by the code that runs them, before the run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deepimagej.choices import plan_stage
from deepimagej.errors import DeepImageJError, ImageError, OptionError
from deepimagej.guide import Verdict
from deepimagej.job import Job
from deepimagej.macro_options import format_line
from deepimagej.planning import plan_sample
from deepimagej.plugin.form import IMAGE, TILE, check_texts, request_of
from deepimagej.plugin.preview import Estimate, preview
from deepimagej.plugin.python_code import python_code
from deepimagej.positions import sample_shape
from deepimagej.request import Stage, TileChoice
from deepimagej.road import lay_out
from deepimagej.sources import by_tensor
from deepimagej.tile_choice import choose_auto
from deepimagej.tile_learning import Known, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.engines.client import Expected
    from deepimagej.guide import Field
    from deepimagej.host.outlines import OpenImage
    from deepimagej.positions import Layout
    from deepimagej.request import Device, RunRequest
    from deepimagej.tools import Tools


class _Refused(Exception):
    """A choice that cannot run, with the field that it is about."""

    def __init__(self, key: str, error: DeepImageJError) -> None:
        super().__init__(key)
        self.key, self.error = key, error


def request_for(
    model: str,
    fields: Sequence[Field],
    choices: Mapping[str, str],
    opened: Sequence[OpenImage],
) -> RunRequest:
    """The run that the window asks for.

    The active image is not named: the line then runs on whatever is active. Others are named by
    their title, and by their number where two have the same.

    Raises
    ------
    OptionError
        If a value is illegal.
    """
    chosen = {
        key.removeprefix(IMAGE): text
        for key, text in choices.items()
        if key.startswith(IMAGE) and text
    }
    request = request_of(model, fields, choices)
    by_number = {str(image.id): image for image in opened}
    named = tuple(
        (tensor, _name(by_number[text], opened)) for tensor, text in chosen.items()
        if text in by_number
    )  # fmt: skip
    if len(chosen) != 1:
        return replace(request, images=named)
    (text,) = chosen.values()
    if text in by_number and by_number[text].is_active:
        return request
    return replace(request, images=tuple(("", title) for _, title in named))


def _name(image: OpenImage, opened: Sequence[OpenImage]) -> str:
    twice = sum(other.title == image.title for other in opened) > 1
    return str(image.id) if twice else image.title


def judge(
    spec: ModelSpec,
    model: str,
    fields: Sequence[Field],
    choices: Mapping[str, str],
    *,
    opened: Sequence[OpenImage],
    tools: Tools,
) -> Verdict:
    """What the choices come to, and what is wrong with them.

    Parameters
    ----------
    model
        As the recorded line names it.
    fields
        What the window offers.
    choices
        The texts of the window by key; of an image its number.
    opened
        The open images.
    """
    wrong = check_texts(fields, choices)
    if wrong is not None:
        return _problem(wrong[0], wrong[1])
    request = request_for(model, fields, choices, opened)
    lines = Verdict(
        full_line=_line(request, short=False),
        short_line=_line(request, short=True),
        python=python_code(request, _paths(choices, opened)),
    )
    try:
        job = _job(spec, request, tools)
        layouts = _layouts(job, choices, opened)
        told = _tell(job, layouts, fields, choices, tools)
    except _Refused as refused:
        found = _problem(refused.key, refused.error)
        return replace(lines, problem=found.problem, key=found.key)
    return replace(lines, preview=told)


def _problem(key: str, error: DeepImageJError) -> Verdict:
    return Verdict(problem=f"{error.message} {error.hint}", key=key)


def _line(request: RunRequest, *, short: bool) -> str:
    try:
        return format_line(request, short=short)
    except OptionError:
        return ""  # a title that ImageJ's options cannot carry


def _paths(choices: Mapping[str, str], opened: Sequence[OpenImage]) -> dict[str, str]:
    """File or title of each chosen image, by the key of its tensor."""
    by_number = {str(image.id): image for image in opened}
    return {
        key.removeprefix(IMAGE): str(by_number[text].path or by_number[text].title)
        for key, text in choices.items()
        if key.startswith(IMAGE) and text in by_number
    }


def _job(spec: ModelSpec, request: RunRequest, tools: Tools) -> Job:
    """What `job.prepare` gives; whether the code is trusted is asked when it shall run."""
    plans = {}
    for stage, choice in (
        (Stage.PREPROCESSING, request.preprocessing),
        (Stage.POSTPROCESSING, request.postprocessing),
    ):
        try:
            plans[stage] = plan_stage(spec, stage, choice)
        except DeepImageJError as error:
            raise _Refused(str(stage), error) from error
    try:
        choice_of_weights = tools.engines.choose(spec, request.format, tools.trust.is_trusted)
    except DeepImageJError as error:
        raise _Refused("format", error) from error
    return Job(
        spec, request, choice_of_weights, plans[Stage.PREPROCESSING], plans[Stage.POSTPROCESSING]
    )


def _layouts(
    job: Job, choices: Mapping[str, str], opened: Sequence[OpenImage]
) -> dict[str, Layout]:
    by_number = {str(image.id): image.outline for image in opened}
    images = {
        key.removeprefix(IMAGE): by_number[text]
        for key, text in choices.items()
        if key.startswith(IMAGE) and text in by_number
    }
    first = IMAGE + job.spec.inputs[0].name
    if not images:
        raise _Refused(
            first,
            ImageError("No image is open.", hint="Open one, or run the model on its sample image."),
        )
    try:
        found = by_tensor(images, job.spec)
    except DeepImageJError as error:
        raise _Refused(first, error) from error
    try:
        return lay_out(job, found)
    except DeepImageJError as error:
        raise _Refused("channel", error) from error


def _tell(
    job: Job,
    layouts: Mapping[str, Layout],
    fields: Sequence[Field],
    choices: Mapping[str, str],
    tools: Tools,
) -> str:
    inputs = {tensor.name: tensor for tensor in job.spec.inputs}
    shapes = {name: sample_shape(layout, inputs[name]) for name, layout in layouts.items()}
    estimate, known, limit = _expect(job, shapes, tools)
    try:
        plan = plan_sample(job.spec, shapes, tile=job.request.tile, max_pixels=limit)
    except ImageError as error:
        raise _Refused(IMAGE + job.spec.inputs[0].name, error) from error
    except OptionError as error:
        raise _Refused(_wrong_tile(job, fields, choices, shapes), error) from error
    found = tools.trust.untrusted(
        job.spec, (*job.pre.of_bundle, *job.post.of_bundle, job.choice.weights)
    )
    return preview(job, layouts, plan, replace(estimate, known=known), asks_for_trust=bool(found))


def _expect(
    job: Job, shapes: Mapping[str, tuple[int, ...]], tools: Tools
) -> tuple[Estimate, Known, int | None]:
    """Where the run will compute, what is known of it, and the largest tile of ``tile=auto``."""
    asked = job.request.device
    devices = [asked] if asked.kind != "auto" else [replace(asked, kind=k) for k in ("cuda", "cpu")]
    expected = tools.engines.expected(job.spec, job.choice.weights)
    device, known = devices[-1], Known()
    is_sure = asked.kind != "auto"
    for candidate in devices:
        learnt = _learnt(expected, candidate, tools)
        if learnt.seconds:
            device, known, is_sure = candidate, learnt, True
            break
    limit = None
    if job.request.tile.is_auto:
        limit = choose_auto(
            job.spec,
            shapes,
            known,
            device=device,
            allowed=expected.memory if expected else None,
            overlap=job.request.tile.overlap,
        ).max_pixels
    return Estimate(device=str(device) if is_sure else "", known=known), known, limit


def _learnt(expected: Expected | None, device: Device, tools: Tools) -> Known:
    if expected is None:
        return Known()
    return tools.tiles.read(
        key_of(expected.content, expected.engine, str(device), memory=expected.memory)
    )


def _wrong_tile(
    job: Job,
    fields: Sequence[Field],
    choices: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
) -> str:
    """The field of the tile that is not legal: the first that fails alone."""
    tiles = [field for field in fields if field.key.startswith(TILE)]
    for field in tiles:
        text = field.value_of(choices.get(field.key, ""))
        axis = next(a for a in job.spec.inputs[0].names if a.value == field.key[len(TILE) :])
        if not text.isdigit():
            continue
        try:
            plan_sample(job.spec, shapes, tile=TileChoice((int(text),), (axis,)))
        except OptionError:
            return field.key
    return tiles[0].key if tiles else ""
