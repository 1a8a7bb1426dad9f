"""ImageJ as the user's Python sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepimagej.axes import Axes, AxisName, parse_axes
from deepimagej.errors import ImageError
from deepimagej.host import datasets, windows
from deepimagej.host.images import read_calibration, read_pixels, to_imageplus
from deepimagej.host.macros import run_macro
from deepimagej.image import Image, from_data_array, to_data_array

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from deepimagej.host.running import Host


class ImageJ:
    """The running ImageJ.

    Images stay open between calls. Every method may be called from any thread.

    Examples
    --------
    >>> ij = deepimagej.start()  # doctest: +SKIP
    >>> ij.show("cells.tif")  # doctest: +SKIP
    >>> ij.run_macro("return getTitle();")  # doctest: +SKIP
    'cells.tif'
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def gateway(self) -> Any | None:
        """ImageJ2, a ``net.imagej.ImageJ``, in a Fiji; None in the embedded ImageJ."""
        return self._host.gateway

    def __repr__(self) -> str:
        return f"<ImageJ, mode {self._host.mode}, {len(windows.open_images(self._host))} images>"

    @property
    def active_image(self) -> Any | None:
        """The active ``ij.ImagePlus``; None if no image is open."""
        self._host.attach()
        return windows.active_image(self._host)

    @property
    def is_open(self) -> bool:
        """Whether ImageJ's window is there; it goes when the user closes it."""
        import jpype

        try:
            window = self._host.java_class("ij.IJ").getInstance()
            return window is not None and bool(window.isDisplayable())
        except jpype.JVMNotRunning:  # a Fiji that was quit takes Java along
            return False

    def run_macro(self, text: str, arg: str = "") -> str | None:
        """Run the macro `text` with `arg` and give what it returns, None if nothing.

        Raises
        ------
        MacroError
            The macro stopped with an error; with ImageJ's message and the line.
        DeepImageJError
            A command of deepimagej in the macro failed.
        """
        return run_macro(self._host, text, arg)

    def to_imagej(
        self, array: NDArray[Any] | xr.DataArray, axes: str | None = None, title: str = ""
    ) -> Any:
        """A new ``ij.ImagePlus``, not shown, with pixels of its own.

        Parameters
        ----------
        array
            A numpy array or a DataArray.
        axes
            One letter a dimension; by default the dims of a DataArray, else ``YX``, ``ZYX``,
            ``ZCYX`` or ``TZCYX``. Three uint8 channels at the end (``YXC``) are an RGB image.
        title
            Of the image; by default the name of a DataArray, else ``image``.

        Raises
        ------
        ImageError
            ImageJ cannot hold such an image.
        """
        self._host.attach()
        return to_imageplus(_as_image(array, axes, title))

    def to_dataset(
        self, array: NDArray[Any] | xr.DataArray, axes: str | None = None, title: str = ""
    ) -> Any:
        """The same as `to_imagej`, as a ``net.imagej.Dataset``; in a Fiji only.

        Raises
        ------
        HostError
            The embedded ImageJ has no ImageJ2.
        """
        return datasets.to_dataset(self._host, _as_image(array, axes, title))

    def to_numpy(self, imp: Any) -> xr.DataArray:
        """Pixels of an ``ij.ImagePlus``, Dataset or ImgPlus as a DataArray of its own.

        Dims are t, z, c, y, x without those of length 1; the calibration is in ``attrs``.
        """
        self._host.attach()
        if datasets.is_dataset(imp):
            return to_data_array(datasets.to_image(imp)).squeeze()
        pixels, axes = read_pixels(imp)
        return to_data_array(
            Image(pixels, axes, title=str(imp.getTitle()), calibration=read_calibration(imp))
        )

    def show(
        self,
        image: NDArray[Any] | xr.DataArray | Path | str | Any,
        axes: str | None = None,
        title: str = "",
    ) -> Any:
        """Open an image and make it the active one; gives its ``ij.ImagePlus``.

        Parameters
        ----------
        image
            A numpy array, a DataArray, the path of a file, an ``ij.ImagePlus``, Dataset or ImgPlus.
        axes, title
            As in `to_imagej`; a file and an ImagePlus have axes of their own.
        """
        self._host.attach()
        if isinstance(image, (str, Path)):
            imp = self._open(Path(image))
        elif hasattr(image, "getImageStack"):
            imp = image
        elif datasets.is_dataset(image):
            imp = to_imageplus(datasets.to_image(image))
        else:
            imp = self.to_imagej(image, axes, title)
        if title:
            imp.setTitle(title)
        windows.show(self._host, imp)
        return imp

    def close_all(self) -> None:
        """Close all images without questions."""
        for image in windows.open_images(self._host):
            windows.close(self._host, image)

    def _open(self, path: Path) -> Any:
        if not path.is_file():
            raise ImageError(f"There is no image {path}.", hint="Check the name of the file.")
        imp = self._host.java_class("ij.IJ").openImage(str(path.resolve()))
        if imp is None:
            raise ImageError(
                f"ImageJ cannot open {path} as an image.",
                hint="Convert it to TIFF, or open it in Python and show the array.",
            )
        return imp


def _as_image(array: Any, axes: str | None, title: str) -> Image:
    if hasattr(array, "dims") and hasattr(array, "attrs"):
        image = from_data_array(array)
        named = parse_axes(axes) if axes else image.axes
        return Image(image.pixels, named, title or image.title, image.calibration)
    pixels = np.asarray(array)
    names = parse_axes(axes) if axes else _usual_axes(pixels)
    is_rgb = names[-3:] == _RGB and pixels.shape[-1] == 3 and pixels.dtype == np.uint8
    return Image(pixels, names, title or "image", is_rgb=is_rgb)


_RGB: Axes = (AxisName.Y, AxisName.X, AxisName.CHANNEL)
_USUAL: Axes = parse_axes("TZCYX")


def _usual_axes(pixels: NDArray[Any]) -> Axes:
    if pixels.ndim == 3 and pixels.shape[-1] == 3 and pixels.dtype == np.uint8:
        return _RGB
    if pixels.ndim == 3:
        return parse_axes("ZYX")
    if not 2 <= pixels.ndim <= len(_USUAL):
        raise ImageError(
            f"An array of {pixels.ndim} dimensions is no image.",
            hint="Give an array of 2 to 5 dimensions, or name them, as in axes='ZYX'.",
        )
    return _USUAL[-pixels.ndim :]
