"""Steps of bundles in Java: compiled here, loaded from the bundle's jar, run in both stages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from numpy.testing import assert_array_equal

import deepimagej
from bundle_factory import make_scaling_bundle, make_sum_bundle
from deepimagej.errors import BundleError, DeepImageJError, MacroError, TrustError
from deepimagej.host.imagej import ImageJ
from deepimagej.host.rois import roi_manager
from deepimagej.plugin import dispatch
from java_compiler import compile_classes, compile_jar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

PLANE = np.arange(20, dtype=np.float32).reshape(4, 5)

PRE = """
package steps;

import deepimagej.processing.PreProcessingInterface;
import ij.ImagePlus;
import ij.process.FloatProcessor;
import java.io.IOException;
import java.nio.file.*;
import java.util.*;

public class Pre implements PreProcessingInterface {

	private final List<String> files = new ArrayList<>();

	public HashMap<String, Object> deepimagejPreprocessing(HashMap<String, Object> map) {
		final ImagePlus image = (ImagePlus) map.get("a");
		final FloatProcessor pixels = image.getProcessor().convertToFloatProcessor();
		pixels.multiply(Gain.read(files));
		final float[][] row = pixels.getFloatArray(); // of x, then y
		final float[][][] other = new float[1][pixels.getHeight()][pixels.getWidth()];
		for (int y = 0; y < pixels.getHeight(); y++)
			for (int x = 0; x < pixels.getWidth(); x++) other[0][y][x] = 100 * row[x][y];
		final HashMap<String, Object> made = new HashMap<>();
		made.put("a", new ImagePlus("anything", pixels));
		made.put("b", other);
		return made;
	}

	public void setConfigFiles(ArrayList<String> files) {
		this.files.addAll(files);
	}

	public String error() {
		return "";
	}
}
"""
GAIN = """
package steps;

import java.nio.file.*;
import java.util.*;

public class Gain {
	static double read(final List<String> files) {
		try {
			final byte[] text = Files.readAllBytes(Paths.get(files.get(0)));
			return Double.parseDouble(new String(text).trim());
		}
		catch (final java.io.IOException exc) {
			throw new IllegalStateException(exc);
		}
	}
}
"""
POST = """
import deepimagej.processing.PostProcessingInterface;
import ij.ImagePlus;
import ij.measure.ResultsTable;
import java.util.*;

public class Post implements PostProcessingInterface {

	private String why = "";

	public HashMap<String, Object> deepimagejPostprocessing(HashMap<String, Object> map) {
		final ImagePlus output = (ImagePlus) map.get("output");
		final double max = output.getStatistics().max;
		if (max == 0) {
			why = "No object was found.";
			return null;
		}
		if (max > 1000) throw new IllegalArgumentException("too bright: " + max);
		if (max > 500) return new HashMap<>(Collections.singletonMap("odd", new Inner()));
		final ResultsTable table = new ResultsTable();
		table.incrementCounter();
		table.addValue("Max", max);
		output.getProcessor().invert();
		final HashMap<String, Object> made = new HashMap<>();
		made.put("output", output);
		made.put("Objects", table);
		return made;
	}

	public void setConfigFiles(ArrayList<String> files) {
	}

	public String error() {
		return why;
	}

	private static class Inner {
	}
}
"""


@pytest.fixture
def ij(imagej: Host) -> Iterator[ImageJ]:
    with imagej.answering(dispatch):
        yield ImageJ(imagej)
    imagej.close()
    roi_manager(imagej).reset()
    imagej.java_class("ij.plugin.filter.Analyzer").setResultsTable(None)
    for window in list(imagej.java_class("ij.WindowManager").getNonImageWindows()):
        window.close()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both steps, as jar and as class files."""
    folder = tmp_path_factory.mktemp("java")
    compile_jar(folder / "General.jar", PRE, GAIN)
    compile_jar(folder / "Post.jar", POST)
    for file in compile_classes(folder / "classes", POST):
        shutil.copy(file, folder)
    compile_jar(folder / "Nothing.jar", GAIN)
    return folder


