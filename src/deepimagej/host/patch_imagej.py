"""Makes the changed ImageJ classes, once per version, in a process of its own.

Two jars come out, to be put in front of ImageJ's own on the class path:

- *headless*: what ij1-patcher changes so that ImageJ runs without a display (at every start this
  would cost 2 to 4 s; a Fiji does it itself), the ROI Manager without a window, and the changes
  below;
- *display*: the changes below.

The changes: what stops a macro goes to `deepimagej.MacroErrors`, which keeps it for the program
that called the macro, instead of into a dialog or a stack trace; and a macro that failed ends at
once, not after 2 s, and so do the macros that called it.
"""

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jpype

Change = Callable[[Any], None]
"""Changes one class, a `javassist.CtClass`."""

_STRINGS: Final = "(Ljava/lang/String;Ljava/lang/String;)"


def make_jars(headless: Path, display: Path, class_path: list[str]) -> None:
    """Write both jars; Java runs with `class_path`."""
    if any(Path(jar).name.startswith("ij1-patcher") for jar in class_path):
        _write(headless, _changed_for_headless(class_path))
    else:  # Fiji's own patcher changes the classes further, at each start
        _write(headless, _change(class_path, _CHANGES_HEADLESS))
    _write(display, _change(class_path, _CHANGES))


