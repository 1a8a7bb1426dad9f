"""The public functions; each wires the parts below and hands over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deepimagej import examples
from deepimagej.inputs import Source, as_images, name_images
from deepimagej.process import start_host, tools, warm_up
from deepimagej.progress import silent
from deepimagej.result import TestReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import xarray as xr

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.host.imagej import ImageJ
    from deepimagej.image import Image
    from deepimagej.library import ModelEntry
    from deepimagej.progress import CancelToken, Progress
    from deepimagej.request import RunRequest
    from deepimagej.result import RunResult
    from deepimagej.tools import Tools

Gateway = Any
"""ImageJ2's ``net.imagej.ImageJ``; Java's classes have no type."""

__all__ = [
    "Model",
    "TestReport",
    "info",
    "install",
    "load_model",
    "models",
    "predict",
    "remove",
    "run",
    "start",
    "test",
    "trust",
]


def start(
    fiji: str | Path | Sequence[str] | Gateway | None = None,
    mode: Literal["headless", "interactive", "gui"] = "headless",
    java_options: Sequence[str] = (),
    warm: str | Path | Sequence[str | Path] | None = None,
) -> ImageJ:
    """The running ImageJ; started at the first call.

    Parameters
    ----------
    fiji
        A Fiji to use instead of the embedded ImageJ: its folder; Maven coordinates, such as
        ``sc.fiji:fiji``, or a list of them; what ``imagej.init()`` gave in this process. None: the
        ImageJ that runs in this process, else the Fiji of your settings, else the embedded one.
    mode
        ``headless``; ``interactive``: with a display, its window hidden; ``gui``: window shown. An
        ImageJ that another program started stays as it is.
    java_options
        Options for Java, such as ``-Xmx8g``.
    warm
        A model, or several, to load while ImageJ starts: the first run of each then finds its
        network loaded. A model that cannot be loaded is told by the run that needs it.

    Raises
    ------
    HostError
        If Java or ImageJ cannot be started, or runs already in another way.
    """
    from deepimagej.host.imagej import ImageJ

    if warm:
        warm_up([warm] if isinstance(warm, str | Path) else warm)
    return ImageJ(start_host(fiji, mode=mode, java_options=java_options))


def run(
    model: str | Path,
    image: Source | Mapping[str, Source] | None = None,
    *,
    output: str | Path | None = None,
    axes: str | None = None,
    trust: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **keys: object,
) -> RunResult:
    """Run a model on an image, with the steps that its author put around the network.

    Parameters
    ----------
    model
        Name, nickname, id, folder name or path of a bundle.
    image
        Path, array, DataArray or ImagePlus; a mapping by tensor name for several; None: the
        image that is active in ImageJ.
    output
        Folder in which images, tables, ROIs and provenance are saved.
    axes
        Axes of an array, as in ``ZYX``; not needed for two dimensions.
    trust
        Trust the code that the bundle brings, in exactly this state.
    progress
        Called with each step of the run.
    cancel
        Stops the run from another thread.
    **keys
        ``format``, ``preprocessing``, ``postprocessing``, ``tile``, ``channel``, ``device``,
        ``batch`` and the other keys of the macro line.

    Raises
    ------
    DeepImageJError
        What went wrong, in one sentence with the way out.
    RunCancelled
        If `cancel` was used.
    """
    from deepimagej.macro_options import request_from_keys

    request = request_from_keys(str(model), keys)
    request = replace(request, output_folder=str(output) if output else request.output_folder)
    request = name_images(request, image)
    if trust:
        trust_model(request)
    is_folder = request.input_path is not None and Path(request.input_path).is_dir()
    images = None if is_folder else as_images(image, axes)
    return run_request(request, images=images, progress=progress, cancel=cancel)


def run_request(
    request: RunRequest,
    *,
    images: Mapping[str, Image] | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> RunResult:
    """What all doors call: run `request` on its image, or on each image of its folder."""
    from deepimagej import folder, logs, road

    show = progress or silent
    with logs.shown(request.logging):
        if request.input_path is not None and Path(request.input_path).is_dir():
            return folder.run_folder(request, tools(), progress=show, cancel=cancel)
        return road.run(request, tools(), images=images, progress=show, cancel=cancel)


def trust_model(request: RunRequest) -> None:
    """Trust the code of the model that `request` names."""
    shared = tools()
    shared.trust.trust(shared.library.find(request.model, model_dir=request.model_dir))


def predict(
    model: str | Path,
    image: Source | Mapping[str, Source],
    *,
    axes: str | None = None,
    tile: object = "auto",
    format: str = "auto",
    device: str = "auto",
    preprocessing: str = "auto",
    postprocessing: str = "auto",
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, xr.DataArray]:
    """The outputs of a model's network, by tensor name, without ImageJ.

    Parameters
    ----------
    model, image, axes, progress, cancel
        As for `run`; an image is a path, an array or a DataArray.
    tile, format, device, preprocessing, postprocessing
        The keys of the macro line.

    Raises
    ------
    OptionError
        If a stage of the model is an ImageJ macro: use `run`, or choose ``zoo`` or ``none``.
    """
    with load_model(model) as loaded:
        return loaded.predict(
            image,
            axes=axes,
            tile=tile,
            format=format,
            device=device,
            preprocessing=preprocessing,
            postprocessing=postprocessing,
            progress=progress,
            cancel=cancel,
        )


class Model:
    """A model whose network stays loaded between calls; made by `load_model`."""

    def __init__(self, spec: ModelSpec, shared: Tools) -> None:
        self.spec = spec
        """What the bundle says of the model."""
        self._tools = shared

    def predict(
        self,
        image: Source | Mapping[str, Source],
        *,
        axes: str | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
        **keys: object,
    ) -> dict[str, xr.DataArray]:
        """The outputs of the network; see `deepimagej.predict`."""
        from deepimagej import road
        from deepimagej.macro_options import request_from_keys

        return road.predict(
            self.spec,
            request_from_keys(str(self.spec.folder), keys),
            self._tools,
            images=as_images(image, axes) or {},
            progress=progress or silent,
            cancel=cancel,
        )

    def test(self, *, format: str = "auto", device: str = "auto") -> TestReport:
        """How close the outputs for the bundle's test tensors are to those it ships."""
        from deepimagej import selftest
        from deepimagej.macro_options import request_from_keys

        keys = {"format": format, "device": device}
        request = request_from_keys(str(self.spec.folder), keys)
        return selftest.test_model(self.spec, request, self._tools)

    def test_all(self, *, device: str = "auto") -> list[TestReport]:
        """The reports of `test` for each weights format that can run here; at least one."""
        runnable = [
            str(weights.format)
            for weights in self.spec.weights.values()
            if self._tools.engines.status(weights.format, self.spec).runnable
            and weights.source is not None
            and weights.source.exists()
        ]
        return [self.test(format=name, device=device) for name in runnable or ["auto"]]

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the worker warm: another call may follow, and it ends with Python."""


def load_model(model: str | Path) -> Model:
    """A model whose network stays loaded between calls; a context manager.

    Parameters
    ----------
    model
        Name, nickname, id, folder name or path of a bundle.

    Raises
    ------
    LibraryError, BundleError
        If there is no such model, or its bundle is broken.
    """
    shared = tools()
    return Model(shared.library.find(str(model)), shared)


def test(model: str | Path, *, format: str = "auto", device: str = "auto") -> TestReport:
    """How close the outputs for the test tensors of a bundle are to those it ships."""
    with load_model(model) as loaded:
        return loaded.test(format=format, device=device)


def models() -> list[ModelEntry]:
    """The models on this machine, broken ones with their problem."""
    return tools().library.entries()


def info(model: str | Path) -> ModelSpec:
    """What the bundle says of a model; works without its weights."""
    return tools().library.find(str(model))


def install(source: str | Path, *, trust: bool = False, replace: bool = False) -> ModelSpec:
    """Copy a bundle into the library.

    Parameters
    ----------
    source
        Folder or zip; ``example:NAME`` for a model that comes with the package
        (`deepimagej.examples.bundles` names them).
    trust
        Trust the code that it brings, in exactly this state.
    replace
        Take the place of an installed model of the same name.

    Raises
    ------
    BundleError
        If the bundle is broken or a file does not have its sha256.
    LibraryError
        If another model of that name is installed, or there is no example of that name.
    """
    shared, text = tools(), str(source)
    folder = examples.bundle(text) if text.startswith(examples.PREFIX) else Path(source)
    spec = shared.library.install(folder.expanduser(), replace=replace)
    if trust:
        shared.trust.trust(spec)
    return spec


def remove(model: str) -> Path:
    """Delete an installed model; the folder that was deleted."""
    return tools().library.remove(model)


def trust(model: str | Path) -> ModelSpec:
    """Trust the code of a model, in exactly this state."""
    shared = tools()
    spec = shared.library.find(str(model))
    shared.trust.trust(spec)
    return spec
