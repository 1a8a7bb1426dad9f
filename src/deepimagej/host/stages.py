"""A bundle's macros and Java steps around the network, as deepImageJ 2.1 runs them.

- Before: the macros work on a copy of the user's image, which is current and has its title. The
  input is the image titled like the tensor if there is one, else the current one.
- After: the outputs are open, the last one is current. All images, tables and ROIs that the macros
  leave are the result; what they close is not.
- A Java step is given images and tables by name; what it returns takes their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import MacroError
from deepimagej.host.cancelling import stoppable
from deepimagej.host.images import to_image, to_imageplus
from deepimagej.host.java_steps import run_java_step, to_array
from deepimagej.host.macros import captured_log, run_macro_file
from deepimagej.host.rois import read_rois
from deepimagej.host.tables import read_table, write_table
from deepimagej.host.windows import active_image, close, open_images, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import roifile
    from numpy.typing import NDArray

    from deepimagej.host.running import Host
    from deepimagej.host.session import Session
    from deepimagej.image import Image
    from deepimagej.progress import CancelToken
    from deepimagej.request import Stage

RESULTS = "Results"
"""The title of ImageJ's own table."""


_JAVA: Final = (".jar", ".class")


@dataclass(frozen=True, slots=True)
class Steps:
    """The files of a stage that run in ImageJ."""

    stage: Stage
    files: Sequence[Path]
    """Macros, jars and class files, run in this order."""
    attachments: Sequence[Path] = ()
    """Of the bundle; Java steps are told their paths."""

    def __str__(self) -> str:
        return " and ".join(file.name for file in self.files) or "The macro"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What the steps before the network made."""

    images: Mapping[str, Image]
    """By input: always the first, others where an image is titled like them."""
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Further inputs that a Java step gave as arrays or tables."""


@dataclass(frozen=True, slots=True, eq=False)
class Harvest:
    """What the macros after the network left in ImageJ."""

    images: Mapping[str, Image]
    """By title, in the order in which they were opened."""
    tables: Mapping[str, pd.DataFrame]
    """By title; ``Results`` is ImageJ's own."""
    rois: tuple[roifile.ImagejRoi, ...]
    active_title: str | None
    """Of the image that was current at the end; None if there was none."""
    imageplus: Mapping[str, Any] = field(default_factory=dict)
    """The ImagePlus of each image: overlays and selections are in there."""


def preprocess(
    session: Session,
    image: Image | Any,
    steps: Steps,
    *,
    input_names: Sequence[str],
    others: Mapping[str, Image] | None = None,
    cancel: CancelToken | None = None,
) -> Made:
    """Run the macros and Java steps before the network.

    Parameters
    ----------
    session
        From `deepimagej.host.session.isolated`.
    image
        The user's image, an `Image` or an ImagePlus; it is copied.
    steps
        One or two files.
    input_names
        The model's input tensors. The first one may be the current image.
    others
        Images of the other inputs by tensor name, open under these titles.
    cancel
        Stops a macro from another thread.

    Raises
    ------
    MacroError
        A step failed, or left no image.
    RunCancelled
        If `cancel` was used.
    """
    host = session.host
    source = to_image(image) if hasattr(image, "getImageStack") else image
    for name, other in (others or {}).items():
        imp = to_imageplus(other)
        imp.setTitle(name)
        show(host, imp)
    show(host, to_imageplus(source))
    arrays: dict[str, NDArray[Any]] = {}
    with captured_log(host), stoppable(host, cancel):
        for file in steps.files:
            if file.suffix.lower() in _JAVA:
                arrays |= _java_pre(session, steps, file, input_names)
            else:
                run_macro_file(host, file)
    images = {str(imp.getTitle()): imp for imp in open_images(host)}
    chosen = {name: images[name] for name in input_names if name in images}
    current = active_image(host)
    if input_names[0] not in chosen:
        if current is None:
            raise MacroError(
                f"{steps} left no image open for the network.",
                hint=f'Let the macro keep an image, current or titled "{input_names[0]}".',
            )
        chosen[input_names[0]] = current
    inputs = {name: to_image(imp) for name, imp in chosen.items()}
    for imp in open_images(host):
        close(host, imp)
    return Made(inputs, {name: arrays[name] for name in arrays if name not in inputs})


