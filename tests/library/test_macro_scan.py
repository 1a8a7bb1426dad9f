"""A bundle's macro runs unasked only if all of it is work on images."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepimagej.library.macro_scan import scan_macro
from deepimagej.library.macro_tokens import Kind, tokenize
from deepimagej.library.macro_words import FORBIDDEN

_STARDIST = """\
rename("scores"); prob = 0.5;
run("Command From Macro", "command=[de.csbdresden.stardist.StarDist2DNMS], args=['prob':'scores',"
  + " 'probThresh':'" + prob + "'], process=[false]");
"""
_HARMLESS = {
    "threshold": 'setThreshold(0.5, 1e30);\r\nrun("Convert to Mask");\r\nrun("Watershed");',
    "particles": 'run("Analyze Particles...", "size=10-Infinity show=[Count Masks] clear add");',
    "loop": "for (i=0; i<nSlices; i++) { setSlice(i+1); x = getPixel(i, 0); setPixel(0, i, x/2); }",
    "own function": "function percentile(p) { return p*nImages; }\nprint(percentile(5));",
    "rois": 'n = roiManager("Count"); roiManager("select", n-1); roiManager("Measure");',
    "table": 'Table.create("t"); Table.set("x", 0, 1.5); setResult("Mean", 0, 3); updateResults();',
    "strings": 't = getTitle(); u = t.replace("a", "b"); n = lengthOf(t) + t.length;',
    "names of files": "title = File.getNameWithoutExtension(getTitle()) + File.separator;",
    "comments": '// open("a.tif")\n/* exec("ls")\n eval("x") */ run("Invert");',
    "quoted": 'print("exec(1)"); print(\'File.delete("a")\');',
    "stardist": _STARDIST,
    "expression": 'run("Macro...", "code=[v=v*2+sin(x)]");',
    "fit": 'Fit.doFit("Gaussian", x, y); Fit.doFit(3, x, y); Fit.doFit("y = a*exp(b*x)", x, y);',
    "plot": 'Plot.create("p", "x", "y"); Plot.add("line", x, y); Plot.show();',
    "macro block": 'macro "Post" { run("8-bit"); }',
    "empty": "",
}
_MALICIOUS = {
    "program": ('exec("rm", "-rf", "/");', 1, "exec", "starts programs"),
    "code": ('eval("script", "java.lang.System.exit(0)");', 1, "eval", "runs text as code"),
    "java": ('call("ij.IJ.deleteRows", 1);', 1, "call", "calls Java methods"),
    "other macro": ('runMacro("x.ijm");', 1, "runMacro", "runs another file as code"),
    "background": ('doCommand("Quit");', 1, "doCommand", "runs commands in the background"),
    "delete": ('File.delete("a");', 1, "File.delete", "reads, writes or deletes files"),
    "delete, apart": ('File /* */\n . //x\n delete("a");', 1, "File.delete",
                      "reads, writes or deletes files"),
    "after a comment ended by CR": ('// harmless\rexec("ls");', 2, "exec", "starts programs"),
    "after a CRLF comment": ('// a\r\n/* b\r\n*/exec("ls");', 3, "exec", "starts programs"),
    "after a string ended by its line": ('print("a\nexec("ls");', 2, "exec", "starts programs"),
    "after an escaped quote": ('print("a\\\\");exec("ls");//")', 1, "exec", "starts programs"),
    "after a comment within a string": ('x = "/*"; exec("ls"); y = "*/";', 1, "exec",
                                        "starts programs"),
    "between blanks of Latin-1": ('\xa0exec\xa0("ls");', 1, "exec", "starts programs"),
    "escaped command": ('run("\\121uit");', 1, 'run("Quit")',
                        "it is not on the list of image operations"),
    "computed command": ('a = "Qu"; run(a + "it");', 1, "run(...) with a computed command",
                         "the macro computes it while it runs, so it cannot be checked"),
    "joined command": ('run("Invert" + x);', 1, "run(...) with a computed command",
                       "the macro computes it while it runs, so it cannot be checked"),
    "unknown command": ('run("Compile and Run...", "compile=a.java");', 1,
                        'run("Compile and Run...")', "it is not on the list of image operations"),
    "opening": ('open("/etc/passwd");', 1, "open", "reads files or addresses"),
    "saving": ('x=1;\n\nsaveAs("Tiff", "/home/a.tif");', 3, "saveAs", "writes files"),
    "saving ROIs": ('roiManager("Save", "a.zip");', 1, 'roiManager("Save")',
                    "reads or writes files"),
    "computed ROI command": ('roiManager(x, "a.zip");', 1,
                             "roiManager(...) with a computed command",
                             "the macro computes it while it runs, so it cannot be checked"),
    "saving a table": ('Table.save("a.csv");', 1, "Table.save",
                       "reads or writes files, or runs text as code"),
    "table code": ('Table.applyMacro("exec(1)");', 1, "Table.applyMacro",
                   "reads or writes files, or runs text as code"),
    "extension": ('Ext.run("x");', 1, "Ext.run", "calls a plugin's functions"),
    "clipboard": ("x = String.paste;", 1, "String.paste", "reads or changes the clipboard"),
    "unknown function": ("frobnicate(1);", 1, "frobnicate",
                         "it is not on the list of image operations"),
    "unknown member": ('x.frobnicate("a");', 1, ".frobnicate",
                       "it is not on the list of image operations"),
    "member of a quoted name": ('"File".open("x");', 1, ".open",
                                "it is not on the list of image operations"),
    "code of an expression": ('run("Macro...", "stack=\' code=[v=exec(1)]");', 1,
                              'exec in run("Macro...")', "starts programs"),
    "computed expression": ('run("Macro...", "code=" + x);', 1,
                            'run("Macro...") with computed code',
                            "the macro computes it while it runs, so it cannot be checked"),
    "code of a fit": ('Fit.doFit("y = a; exec(1)", x, y);', 1, "exec in Fit.doFit",
                      "starts programs"),
    "computed fit": ("Fit.doFit(f, x, y);", 1, "Fit.doFit(...) with a computed first argument",
                     "the macro computes it while it runs, so it cannot be checked"),
    "code of a plot": ('Plot.add("code: exec(1)", x, y);', 1, "exec in Plot.add",
                       "starts programs"),
    "other Java command": ('run("Command From Macro", "command=[org.x.Y] command=[a]");', 1,
                           'run("Command From Macro", "command=[org.x.Y] command=[a]")',
                           "it calls a Java class"),
    "computed Java command": ('run("Command From Macro", x + "command=[a]");', 1,
                              'run("Command From Macro", "x")', "it calls a Java class"),
}  # fmt: skip


@pytest.mark.parametrize("name", _HARMLESS)
def test_work_on_images_is_let_through(name: str) -> None:
    assert scan_macro(_HARMLESS[name]) == ()


@pytest.mark.parametrize("name", _MALICIOUS)
def test_anything_else_is_found_with_its_line_and_reason(name: str) -> None:
    text, line, what, why = _MALICIOUS[name]
    first = scan_macro(text)[0]
    assert (first.line, first.what, first.why) == (line, what, why)


@pytest.mark.parametrize("word", FORBIDDEN)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_forbidden_word_is_found_wherever_it_stands(word: str, ending: str) -> None:
    text = ending.join(['run("Invert");', "if (nImages > 0) {", f'  x = {word} ("a");', "}"])
    assert [(f.line, f.what) for f in scan_macro(text)] == [(3, word)]


@given(
    st.lists(
        st.sampled_from(["x", "File", ".", "(", ")", '"', "'", "\\", "//", "\r", " ", "1", "\xa0"]),
        max_size=30,
    ).map("".join)
)
def test_whatever_stands_on_the_lines_before_a_call_lets_no_macro_through(text: str) -> None:
    # Two line ends: a backslash at the end of a string takes the first into the string. The
    # finding may be another one: `.File.` before it makes the call a member of something unknown.
    assert scan_macro(f'{text}\n\nexec("ls");')


@pytest.mark.parametrize(
    ("text", "value"),
    [(r'"a\"b"', 'a"b'), (r"'it\'s'", "it's"), (r'"\101\n\7"', "A\n\a"), (r'"\400"', " 0")],
)
def test_strings_are_read_as_java_reads_them(text: str, value: str) -> None:
    assert [(t.kind, t.text) for t in tokenize(text)] == [(Kind.STRING, value)]


def test_a_finding_is_a_sentence_with_file_and_line() -> None:
    finding = scan_macro('\nexec("ls")')[0]
    assert str(finding) == "line 2: exec (starts programs)"
    assert str(replace(finding, file="a.ijm")) == "a.ijm, line 2: exec (starts programs)"
    assert str(replace(finding, file="a.onnx", line=0)) == "a.onnx: exec (starts programs)"
