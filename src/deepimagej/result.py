"""What a run gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    import roifile
    import xarray as xr


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """Images, tables and ROIs of one run, and how to make them again."""

    images: Mapping[str, xr.DataArray]
    """Network outputs by tensor name, images of the macro by title."""
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    rois: tuple[roifile.ImagejRoi, ...] = ()
    request: str = ""
    """The macro line that gives the same pixels."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each stage."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files written, by what they hold: image and table names, ``rois``, ``run``."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
