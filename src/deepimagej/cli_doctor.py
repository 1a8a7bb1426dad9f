"""The report of ``doctor`` as text for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from deepimagej.engines.checkup import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepimagej.doctor import DoctorReport, Part
    from deepimagej.engines.checkup import EngineReport, FoundDevice

_WIDTH: Final = 100
_NAME: Final = 21
_STATE: Final = 8


def doctor_text(report: DoctorReport) -> str:
    """What ``doctor`` prints."""
    lines = [
        f"deepimagej {report.version}, Python {report.python_version}: {report.python}",
        f"{report.system}, {_count(report.cores, 'core')}, "
        f"{_size(report.memory_free)} of {_size(report.memory_total)} memory free",
        "",
        "Engines",
    ]
    for engine in report.engines:
        lines += _engine_lines(engine)
    lines += ["", "Everything else"]
    for part in report.parts:
        lines += _part_lines(part)
    lines += ["", _verdict(report)]
    return "\n".join(lines)


def _verdict(report: DoctorReport) -> str:
    if report.broken:
        return (
            f"{_count(report.broken, 'part')} of this installation {_do(report.broken)} not work."
        )
    works = any(engine.state is State.OK for engine in report.engines)
    return "All that is installed works." if works else "No engine is installed."


def _engine_lines(engine: EngineReport) -> Iterator[str]:
    version = f" (Python {engine.python_version})" if engine.python_version else ""
    yield _row(
        f"{engine.name} {engine.version}", engine.state, f"{engine.interpreter or ''}{version}"
    )
    if engine.models:
        yield _more(f"for the model {', '.join(engine.models)}")
    if engine.where:
        yield _more(f"named by {engine.where}")
    if engine.state is State.OK:
        yield _more(f"runs {', '.join(engine.formats)}")
        yield from (_more(f"on {_device(each, engine)}") for each in engine.devices)
    for text in (engine.problem, engine.hint, *engine.notes):
        yield from _wrapped(text)


def _device(device: FoundDevice, engine: EngineReport) -> str:
    if device.device == "cpu":
        free = f", {_size(device.free)} free" if device.free is not None else ""
        return f"cpu ({_count(engine.threads or 1, 'thread')}{free})"
    free = f", {_size(device.free)} of {_size(device.total)} free" if device.total else ""
    return f"{device.device} ({device.name or 'GPU'}{free})"


def _part_lines(part: Part) -> Iterator[str]:
    if part.path is None or part.text.endswith("."):  # the sentence tells all
        yield _row(part.name, part.state, "")
        yield from _wrapped(part.text)
    else:
        free = f", {_size(part.free)} free" if part.free is not None else ""
        yield _row(part.name, part.state, f"{part.path} ({part.text}{free})")
    yield from _wrapped(part.hint)


def _row(name: str, state: State, text: str) -> str:
    return f"  {name:<{_NAME}} {state:<{_STATE}} {text}".rstrip()


def _more(text: str) -> str:
    return f"  {'':<{_NAME}} {'':<{_STATE}} {text}"


def _wrapped(text: str) -> Iterator[str]:
    """A sentence below its row; a command is never broken, so that it can be copied."""
    width = 10_000 if "pip install" in text else _WIDTH - len(_more(""))
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    yield from (_more(line) for line in lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _do(number: int) -> str:
    return "does" if number == 1 else "do"


def _size(number: int | None) -> str:
    return "?" if number is None else f"{number / 1e9:.1f} GB"
