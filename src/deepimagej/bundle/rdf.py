"""Finding the RDF of a bundle and reading its YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import yaml

from deepimagej.bundle.values import Values, mapping_of
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

RDF_NAMES = ("bioimageio.yaml", "rdf.yaml", "model.yaml")
"""In the order in which they are taken; ``model.yaml`` is that of formats up to 0.3."""

VERSION_1 = "config.xml"
"""What deepImageJ 1 wrote instead of an RDF."""


def find_rdf(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The RDF in `folder`, with a warning if it was chosen among several.

    Raises
    ------
    BundleError
        If there is none, or no way to choose.
    """
    found = [folder / name for name in RDF_NAMES if (folder / name).is_file()]
    if len(found) > 1:
        others = " and ".join(path.name for path in found[1:])
        return found[0], (f"{found[0].name} is read; {others} beside it is passed over.",)
    if found:
        return found[0], ()
    named = sorted(path for name in RDF_NAMES for path in folder.glob(f"*.{name}"))
    if len(named) == 1:
        return named[0], ()
    if named:
        raise BundleError(
            f"{folder} has several RDFs: {', '.join(path.name for path in named)}.",
            hint="Name the one to read, or rename it to bioimageio.yaml.",
        )
    if (folder / VERSION_1).is_file():
        return folder / VERSION_1, ()
    raise BundleError(
        f"{folder} has no RDF (bioimageio.yaml, rdf.yaml or model.yaml).",
        hint="Name the folder or zip that was downloaded from the zoo or written by an export.",
    )


def read_yaml(path: Path) -> tuple[Values, tuple[str, ...]]:
    """The mapping in `path`, with a warning if its characters had to be guessed.

    Raises
    ------
    BundleError
        If the file cannot be read, is not YAML, or not a mapping.
    """
    text, warnings = _read_text(path)
    try:
        values = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise _not_yaml(path, _where(error, text), _problem(error)) from error
    except RecursionError as error:
        raise _not_yaml(path, "", "it is nested too deeply") from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's constructors for !!int, !!bool, !!timestamp fail so on what does not fit them.
        raise _not_yaml(path, "", "a value does not fit its tag") from error
    if not isinstance(values, Mapping):
        raise BundleError(
            f"{path} is not an RDF: it holds no mapping of keys to values.",
            hint="An RDF has lines such as name: ..., inputs: ... and weights: ...",
        )
    return mapping_of(values), warnings


def _read_text(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the path and its permissions."
        ) from error
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError:
        return content.decode("latin-1"), (f"{path.name} is not UTF-8; it is read as Latin-1.",)


def _not_yaml(path: Path, where: str, problem: str) -> BundleError:
    return BundleError(
        f"{path}{where} is not YAML: {problem}.",
        hint="Correct the file, or download the model again.",
    )


def _where(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return f", line {mark.line + 1}," if mark else ""
    position = getattr(error, "position", None)
    return f", line {text.count(chr(10), 0, position) + 1}," if position is not None else ""


def _problem(error: yaml.YAMLError) -> str:
    words = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
    return words or "it has a character that YAML does not allow"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: PyYAML takes ``1e-6`` for text and ``12:30`` for 750."""


_REPLACED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]{0,18})$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"""([-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?
        |[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$""",
        re.VERBOSE,
    ),
    list("-+.0123456789"),
)
