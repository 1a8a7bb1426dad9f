"""Which code of bundles the user trusts, by its exact content."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from deepimagej.bundle.sources import class_files
from deepimagej.bundle.spec import Weights
from deepimagej.errors import BundleError, HostError, TrustError
from deepimagej.files import write_json
from deepimagej.library.findings import Finding
from deepimagej.library.graph_scan import scan_weights
from deepimagej.library.hashes import sha256_of, state_of
from deepimagej.library.macro_scan import scan_macro

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec

_STORE = "trust.json"
_LOCK = "trust.lock"
_OTHER_CODE = {".jar": "Java", ".class": "Java", ".java": "Java", ".py": "Python"}
_PROSE = ("readme", "licen", "changelog", "citation", "requirements")
"""Starts of the names of text files that are no macros."""
_SHOWN = 5
_scanned: dict[tuple[object, ...], tuple[Finding, ...]] = {}
"""What was found in weights since the start: a graph takes a while to read, and loops run often."""


@dataclass(frozen=True, slots=True)
class Code:
    """A file of a bundle that holds code, and what was found in it."""

    path: Path
    findings: tuple[Finding, ...]


class TrustStore:
    """The contents that the user trusts, in ``trust.json`` of their data folder.

    Parameters
    ----------
    data
        The user's data folder (`Settings.data`).
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    def untrusted(
        self, spec: ModelSpec, parts: Iterable[Path | Weights] | None = None
    ) -> tuple[Finding, ...]:
        """What was found in code of the bundle that the user does not trust yet.

        Parameters
        ----------
        parts
            Macros and weights that shall run; None: all of the bundle.
        """
        trusted = self._read()
        return tuple(
            finding
            for code in find_code(spec, parts)
            for finding in code.findings
            if finding.is_refused or sha256_of(code.path) not in trusted
        )

    def is_trusted(self, weights: Weights) -> bool:
        """Whether `weights` may run: they hold no code, or the user trusts it."""
        code = _scan_weights(weights)
        if code is None or not code.findings:
            return True
        is_refused = any(finding.is_refused for finding in code.findings)
        return not is_refused and sha256_of(code.path) in self._read()

    def require(self, spec: ModelSpec, parts: Iterable[Path | Weights] | None = None) -> None:
        """Pass if all `parts` may run.

        Raises
        ------
        TrustError
            If they hold code that the user does not trust yet; it shows what was found.
        """
        found = self.untrusted(spec, parts)
        if not found:
            return
        refused = [finding for finding in found if finding.is_refused]
        if refused:
            raise TrustError(
                f'The weights of "{spec.name}" bring code that is never run: {refused[0]}.',
                hint="Choose another format, or export the model without that layer.",
            )
        shown = "; ".join(str(finding) for finding in found[:_SHOWN])
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise TrustError(
            f'The model "{spec.name}" brings code that you have not trusted yet: {shown}{more}.',
            hint=f"Read it in {spec.folder}; if you trust it: "
            f'deepimagej trust "{spec.folder}", or trust=True in Python.',
        )

    def trust(self, spec: ModelSpec) -> tuple[Path, ...]:
        """Trust all code that the bundle holds now; a change of it asks again.

        Returns
        -------
        The files with code; none if the bundle needs no trust.

        Raises
        ------
        HostError
            If the user's data folder cannot be written.
        """
        code = find_code(spec, None)
        date = datetime.now(UTC).isoformat(timespec="seconds")
        entries = {
            sha256_of(file.path): {
                "model": spec.name,
                "file": _name_in(spec, file.path),
                "date": date,
            }
            for file in code
        }
        if entries:
            self._add(entries)
        return tuple(file.path for file in code)

    def _add(self, entries: dict[str, dict[str, str]]) -> None:
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            with FileLock(self._data / _LOCK):
                write_json(self._data / _STORE, {**self._read(), **entries})
        except OSError as error:
            raise HostError(
                f"{self._data} cannot be written: {error.strerror}.",
                hint="Choose another folder with DEEPIMAGEJ_DATA.",
            ) from error

    def _read(self) -> dict[str, Any]:
        path = self._data / _STORE
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise HostError(
                f"{path} cannot be read.", hint="Delete it; you will be asked for trust again."
            ) from error
        if not isinstance(entries, dict):
            raise HostError(
                f"{path} cannot be read.", hint="Delete it; you will be asked for trust again."
            )
        return entries


def find_code(spec: ModelSpec, parts: Iterable[Path | Weights] | None = None) -> tuple[Code, ...]:
    """The files among `parts` with something to be asked for; None: of the whole bundle."""
    parts = _all_parts(spec) if parts is None else parts
    found = (_scan_weights(p) if isinstance(p, Weights) else _scan_file(spec, p) for p in parts)
    return tuple(code for code in found if code is not None and code.findings)


def _all_parts(spec: ModelSpec) -> list[Path | Weights]:
    steps = (spec.folder / step.file for steps in spec.steps.values() for step in steps)
    files = {part.resolve() for path in steps if path.is_file() for part in _parts_of(path)}
    # Macros that no step names may be chosen by name.
    for path in spec.folder.glob("*"):
        is_macro = path.suffix.lower() in (".ijm", ".txt")
        if is_macro and path.is_file() and not path.name.lower().startswith(_PROSE):
            files.add(path.resolve())
    return [*sorted(files), *spec.weights.values()]


def _parts_of(path: Path) -> tuple[Path, ...]:
    return class_files(path) if path.suffix.lower() == ".class" else (path,)


def _scan_weights(weights: Weights) -> Code | None:
    if weights.source is None:
        return None
    try:
        key = (weights.format, weights.declared, state_of(weights.source))
        if key not in _scanned:
            _scanned[key] = scan_weights(weights)
        return Code(weights.source, _scanned[key])
    except (BundleError, OSError):
        return None  # corrupt or missing: who loads them says so, and nothing runs


def _scan_file(spec: ModelSpec, path: Path) -> Code | None:
    name = _name_in(spec, path)
    language = _OTHER_CODE.get(path.suffix.lower())
    if language:
        return Code(path, (Finding(f"{language} code", "can do anything", file=name),))
    try:
        content = path.read_bytes()
    except OSError:
        return None  # missing: who runs it says so
    if b"\0" in content:
        return Code(path, (Finding("binary content", "cannot be checked", file=name),))
    found = scan_macro(_decode(content))
    return Code(path, tuple(replace(finding, file=name) for finding in found))


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _name_in(spec: ModelSpec, path: Path) -> str:
    folder = spec.folder.resolve()
    path = path.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
