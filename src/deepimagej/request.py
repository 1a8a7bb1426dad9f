"""One run as a value, and its three spellings: macro line, Python keys, shell options.

The text of a macro line is read and written in `macro_options.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepimagej.axes import Axes, AxisName


class WeightsFormat(StrEnum):
    """A file format of trained weights, by its name in the RDF."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    PYTORCH_STATE_DICT = "pytorch_state_dict"
    TENSORFLOW_SAVED_MODEL = "tensorflow_saved_model_bundle"
    KERAS_HDF5 = "keras_hdf5"
    KERAS_V3 = "keras_v3"
    TENSORFLOW_JS = "tensorflow_js"


class Stage(StrEnum):
    """The two places around the network where a bundle may have a step."""

    PREPROCESSING = "preprocessing"
    POSTPROCESSING = "postprocessing"


class Source(StrEnum):
    """Where a stage takes its steps from."""

    AUTO = "auto"
    NONE = "none"
    ZOO = "zoo"
    MACRO = "macro"


@dataclass(frozen=True, slots=True)
class StageChoice:
    """What a stage shall do."""

    source: Source = Source.AUTO
    files: tuple[str, ...] = ()
    """Macro files, one or two, when `source` is ``MACRO``."""


@dataclass(frozen=True, slots=True)
class Device:
    """The CPU or one GPU; ``auto`` lets the engine choose."""

    kind: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    index: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.kind == "cuda" else self.kind


@dataclass(frozen=True, slots=True)
class TileChoice:
    """The tile that the user asked for: sizes in the order of `axes`, or auto."""

    sizes: tuple[int, ...] = ()
    """Empty: ``tile=auto``."""
    axes: Axes = ()
    """Empty: the spatial axes of the first input in the model's order."""
    overlap: int | None = None
    """v1's ``overlap``: a halo; the larger of it and the model's is used."""

    @property
    def is_auto(self) -> bool:
        """Whether the run chooses the tile."""
        return not self.sizes

    def size_of(self, axis: AxisName) -> int | None:
        """The size asked for `axis`, None if the request does not name it."""
        return dict(zip(self.axes, self.sizes, strict=True)).get(axis)


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """Which channels of a multichannel image are fed."""

    numbers: tuple[int, ...] = ()
    """1-based, in the order in which they are fed; empty and not `each`: all as they are."""
    each: bool = False
    """``channel=all``: a one-channel model runs on each channel."""


class Logging(StrEnum):
    """How much a run tells."""

    MUTE = "mute"
    NORMAL = "normal"
    DEBUG = "debug"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that decides the pixels of a run.

    `images` maps tensor names to titles, ids or paths; the key ``""`` stands for "the image",
    when the request does not name a tensor. Empty: the active image.
    """

    model: str
    model_dir: str | None = None
    format: WeightsFormat | None = None
    """None: ``auto``."""
    preprocessing: StageChoice = StageChoice()
    postprocessing: StageChoice = StageChoice()
    tile: TileChoice = TileChoice()
    images: tuple[tuple[str, str], ...] = ()
    """Open images by title or id (``image=``)."""
    input_path: str | None = None
    output_folder: str | None = None
    display_output: bool | None = None
    """None: absent, show unless files are written."""
    channel: ChannelChoice = ChannelChoice()
    device: Device = Device()
    logging: Logging = Logging.NORMAL
    batch: int | None = None
    """Tiles in one network call; None: 1, and more on a GPU where the model leaves it open."""
