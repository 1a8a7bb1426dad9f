from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import make_convolution_bundle, make_identity_bundle, make_scaling_bundle
from deepimagej.errors import ImageError, LibraryError, MacroError, OptionError, TrustError
from deepimagej.files import read_image
from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import roi_manager
from deepimagej.plugin import dispatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

IMAGE = np.arange(20 * 24, dtype=np.float32).reshape(20, 24)


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    """ImageJ with our command and an image, empty afterwards."""
    with imagej.answering(dispatch):
        ij = ImageJ(imagej)
        ij.show(IMAGE, title="cells.tif")
        yield ij
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with bundles; "Noise2Void Denoising" is installed as well."""
    folder = tmp_path_factory.mktemp("bundles")
    make_scaling_bundle(folder / "double", name="Double It")
    macros = {
        "preprocessing": {"pre.ijm": 'run("Add...", "value=1");'},
        "postprocessing": {
            "post.ijm": 'run("Add...", "value=100");',
            "second.ijm": 'setResult("n", nResults, getValue("Max")); updateResults();',
        },
    }
    make_scaling_bundle(folder / "with_macros", name="With Macros", macros=macros)
    installed = make_convolution_bundle(
        folder / "denoise", name="Noise2Void Denoising", step=4, min=4, macros=macros
    )
    deepimagej.install(installed)
    yield folder
    deepimagej.remove("Noise2Void Denoising")


def run(ij: ImageJ, options: str, after: str = "") -> str | None:
    return ij.run_macro(f'run("DeepImageJ Run", "{options}");\n{after}')


def test_the_next_line_sees_the_result_as_the_active_image(ij: ImageJ, bundles: Path) -> None:
    after = 'print(nImages); return "" + nImages + getTitle() + getPixel(2, 0);'
    assert run(ij, f"model=[{bundles / 'double'}]", after) == "2cells_output4"


@pytest.mark.parametrize(
    "options",
    [
        "model=[Noise2Void Denoising] preprocessing=[no preprocessing] "
        "postprocessing=[no postprocessing] patch=768 overlap=22 logging=normal",
        "model=[Noise2Void Denoising] preprocessing=[no preprocessing] "
        "postprocessing=[no postprocessing] logging=Normal",
        "model=[Noise2Void Denoising] format=onnx preprocessing=none postprocessing=none "
        "axes=Y,X,C tile=20,24,1 logging=Normal",
        "tile=20,24 postprocessing=none preprocessing=none model=[Noise2Void Denoising]",
        "model_path=[Noise2Void Denoising] preprocessing=none postprocessing=none "
        "input_path=null output_folder=null display_output=all",
        "modelPath=[Noise2Void Denoising] preprocessing=none postprocessing=none "
        "inputPath=null outputFolder=null displayOutput=all",
        "MODEL=[Noise2Void Denoising] PREPROCESSING=none postprocessing=none image=cells.tif "
        "device=cpu batch=1",
    ],
)
def test_every_published_spelling_gives_the_same_pixels(
    ij: ImageJ, bundles: Path, options: str
) -> None:
    expected = deepimagej.predict(
        bundles / "denoise", IMAGE, preprocessing="none", postprocessing="none"
    )["output"]
    assert run(ij, options, "return getTitle();") == "cells_output"
    assert_array_equal(ij.to_numpy(ij.active_image), expected)


def test_a_model_is_looked_for_in_the_folder_that_model_dir_names(
    ij: ImageJ, bundles: Path
) -> None:
    options = f"model=[Double It] model_dir=[{bundles}] logging=normal"
    assert run(ij, options, "return getTitle();") == "cells_output"


@pytest.mark.parametrize(
    ("post", "top", "rows"),
    [
        ("", 2 * 480 + 100, "1"),
        ("postprocessing=[[post.ijm, second.ijm]]", 2 * 480 + 100, "1"),
        ("postprocessing=[post.ijm]", 2 * 480 + 100, "0"),
        ("postprocessing=post.ijm", 2 * 480 + 100, "0"),
        ("postprocessing=[no postprocessing]", 2 * 480, "0"),
        ("postprocessing=zoo", 2 * 480, "0"),
    ],
)
def test_stages_are_the_bundles_macros_one_file_or_two_or_none(
    ij: ImageJ, bundles: Path, post: str, top: int, rows: str
) -> None:
    options = f"model=[{bundles / 'with_macros'}] {post}"
    assert run(ij, options, 'return "" + getValue("Max") + " " + nResults;') == f"{top} {rows}"


@pytest.mark.parametrize(
    "keys",
    [
        "model_path={model} input_path={image} output_folder={out}",
        "modelPath=[{model}] inputPath=[{image}] outputFolder=[{out}] displayOutput=null",
    ],
)
def test_a_file_goes_to_a_folder_and_is_not_shown(
    ij: ImageJ, bundles: Path, tmp_path: Path, keys: str
) -> None:
    ij.run_macro(f'saveAs("Tiff", "{(tmp_path / "my cells.tif").as_posix()}");')
    (tmp_path / "my cells.tif").rename(tmp_path / "cells.tif")
    options = keys.format(
        model=bundles / "double", image=tmp_path / "cells.tif", out=tmp_path / "out"
    )
    assert run(ij, options, 'return "" + nImages;') == "1"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cells_output.tif",
        "cells_run.json",
    ]
    assert_array_equal(read_image(tmp_path / "out" / "cells_output.tif").pixels, 2 * IMAGE)


def test_display_output_shows_what_is_saved(ij: ImageJ, bundles: Path, tmp_path: Path) -> None:
    ij.run_macro(f'saveAs("Tiff", "{(tmp_path / "cells.tif").as_posix()}");')
    options = f"model_path={bundles / 'double'} input_path={tmp_path / 'cells.tif'} "
    options += f"output_folder={tmp_path / 'out'} display_output=all"
    assert run(ij, options, "return getTitle();") == "cells_output"
    assert (tmp_path / "out" / "cells_output.tif").is_file()


def test_a_folder_is_run_image_by_image(ij: ImageJ, bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(2):
        ij.run_macro(f'saveAs("Tiff", "{(tmp_path / "in").as_posix()}/n{number}.tif");')
    options = f"model_path={bundles / 'double'} input_path={tmp_path / 'in'} "
    run(ij, options + f"output_folder={tmp_path / 'out'}")
    names = sorted(path.name for path in (tmp_path / "out").glob("*.tif"))
    assert names == ["n0_output.tif", "n1_output.tif"]


def test_one_macro_runs_models_in_loops_and_functions(ij: ImageJ, bundles: Path) -> None:
    text = f"""
    setBatchMode(true);
    function doubled(title) {{
      selectImage(title);
      run("DeepImageJ Run", "model=[{bundles / "double"}]");
      rename("result of " + title);
      return getTitle();
    }}
    title = "cells.tif";
    for (i = 0; i < 3; i++) title = doubled(title);
    setBatchMode(false);
    return title + " " + getPixel(1, 0);
    """
    assert ij.run_macro(text) == "result of result of result of cells.tif 8"


def test_a_macro_may_call_a_macro_that_runs_a_model(
    ij: ImageJ, bundles: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner.ijm"
    inner.write_text(
        'run("DeepImageJ Run", "model=[" + getArgument() + "]"); return getTitle();',
        encoding="utf-8",
    )
    text = f'a = runMacro("{inner.as_posix()}", "{bundles / "with_macros"}"); return a + nImages;'
    assert ij.run_macro(text) == "cells_output2"


def test_the_second_run_finds_the_network_loaded(ij: ImageJ, bundles: Path) -> None:
    model = bundles / "double"
    deepimagej.run(model, IMAGE, display_output=False)
    again = deepimagej.run(model, IMAGE, display_output=False)
    assert again.timings["loading"] < 0.2


# What stops a macro


def stopped(ij: ImageJ, kind: type[deepimagej.DeepImageJError], options: str) -> str:
    """The sentence; the macro went no further and the images are as before."""
    with pytest.raises(kind) as caught:
        run(ij, options, 'newImage("after", "8-bit", 2, 2, 1);')
    assert ij.run_macro('return "" + nImages + getTitle();') == "1cells.tif"
    return f"{caught.value.message} {caught.value.hint}"


def test_an_unknown_model_stops_the_macro_with_the_near_name(ij: ImageJ, bundles: Path) -> None:
    sentence = stopped(ij, LibraryError, "model=[Noise2Void Denoisin]")
    assert sentence.startswith('There is no model "Noise2Void Denoisin"')
    assert "Noise2Void Denoising" in sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("tiel=3", "Unknown option: tiel. Did you mean tile?"),
        ("tile=20,20 patch=30", "tile=20,20 and patch=30 both give the size of the tile."),
        (
            "channel=2",
            'channel=2 does not exist: "cells.tif" has 1 channel. '
            "Give a number from 1 to 1, or channel=all.",
        ),
    ],
)
def test_a_wrong_option_stops_the_macro(
    ij: ImageJ, bundles: Path, options: str, sentence: str
) -> None:
    told = stopped(ij, OptionError, f"model=[{bundles / 'double'}] {options}")
    assert told.startswith(sentence)


def test_a_format_that_the_bundle_lacks_stops_the_macro(ij: ImageJ, bundles: Path) -> None:
    told = stopped(ij, OptionError, f"model=[{bundles / 'double'}] format=Tensorflow")
    assert "onnx" in told


def test_a_tile_off_the_grid_stops_the_macro(ij: ImageJ, bundles: Path) -> None:
    told = stopped(ij, OptionError, "model=[Noise2Void Denoising] tile=10,10 preprocessing=none")
    assert "8" in told
    assert "12" in told


def test_without_options_the_macro_stops(ij: ImageJ) -> None:
    with pytest.raises(OptionError) as caught:
        ij.run_macro('run("DeepImageJ Run");')
    assert str(caught.value) == "DeepImageJ Run was called without options."
    assert caught.value.hint == (
        'Name a model, as in run("DeepImageJ Run", "model=[Nuclei StarDist]").'
    )


def test_no_open_image_stops_the_macro(ij: ImageJ, bundles: Path) -> None:
    ij.close_all()
    with pytest.raises(ImageError) as caught:
        run(ij, f"model=[{bundles / 'double'}]")
    assert str(caught.value) == "No image is open."
    assert caught.value.hint == "Open an image first, or name a file with input_path=FILE."


def test_an_image_of_that_title_must_be_open(ij: ImageJ, bundles: Path) -> None:
    told = stopped(ij, ImageError, f"model=[{bundles / 'double'}] image=[other.tif]")
    assert told == 'No open image is called "other.tif". Open are "cells.tif".'


def test_a_failing_macro_of_the_model_stops_the_users_with_its_line(
    ij: ImageJ, tmp_path: Path
) -> None:
    macros = {"postprocessing": {"post.ijm": '\n\nselectImage("gone");'}}
    model = make_identity_bundle(tmp_path / "fails", macros=macros)
    told = stopped(ij, MacroError, f"model=[{model}]")
    assert told.startswith('post.ijm stopped in line 3, "selectImage("gone");":')


def test_a_long_line_of_the_users_own_macro_is_told_as_its_own(ij: ImageJ) -> None:
    text = 'name = "' + "a long name " * 12 + '"; return nImages + getTitle();'
    with pytest.raises(MacroError, match=r'^The macro stopped in line 1, "name = "a long name '):
        ij.run_macro(text)


def test_code_that_nobody_trusted_stops_the_macro_until_it_is_trusted(
    ij: ImageJ, tmp_path: Path
) -> None:
    macros = {"postprocessing": {"post.ijm": 'x = exec("echo", "hi"); setPixel(0, 0, 7);'}}
    model = make_identity_bundle(tmp_path / "untrusted", name="Untrusted", macros=macros)
    assert "post.ijm, line 1: exec (starts programs)" in stopped(ij, TrustError, f"model=[{model}]")
    deepimagej.trust(model)
    assert run(ij, f"model=[{model}]", 'return "" + getPixel(0, 0);') == "7"


def test_what_the_macros_of_a_bundle_print_is_logged(
    ij: ImageJ, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    macros = {"postprocessing": {"post.ijm": 'print("threshold 5");'}}
    model = make_identity_bundle(tmp_path / "prints", macros=macros)
    with caplog.at_level(logging.INFO, "deepimagej.macro"):
        run(ij, f"model=[{model}]", 'print("mine");')
    assert "threshold 5" in caplog.messages
    assert "threshold" not in capfd.readouterr().out