def with_steps(bundle: Path, steps: Path, *names: str, **stages: list[dict[str, str]]) -> Path:
    """The bundle with files beside it, and steps in its RDF."""
    for name in names:
        shutil.copy(steps / name, bundle)
    rdf = bundle / "bioimageio.yaml"
    content: dict[str, Any] = yaml.safe_load(rdf.read_text())
    content.setdefault("config", {})["deepimagej"] = {"prediction": stages}
    content["attachments"] = [{"source": "gain.txt"}]
    (bundle / "gain.txt").write_text("3")
    rdf.write_text(yaml.safe_dump(content))
    return bundle


def post_bundle(folder: Path, steps: Path, spec: str = "Post.jar Post::run", **more: Any) -> Path:
    names = ("Post.class", "Post$Inner.class") if "class" in spec else (spec.split()[0],)
    made = make_scaling_bundle(folder / "post", **more)
    return with_steps(made, steps, *names, postprocess=[{"spec": spec}])


def test_a_step_before_the_network_makes_a_further_input(
    ij: ImageJ, tmp_path: Path, steps: Path
) -> None:
    bundle = with_steps(
        make_sum_bundle(tmp_path / "sum"),
        steps,
        "General.jar",
        preprocess=[{"spec": "General.jar Preprocessing::preProcessingRoutineUsingImage"}],
    )
    result = deepimagej.run(bundle, PLANE, trust=True)
    assert_array_equal(result.images["sum"], 303 * PLANE)
    assert "preprocessing=General.jar" in result.request
    assert list(result.provenance["preprocessing"]["macros"]) == ["General.jar"]
    ij.show(PLANE, title="image")
    ij.run_macro(result.request)
    assert_array_equal(ij.to_numpy(ij.active_image), 303 * PLANE)


def test_a_stack_goes_through_the_step_plane_by_plane(
    ij: ImageJ, tmp_path: Path, steps: Path
) -> None:
    bundle = with_steps(
        make_sum_bundle(tmp_path / "sum"),
        steps,
        "General.jar",
        preprocess=[{"spec": "General.jar x"}],
    )
    stack = np.stack([PLANE, PLANE + 1])
    result = deepimagej.run(bundle, stack, axes="ZYX", trust=True, display_output="none")
    assert_array_equal(result.images["sum"], 303 * stack)


@pytest.mark.parametrize("spec", ["Post.jar Post::run", "Post.class Post::run"])
def test_a_step_after_the_network_gives_images_and_tables(
    ij: ImageJ, tmp_path: Path, steps: Path, spec: str
) -> None:
    result = deepimagej.run(post_bundle(tmp_path, steps, spec), PLANE, trust=True)
    assert list(result.images) == ["output"]
    assert_array_equal(result.images["output"], 38 - 2 * PLANE)
    assert result.tables["Objects"]["Max"].tolist() == [38]
    assert ij.run_macro("return getTitle();") == "image_output"


def test_a_macro_goes_on_with_what_a_step_made(ij: ImageJ, tmp_path: Path, steps: Path) -> None:
    bundle = make_scaling_bundle(tmp_path / "both")
    (bundle / "after.ijm").write_text('run("Add...", "value=" + Table.get("Max", 0, "Objects"));')
    with_steps(
        bundle,
        steps,
        "Post.jar",
        postprocess=[
            {"spec": "Post.jar Post::run"},
            {"spec": "ij.IJ::runMacroFile", "kwargs": "after.ijm"},
        ],
    )
    result = deepimagej.run(bundle, PLANE, trust=True)
    assert_array_equal(result.images["output"], 76 - 2 * PLANE)
    assert "postprocessing=[[Post.jar, after.ijm]]" in result.request


ERRORS: list[tuple[float, str, type[DeepImageJError], str]] = [
    (0, "Post.jar", MacroError, "The Java step Post.jar returned nothing: No object was found."),
    (
        900,
        "Post.jar",
        MacroError,
        "The Java step Post.jar failed: IllegalArgumentException: too bright: 1800.0.",
    ),
    (300, "Post.jar", MacroError, 'The Java step Post.jar made "odd" as Post$Inner.'),
    (
        1,
        "Nothing.jar",
        BundleError,
        "Nothing.jar holds no class that implements "
        "deepimagej.processing.PostProcessingInterface and can be loaded.",
    ),
    (1, "broken.jar", BundleError, "broken.jar is no jar that can be read."),
]
HINTS = {
    "returned": "Check the image against what the step expects, or choose postprocessing=zoo or "
    "postprocessing=none.",
    "failed": "Check the image against what the step expects, or choose postprocessing=zoo or "
    "postprocessing=none.",
    "made": "After the network it may be an ImagePlus or a ResultsTable.",
    "holds": "Compile the step for this Java or an older one, with all that it needs in the jar.",
    "no jar": "Install the bundle again.",
}