def postprocess(
    session: Session,
    outputs: Mapping[str, Image],
    steps: Steps,
    *,
    inputs: Sequence[Image] = (),
    tables: Mapping[str, pd.DataFrame] | None = None,
    names: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
) -> Harvest:
    """Run the macros and Java steps after the network.

    Parameters
    ----------
    session
        From `deepimagej.host.session.isolated`.
    outputs
        The outputs by the titles under which the macros find them; the last one is current.
    steps
        One or two files; none: the outputs are the result.
    names
        The output by each title, as Java steps are given them; None: the titles.
    inputs
        Images that the macros may look at, such as the user's own; open, but not part of the
        result.
    tables
        Outputs that are lists, by the titles of their windows.
    cancel
        Stops a macro from another thread.

    Raises
    ------
    MacroError
        A step failed.
    RunCancelled
        If `cancel` was used.
    """
    host = session.host
    extra = [to_imageplus(image) for image in inputs]
    shown = {title: to_imageplus(image) for title, image in outputs.items()}
    for imp in extra:
        show(host, imp)
    for title, table in (tables or {}).items():
        write_table(table).show(title)
    for title, imp in shown.items():
        imp.setTitle(title)
        show(host, imp)
    with captured_log(host), stoppable(host, cancel):
        for file in steps.files:
            if file.suffix.lower() in _JAVA:
                _java_post(session, steps, file, names or {})
            else:
                run_macro_file(host, file)
    left = [imp for imp in open_images(host) if not any(imp.equals(other) for other in extra)]
    titled = _by_title(left)
    current = active_image(host)
    active = next(
        (title for title, imp in titled.items() if current is not None and imp.equals(current)),
        None,
    )
    return Harvest(
        images={title: to_image(imp) for title, imp in titled.items()},
        tables=_tables(session),
        rois=read_rois(host),
        active_title=active,
        imageplus=titled,
    )


def read_leftovers(
    session: Session,
) -> tuple[dict[str, pd.DataFrame], tuple[roifile.ImagejRoi, ...]]:
    """Tables by title, and ROIs, that macros left so far."""
    return _tables(session), read_rois(session.host)


def _java_pre(
    session: Session, steps: Steps, file: Path, input_names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Run a Java step on the inputs so far; its images are open afterwards, its arrays returned."""
    host = session.host
    images = {str(imp.getTitle()): imp for imp in open_images(host)}
    values = {name: images[name] for name in input_names if name in images}
    current = active_image(host)
    if input_names[0] not in values and current is not None:
        values[input_names[0]] = current
    values |= {title: table for title, table in session.table_windows() if title in input_names}
    made = run_java_step(host, file, steps.stage, values=values, attachments=steps.attachments)
    if unknown := [name for name in made if name not in input_names]:
        raise MacroError(
            f'The Java step {file.name} made "{unknown[0]}", which is no input of the model.',
            hint=f"Its inputs are {', '.join(input_names)}.",
        )
    for imp in values.values():
        if imp in open_images(host) and not any(imp.equals(value) for value in made.values()):
            close(host, imp)
    arrays = {}
    for name, value in made.items():
        if _is_image(host, value):
            value.setTitle(name)
            show(host, value)
        elif _is_table(host, value):
            arrays[name] = read_table(value).to_numpy()
        else:
            arrays[name] = to_array(value, name=name, file=file)
    return arrays


def _java_post(session: Session, steps: Steps, file: Path, names: Mapping[str, str]) -> None:
    """Run a Java step on the open images and tables; what it returns takes their place."""
    host = session.host
    images = {names.get(title, title): imp for title, imp in _by_title(open_images(host)).items()}
    tables = {names.get(title, title): table for title, table in session.table_windows()}
    made = run_java_step(
        host, file, steps.stage, values={**images, **tables}, attachments=steps.attachments
    )
    for imp in images.values():
        if not any(imp.equals(value) for value in made.values()):
            close(host, imp)
    titles = {name: title for title, name in names.items()}
    for name, value in made.items():
        title = titles.get(name, name)
        if _is_image(host, value):
            value.setTitle(title)
            show(host, value)
        elif _is_table(host, value):
            value.show(title)
        else:
            raise MacroError(
                f'The Java step {file.name} made "{name}" as {value.getClass().getName()}.',
                hint="After the network it may be an ImagePlus or a ResultsTable.",
            )


def _is_image(host: Host, value: Any) -> bool:
    return isinstance(value, host.java_class("ij.ImagePlus"))


def _is_table(host: Host, value: Any) -> bool:
    return isinstance(value, host.java_class("ij.measure.ResultsTable"))


def _by_title(images: list[Any]) -> dict[str, Any]:
    """Images by title; the second of the same title gets ``-1``."""
    titled: dict[str, Any] = {}
    for imp in images:
        title = str(imp.getTitle())
        name, number = title, 0
        while name in titled:
            number += 1
            name = f"{title}-{number}"
        titled[name] = imp
    return titled


def _tables(session: Session) -> dict[str, pd.DataFrame]:
    host = session.host
    tables = {}
    rows = host.java_class("ij.measure.ResultsTable").getResultsTable()
    if int(rows.size()):
        tables[RESULTS] = read_table(rows)
    for title, table in session.table_windows():
        if title != RESULTS and int(table.size()):
            tables[title] = read_table(table)
    return tables
