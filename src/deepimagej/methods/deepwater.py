"""DeepWater: from maps of markers and of cells to objects.

Reference: Lux and Matula, "Cell segmentation by combining marker-controlled watershed and deep
learning", arXiv 2004.01607, in the steps of the post-processing that deepImageJ published for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.errors import ImageError
from deepimagej.methods.morphology import FILTERS, disk
from deepimagej.methods.watersheds import domes, flood

if TYPE_CHECKING:
    from numpy.typing import NDArray


def segment(
    markers: NDArray[Any],
    cells: NDArray[Any],
    *,
    marker_thresh: float = 240 / 255,
    cell_thresh: float = 156 / 255,
    radius: int = 3,
    height: float = 3 / 255,
    has_dams: bool = True,
) -> NDArray[np.int32]:
    """Labels of cells: a watershed of the cell map from the domes of the marker map.

    Parameters
    ----------
    markers, cells : (Y, X) float, 0 to 1
        How sure the network is of the core of a cell, and of a cell.
    marker_thresh, cell_thresh
        From which value on a px is one. The defaults are those published with the network for the
        set PhC-C2DL-PSC; other weights need others.
    radius
        In px, of the disk that opens the marker map; 0: it is not opened.
    height
        How far a dome must rise to be a marker of its own.
    has_dams
        Whether px where two cells meet are 0.

    Raises
    ------
    ImageError
        If the two maps do not fit each other.
    """
    markers, cells = np.asarray(markers, np.float32), np.asarray(cells, np.float32)
    if markers.ndim != 2 or markers.shape != cells.shape:
        raise ImageError(
            f"A marker map of shape {markers.shape} and a cell map of shape {cells.shape} do not "
            "fit each other.",
            hint="Give both as (Y, X), of one size.",
        )
    around = disk(radius)
    opened = FILTERS["Opening"](markers, around) if radius > 0 else markers
    tops = (domes(opened, height, element=around) > 0) & (markers >= marker_thresh)
    return flood(-cells, tops, mask=(cells >= cell_thresh) | tops, has_dams=has_dams)