@pytest.mark.parametrize(("value", "jar", "kind", "message"), ERRORS)
def test_what_a_step_does_wrong_is_told_in_one_sentence(
    ij: ImageJ,
    tmp_path: Path,
    steps: Path,
    *,
    value: float,
    jar: str,
    kind: type[DeepImageJError],
    message: str,
) -> None:
    if jar == "broken.jar":
        (steps / jar).write_bytes(b"no jar")
    bundle = post_bundle(tmp_path, steps, f"{jar} Post::run")
    ij.show(np.ones((3, 3), np.uint8), title="mine")
    with pytest.raises(kind) as caught:
        deepimagej.run(bundle, np.full((4, 5), value, np.float32), trust=True)
    assert caught.value.message == message
    assert caught.value.hint == next(hint for word, hint in HINTS.items() if word in message)
    assert ij.run_macro("return getTitle() + nImages;") == "mine1"


def test_an_input_that_a_step_makes_of_another_shape_is_refused(
    ij: ImageJ, tmp_path: Path, steps: Path
) -> None:
    source = PRE.replace("new float[1]", "new float[1]").replace(
        'made.put("b", other)', 'made.put("b", new float[3])'
    )
    compile_jar(steps / "Short.jar", source, GAIN)
    bundle = with_steps(
        make_sum_bundle(tmp_path / "sum"), steps, "Short.jar", preprocess=[{"spec": "Short.jar x"}]
    )
    with pytest.raises(MacroError) as caught:
        deepimagej.run(bundle, PLANE, trust=True)
    assert caught.value.message == 'The Java step made "b" of shape (3,); its axes are bcyx.'
    assert caught.value.hint == "It needs 4 axes, in this order."


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (
            'made.put("c", other)',
            'The Java step Odd.jar made "c", which is no input of the model.',
            "Its inputs are a, b.",
        ),
        (
            'made.put("b", "text")',
            'The Java step Odd.jar made "b" as java.lang.String.',
            "It may be an ImagePlus, a ResultsTable or an array of numbers such as float[][].",
        ),
        (
            "other.clone()",
            'The preprocessing of "Sum of two" left nothing for b.',
            "Name an image for it, or let a step make it.",
        ),
    ],
)
def test_an_input_that_is_none_is_refused(
    ij: ImageJ, tmp_path: Path, steps: Path, change: str, message: str, hint: str
) -> None:
    (steps / "Odd.jar").unlink(missing_ok=True)
    shutil.rmtree(steps / "Odd classes", ignore_errors=True)
    shutil.rmtree(steps / "Odd classes sources", ignore_errors=True)
    compile_jar(steps / "Odd.jar", PRE.replace('made.put("b", other)', change), GAIN)
    bundle = with_steps(
        make_sum_bundle(tmp_path / "sum"), steps, "Odd.jar", preprocess=[{"spec": "Odd.jar x"}]
    )
    with pytest.raises(MacroError) as caught:
        deepimagej.run(bundle, PLANE, trust=True)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_step_runs_only_after_it_was_trusted_and_again_when_it_changed(
    ij: ImageJ, tmp_path: Path, steps: Path
) -> None:
    bundle = post_bundle(tmp_path, steps, "Post.class Post::run", name="Untrusted")
    (bundle / "Post$Inner.class").write_bytes((steps / "Post$Inner.class").read_bytes() + b"x")
    with pytest.raises(TrustError) as caught:
        deepimagej.run(bundle, PLANE)
    assert 'The model "Untrusted" brings code that you have not trusted yet: ' in (
        caught.value.message
    )
    assert "Post$Inner.class: Java code (can do anything)" in caught.value.message
    for file in bundle.glob("*.class"):
        shutil.copy(steps / file.name, bundle)
    deepimagej.run(bundle, PLANE, trust=True, display_output="none")
    deepimagej.run(bundle, PLANE, display_output="none")
    (bundle / "Post.class").write_bytes((bundle / "Post.class").read_bytes() + b"x")
    with pytest.raises(TrustError):
        deepimagej.run(bundle, PLANE)
