"""Macros in the running ImageJ."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from deepimagej.errors import HostError
from deepimagej.host.java_fields import StaticFields
from deepimagej.host.macro_errors import macro_error
from deepimagej.host.unchanged import is_changed, listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deepimagej.host.running import Host

_log = logging.getLogger("deepimagej.macro")

_VARIABLE: Final = re.compile(r"(?<==)&(\w+)")
_ABORTED: Final = "[aborted]"
_INTERPRETER: Final = "ij.macro.Interpreter"
_IMAGES: Final = ("batchMode", "imageTable", "imageActivations")


def run_macro(host: Host, text: str, arg: str = "", *, name: str = "The macro") -> str | None:
    """Run the macro `text` with `arg` and give what it returns, None if nothing.

    Images stay open between calls, also when the macro fails.

    Raises
    ------
    MacroError
        The macro, or one that it called, stopped with an error; with ImageJ's message and line.
    DeepImageJError
        One of our own commands stopped it: that command's error.
    """
    host.attach()
    host.take_exception()  # of an earlier command, called by nobody who asked
    with _kept_images(host):
        answer, message = (_run if is_changed(host) else _run_unchanged)(host, text, arg)
    if message is not None and not str(message).strip():
        return None  # exit(""): the macro ends on purpose
    if (error := host.take_exception()) is not None and message is not None:
        raise error
    if message is not None:
        raise macro_error(str(message), name=name, source=text)
    return None if answer is None or str(answer) == _ABORTED else str(answer)


def _run(host: Host, text: str, arg: str) -> tuple[Any, Any]:
    """What the macro returned, and why it stopped."""
    errors = host.java_class("deepimagej.MacroErrors")
    errors.begin()
    try:
        answer = host.java_class("ij.IJ").runMacro(text, arg)
    finally:
        message = errors.end()
    return answer, message


def _run_unchanged(host: Host, text: str, arg: str) -> tuple[Any, Any]:
    with listening(host) as heard:
        answer = host.java_class("ij.IJ").runMacro(text, arg)
    message = heard.message(answer)
    heard.pass_on(host)
    return answer, message


def run_macro_file(host: Host, path: Path, arg: str = "") -> str | None:
    """Run the macro in a file; see `run_macro`."""
    return run_macro(host, read_macro(host, path), arg, name=path.name)


def with_variables(host: Host, options: str) -> str:
    """`options` with the values of the running macro's variables for ``key=&variable``."""
    macro = host.java_class("ij.macro.Interpreter").getInstance()
    if macro is None:
        return options

    def value(found: re.Match[str]) -> str:
        text = macro.getVariableAsString(found[1])
        return found[0] if text is None else str(text)

    return _VARIABLE.sub(value, options)


def read_macro(host: Host, path: Path) -> str:
    """The text of a macro file, its ``#include`` lines followed.

    Raises
    ------
    HostError
        The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise HostError(
            f"The macro {path} cannot be read: {cause.strerror or cause}.",
            hint="Check the name and the rights of the file.",
        ) from cause
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # old macros are in ImageJ's own encoding
        text = data.decode("latin-1")
    if "#include" in text:
        return str(host.java_class("ij.plugin.frame.Editor").doInclude(text))
    return text


@contextmanager
def captured_log(host: Host) -> Iterator[None]:
    """Send what macros print to the logger ``deepimagej.macro`` instead of stdout.

    Without a window ImageJ's log is the standard output, which belongs to the results of a
    command in the shell.
    """
    system = host.java_class("java.lang.System")
    buffer = host.java_class("java.io.ByteArrayOutputStream")()
    before = getattr(system, "out")  # noqa: B009  # jpype gives it at run time
    system.setOut(host.java_class("java.io.PrintStream")(buffer, True, "UTF-8"))
    try:
        yield
    finally:
        system.setOut(before)
        for line in str(buffer.toString("UTF-8")).splitlines():
            _log.info("%s", line)


@contextmanager
def _kept_images(host: Host) -> Iterator[None]:
    """Keep the list of images, which ImageJ drops headless when a macro fails.

    Also the note of the macro that runs: a macro that calls us goes on after one that failed.
    """
    fields = StaticFields(host, _INTERPRETER, (*_IMAGES, "instance"))
    manager = host.java_class("ij.WindowManager")
    current = manager.getTempCurrentImage()
    before = fields.read()
    if host.mode == "headless" and before["imageTable"] is None:
        vector = host.java_class("java.util.Vector")
        before.update(imageTable=vector(), imageActivations=vector())
        fields.write(before)
    try:
        yield
    finally:
        after = fields.read()
        if after["imageTable"] is None and before["imageTable"] is not None:
            fields.write({name: before[name] for name in _IMAGES} | _batch_mode(host))
            manager.setTempCurrentImage(_last(before, current))
        fields.write({"instance": before["instance"]})


def _batch_mode(host: Host) -> dict[str, Any]:
    return {"batchMode": True} if host.mode == "headless" else {}


def _last(fields: dict[str, Any], current: Any) -> Any:
    """The image to be current: the one before if it is still open, else the latest."""
    open_images = list(fields["imageTable"])
    if current is not None and any(each.equals(current) for each in open_images):
        return current
    activations = list(fields["imageActivations"] or ())
    return activations[-1] if activations else (open_images[-1] if open_images else None)
