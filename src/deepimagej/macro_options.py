"""What the keys of ``run("DeepImageJ Run", "...")`` mean: option text <-> `RunRequest`.

::

    macro line ──── split_pairs ──┐
    Python keys ── _texts_of ─────┼── fold (spellings, null) ── _request ── RunRequest
    shell options ────────────────┘

The keys are listed once, in `OPTIONS`; the parser, the usage text and the shell share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from deepimagej.errors import OptionError
from deepimagej.option_table import Option, fold, folded, spellings
from deepimagej.option_text import Pair, join_pairs, quote, split_pairs
from deepimagej.option_values import (
    Given,
    read_channels,
    read_device,
    read_format,
    read_images,
    read_logging,
    read_number,
    read_shown,
    read_stage,
    read_tile,
    write_channels,
    write_images,
    write_stage,
    write_tile,
)
from deepimagej.request import (
    ChannelChoice,
    Device,
    Logging,
    RunRequest,
    Source,
    StageChoice,
)

OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        "model",
        "NAME",
        "Name, nickname, id or path of the model, as in model=[Nuclei StarDist].",
        ("model_path",),
    ),
    Option("model_dir", "FOLDER", "Folder in which the model is looked for.", ("models_dir",)),
    Option(
        "format",
        "FORMAT",
        "Weights to use: auto, onnx, torchscript, pytorch_state_dict, "
        "tensorflow_saved_model_bundle, keras_hdf5, keras_v3 or tensorflow_js.",
    ),
    Option(
        "preprocessing",
        "STEP",
        "Step before the network: auto, none, zoo, or one macro file or two, "
        "as in preprocessing=[[a.ijm, b.ijm]].",
    ),
    Option(
        "postprocessing",
        "STEP",
        "Step after the network: auto, none, zoo, or one macro file or two, "
        "as in postprocessing=[[a.ijm, b.ijm]].",
    ),
    Option(
        "axes", "AXES", "Axes of the model that tile speaks of, as in axes=Y,X,C tile=256,256,3."
    ),
    Option(
        "tile",
        "SIZES",
        "Size of a tile in px, a whole number for each axis, as in tile=512,512, or tile=auto.",
    ),
    Option(
        "patch", "SIZES", "Old spelling of tile; one number stands for y and x, as in patch=512."
    ),
    Option(
        "overlap",
        "PX",
        "Least halo of a tile in px, a whole number of 0 or more, as in overlap=32.",
    ),
    Option(
        "image",
        "TITLE",
        "Title or id of the open image; for several tensors image=[raw=a.tif, mask=b.tif].",
    ),
    Option("input_path", "PATH", "Image file or folder of images to run on."),
    Option("output_folder", "FOLDER", "Folder in which the results are saved."),
    Option("display_output", "WHICH", "Whether the results are shown: all or none."),
    Option(
        "channel",
        "NUMBERS",
        "Channels to feed, counted from 1, as in channel=2 or channel=1,3; "
        "channel=all runs the model on each.",
    ),
    Option("device", "DEVICE", "Where the network runs: auto, cpu, cuda or cuda:1."),
    Option("logging", "LEVEL", "How much the run tells: mute, normal or debug."),
    Option("batch", "N", "Samples in a network call, a whole number of 1 or more, as in batch=4."),
)


def parse_macro_options(text: str) -> RunRequest:
    """The request of an option text, in any published spelling.

    Parameters
    ----------
    text
        ``key=value`` pairs in any order, as ImageJ hands them to a command.

    Raises
    ------
    OptionError
        If a key is unknown, two contradict each other, or a value is illegal.
    """
    return _request(fold([(pair.key, pair.value) for pair in split_pairs(text)], OPTIONS))


def request_from_keys(model: str, keys: Mapping[str, object]) -> RunRequest:
    """The request of Python keyword arguments or shell options.

    Parameters
    ----------
    model
        Name, id, nickname or path of the model.
    keys
        The keys of `OPTIONS`. Values are text as in the macro line, or numbers, tuples, paths,
        and mappings for ``tile`` (``{"y": 256}``) and ``image`` (``{"raw": "a.tif"}``);
        None is absent. ``axes`` are the model's, as in the macro line.

    Raises
    ------
    OptionError
        If a key is unknown, two contradict each other, or a value is illegal.
    """
    texts = [("model", str(model))]
    for key, value in keys.items():
        texts += _texts_of(key, value)
    return _request(fold(texts, OPTIONS))


def format_macro_options(request: RunRequest, *, short: bool = False) -> str:
    """The option text of `request`: what `parse_macro_options` reads.

    Parameters
    ----------
    request
        The run.
    short
        Leave out what has its default; otherwise only what is absent is left out.

    Raises
    ------
    OptionError
        If ImageJ's options cannot carry a value.
    """
    default = RunRequest(model="")
    texts = _texts_of_request(request)
    if absent := [key for key, text in texts.items() if text.strip().lower() == "null"]:
        raise OptionError(
            f'The {absent[0]} is named "null", which means "absent" in a macro line.',
            hint="Give it another name, or write the whole path.",
        )
    left_out = _texts_of_request(default) if short else {}
    pairs = [Pair(key, text) for key, text in texts.items() if left_out.get(key) != text]
    line = join_pairs(pairs, spellings(OPTIONS))
    if parse_macro_options(line) != request:
        raise OptionError(
            f"The run of {request.model} cannot be written as a macro line: {line} says less.",
            hint="Rename titles and files to names without commas, equal signs and brackets.",
        )
    return line


def format_line(request: RunRequest, *, short: bool = False) -> str:
    """The macro line ``run("DeepImageJ Run", "...");`` of `request`."""
    return f'run("DeepImageJ Run", {quote(format_macro_options(request, short=short))});'


def usage() -> str:
    """The keys with their meanings, one a line."""
    heads = [f"{option.key}={option.value}" for option in OPTIONS]
    width = max(map(len, heads))
    return "\n".join(
        f"{head:<{width}}  {option.meaning}" for head, option in zip(heads, OPTIONS, strict=True)
    )


def _request(values: Mapping[str, Given]) -> RunRequest:
    model = values.get("model")
    if model is None or not model.text.strip():
        raise OptionError("No model is named.", hint=OPTIONS[0].meaning)
    image, path = values.get("image"), values.get("input_path")
    if image is not None and path is not None:
        raise OptionError(
            f"{image.key}={image.text} and {path.key}={path.text} both name the image.",
            hint="Keep image for an open image, or input_path for a file or folder.",
        )

    def text_of(key: str) -> str | None:
        return values[key].text if key in values else None

    def stage_of(key: str) -> StageChoice:
        return read_stage(values[key]) if key in values else StageChoice()

    return RunRequest(
        model=model.text,
        model_dir=text_of("model_dir"),
        format=read_format(values["format"]) if "format" in values else None,
        preprocessing=stage_of("preprocessing"),
        postprocessing=stage_of("postprocessing"),
        tile=read_tile(*(values.get(key) for key in ("tile", "patch", "axes", "overlap"))),
        images=read_images(image) if image is not None else (),
        input_path=text_of("input_path"),
        output_folder=text_of("output_folder"),
        display_output=read_shown(values["display_output"]) if "display_output" in values else None,
        channel=read_channels(values["channel"]) if "channel" in values else ChannelChoice(),
        device=read_device(values["device"]) if "device" in values else Device(),
        logging=read_logging(values["logging"]) if "logging" in values else Logging.NORMAL,
        batch=read_number(values["batch"], least=1) if "batch" in values else None,
    )


def _texts_of_request(request: RunRequest) -> dict[str, str]:
    """Option texts of `request` in the order of a line; what is absent is left out."""
    shown = request.display_output
    texts = {
        "model": request.model,
        "model_dir": request.model_dir,
        "format": request.format or "auto",
        "preprocessing": write_stage(request.preprocessing),
        "postprocessing": write_stage(request.postprocessing),
        **write_tile(request.tile),
        "channel": write_channels(request.channel),
        "device": str(request.device),
        "batch": None if request.batch is None else str(request.batch),
        "logging": request.logging.value,
        "image": write_images(request.images) if request.images else None,
        "input_path": request.input_path,
        "output_folder": request.output_folder,
        "display_output": None if shown is None else ("all" if shown else "none"),
    }
    return {key: text for key, text in texts.items() if text is not None}


def _texts_of(key: str, value: object) -> list[tuple[str, str]]:
    """Option texts of a Python value."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [(key, str(value).lower())]
    if isinstance(value, Mapping):
        if folded(key) in ("tile", "patch"):
            return [("axes", ",".join(map(str, value))), (key, _joined(value.values()))]
        return [(key, write_images(tuple((str(name), str(item)) for name, item in value.items())))]
    if isinstance(value, Iterable) and not isinstance(value, str):
        if folded(key) in ("preprocessing", "postprocessing"):
            files = tuple(str(file) for file in value)
            return [(key, write_stage(StageChoice(Source.MACRO, files)))]
        return [(key, _joined(value))]
    return [(key, str(value))]


def _joined(values: Iterable[object]) -> str:
    return ",".join(map(str, values))