def _changed_for_headless(class_path: list[str]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        patched = Path(folder) / "patched.jar"
        injector = jpype.JClass("net.imagej.patcher.LegacyInjector")
        # (headless, but not the hooks that only ImageJ2 fills)
        injector.writeJar(jpype.JClass("java.io.File")(str(patched)), True, False)
        with zipfile.ZipFile(patched) as jar:
            classes = {name: jar.read(name) for name in jar.namelist() if name.endswith(".class")}
        return {**classes, **_change([str(patched), *class_path], _CHANGES_HEADLESS)}


def _change(class_path: list[str], changes: dict[str, Change]) -> dict[str, bytes]:
    pool = jpype.JClass("javassist.ClassPool")(False)
    pool.appendSystemPath()
    for jar in reversed(class_path):
        pool.insertClassPath(jar)
    changed = {}
    for name, change in changes.items():
        java_class = pool.get(name)
        change(java_class)
        changed[name.replace(".", "/") + ".class"] = bytes(java_class.toBytecode())
    return changed


def _write(path: Path, classes: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as jar:
        for name in sorted(classes):
            jar.writestr(name, classes[name])


def _change_interpreter(java_class: Any) -> None:
    """Errors without a dialog, and no waiting for oneself."""
    # Not in showError itself: what ij1-patcher puts there comes first, whoever was first.
    tell = jpype.JClass("javassist.CtMethod").make(
        "void tellError(String title, String message, String[] variables) {"
        " if (!deepimagej.MacroErrors.caught($2)) showError($1, $2, $3); }",
        java_class,
    )
    java_class.addMethod(tell)
    converter = jpype.JClass("javassist.CodeConverter")()
    converter.redirectMethodCall(java_class.getDeclaredMethod("showError"), tell)
    java_class.getDeclaredMethod("error").instrument(converter)
    throwable = java_class.getClassPool().get("java.lang.Throwable")
    _method(java_class, "run", _STRINGS).addCatch(
        '{ deepimagej.MacroErrors.caught($e, this.pgm == null ? "" : " in line "'
        ' + this.getLineNumber() + "\\n \\n" + this.getErrorLine()); throw $e; }',
        throwable,
    )
    # abortMacro waits until the macro's thread has seen a flag: in vain if it is that thread.
    field = jpype.JClass("javassist.CtField").make("private Thread thread;", java_class)
    java_class.addField(field)
    _method(java_class, "run", "(Lij/macro/Program;)").insertBefore(
        "this.thread = Thread.currentThread();"
    )
    java_class.getDeclaredMethod("abortMacro").insertBefore(
        "if (this.thread == Thread.currentThread()) instance = null;"
    )


def _change_functions(java_class: Any) -> None:
    """No dialog for ``exit("message")``; a failure in ``runMacro`` and ``eval`` goes on up."""
    _redirect(java_class.getDeclaredMethod("exit"), "showMessage", _STRINGS)
    java_class.getDeclaredMethod("runMacro").insertAfter(
        "if (deepimagej.MacroErrors.isPending())"
        " throw new RuntimeException(ij.Macro.MACRO_CANCELED);"
    )


def _change_functions_headless(java_class: Any) -> None:
    """Also, ``getResult`` finds a table that is not the Results table."""
    _change_functions(java_class)
    _method(java_class, "getResultsTable", "(Z)").insertBefore(
        "{ ij.measure.ResultsTable front = deepimagej.HeadlessTable.active();"
        " if (front != null) return front; }"
    )


def _change_macro(java_class: Any) -> None:
    """``key=&variable`` has the variable's value, as in the dialogs that are not there headless."""
    java_class.getDeclaredMethod("getValue").insertAfter(
        "$_ = deepimagej.HeadlessOptions.value($_);"
    )


def _change_macro_runner(java_class: Any) -> None:
    """What a macro function throws is kept, not shown with its stack trace."""
    method = _method(java_class, "runMacro", _STRINGS)
    _redirect(method, "handleException", "(Ljava/lang/Throwable;)")


def _change_executer(java_class: Any) -> None:
    """What a command throws stops the macro that called it."""
    throwable = java_class.getClassPool().get("java.lang.Throwable")
    java_class.getDeclaredMethod("runCommand").addCatch(
        "{ deepimagej.MacroErrors.commandFailed($1, $e); throw $e; }", throwable
    )


def _change_ij(java_class: Any) -> None:
    """No dialog for ``IJ.error`` where ImageJ lost sight of the macro."""
    _redirect(_method(java_class, "error", _STRINGS), "showMessage", _STRINGS)


def _change_roi_manager(java_class: Any) -> None:
    """No dialog for an error of the ROI Manager."""
    java_class.getDeclaredMethod("error").insertBefore(
        "if (deepimagej.MacroErrors.isQuiet())"
        ' { deepimagej.MacroErrors.showMessage("ROI Manager", $1); return false; }'
    )


def _change_ij_headless(java_class: Any) -> None:
    """Also, what recorded macros say about windows that are not there headless."""
    _change_ij(java_class)
    three_strings = _STRINGS[:-1] + "Ljava/lang/String;)"
    _method(java_class, "runPlugIn", three_strings).insertBefore(
        'if ("ij.plugin.frame.RoiManager".equals($2)'
        " && ij.plugin.frame.RoiManager.getRawInstance() != null)"
        " return ij.plugin.frame.RoiManager.getRawInstance();"
        "if (deepimagej.HeadlessWindows.isTool($2)) return null;"
    )
    for parameters in ("(I)", "(Ljava/lang/String;)"):
        _method(java_class, "setTool", parameters).insertBefore(
            "if (ij.gui.Toolbar.getInstance() == null) return true;"
        )
    # ImageJ would wait 3 s for a window that never comes.
    _method(java_class, "selectWindow", "(Ljava/lang/String;)").insertBefore(
        "if (deepimagej.HeadlessWindows.select($1)) return;"
        "if (ij.WindowManager.getWindow($1) == null && ij.WindowManager.getImage($1) == null)"
        ' { error("Macro Error", "No window with the title \\"" + $1 + "\\" found."); return; }'
    )


def _change_commands(java_class: Any) -> None:
    """``run("Close")`` spares the image where the macro had selected a window that is not there."""
    java_class.getDeclaredMethod("close").insertBefore(
        "if (deepimagej.HeadlessWindows.close()) return;"
    )


def _change_results_table(java_class: Any) -> None:
    """``show("Results")`` makes the table the Results table, as it does with a display.

    Headless it does nothing, and what ``roiManager("multi-measure")`` measured is lost; and every
    other table, as there is no window to hold it.
    """
    show = java_class.getDeclaredMethod("show")
    show.insertBefore("if (deepimagej.HeadlessTable.show(this, $1)) return;")
    show.insertBefore(
        'if ("Results".equals($1) && this != ij.plugin.filter.Analyzer.getResultsTable())'
        " ij.plugin.filter.Analyzer.setResultsTable(this);"
    )


def _change_analyzer(java_class: Any) -> None:
    """Measured rows stay, and are not printed.

    Without the Results window ``run("Measure")`` keeps one row only, and prints it on stdout.
    """
    java_class.getDeclaredMethod("displayResults").insertBefore("if (true) return;")
    _change_maximum_finder(java_class)


def _change_maximum_finder(java_class: Any) -> None:
    """Rows are added to the table that is there."""
    _redirect(java_class, "isResultsWindow", "()", to="deepimagej.HeadlessResults")


_CHANGES: Final[dict[str, Change]] = {
    "ij.macro.Interpreter": _change_interpreter,
    "ij.macro.Functions": _change_functions,
    "ij.plugin.Macro_Runner": _change_macro_runner,
    "ij.Executer": _change_executer,
    "ij.IJ": _change_ij,
    "ij.plugin.frame.RoiManager": _change_roi_manager,
}
_CHANGES_HEADLESS: Final[dict[str, Change]] = {
    **_CHANGES,
    "ij.IJ": _change_ij_headless,
    "ij.Macro": _change_macro,
    "ij.macro.Functions": _change_functions_headless,
    "ij.plugin.Commands": _change_commands,
    "ij.measure.ResultsTable": _change_results_table,
    "ij.plugin.filter.Analyzer": _change_analyzer,
    "ij.plugin.filter.MaximumFinder": _change_maximum_finder,
}


def _method(java_class: Any, name: str, parameters: str) -> Any:
    methods = java_class.getDeclaredMethods(name)
    return next(each for each in methods if str(each.getSignature()).startswith(parameters))


def _redirect(
    caller: Any, name: str, parameters: str, *, to: str = "deepimagej.MacroErrors"
) -> None:
    """Let calls of IJ's static `name` inside `caller`, a class or method, go to those of `to`."""
    classes = (caller.getDeclaringClass() or caller).getClassPool()
    converter = jpype.JClass("javassist.CodeConverter")()
    converter.redirectMethodCall(
        _method(classes.get("ij.IJ"), name, parameters),
        _method(classes.get(to), name, parameters),
    )
    caller.instrument(converter)


if __name__ == "__main__":
    library, headless_jar, display_jar, *jars = sys.argv[1:]
    jpype.startJVM(
        "-Djava.awt.headless=true",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",  # the injector defines classes
        jvmpath=library,
        classpath=jars,
    )
    make_jars(Path(headless_jar), Path(display_jar), jars)
