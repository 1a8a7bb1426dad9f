"""A bundle's macros around the network, as deepImageJ 2.1 runs them.

- Before: the macros work on a copy of the user's image, which is current and has its title. The
  input is the image titled like the tensor if there is one, else the current one.
- After: the outputs are open, the last one is current. All images, tables and ROIs that the macros
  leave are the result; what they close is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deepimagej.errors import MacroError
from deepimagej.host.cancelling import stoppable
from deepimagej.host.images import to_image, to_imageplus
from deepimagej.host.macros import captured_log, run_macro_file
from deepimagej.host.rois import read_rois
from deepimagej.host.tables import read_table, write_table
from deepimagej.host.windows import active_image, close, open_images, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    import roifile

    from deepimagej.host.session import Session
    from deepimagej.image import Image
    from deepimagej.progress import CancelToken

RESULTS = "Results"
"""The title of ImageJ's own table."""


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
    macros: Sequence[Path],
    *,
    input_names: Sequence[str],
    others: Mapping[str, Image] | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Image]:
    """Run the macros before the network.

    Parameters
    ----------
    session
        From `deepimagej.host.session.isolated`.
    image
        The user's image, an `Image` or an ImagePlus; it is copied.
    macros
        One or two files, run in this order.
    input_names
        The model's input tensors. The first one may be the current image.
    others
        Images of the other inputs by tensor name, open under these titles.
    cancel
        Stops a macro from another thread.

    Returns
    -------
    dict
        The input tensors that the macros made, by name: always the first, others where an image is
        titled like them.

    Raises
    ------
    MacroError
        A macro failed, or left no image.
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
    _run(session, macros, cancel)
    images = {str(imp.getTitle()): imp for imp in open_images(host)}
    chosen = {name: images[name] for name in input_names if name in images}
    current = active_image(host)
    if input_names[0] not in chosen:
        if current is None:
            raise MacroError(
                f"{_names(macros)} left no image open for the network.",
                hint=f'Let the macro keep an image, current or titled "{input_names[0]}".',
            )
        chosen[input_names[0]] = current
    inputs = {name: to_image(imp) for name, imp in chosen.items()}
    for imp in open_images(host):
        close(host, imp)
    return inputs


def postprocess(
    session: Session,
    outputs: Mapping[str, Image],
    macros: Sequence[Path],
    *,
    inputs: Sequence[Image] = (),
    tables: Mapping[str, pd.DataFrame] | None = None,
    cancel: CancelToken | None = None,
) -> Harvest:
    """Run the macros after the network.

    Parameters
    ----------
    session
        From `deepimagej.host.session.isolated`.
    outputs
        The outputs by the titles under which the macros find them; the last one is current.
    macros
        One or two files, run in this order; none: the outputs are the result.
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
        A macro failed.
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
    _run(session, macros, cancel)
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


def _run(session: Session, macros: Sequence[Path], cancel: CancelToken | None) -> None:
    with captured_log(session.host), stoppable(session.host, cancel):
        for macro in macros:
            run_macro_file(session.host, macro)


def _names(macros: Sequence[Path]) -> str:
    return " and ".join(macro.name for macro in macros) or "The macro"


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
