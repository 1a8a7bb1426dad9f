"""What stops a macro in an ImageJ whose classes are not ours to change.

An ImageJ that another program started has loaded its classes before we came. There, headless,
ij1-patcher prints the message of a failing macro on Java's stderr; what a macro function or a
command throws goes to a handler that ImageJ lets us set; and ``exit("message")`` is printed. With
windows ImageJ shows its own dialogs, as it would without us.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.host.running import Host

_ERROR: Final = re.compile(r"^(?:Macro Error|No Image): (?P<message>.*)", re.DOTALL | re.MULTILINE)
_CANCELED: Final = "Macro canceled"


@dataclass(slots=True)
class Heard:
    """What was heard while a macro ran."""

    errors: str = ""
    """Java's stderr."""
    output: str = ""
    """Java's stdout."""
    thrown: str | None = None
    """The first exception."""

    def message(self, answer: Any) -> str | None:
        """Why the macro stopped; None if it did not."""
        if found := _ERROR.search(self.errors):
            return found["message"].rstrip("\n")
        if self.thrown is not None:
            return self.thrown
        *printed, last = self.output.strip().splitlines() or [""]
        if str(answer) != "[aborted]" or not last:
            return None
        self.output = "".join(f"{line}\n" for line in printed)
        return last

    def pass_on(self, host: Host) -> None:
        """Print what was heard and is no message."""
        if self.output:
            host.java_class("java.lang.System").out.print_(self.output)
        if self.errors and not _ERROR.search(self.errors):
            sys.stderr.write(self.errors)


@cache
def is_changed(host: Host) -> bool:
    """Whether the classes of this ImageJ are those of `deepimagej.host.patch_imagej`."""
    methods = host.java_class("ij.macro.Interpreter").class_.getDeclaredMethods()
    return any(str(method.getName()) == "tellError" for method in methods)


@contextmanager
def listening(host: Host) -> Iterator[Heard]:
    """Hear why the macros inside a ``with`` stop, and what they print."""
    import jpype

    heard = Heard()

    @jpype.JImplements("ij.IJ$ExceptionHandler")
    class Handler:
        @jpype.JOverride  # type: ignore[untyped-decorator]  # jpype has no types
        def handle(self, error: Any) -> None:
            text = str(error.getMessage())
            if text == _CANCELED:
                return
            heard.thrown = heard.thrown or f"{error.getClass().getSimpleName()}: {text}"
            macro = host.java_class("ij.macro.Interpreter").getInstance()
            if macro is not None:
                macro.abort(heard.thrown)

    imagej, system = host.java_class("ij.IJ"), host.java_class("java.lang.System")
    streams = [host.java_class("java.io.ByteArrayOutputStream")() for _ in range(2)]
    printers = [host.java_class("java.io.PrintStream")(each, True, "UTF-8") for each in streams]
    before = system.err, getattr(system, "out")  # noqa: B009  # jpype gives it at run time
    imagej.setExceptionHandler(Handler())
    system.setErr(printers[0])
    system.setOut(printers[1])
    try:
        yield heard
    finally:
        system.setErr(before[0])
        system.setOut(before[1])
        imagej.setExceptionHandler(None)
        heard.errors, heard.output = (str(each.toString("UTF-8")) for each in streams)
