"""The command as macros meet it, and what stops a macro."""

from __future__ import annotations

import io
import logging
import threading
import time
import zipfile
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from deepimagej.dialogs import fields_of
from deepimagej.errors import ImageError, RunCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deepimagej.host.running import Host

FAILING = ImageError("The image has 3 channels.", hint="Choose one with channel=.")


@pytest.fixture(autouse=True)
def clean(imagej: Host) -> Iterator[None]:
    yield
    imagej.close()
    imagej.take_exception()
    imagej.java_class("ij.IJ").runMacro('roiManager("reset"); run("Clear Results");')


def run_macro(imagej: Host, text: str) -> tuple[str | None, str | None]:
    """The macro's result and the kept error."""
    errors = imagej.java_class("deepimagej.MacroErrors")
    errors.begin()
    try:
        result = imagej.java_class("ij.IJ").runMacro(text, "")
    finally:
        message = errors.end()
    as_text = [None if each is None else str(each) for each in (result, message)]
    return as_text[0], as_text[1]


def fail(command: str, options: str) -> None:
    raise FAILING


def test_a_macro_hands_over_name_and_options(imagej: Host) -> None:
    calls: list[tuple[str, str]] = []
    with imagej.answering(lambda name, options: calls.append((name, options))):
        _, error = run_macro(imagej, 'run("DeepImageJ Run", "model=[a b] tile=5,6");')
    assert error is None
    assert calls == [("DeepImageJ Run", "model=[a b] tile=5,6 ")]


def test_a_macro_without_options_gets_no_dialog(imagej: Host) -> None:
    calls: list[str] = []
    with imagej.answering(lambda _, options: calls.append(options)):
        run_macro(imagej, 'run("DeepImageJ Run");')
    assert calls == [""]


def test_imagej_run_from_python_hands_over_the_options(imagej: Host) -> None:
    calls: list[str] = []
    with imagej.answering(lambda _, options: calls.append(options)):
        imagej.java_class("ij.IJ").run("DeepImageJ Run", "model=x")
    assert calls == ["model=x "]


