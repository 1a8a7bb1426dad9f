"""An image as a value: pixels, named axes and what ImageJ knows beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from deepimagej.axes import Axes, AxisName, format_axes
from deepimagej.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Size and place of a pixel, as `ij.measure.Calibration` keeps them."""

    x: float = 1.0
    """Pixel width in `unit`."""
    y: float = 1.0
    z: float = 1.0
    """Distance of two slices in `unit`."""
    unit: str = "pixel"
    x_origin: float = 0.0
    """Where x = 0 lies, in px."""
    y_origin: float = 0.0
    z_origin: float = 0.0
    frame_interval: float = 0.0
    """Time between two frames in `time_unit`."""
    time_unit: str = "sec"


@dataclass(frozen=True, slots=True, eq=False)
class Display:
    """How ImageJ shows the channels of an image; one entry for each channel."""

    ranges: tuple[tuple[float, float], ...] = ()
    """Values shown darkest and brightest."""
    luts: tuple[NDArray[np.uint8], ...] = ()
    """(256, 3) red, green, blue."""
    mode: str = "grayscale"
    """``composite``, ``color`` or ``grayscale``."""


SOURCE_SIZE: Final = "deepimagej-source-size"
"""Property of a network's output of another size than its image: height and width of that in px,
from which steps after the network know where a coarse grid ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Pixels with named axes, a title and ImageJ's metadata."""

    pixels: NDArray[Any]
    """One dimension for each of `axes`; any numeric or bool type."""
    axes: Axes
    title: str = "image"
    calibration: Calibration = field(default_factory=Calibration)
    labels: tuple[str, ...] = ()
    """Slice labels in ImageJ's order (channel fastest, then z, then t); empty or one a plane."""
    display: Display | None = None
    is_rgb: bool = False
    """Three uint8 channels that ImageJ keeps as one colour pixel."""
    is_label: bool = False
    """Integers that name objects, 0 the background."""
    properties: tuple[tuple[str, str], ...] = ()
    """ImageJ's image properties, ``Info`` among them."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != len(self.axes):
            raise ImageError(
                f'"{self.title}" has {self.pixels.ndim} dimensions and '
                f"{len(self.axes)} axes ({format_axes(self.axes)}).",
                hint="Name one axis for each dimension, as in axes=ZYX.",
            )

    @property
    def sizes(self) -> dict[AxisName, int]:
        """Length in px of each axis."""
        return dict(zip(self.axes, self.pixels.shape, strict=True))

    @property
    def stem(self) -> str:
        """The title without its extension: ``<image>`` of the output names."""
        return stem_of(self.title)

    def with_pixels(self, pixels: NDArray[Any], axes: Axes) -> Image:
        """The same image with other pixels; labels and display are dropped as they may not fit."""
        return replace(self, pixels=pixels, axes=axes, labels=(), display=None, is_rgb=False)


def stem_of(title: str) -> str:
    """`title` without its extension, if it has one."""
    stem, dot, extension = title.rpartition(".")
    is_extension = bool(dot and stem) and 0 < len(extension) <= 5 and extension.isalnum()
    return stem if is_extension else title


def to_data_array(image: Image) -> xr.DataArray:
    """`image` as a DataArray: axes as dims, title as name, calibration in ``attrs``."""
    import xarray as xr

    calibration = image.calibration
    attributes: dict[str, object] = {
        name: getattr(calibration, name) for name in Calibration.__dataclass_fields__
    }
    return xr.DataArray(
        image.pixels,
        dims=[axis.value for axis in image.axes],
        name=image.title,
        attrs=attributes,
    )


class DataArrays(Mapping[str, "xr.DataArray"]):
    """Images as DataArrays, each made when it is first asked for.

    The import of xarray takes as long as a run, and a macro has no use for it.
    """

    def __init__(self, images: Mapping[str, Image]) -> None:
        self._images = dict(images)
        self._made: dict[str, xr.DataArray] = {}

    def __getitem__(self, name: str) -> xr.DataArray:
        if name not in self._made:
            self._made[name] = to_data_array(self._images[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    def __repr__(self) -> str:
        return repr(dict(self))


def from_data_array(array: xr.DataArray, title: str = "image") -> Image:
    """An `Image` of a DataArray whose dims are axis letters or the usual names.

    Raises
    ------
    ImageError
        If a dim names no axis.
    """
    calibration = {
        name: array.attrs[name] for name in Calibration.__dataclass_fields__ if name in array.attrs
    }
    return Image(
        pixels=array.values,
        axes=tuple(_axis_of_dim(str(dim), array.dims) for dim in array.dims),
        title=str(array.name) if array.name is not None else title,
        calibration=Calibration(**calibration),
    )


_DIMS = {
    "b": AxisName.BATCH,
    "batch": AxisName.BATCH,
    "t": AxisName.TIME,
    "time": AxisName.TIME,
    "frame": AxisName.TIME,
    "z": AxisName.Z,
    "pln": AxisName.Z,
    "plane": AxisName.Z,
    "slice": AxisName.Z,
    "c": AxisName.CHANNEL,
    "ch": AxisName.CHANNEL,
    "channel": AxisName.CHANNEL,
    "y": AxisName.Y,
    "row": AxisName.Y,
    "x": AxisName.X,
    "col": AxisName.X,
}


def _axis_of_dim(dim: str, dims: object) -> AxisName:
    try:
        return _DIMS[dim.lower()]
    except KeyError:
        raise ImageError(
            f'The dimension "{dim}" of the array names no axis.',
            hint="Rename the dimensions to t, z, c, y and x, as in array.rename(dim_0='y').",
        ) from None


def check_finite(values: NDArray[Any], what: str) -> None:
    """Refuse pixels that are NaN or infinite, as a network spreads them over the whole result.

    Parameters
    ----------
    values
        Pixels of any type; integers are always finite.
    what
        Names the image in the message.

    Raises
    ------
    ImageError
        With the number of such pixels.
    """
    import numpy as np

    if not np.issubdtype(values.dtype, np.floating):
        return
    # The sum is finite unless a pixel is not (or it overflows): one fast pass for all others.
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):
            return
    n_bad = int(values.size - np.isfinite(values).sum())
    if n_bad:
        pixels = "pixel is" if n_bad == 1 else "pixels are"
        raise ImageError(
            f"{n_bad} {pixels} NaN or infinite in {what}.",
            hint='Replace them first: in ImageJ with run("Macro...", '
            '"code=[if (isNaN(v)) v = 0]"), in Python with numpy.nan_to_num.',
        )
