from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest

from deepimagej.errors import HostError, ImageError, MacroError
from deepimagej.host.macros import captured_log, run_macro, run_macro_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

_CORRECT = "Correct the macro, or the image and options that it was given."
_NO_DISPLAY = "Give the value in the macro itself, or run the macro in an ImageJ with windows."


@pytest.fixture(autouse=True)
def _clean(imagej: Host) -> Iterator[None]:
    yield
    imagej.close()


def _error(imagej: Host, text: str) -> tuple[str, str]:
    with pytest.raises(MacroError) as caught:
        run_macro(imagej, text)
    return caught.value.message, caught.value.hint


def test_a_macro_gets_its_argument_and_returns_text(imagej: Host) -> None:
    assert run_macro(imagej, 'return "got " + getArgument();', "x y") == "got x y"


@pytest.mark.parametrize("text", ["x = 1;", "exit();", "exit", "return;", 'if (1) exit(""); x=1;'])
def test_a_macro_that_just_ends_returns_none(imagej: Host, text: str) -> None:
    assert run_macro(imagej, text) is None


def test_an_error_has_imagejs_message_and_the_line_as_it_was_written(
    imagej: Host,
) -> None:
    assert _error(imagej, "a = 1;\n  b = a+nothing;  // sum\nprint(b);") == (
        'The macro stopped in line 2, "b = a+nothing;  // sum": Undefined variable.',
        _CORRECT,
    )


def test_an_error_in_a_function_has_the_functions_line(imagej: Host) -> None:
    text = "f(2);\nfunction f(x) {\n  return x[7];\n}"
    message, _ = _error(imagej, text)
    assert message.startswith('The macro stopped in line 3, "return x[7];": ')


def test_an_error_in_a_called_macro_stops_the_caller_and_shows_the_called_line(
    imagej: Host, tmp_path: Path
) -> None:
    (tmp_path / "inner.ijm").write_text("// first\nx = foo(1);\n")
    text = f'newImage("a", "8-bit black", 3, 3, 1);\nrunMacro("{tmp_path}/inner.ijm");\nclose("*");'
    assert _error(imagej, text) == (
        "The macro stopped in line 2 of a macro that it called, "
        '"x = foo ( 1 ) ;": Undefined identifier.',
        _CORRECT,
    )
    assert run_macro(imagej, "return d2s(nImages, 0);") == "1"


def test_an_error_in_eval_stops_the_macro(imagej: Host) -> None:
    message, _ = _error(imagej, 'x = 1;\neval("a = b;");')
    assert message == (
        'The macro stopped in line 1 of a macro that it called, "a = b ;": Undefined variable.'
    )


def test_an_unknown_command_is_named(imagej: Host) -> None:
    assert _error(imagej, 'x = 1;\nrun("Classic Watershed", "a=b");') == (
        'The macro stopped in line 2, "run("Classic Watershed", "a=b");": '
        'ImageJ has no command "Classic Watershed".',
        "It is one of MorphoLibJ: tick the update site IJPB-plugins in Fiji (Help > Update... > "
        "Manage Update Sites).",
    )


def test_an_unknown_command_of_no_known_plugin_is_named(imagej: Host) -> None:
    assert _error(imagej, 'run("No such");') == (
        'The macro stopped in line 1, "run("No such");": ImageJ has no command "No such".',
        'Install the plugin that brings "No such", or correct its name.',
    )


def test_exit_with_a_message_is_an_error_with_that_message(imagej: Host) -> None:
    assert _error(imagej, 'exit("No cells here!");') == (
        "The macro stopped: No cells here!",
        _CORRECT,
    )


def test_a_command_without_an_image_says_so(imagej: Host) -> None:
    message, _ = _error(imagej, 'run("Invert");')
    assert message == ('The macro stopped in line 1, "run("Invert");": There are no images open.')


def test_an_exception_in_a_command_stops_the_macro(imagej: Host) -> None:
    line = 'run("Canvas Size...", "width=-5 height=5 position=Center");'
    message, _ = _error(imagej, f'newImage("a", "8-bit black", 3, 3, 1);\n{line}\nprint("no");')
    assert message.startswith(f'The macro stopped in line 2, "{line}": Canvas Size...: ')


@pytest.mark.parametrize(
    ("line", "function"),
    [
        ('Dialog.create("x");', "Dialog.create()"),
        ('n = getNumber("n", 3);', "getNumber()"),
        ('s = getString("n", "a");', "getString()"),
        ('b = getBoolean("sure?");', "getBoolean()"),
        ('waitForUser("draw");', "waitForUser()"),
        ('f = File.openDialog("which");', "File.openDialog()"),
    ],
)
def test_a_function_that_needs_a_display_is_named(imagej: Host, line: str, function: str) -> None:
    assert _error(imagej, f"a = 1;\n{line}") == (
        f'The macro stopped in line 2, "{line}": '
        f"{function} needs a display, and ImageJ runs without one.",
        _NO_DISPLAY,
    )


def test_a_failure_takes_no_time(imagej: Host) -> None:
    start = time.perf_counter()
    _error(imagej, "a = b;")
    assert time.perf_counter() - start < 1


def test_images_stay_open_between_macros_and_when_one_fails(imagej: Host) -> None:
    run_macro(
        imagej, 'newImage("a", "8-bit black", 3, 3, 1); newImage("b", "8-bit black", 3, 3, 1);'
    )
    run_macro(imagej, 'selectImage("a");')
    _error(imagej, 'newImage("c", "8-bit black", 3, 3, 1);\nfoo();')
    assert run_macro(imagej, "return d2s(nImages, 0) + getTitle();") == "3a"


def test_the_error_of_our_own_command_comes_out_of_the_macro(imagej: Host) -> None:
    def refuse(command: str, options: str) -> None:
        raise ImageError(f"{command} {options}", hint="none")

    with imagej.answering(refuse), pytest.raises(ImageError, match="DeepImageJ Run model=m"):
        run_macro(imagej, 'x = 1;\nrun("DeepImageJ Run", "model=m");\nexit("no");')


def test_a_macro_inside_a_command_may_fail_and_the_calling_macro_goes_on(
    imagej: Host,
) -> None:
    def inner(command: str, options: str) -> None:
        _error(imagej, "a = b;")

    with imagej.answering(inner):
        text = 'a = 7; newImage("a", "8-bit black", 3, 3, 1); run("DeepImageJ Run", "model=m"); '
        assert run_macro(imagej, text + "return d2s(a, 0) + d2s(nImages, 0);") == "71"


def test_a_file_is_called_by_its_name(imagej: Host, tmp_path: Path) -> None:
    path = tmp_path / "pre.txt"
    path.write_bytes(b"// 5 \xb5m\nfoo();\n")
    with pytest.raises(MacroError) as caught:
        run_macro_file(imagej, path)
    assert caught.value.message == ('pre.txt stopped in line 2, "foo();": Undefined identifier.')


def test_a_file_that_is_not_there_is_an_error(imagej: Host, tmp_path: Path) -> None:
    path = tmp_path / "none.ijm"
    with pytest.raises(HostError) as caught:
        run_macro_file(imagej, path)
    assert caught.value.message == f"The macro {path} cannot be read: No such file or directory."
    assert caught.value.hint == "Check the name and the rights of the file."


def test_what_a_macro_prints_goes_to_the_log_when_asked_for(
    imagej: Host, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "deepimagej.macro"), captured_log(imagej):
        run_macro(imagej, 'print("5 Å"); print(2);')
    run_macro(imagej, 'print("out");')
    assert caplog.messages == ["5 Å", "2"]
    assert capfd.readouterr().out == "out\n"