def test_java_gets_the_fields_of_a_dialog(imagej: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = imagej.java_class("deepimagej.Command").class_.getDeclaredField("runner")
    runner.setAccessible(True)
    monkeypatch.setattr(imagej.bridge, "_fields", lambda command: fields_of(command, ["a b"]))
    fields = runner.get(None).fields("DeepImageJ StarDist")
    assert [[str(text) for text in field] for field in fields] == fields_of(
        "DeepImageJ StarDist", ["a b"]
    )


MACROS = {
    "in the main part": 'run("DeepImageJ Run", "model=a");\nrun("Set Measurements...", "area");{}',
    "in a function": 'function f() {{\nrun("DeepImageJ Run", "model=a");{}\n}}\nf();{}',
    "in batch mode": 'setBatchMode(true);\nrun("DeepImageJ Run", "model=a");{}',
    "in eval": 'eval(\'run("DeepImageJ Run", "model=a");{}\');{}',
}
MARK = 'newImage("after", "8-bit", 4, 4, 1);'


@pytest.mark.parametrize("macro", MACROS.values(), ids=MACROS.keys())
def test_a_failing_command_stops_the_macro_at_that_line_at_once(imagej: Host, macro: str) -> None:
    text = macro.replace("{}", MARK).replace("{{", "{").replace("}}", "}")
    text = text.replace(f"{MARK}');", "');")
    began = time.monotonic()
    with imagej.answering(fail):
        _, error = run_macro(imagej, text)
    assert time.monotonic() - began < 1.5  # ImageJ itself would wait 2 s
    assert error is not None
    assert error.startswith("The image has 3 channels.\nChoose one with channel=. in line ")
    assert imagej.java_class("ij.WindowManager").getImageCount() == 0
    assert imagej.take_exception() is FAILING
    assert imagej.take_exception() is None


def test_a_failing_command_stops_the_macros_that_called_it(
    imagej: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inner = tmp_path_factory.mktemp("macros") / "inner.ijm"
    inner.write_text(f'run("DeepImageJ Run", "model=a");{MARK}')
    with imagej.answering(fail):
        result, error = run_macro(imagej, f'runMacro("{inner.as_posix()}");{MARK}')
    assert result == "[aborted]"
    assert error is not None
    assert imagej.java_class("ij.WindowManager").getImageCount() == 0


def test_a_failing_macro_inside_the_command_does_not_save_the_caller(
    imagej: Host,
) -> None:
    def run_a_failing_macro(command: str, options: str) -> None:
        _, error = run_macro(imagej, "x = ;")
        raise ImageError(str(error).splitlines()[0], hint="Mend the macro.")

    with imagej.answering(run_a_failing_macro):
        _, error = run_macro(imagej, f'run("DeepImageJ Run", "model=a");{MARK}')
    assert error is not None
    assert error.startswith("Number or numeric function expected in line 1\nMend the macro. in")
    assert imagej.java_class("ij.WindowManager").getImageCount() == 0


def test_a_cancelled_command_stops_the_macro(imagej: Host) -> None:
    def cancel(command: str, options: str) -> None:
        raise RunCancelled("The run was cancelled.")

    with imagej.answering(cancel):
        run_macro(imagej, f'run("DeepImageJ Run", "model=a");{MARK}')
    assert isinstance(imagej.take_exception(), RunCancelled)
    assert imagej.java_class("ij.WindowManager").getImageCount() == 0


def test_a_bug_behind_the_command_reaches_python_as_it_is(
    imagej: Host, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(command: str, options: str) -> None:
        raise ZeroDivisionError("seven by nothing")

    with imagej.answering(stumble), caplog.at_level(logging.DEBUG):
        _, error = run_macro(imagej, 'run("DeepImageJ Run", "model=a");')
    assert error is not None
    assert error.startswith("ZeroDivisionError: seven by nothing in line 1")
    assert isinstance(imagej.take_exception(), ZeroDivisionError)
    assert "Traceback" in caplog.text


ERRORS = {
    "x = ;": "Number or numeric function expected in line 1\n \nx = <;> ",
    "\n\nrun('No such thing');": 'Unrecognized command: "No such thing" in line 3',
    "run('Gaussian Blur...', 'sigma=2');": "There are no images open in line 1",
    "exit('my reason');": "my reason",
    "x = getNumber('n', 1);": "A function that needs a display was called headless in line 1",
    "waitForUser('look');": "A function that needs a display was called headless in line 1",
    "runMacro('/no/such.ijm');": "Macro or script not found:",
    "eval('x = ;');": "Number or numeric function expected in line 1",
    "selectWindow('nowhere');": 'No window with the title "nowhere" found. in line 1',
    "a = newArray(2); x = a[5];": "Index (5) out of 0-1 range in line 1",
    MARK
    + "run('Curve Fitting...');": "Curve Fitting...: A function that needs a display was called",
    MARK + "roiManager('rename', 'x');": "Exactly one item in the list must be selected.",
}


@pytest.mark.parametrize(("macro", "message"), ERRORS.items())
def test_a_macro_that_fails_headless_keeps_its_message_and_waits_for_nothing(
    imagej: Host, macro: str, message: str
) -> None:
    began = time.monotonic()
    _, error = run_macro(imagej, f"{macro}newImage('after', '8-bit', 4, 4, 1);")
    assert time.monotonic() - began < 1.5
    assert error is not None
    assert error.startswith(message)
    assert not imagej.java_class("ij.WindowManager").getImage("after") or MARK in macro


def test_a_macro_that_only_exits_has_no_error(imagej: Host) -> None:
    assert run_macro(imagej, "exit();") == ("[aborted]", None)
    assert run_macro(imagej, "return 'fine';") == ("fine", None)


def test_an_error_outside_a_called_macro_is_not_kept(
    imagej: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    imagej.java_class("ij.IJ").runMacro("x = ;")
    assert run_macro(imagej, "return 'fine';") == ("fine", None)
    captured = capfd.readouterr()
    assert "Number or numeric function expected in line 1" in captured.err
    assert captured.out == ""


def test_the_roi_manager_works_headless(imagej: Host) -> None:
    macro = """
        newImage("a", "8-bit ramp", 32, 32, 3);
        run("Set Measurements...", "mean redirect=None decimal=3");
        run("ROI Manager...");
        makeRectangle(1, 1, 5, 5); roiManager("Add");
        makeOval(10, 10, 9, 9); roiManager("Add");
        roiManager("Select", 0); roiManager("Rename", "first");
        roiManager("Deselect");
        roiManager("multi-measure measure_all one");
        slices = nResults;
        selectWindow("Results");
        run("Clear Results");
        roiManager("Measure");
        setTool("wand");
        name = RoiManager.getName(0);
        return name + " " + roiManager("count") + " " + slices + " " + nResults;
    """
    assert run_macro(imagej, macro) == ("first 2 3 2", None)


def test_particles_go_to_the_roi_manager_headless(imagej: Host) -> None:
    macro = """
        newImage("a", "8-bit black", 32, 32, 1);
        setColor(255); fillRect(2, 2, 5, 5); fillRect(20, 20, 6, 6);
        setThreshold(100, 255);
        run("Analyze Particles...", "add");
        return "" + roiManager("count");
    """
    assert run_macro(imagej, macro) == ("2", None)


@pytest.mark.parametrize("roi", ["makeRectangle(1,1,3,3)", "makeLine(1,1,9,9)", "makePoint(3,3)"])
def test_every_measured_row_is_kept_headless_and_none_is_printed(
    imagej: Host, capfd: pytest.CaptureFixture[str], roi: str
) -> None:
    macro = f"""
        newImage("a", "8-bit ramp", 32, 32, 1);
        {roi}; run("Measure"); run("Measure");
        run("Set Measurements...", "area mean redirect=None decimal=3");
        run("Measure");
        return "" + nResults;
    """
    assert run_macro(imagej, macro) == ("3", None)
    assert capfd.readouterr().out == ""


def test_counts_of_maxima_are_rows_headless(imagej: Host) -> None:
    macro = """
        newImage("a", "8-bit black", 32, 32, 1);
        setPixel(5, 5, 200); setPixel(20, 20, 200);
        run("Find Maxima...", "prominence=10 output=Count");
        run("Find Maxima...", "prominence=10 output=Count");
        return "" + nResults + " " + getResult("Count", 0);
    """
    assert run_macro(imagej, macro) == ("2 2", None)


def on_a_thread(task: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001  # raised again below
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def test_another_thread_opens_images(
    imagej: Host, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = (tmp_path_factory.mktemp("images") / "a.tif").as_posix()

    def write_and_open() -> None:
        _, error = run_macro(imagej, f"{MARK} saveAs('Tiff', '{path}'); close(); open('{path}');")
        assert error is None
        assert imagej.java_class("ij.WindowManager").getImageCount() == 1

    on_a_thread(write_and_open)


def test_each_thread_has_its_own_error(imagej: Host) -> None:
    def fail_there() -> None:
        with imagej.answering(fail):
            run_macro(imagej, 'run("DeepImageJ Run", "model=a");')
        assert imagej.take_exception() is FAILING

    on_a_thread(fail_there)
    assert imagej.take_exception() is None


def test_without_python_the_command_says_so_and_stops_the_macro(imagej: Host) -> None:
    if imagej.gateway is not None:
        pytest.skip("in a Fiji the command finds Python by itself: tests/host/test_pyimagej.py")
    imagej.java_class("deepimagej.Command").setRunner(None)
    try:
        _, error = run_macro(imagej, f'run("DeepImageJ Run", "model=a");{MARK}')
    finally:
        imagej.bridge.register()
    assert error is not None
    assert error.startswith(
        "DeepImageJ runs in Python, and this ImageJ was started without it.\n"
        'Start ImageJ from Python: deepimagej.start(mode="gui") in line 1'
    )
    assert imagej.java_class("ij.WindowManager").getImageCount() == 0


def test_the_jar_runs_on_java_8_and_names_the_command_in_the_menu() -> None:
    content = files("deepimagej.host").joinpath("jars", "DeepImageJ_Run.jar").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as jar:
        classes = [jar.read(name) for name in jar.namelist() if name.endswith(".class")]
        config = jar.read("plugins.config").decode()
    assert {each[6:8] for each in classes} == {b"\0\x34"}  # 52: Java 8
    line = 'Plugins>DeepImageJ, "DeepImageJ Run", deepimagej.Command("DeepImageJ Run")'
    assert line in config.splitlines()
