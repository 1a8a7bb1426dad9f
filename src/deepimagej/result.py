"""What a run, and a bundle's own test, give back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
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
    rois: list[roifile.ImagejRoi] = field(default_factory=list)
    request: str = ""
    """The macro line that gives the same pixels."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds of each stage."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files written, by what they hold: image and table names, ``rois``, ``run``."""
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputReport:
    """How one output compares with the bundle's test tensor."""

    max_abs_error: float
    tolerance_exceeded: int
    """Values outside the tolerance."""
    values: int
    absolute: float
    relative: float
    """The tolerance: |difference| <= absolute + relative·|expected|."""


@dataclass(frozen=True, slots=True)
class TestReport:
    """The outcome of a bundle's own test with one weights format."""

    __test__ = False  # not a test class of pytest

    model: str
    passed: bool
    format: str
    engine: str
    device: str
    outputs: Mapping[str, OutputReport]
    tiling_error: float | None = None
    """Largest difference between tiled and untiled raw outputs; None where tiles do not apply."""
    notes: tuple[str, ...] = field(default=())

    def record(self) -> dict[str, Any]:
        """The report as JSON values; a number that JSON lacks, as of other shapes, is None."""
        record = asdict(self)
        for output in record["outputs"].values():
            output["max_abs_error"] = _finite(output["max_abs_error"])
        return {**record, "tiling_error": _finite(self.tiling_error)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
