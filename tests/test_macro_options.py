"""The option text of the command: every published line, every error, there and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given

from deepimagej.axes import AxisName
from deepimagej.errors import OptionError
from deepimagej.macro_options import (
    OPTIONS,
    format_line,
    format_macro_options,
    parse_macro_options,
    request_from_keys,
    usage,
)
from deepimagej.option_table import spellings
from deepimagej.request import (
    ChannelChoice,
    Device,
    Logging,
    RunRequest,
    Source,
    StageChoice,
    TileChoice,
    WeightsFormat,
)
from option_strategies import CARRIED_TEXTS, TEXTS, requests

NONE = StageChoice(Source.NONE)
YXC = (AxisName.Y, AxisName.X, AxisName.CHANNEL)
XYC = (AxisName.X, AxisName.Y, AxisName.CHANNEL)
CYX = (AxisName.CHANNEL, AxisName.Y, AxisName.X)


def macro(*files: str) -> StageChoice:
    return StageChoice(Source.MACRO, files)


# Lines of published macros, tutorials and forum answers, by the version that ran them.
PUBLISHED = {
    # v1
    "model=[Noise2Void Denoising] preprocessing=[no preprocessing] "
    "postprocessing=[no postprocessing] patch=768 overlap=22 logging=normal": RunRequest(
        model="Noise2Void Denoising",
        preprocessing=NONE,
        postprocessing=NONE,
        tile=TileChoice((768, 768), (AxisName.Y, AxisName.X), 22),
    ),
    "model=[2D enteric ganglia_RGB] preprocessing=preprocessing.ijm "
    "postprocessing=[no postprocessing] patch=512 overlap=95 logging=normal": RunRequest(
        model="2D enteric ganglia_RGB",
        preprocessing=macro("preprocessing.ijm"),
        postprocessing=NONE,
        tile=TileChoice((512, 512), (AxisName.Y, AxisName.X), 95),
    ),
    "model=[DeepSTORM - ZeroCostDL4Mic] preprocessing=preprocessing.ijm "
    "postprocessing=postprocessing.ijm patch=512 overlap=0 logging=normal": RunRequest(
        model="DeepSTORM - ZeroCostDL4Mic",
        preprocessing=macro("preprocessing.ijm"),
        postprocessing=macro("postprocessing.ijm"),
        tile=TileChoice((512, 512), (AxisName.Y, AxisName.X), 0),
    ),
    # 2.1 and 3.0
    "model=[StarDist H&E Nuclei Segmentation] format=Tensorflow "
    "preprocessing=[per_sample_scale_range.ijm] postprocessing=[no postprocessing] "
    "axes=Y,X,C tile=496,704,3 logging=Normal": RunRequest(
        model="StarDist H&E Nuclei Segmentation",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=macro("per_sample_scale_range.ijm"),
        postprocessing=NONE,
        tile=TileChoice((496, 704, 3), YXC),
    ),
    "model=NucleiSegmentationBoundaryModel format=Onnx "
    "preprocessing=[zero_mean_unit_variance.ijm] postprocessing=[no postprocessing] "
    "axes=C,Y,X tile=1,288,288 logging=Normal": RunRequest(
        model="NucleiSegmentationBoundaryModel",
        format=WeightsFormat.ONNX,
        preprocessing=macro("zero_mean_unit_variance.ijm"),
        postprocessing=NONE,
        tile=TileChoice((1, 288, 288), CYX),
    ),
    "model=Pix2Pix_lifeact-RFP_sir-DNA format=Pytorch "
    "preprocessing=[[per_sample_scale_range.ijm, scale_linear.ijm]] "
    "postprocessing=[no postprocessing] axes=C,Y,X tile=1,1024,1024 logging=Normal": RunRequest(
        model="Pix2Pix_lifeact-RFP_sir-DNA",
        format=WeightsFormat.TORCHSCRIPT,
        preprocessing=macro("per_sample_scale_range.ijm", "scale_linear.ijm"),
        postprocessing=NONE,
        tile=TileChoice((1, 1024, 1024), CYX),
    ),
    "model=stardist_topix2pix format=Tensorflow preprocessing=[per_sample_scale_range.ijm] "
    "postprocessing=[no postprocessing] axes=Y,X,C tile=1216,1216,1 logging=Normal": RunRequest(
        model="stardist_topix2pix",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=macro("per_sample_scale_range.ijm"),
        postprocessing=NONE,
        tile=TileChoice((1216, 1216, 1), YXC),
    ),
    "model=[StarDist Model for Drosophila Melanogaster Cell Segmentation] format=Tensorflow "
    "preprocessing=[per_sample_scale_range.ijm] postprocessing=[no postprocessing] "
    "axes=Y,X,C tile=1136,688,1 logging=Normal": RunRequest(
        model="StarDist Model for Drosophila Melanogaster Cell Segmentation",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=macro("per_sample_scale_range.ijm"),
        postprocessing=NONE,
        tile=TileChoice((1136, 688, 1), YXC),
    ),
    "model=[Multi-Organ Nucleus Segmentation (StarDist 2D)] format=Tensorflow "
    "preprocessing=[per_sample_scale_range.ijm] postprocessing=[StarDist_Post-processing.ijm] "
    "axes=Y,X,C tile=3600,3600,3 logging=normal": RunRequest(
        model="Multi-Organ Nucleus Segmentation (StarDist 2D)",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=macro("per_sample_scale_range.ijm"),
        postprocessing=macro("StarDist_Post-processing.ijm"),
        tile=TileChoice((3600, 3600, 3), YXC),
    ),
    "model=[SMLM Density Map Estimation (DEFCoN)] format=Tensorflow "
    "preprocessing=[no preprocessing] postprocessing=[no postprocessing] axes=Y,X,C "
    "tile=84,84,1 logging=normal models_dir=/home/runner/Fiji.app/models": RunRequest(
        model="SMLM Density Map Estimation (DEFCoN)",
        model_dir="/home/runner/Fiji.app/models",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=NONE,
        postprocessing=NONE,
        tile=TileChoice((84, 84, 1), YXC),
    ),
    "model=[TRUEFAD Myotube detection] format=Tensorflow "
    "preprocessing=[per_sample_scale_range.ijm] postprocessing=[no postprocessing] "
    "axes=X,Y,C tile=512,512,1 logging=normal": RunRequest(
        model="TRUEFAD Myotube detection",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=macro("per_sample_scale_range.ijm"),
        postprocessing=NONE,
        tile=TileChoice((512, 512, 1), XYC),
    ),
    "model=final_model format=Tensorflow preprocessing=[no preprocessing] "
    "postprocessing=[no postprocessing] axes=X,Y,C tile=512,512,3 logging=mute": RunRequest(
        model="final_model",
        format=WeightsFormat.TENSORFLOW_SAVED_MODEL,
        preprocessing=NONE,
        postprocessing=NONE,
        tile=TileChoice((512, 512, 3), XYC),
        logging=Logging.MUTE,
    ),
    # 3.1 until July 2025
    "modelPath=gelgenie_universal_model inputPath=null outputFolder=null displayOutput=all": (
        RunRequest(model="gelgenie_universal_model", display_output=True)
    ),
    "modelPath=[./models/a b] inputPath=[./models/a b/in.tif] outputFolder=[./models/a b/out/] "
    "displayOutput=null": RunRequest(
        model="./models/a b", input_path="./models/a b/in.tif", output_folder="./models/a b/out/"
    ),
    "modelPath=brightfield_nuclei inputPath=test_samples/test_image.tif outputFolder=outputs "
    "displayOutput=0": RunRequest(
        model="brightfield_nuclei",
        input_path="test_samples/test_image.tif",
        output_folder="outputs",
        display_output=False,
    ),
    "modelPath=./models/m inputPath=./models/m/sample_input.tif outputFolder=./models/m/output/ "
    "displayOutput=false": RunRequest(
        model="./models/m",
        input_path="./models/m/sample_input.tif",
        output_folder="./models/m/output/",
        display_output=False,
    ),
    "modelPath=/path/to/model/LiveCell \n inputPath=/path/to/sample_input_0.tif \n "
    "outputFolder=/path/to/output/folder \n displayOutput=null": RunRequest(
        model="/path/to/model/LiveCell",
        input_path="/path/to/sample_input_0.tif",
        output_folder="/path/to/output/folder",
    ),
    # 3.1 since
    "model_path=[laid-back-lobster] input_path=null output_folder=null display_output=all": (
        RunRequest(model="laid-back-lobster", display_output=True)
    ),
    "model_path=[laid-back-lobster]": RunRequest(model="laid-back-lobster"),
    "model_path=arabidoJ-4loc_19112025_151028": RunRequest(model="arabidoJ-4loc_19112025_151028"),
    "model_path=[/path/to/model] input_path=[/path/to/images] output_folder=[/path/to/results] "
    "display_output=all": RunRequest(
        model="/path/to/model",
        input_path="/path/to/images",
        output_folder="/path/to/results",
        display_output=True,
    ),
}


@pytest.mark.parametrize("text", PUBLISHED)
def test_a_published_line_is_read_as_it_was_meant(text: str) -> None:
    assert parse_macro_options(text) == PUBLISHED[text]
    assert parse_macro_options(text + " ") == PUBLISHED[text]  # ImageJ appends a space


@pytest.mark.parametrize("text", PUBLISHED)
def test_a_published_line_survives_being_written_again(text: str) -> None:
    for short in (False, True):
        again = format_macro_options(PUBLISHED[text], short=short)
        assert parse_macro_options(again) == PUBLISHED[text]


@given(request=requests(CARRIED_TEXTS))
def test_what_is_written_is_read_back(request: RunRequest) -> None:
    assert parse_macro_options(format_macro_options(request)) == request
    assert parse_macro_options(format_macro_options(request, short=True)) == request


@given(request=requests(TEXTS))
def test_any_text_is_read_back_or_refused(request: RunRequest) -> None:
    try:
        text = format_macro_options(request)
    except OptionError:
        return
    assert parse_macro_options(text) == request


def test_the_full_line_holds_all_that_decides_the_pixels() -> None:
    request = RunRequest(
        model="Nuclei StarDist",
        format=WeightsFormat.ONNX,
        tile=TileChoice((512, 512), (AxisName.Y, AxisName.X)),
        device=Device("cuda"),
        batch=2,
    )
    assert format_line(request) == (
        'run("DeepImageJ Run", "model=[Nuclei StarDist] format=onnx preprocessing=auto '
        "postprocessing=auto axes=Y,X tile=512,512 device=cuda:0 batch=2 "
        'logging=normal");'
    )


def test_the_short_line_leaves_out_what_has_its_default() -> None:
    request = RunRequest(model="nuclei", postprocessing=macro("a.ijm"), display_output=False)
    assert format_line(request, short=True) == (
        'run("DeepImageJ Run", "model=nuclei postprocessing=a.ijm display_output=none");'
    )


def test_quotes_and_backslashes_are_escaped_in_the_line() -> None:
    assert format_line(RunRequest(model='C:\\a "b"\n'), short=True) == (
        'run("DeepImageJ Run", "model=[C:\\\\a \\"b\\"\\n]");'
    )


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("image=cells.tif", (("", "cells.tif"),)),
        ("image=-3", (("", "-3"),)),
        ("image=[raw=a.tif, mask=b c.tif]", (("raw", "a.tif"), ("mask", "b c.tif"))),
        ("image=[raw=[a, 1.tif],mask=b.tif]", (("raw", "a, 1.tif"), ("mask", "b.tif"))),
        ("image=[raw=a=b.tif]", (("raw", "a=b.tif"),)),
        ("image=[My image, t=3.tif]", (("", "My image, t=3.tif"),)),
        ("image=[[t=3.tif]]", (("", "t=3.tif"),)),
        ("image=null", ()),
    ],
)
def test_images_are_named_by_tensor_or_alone(text: str, images: tuple[tuple[str, str]]) -> None:
    request = RunRequest(model="m", images=images)
    assert parse_macro_options(f"model=m {text}") == request
    assert parse_macro_options(format_macro_options(request)) == request


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("tile=auto", RunRequest("m")),
        ("tile=AUTO axes=Y,X", RunRequest("m", tile=TileChoice(axes=(AxisName.Y, AxisName.X)))),
        ("tile=[512, 256]", RunRequest("m", tile=TileChoice((512, 256)))),
        ("axes=yx", RunRequest("m", tile=TileChoice(axes=(AxisName.Y, AxisName.X)))),
        ("axes=Y,X,C patch=64,96,1", RunRequest("m", tile=TileChoice((64, 96, 1), YXC))),
        ("overlap=8", RunRequest("m", tile=TileChoice(overlap=8))),
        ("channel=2", RunRequest("m", channel=ChannelChoice((2,)))),
        ("channel=3,1", RunRequest("m", channel=ChannelChoice((3, 1)))),
        ("channel=All", RunRequest("m", channel=ChannelChoice(each=True))),
        ("device=CPU", RunRequest("m", device=Device("cpu"))),
        ("device=cuda", RunRequest("m", device=Device("cuda", 0))),
        ("device=cuda:1", RunRequest("m", device=Device("cuda", 1))),
        ("device=gpu", RunRequest("m", device=Device("cuda", 0))),
        ("batch=4", RunRequest("m", batch=4)),
        ("logging=DEBUG", RunRequest("m", logging=Logging.DEBUG)),
        ("preprocessing=zoo", RunRequest("m", preprocessing=StageChoice(Source.ZOO))),
        ("preprocessing='no preprocessing'", RunRequest("m", preprocessing=NONE)),
        ("preprocessing=[a.ijm, b.txt]", RunRequest("m", preprocessing=macro("a.ijm", "b.txt"))),
        ("preprocessing=[[none]]", RunRequest("m", preprocessing=macro("none"))),
        ("preprocessing=[a, b]", RunRequest("m", preprocessing=macro("a, b"))),
        ("format=keras", RunRequest("m", format=WeightsFormat.KERAS_HDF5)),
        ("format=Auto", RunRequest("m")),
        ("OUTPUT_FOLDER=x", RunRequest("m", output_folder="x")),
        ("output-folder=x", RunRequest("m", output_folder="x")),
        ("display_output=2", RunRequest("m", display_output=True)),
        ("model=m model_path=m", RunRequest("m")),
    ],
)
def test_values_are_read(text: str, request_: RunRequest) -> None:
    assert parse_macro_options(f"{text} model=m") == request_


@pytest.mark.parametrize(
    "model",
    ["Transformation", "tile axes format", "my format (tile)", "a[1]b", "it's", "'a'", "[x] y"],
)
def test_a_model_name_with_words_of_the_grammar_confuses_nothing(model: str) -> None:
    request = RunRequest(model=model, format=WeightsFormat.ONNX, tile=TileChoice((64, 64)))
    assert parse_macro_options(format_macro_options(request)) == request


UNKNOWN_ALL = f"The options are {', '.join(option.key for option in OPTIONS)}."
MEANING = {option.key: option.meaning for option in OPTIONS}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("model=m tiel=5,5", "Unknown option: tiel.", "Did you mean tile?"),
        (
            "model=m modelpth=x ouput=y",
            "Unknown option: modelpth, ouput.",
            "Did you mean model_path and output_folder?",
        ),
        ("model=m zzz=5", "Unknown option: zzz.", UNKNOWN_ALL),
        ("", "No model is named.", MEANING["model"]),
        ("model=null", "No model is named.", MEANING["model"]),
        ("model=[] tile=auto", "No model is named.", MEANING["model"]),
        (
            "model=a model_path=b",
            "model=a and model_path=b contradict each other.",
            "Keep one of the two.",
        ),
        (
            "model=a tile=1,1 tile=2,2",
            "tile=1,1 and tile=2,2 contradict each other.",
            "Keep one of the two.",
        ),
        (
            "model=a tile=64,64 patch=64",
            "tile=64,64 and patch=64 both give the size of the tile.",
            "Keep tile; patch is its old spelling.",
        ),
        (
            "model=a image=b inputPath=c",
            "image=b and inputPath=c both name the image.",
            "Keep image for an open image, or input_path for a file or folder.",
        ),
        (
            "model=a axes=Y,X tile=64,64,3",
            "axes=Y,X names 2 axes and tile=64,64,3 has 3 sizes.",
            "Give one size for each axis, as in axes=Y,X,C tile=256,256,3.",
        ),
        (
            "model=a axes=Y,Q tile=64,64",
            '"q" in axes "Y,Q" names no axis.',
            "Use the letters B, T, Z, C, Y and X, one for each axis, as in ZYX.",
        ),
        (
            "model=a axes=Y,Y tile=64,64",
            'Axes "Y,Y" name one axis twice.',
            "Name each axis once, as in ZYX.",
        ),
        ("model=a axes=,", "axes=,: no axis is named.", MEANING["axes"]),
        (
            "model=a tile=64,x",
            'tile=64,x: "x" is not a whole number of 1 or more.',
            MEANING["tile"],
        ),
        (
            "model=a tile=64,",
            'tile=64,: "" is not a whole number of 1 or more.',
            MEANING["tile"],
        ),
        (
            "model=a patch=0",
            'patch=0: "0" is not a whole number of 1 or more.',
            MEANING["patch"],
        ),
        (
            "model=a overlap=-1",
            'overlap=-1: "-1" is not a whole number of 0 or more.',
            MEANING["overlap"],
        ),
        (
            "model=a batch=2.5",
            'batch=2.5: "2.5" is not a whole number of 1 or more.',
            MEANING["batch"],
        ),
        (
            "model=a channel=0",
            'channel=0: "0" is not a whole number of 1 or more.',
            MEANING["channel"],
        ),
        (
            "model=a format=caffe",
            "format=caffe: there is no such weights format.",
            MEANING["format"],
        ),
        ("model=a device=tpu", "device=tpu: there is no such device.", MEANING["device"]),
        ("model=a logging=loud", "logging=loud: there is no such level.", MEANING["logging"]),
        (
            "model=a display_output=maybe",
            "display_output=maybe: results are shown or not.",
            MEANING["display_output"],
        ),
        (
            "model=a preprocessing=[[a, b, c]]",
            "preprocessing=[a, b, c]: these are 3 macro files and a step takes one or two.",
            MEANING["preprocessing"],
        ),
        (
            "model=a postprocessing=[[a.ijm, ]]",
            "postprocessing=[a.ijm, ]: a macro file has no name.",
            MEANING["postprocessing"],
        ),
        (
            "model=a image=[raw=b, raw=c]",
            "image=raw=b, raw=c: the tensor raw has two images.",
            MEANING["image"],
        ),
        (
            "model=StarDist H&E tile=auto",
            '"H&E" in the options is not of the form key=value.',
            "Put values with spaces in [brackets], as in model=[Nuclei StarDist].",
        ),
        (
            "model=[a b",
            "The value of model opens with [ and does not close.",
            "Put the closing bracket or quote at the end of the value.",
        ),
        (
            "model='a b",
            "The value of model opens with ' and does not close.",
            "Put the closing bracket or quote at the end of the value.",
        ),
        (
            "model=[a]tile=auto",
            '"tile=auto" follows the value of model without a space.',
            "Put a space between two options.",
        ),
    ],
)
def test_options_that_make_no_request_are_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(OptionError, match=f"^{re.escape(message)}$") as caught:
        parse_macro_options(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        (
            RunRequest("a]b"),
            'The model "a]b" has unbalanced brackets, which a macro line cannot carry.',
            "Rename it without the bracket.",
        ),
        (
            RunRequest("]a["),
            'The model "]a[" has unbalanced brackets, which a macro line cannot carry.',
            "Rename it without the bracket.",
        ),
        (
            RunRequest("m", output_folder="/data/tile=5/x"),
            'The output_folder "/data/tile=5/x" holds "tile=", '
            "which ImageJ would read as an option.",
            'Rename it without "tile=".',
        ),
        (
            RunRequest("m", input_path="Null"),
            'The input_path is named "null", which means "absent" in a macro line.',
            "Give it another name, or write the whole path.",
        ),
        (
            RunRequest("m", preprocessing=macro("a.ijm,b.ijm")),
            "The run of m cannot be written as a macro line: model=m format=auto "
            "preprocessing=[[a.ijm,b.ijm]] postprocessing=auto tile=auto device=auto "
            "logging=normal says less.",
            "Rename titles and files to names without commas, equal signs and brackets.",
        ),
    ],
)
def test_what_a_macro_line_cannot_carry_is_refused(
    request_: RunRequest, message: str, hint: str
) -> None:
    with pytest.raises(OptionError) as caught:
        format_macro_options(request_)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        ({}, RunRequest("m")),
        ({"tile": None, "output_folder": None}, RunRequest("m")),
        ({"tile": (512, 256)}, RunRequest("m", tile=TileChoice((512, 256)))),
        ({"tile": "512,256"}, RunRequest("m", tile=TileChoice((512, 256)))),
        (
            {"tile": {"y": 256, "x": 128}},
            RunRequest("m", tile=TileChoice((256, 128), (AxisName.Y, AxisName.X))),
        ),
        ({"axes": "YXC", "tile": (64, 64, 3)}, RunRequest("m", tile=TileChoice((64, 64, 3), YXC))),
        ({"patch": 768}, RunRequest("m", tile=TileChoice((768,) * 2, (AxisName.Y, AxisName.X)))),
        ({"channel": 2}, RunRequest("m", channel=ChannelChoice((2,)))),
        ({"channel": [1, 3]}, RunRequest("m", channel=ChannelChoice((1, 3)))),
        ({"channel": "all"}, RunRequest("m", channel=ChannelChoice(each=True))),
        ({"device": Device("cuda", 1)}, RunRequest("m", device=Device("cuda", 1))),
        ({"format": WeightsFormat.ONNX}, RunRequest("m", format=WeightsFormat.ONNX)),
        ({"format": "onnx", "batch": "3"}, RunRequest("m", format=WeightsFormat.ONNX, batch=3)),
        ({"preprocessing": "none"}, RunRequest("m", preprocessing=NONE)),
        (
            {"postprocessing": ["a.ijm", "b.ijm"]},
            RunRequest("m", postprocessing=macro("a.ijm", "b.ijm")),
        ),
        ({"postprocessing": Path("a.ijm")}, RunRequest("m", postprocessing=macro("a.ijm"))),
        ({"display_output": True}, RunRequest("m", display_output=True)),
        ({"display_output": False}, RunRequest("m", display_output=False)),
        ({"output_folder": Path("a b")}, RunRequest("m", output_folder="a b")),
        (
            {"image": {"raw": "a, b.tif", "mask": "c=d.tif"}},
            RunRequest("m", images=(("raw", "a, b.tif"), ("mask", "c=d.tif"))),
        ),
        ({"image": "a.tif"}, RunRequest("m", images=(("", "a.tif"),))),
    ],
)
def test_python_keys_make_the_request_of_the_line(
    keys: dict[str, object], request_: RunRequest
) -> None:
    assert request_from_keys("m", keys) == request_


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"tiles": 5}, "Unknown option: tiles."),
        ({"batch": True}, 'batch=true: "true" is not a whole number of 1 or more.'),
        ({"tile": (64.5, 64)}, 'tile=64.5,64: "64.5" is not a whole number of 1 or more.'),
        ({"tile": {"y": 64}, "axes": "X"}, "axes=y and axes=X contradict each other."),
        ({"model_path": "n"}, "model=m and model_path=n contradict each other."),
    ],
)
def test_python_keys_meet_the_same_errors(keys: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        request_from_keys("m", keys)
    assert caught.value.message == message


def test_the_usage_names_every_option_once() -> None:
    keys = [line.split("=")[0] for line in usage().splitlines()]
    assert keys == [option.key for option in OPTIONS]


def test_no_key_ends_in_another_after_a_sign_that_imagej_takes_for_its_start() -> None:
    keys = spellings(OPTIONS)
    assert not [(one, two) for one in keys for two in keys if one.endswith(f"_{two}")]
