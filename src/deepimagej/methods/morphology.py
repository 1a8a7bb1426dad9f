"""Morphology on images of grey values, as MorphoLibJ does it, with scikit-image's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Image = NDArray[Any]


def disk(radius: int) -> NDArray[np.bool_]:
    """The disk of ImageJ's rank filters: px whose squared distance is at most radius² + 1."""
    reach = int(np.sqrt(radius * radius + 1))
    side = np.arange(-reach, reach + 1)
    return np.asarray(side[:, None] ** 2 + side**2 <= radius * radius + 1)


def _square(radius: int) -> NDArray[np.bool_]:
    return np.ones((2 * radius + 1, 2 * radius + 1), bool)


def _diamond(radius: int) -> NDArray[np.bool_]:
    side = np.abs(np.arange(-radius, radius + 1))
    return np.asarray(side[:, None] + side <= radius)


def _octagon(radius: int) -> NDArray[np.bool_]:
    """A square with its corners cut off, as long along the diagonals as along the axes."""
    diagonal = round((2 * radius + 3) / (2 + np.sqrt(2)))
    side = np.abs(np.arange(-radius, radius + 1))
    return np.asarray(side[:, None] + side <= 2 * radius - (diagonal - 1))


def _line(radius: int) -> NDArray[np.bool_]:
    return np.ones((1, 2 * radius + 1), bool)


def _diagonal(radius: int) -> NDArray[np.bool_]:
    return np.eye(2 * radius + 1, dtype=bool)


ELEMENTS: Final[Mapping[str, Callable[[int], NDArray[np.bool_]]]] = {
    "Disk": disk,
    "Square": _square,
    "Diamond": _diamond,
    "Octagon": _octagon,
    "Horizontal Line": _line,
    "Vertical Line": lambda radius: _line(radius).T,
    "Line 45 degrees": lambda radius: _diagonal(radius)[::-1],
    "Line 135 degrees": _diagonal,
}
"""Structuring elements by MorphoLibJ's names: from a radius in px to a mask."""


def _dilation(image: Image, element: NDArray[np.bool_]) -> Image:
    from skimage.morphology import dilation

    return np.asarray(dilation(image, element, mode="ignore"))


def _erosion(image: Image, element: NDArray[np.bool_]) -> Image:
    from skimage.morphology import erosion

    return np.asarray(erosion(image, element, mode="ignore"))


def _opening(image: Image, element: NDArray[np.bool_]) -> Image:
    return _inside(_dilation(_erosion(_padded(image, element), element), element), element)


def _closing(image: Image, element: NDArray[np.bool_]) -> Image:
    return _inside(_erosion(_dilation(_padded(image, element), element), element), element)


def _padded(image: Image, element: NDArray[np.bool_]) -> Image:
    """As MorphoLibJ pads, so that the first of two steps goes on beyond the border."""
    return np.pad(image, [(length // 2, length // 2) for length in element.shape], "edge")


def _inside(image: Image, element: NDArray[np.bool_]) -> Image:
    y, x = (length // 2 for length in element.shape)
    return image[y : len(image) - y, x : image.shape[1] - x]


def _laplacian(image: Image, element: NDArray[np.bool_]) -> Image:
    """Outer minus inner gradient; 128 is 0 on integers, as an image has no negative values."""
    outer = _dilation(image, element).astype(np.float32) - image
    inner = image - _erosion(image, element).astype(np.float32)
    if image.dtype.kind == "f":
        return np.asarray(outer - inner)
    return np.asarray((outer - inner + 128).clip(0, np.iinfo(image.dtype).max).astype(image.dtype))


FILTERS: Final[Mapping[str, Callable[[Image, NDArray[np.bool_]], Image]]] = {
    "Erosion": _erosion,
    "Dilation": _dilation,
    "Opening": _opening,
    "Closing": _closing,
    "White Top Hat": lambda image, element: image - _opening(image, element),
    "Black Top Hat": lambda image, element: _closing(image, element) - image,
    "Gradient": lambda image, element: _dilation(image, element) - _erosion(image, element),
    "Laplacian": _laplacian,
    "Internal Gradient": lambda image, element: image - _erosion(image, element),
    "External Gradient": lambda image, element: _dilation(image, element) - image,
}
"""Operations by MorphoLibJ's names: image (Y, X) and structuring element to an image."""


def fill_grey_holes(image: Image) -> Image:
    """`image` with dark holes filled up to the darkest way out, over the sides of px."""
    from skimage.morphology import reconstruction

    inside = tuple(slice(1, -1) for _ in image.shape)
    seed = image.copy()
    seed[inside] = image.max(initial=0)
    filled = reconstruction(seed, image, method="erosion", footprint=neighbourhood(image.ndim, 1))
    return np.asarray(filled.astype(image.dtype))


def neighbourhood(n_axes: int, connectivity: int) -> NDArray[np.bool_]:
    """Px next to the one in the middle, over at most `connectivity` axes at once, and itself."""
    steps = np.abs(np.indices((3,) * n_axes) - 1).sum(0)
    return np.asarray(steps <= connectivity)


CHAMFERS: Final[Mapping[str, tuple[float, ...]]] = {
    "Chessboard (1,1)": (1, 1),
    "City-Block (1,2)": (1, 2),
    "Quasi-Euclidean (1,1.41)": (1, float(np.float32(np.sqrt(2)))),
    "Borgefors (3,4)": (3, 4),
    "Chessknight (5,7,11)": (5, 7, 11),
    "Verwer (12,17,27,38)": (12, 17, 27, 38),
}
"""Weights by MorphoLibJ's names: of a step to a side, to a corner, of a knight's move, and of the
longer one (3 and 1 px)."""

_MOVES: Final = ((0, 1), (1, 1), (1, 2), (1, 3))
"""What the weights stand for, as y and x; all turned and mirrored ones too."""


def chamfer_distances(mask: NDArray[np.bool_], weights: Sequence[float]) -> NDArray[np.float64]:
    """Length of the shortest way from each px of a (Y, X) mask to the nearest px outside.

    Beyond the border of the image there is nothing; infinite where the mask has no px outside.
    """
    distances = np.where(mask, np.inf, 0)
    moves = {
        (y, x): weight
        for (a, b), weight in zip(_MOVES, weights, strict=False)
        for y, x in ((a, b), (a, -b), (b, a), (b, -a))
        if y > 0
    }
    _sweep(distances, moves, weights[0])
    _sweep(distances[::-1, ::-1], moves, weights[0])
    return distances


def _sweep(
    distances: NDArray[np.float64], moves: Mapping[tuple[int, int], float], side: float
) -> None:
    """Lengths of ways that come from above or from the left; a view is changed in place."""
    width = distances.shape[1]
    along = side * np.arange(width)
    for y in range(len(distances)):
        row = distances[y]
        for (down, across), weight in moves.items():
            if y >= down and abs(across) < width:
                to = slice(max(across, 0), width + min(across, 0))
                start = slice(max(-across, 0), width + min(-across, 0))
                np.minimum(row[to], distances[y - down, start] + weight, out=row[to])
        row[:] = np.minimum.accumulate(row - along) + along
