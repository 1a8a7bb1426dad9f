"""The results of a run as open images and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import AxisName
from deepimagej.host.images import to_imageplus
from deepimagej.host.session import exclusive
from deepimagej.host.tables import write_table
from deepimagej.host.windows import show, unique_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from deepimagej.host.running import Host
    from deepimagej.image import Image


def show_results(
    host: Host,
    stem: str,
    *,
    images: Mapping[str, Image],
    tables: Mapping[str, pd.DataFrame],
    imageplus: Mapping[str, Any],
    active: str | None,
) -> None:
    """Open the results; the one called `active`, else the last, is the active image.

    Parameters
    ----------
    stem
        Title of the user's image without extension; tables are titled ``<stem>_<name>``.
    imageplus
        Images that ImageJ has already, by name: their overlays and selections are kept.
    """
    host.attach()
    with exclusive():
        _show(host, stem, images=images, tables=tables, imageplus=imageplus, active=active)


def _show(
    host: Host,
    stem: str,
    *,
    images: Mapping[str, Image],
    tables: Mapping[str, pd.DataFrame],
    imageplus: Mapping[str, Any],
    active: str | None,
) -> None:
    opened = {name: _open(host, image, imageplus.get(name)) for name, image in images.items()}
    if active in opened:
        show(host, opened[active])
    for name, table in tables.items():
        if name != "Results":  # ImageJ's own table is the session's matter
            write_table(table).show(f"{stem}_{name}")


def _open(host: Host, image: Image, imp: Any | None) -> Any:
    title = image.title if imp is None else str(imp.getTitle())
    if imp is None:
        imp = to_imageplus(_as_stack(image))
    else:
        for key, text in image.properties:
            imp.setProperty(key, text)
    imp.setTitle(unique_title(host, title))
    show(host, imp)
    return imp


def _as_stack(image: Image) -> Image:
    """ImageJ has no axis for a list or a batch: they become slices, or frames with those of t."""
    for axis in (AxisName.INDEX, AxisName.BATCH):
        if axis in image.axes:
            image = _renamed(image, axis)
    return image


def _renamed(image: Image, axis: AxisName) -> Image:
    free = next((name for name in (AxisName.Z, AxisName.TIME) if name not in image.axes), None)
    if free is not None:
        axes = tuple(free if name is axis else name for name in image.axes)
        return image.with_pixels(image.pixels, axes)
    pixels = np.moveaxis(image.pixels, image.axes.index(axis), 0)
    rest = tuple(name for name in image.axes if name is not axis)
    pixels = np.moveaxis(pixels, 1 + rest.index(AxisName.TIME), 1)
    others = tuple(name for name in rest if name is not AxisName.TIME)
    return image.with_pixels(pixels.reshape(-1, *pixels.shape[2:]), (AxisName.TIME, *others))
