"""The commands of the shell, as a table.

A command is data: a function that adds its arguments, and one that runs it.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deepimagej
from deepimagej import examples
from deepimagej.errors import ImageError, OptionError
from deepimagej.macro_options import OPTIONS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from deepimagej.progress import Progress
    from deepimagej.request import RunRequest
    from deepimagej.result import RunResult


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the shell."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


_KEYS = tuple(o for o in OPTIONS if o.key not in ("model", "image", "input_path", "output_folder"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="name of a model, or a bundle's path")
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="*",
        help="image files, folders or patterns; TENSOR=FILE for a model with several inputs",
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="folder for the results")
    parser.add_argument("--output-folder", dest="output", help="the same as -o")
    parser.add_argument("--input-path", dest="input_path", help="the same as IMAGE")
    parser.add_argument("--resume", action="store_true", help="skip images that are done")
    parser.add_argument("--trust", action="store_true", help="trust the code of the model")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    for option in _KEYS:
        parser.add_argument(
            f"--{option.key.replace('_', '-')}",
            dest=option.key,
            metavar=option.value,
            help=option.meaning.replace("%", "%%"),
        )


def _run(parsed: argparse.Namespace) -> int:
    given = [*parsed.images, *([parsed.input_path] if parsed.input_path else [])]
    # An empty word, as of a variable that is not set, must not mean the current folder.
    if not given or "" in given:
        raise ImageError(
            "No image is named.", hint="Name one, as in: deepimagej run MODEL IMAGE -o OUT."
        )
    results = []
    for path, result in _results(parsed, _request(parsed, given), given):
        results.append(result)
        if not parsed.json:
            _print_result(path, result)
    if parsed.json:
        _print_json(results)
    return 0


def _request(parsed: argparse.Namespace, given: list[str]) -> RunRequest:
    from deepimagej.macro_options import request_from_keys

    keys: dict[str, object] = {option.key: getattr(parsed, option.key) for option in _KEYS}
    keys["output_folder"] = str(Path(parsed.output or ".").expanduser().absolute())
    tensors = _by_tensor(given)
    if tensors:
        keys["image"] = tensors
    return request_from_keys(parsed.model, keys)


def _results(
    parsed: argparse.Namespace, request: RunRequest, given: list[str]
) -> Iterator[tuple[Path, RunResult | None]]:
    """The image of each run and what it gave; None for one that ``--resume`` skips."""
    from deepimagej import folder, road
    from deepimagej.api import trust_model
    from deepimagej.process import tools

    deepimagej.connect()
    if parsed.trust:
        trust_model(request)
    shared, progress = tools(), _progress(parsed)
    if not request.images:
        files = folder.expand(given)
        yield from folder.run_each(request, shared, files, resume=parsed.resume, progress=progress)
        return
    is_done = parsed.resume and road.is_done(request, shared)
    first = Path(request.images[0][1])
    yield first, None if is_done else road.run(request, shared, progress=progress)


def _by_tensor(given: list[str]) -> dict[str, str]:
    """``TENSOR=FILE`` arguments as a mapping; empty where the arguments are plain files."""
    pairs = [text.partition("=") for text in given]
    named = {
        name: str(Path(path).expanduser().absolute()) for name, equals, path in pairs if equals
    }
    plain = [text for text, pair in zip(given, pairs, strict=True) if not pair[1]]
    if all(os.path.exists(text) for text in given):
        return {}
    if len(named) + len(plain) < len(given):
        twice = next(name for name in named if sum(name == pair[0] for pair in pairs) > 1)
        raise OptionError(
            f'The tensor "{twice}" is given more than one image.', hint="Give each tensor one."
        )
    if named and plain:
        raise OptionError(
            f'"{plain[0]}" names no tensor, and other images do.',
            hint="Name all, as in raw=a.tif mask=b.tif, or none.",
        )
    return named


def _print_result(path: Path, result: RunResult | None) -> None:
    if result is None:
        print(f"{path}: done already")
        return
    for file in result.files.values():
        print(file)


def _print_json(results: list[RunResult | None]) -> None:
    found = [_as_json(result) for result in results]
    print(json.dumps(found[0] if len(found) == 1 else found))


def _as_json(result: RunResult | None) -> dict[str, Any]:
    if result is None:
        return {"skipped": True}
    files = {name: str(path) for name, path in result.files.items()}
    return {
        "images": {name: files[name] for name in result.images if name in files},
        "tables": {name: files[name] for name in result.tables if name in files},
        "rois": files.get("rois"),
        "request": result.request,
        "timings": dict(result.timings),
    }


def _progress(parsed: argparse.Namespace) -> Progress:
    from deepimagej.cli_progress import Terminal
    from deepimagej.progress import silent

    if parsed.json or not sys.stderr.isatty() or (parsed.logging or "").lower() == "mute":
        return silent
    return Terminal(sys.stderr)


def _add_macro(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the macro, .ijm or .txt")
    parser.add_argument("argument", metavar="ARG", nargs="?", default="", help="for getArgument()")


def _macro(parsed: argparse.Namespace) -> int:
    path = Path(parsed.file).expanduser()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as cause:
        raise OptionError(
            f"The macro {path} cannot be read: {cause.strerror}.", hint="Check the path."
        ) from cause
    returned = deepimagej.start().run_macro(text, parsed.argument)
    if returned:
        print(returned)
    return 0


def _add_gui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="image files to open")
    parser.add_argument("--fiji", metavar="PATH", help="a Fiji, instead of the embedded ImageJ")


def _gui(parsed: argparse.Namespace) -> int:
    from deepimagej.host.shutdown import end_at_once
    from deepimagej.host.staying import stay_open

    end_at_once(stay_open(lambda: deepimagej.start(parsed.fiji, mode="gui"), parsed.images))


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="name of a model, or a bundle's path")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _models(parsed: argparse.Namespace) -> int:
    from deepimagej.cli_reports import model_line, model_record

    entries = deepimagej.models()
    if parsed.json:
        print(json.dumps([model_record(entry) for entry in entries]))
        return 0
    for entry in entries:
        print(model_line(entry))
    if not entries:
        print("No model is installed. Install one with: deepimagej install FOLDER", file=sys.stderr)
    return 0


def _add_install(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="FOLDER|ZIP|example:NAME",
        help="the bundle; example:NAME comes with the package, example:all is all that do",
    )
    parser.add_argument("--replace", action="store_true", help="replace a model of the same name")
    parser.add_argument("--trust", action="store_true", help="trust the code that it brings")
    _add_json(parser)


def _install(parsed: argparse.Namespace) -> int:
    is_all = parsed.source == f"{examples.PREFIX}all"
    names = [f"{examples.PREFIX}{name}" for name in examples.bundles()]
    records = []
    for source in names if is_all else [parsed.source]:
        spec = deepimagej.install(source, trust=parsed.trust, replace=parsed.replace)
        records.append({"name": spec.name, "path": str(spec.folder)})
        if not parsed.json:
            print(f"{spec.name}: {spec.folder}")
    if parsed.json:
        print(json.dumps(records if is_all else records[0]))
    return 0


def _remove(parsed: argparse.Namespace) -> int:
    print(f"Removed {deepimagej.remove(parsed.model)}")
    return 0


def _add_info(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_json(parser)
    parser.add_argument("--strict", action="store_true", help="check with bioimageio.spec as well")


def _info(parsed: argparse.Namespace) -> int:
    from deepimagej.cli_reports import info_record, info_text

    spec = deepimagej.info(parsed.model)
    problems: list[str] = []
    if parsed.strict:
        from deepimagej.bundle.strict import validate_strict

        problems = validate_strict(spec.rdf)
    if parsed.json:
        record = info_record(spec)
        print(json.dumps(record | {"strict": problems} if parsed.strict else record))
    else:
        print(info_text(spec))
        for problem in problems:
            print(f"strict: {problem}")
    return 1 if problems else 0


def _add_test(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument("--format", default="auto", help="the weights to test")
    parser.add_argument("--all-formats", action="store_true", help="test each that can run here")
    parser.add_argument("--device", default="auto", help="where the network runs")
    _add_json(parser)


def _test(parsed: argparse.Namespace) -> int:
    from deepimagej.cli_reports import test_text

    with deepimagej.load_model(parsed.model) as model:
        if parsed.all_formats:
            reports = model.test_all(device=parsed.device)
        else:
            reports = [model.test(format=parsed.format, device=parsed.device)]
    if parsed.json:
        records = [report.record() for report in reports]
        passed = all(record["passed"] for record in records)
        together = {"passed": passed, "formats": {r["format"]: r for r in records}}
        print(json.dumps(together if parsed.all_formats else records[0]))
    else:
        for report in reports:
            print(test_text(report))
    return 0 if all(report.passed for report in reports) else 1


def _trust(parsed: argparse.Namespace) -> int:
    spec = deepimagej.trust(parsed.model)
    print(f"Trusted: {spec.name}, as it is now in {spec.folder}")
    return 0


def _doctor(parsed: argparse.Namespace) -> int:
    from deepimagej.cli_doctor import doctor_text
    from deepimagej.doctor import examine
    from deepimagej.process import tools

    report = examine(tools())
    print(json.dumps(report.record()) if parsed.json else doctor_text(report))
    return 1 if report.broken else 0


def _nothing(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def _setup(parsed: argparse.Namespace) -> int:
    deepimagej.start()
    print("ImageJ is ready; later starts need no network.")
    return 0


def _add_install_plugin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fiji", metavar="FIJI", help="the folder with jars and plugins")
    parser.add_argument("--undo", action="store_true", help="make the folder as it was")


def _install_plugin(parsed: argparse.Namespace) -> int:
    from deepimagej.host.fiji_plugin import install_plugin_in, remove_plugin_from

    fiji = Path(parsed.fiji).expanduser().absolute()
    for change in (remove_plugin_from if parsed.undo else install_plugin_in)(fiji):
        print(change)
    return 0


COMMANDS = (
    Command("run", "Run a model on images.", _add_run, _run),
    Command("macro", "Run an ImageJ macro without a display.", _add_macro, _macro),
    Command("gui", "Open ImageJ with the commands of DeepImageJ in its menu.", _add_gui, _gui),
    Command("models", "List the models on this machine.", _add_json, _models),
    Command("info", "Tell what a bundle says of its model.", _add_info, _info),
    Command("test", "Run a model on its test tensors.", _add_test, _test),
    Command("install", "Copy a bundle into the library.", _add_install, _install),
    Command("remove", "Delete an installed model.", _add_model, _remove),
    Command("trust", "Trust the code that a model brings.", _add_model, _trust),
    Command("doctor", "Tell what works on this machine, and what is missing.", _add_json, _doctor),
    Command("setup", "Fill the caches, for work without a network.", _nothing, _setup),
    Command("install-plugin", "Put the plugin into a Fiji.", _add_install_plugin, _install_plugin),
)
