"""Bundles of deepImageJ 1: ``config.xml``, rewritten as an RDF of format 0.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from deepimagej.bundle.values import Values, boolean_of, integer_of
from deepimagej.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LETTERS: Final[Mapping[str, str]] = {"N": "b", "D": "z", "H": "y", "W": "x", "C": "c"}
_MACRO = "ij.IJ::runMacroFile"
_CHANNELS = (
    "config.xml does not say how many channels the output has; as many as the input are taken."
)


def read_version_1(path: Path) -> tuple[Values, tuple[str, ...]]:
    """What `path` says in the words of format 0.3, with what it leaves open as warnings.

    Raises
    ------
    BundleError
        If it is not XML, or not deepImageJ's.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise BundleError(
            f"{path} is not XML: {error}.", hint="Correct the file, or download the model again."
        ) from error
    texts = {node.tag: (node.text or "").strip() for node in root.iter()}
    texts = {tag: text for tag, text in texts.items() if text not in {"null", "n/a"}}
    if "InputOrganization0" not in texts or "OutputOrganization0" not in texts:
        raise BundleError(
            f"{path} is not a model of deepImageJ 1: it does not describe the network's tensors.",
            hint="Get the model in its present form, with an rdf.yaml, from the zoo.",
        )
    return _rewrite(texts), (_CHANNELS,)


def _rewrite(texts: Mapping[str, str]) -> Values:
    return {
        "name": texts.get("Name", ""),
        "format_version": "deepImageJ 1",
        "version": texts.get("Version", ""),
        "authors": [texts.get("Author", "")],
        "cite": [{"text": texts.get("Reference", ""), "url": texts.get("URL", "")}],
        "inputs": [_input(texts)],
        "outputs": [_output(texts, index) for index in range(_count(texts, "NumberOfOutputs"))],
        "weights": {"tensorflow_saved_model_bundle": {"source": "."}},
        "config": {"deepimagej": _config(texts)},
    }


def _input(texts: Mapping[str, str]) -> Values:
    letters = _axes(texts["InputOrganization0"])
    declared = [part for part in texts.get("InputTensorDimensions", "").split(",") if part]
    sizes = [integer_of(part) or -1 for part in declared]
    sizes = sizes if len(sizes) == len(letters) else [-1] * len(letters)
    rules = [_rule(texts, letter, size) for letter, size in zip(letters, sizes, strict=True)]
    return {
        "name": texts.get("InputNames0", "input"),
        "axes": letters,
        "shape": {"min": [least for least, _ in rules], "step": [step for _, step in rules]},
    }


def _rule(texts: Mapping[str, str], letter: str, size: int) -> tuple[int, int]:
    """Smallest length and step of an axis."""
    if letter == "b":
        return 1, 0
    if letter == "c":
        return (size if size > 0 else _count(texts, "Channels")), 0
    if size > 0:
        return size, 0
    if boolean_of(texts.get("FixedPatch"), False):
        return _count(texts, "PatchSize"), 0
    return (_count(texts, "MinimumSize"),) * 2


def _output(texts: Mapping[str, str], index: int) -> Values:
    letters = _axes(texts.get(f"OutputOrganization{index}", texts["OutputOrganization0"]))
    padding = integer_of(texts.get("Padding")) or 0
    return {
        "name": texts.get(f"OutputNames{index}", f"output{index}"),
        "axes": letters,
        "halo": [padding if letter in "yx" else 0 for letter in letters],
        "shape": {
            "reference_input": texts.get("InputNames0", "input"),
            "scale": [1] * len(letters),
            "offset": [0] * len(letters),
        },
    }


def _config(texts: Mapping[str, str]) -> Values:
    steps = {
        "preprocess": texts.get("PreprocessingFile"),
        "postprocess": texts.get("PostprocessingFile"),
    }
    return {
        "model_keys": {
            "model_tag": texts.get("ModelTag"),
            "signature_definition": texts.get("SignatureDefinition"),
        },
        "prediction": {
            key: [{"spec": _MACRO, "kwargs": file}] for key, file in steps.items() if file
        },
    }


def _axes(organization: str) -> str:
    return "".join(_LETTERS.get(letter, letter) for letter in organization)


def _count(texts: Mapping[str, str], tag: str) -> int:
    return max(integer_of(texts.get(tag)) or 1, 1)
