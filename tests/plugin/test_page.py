"""What there is to read about a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bundle_factory import make_convolution_bundle, make_identity_bundle
from deepimagej import examples
from deepimagej.bundle import read_bundle
from deepimagej.bundle.spec import Operation
from deepimagej.errors import BundleError
from deepimagej.plugin import page
from deepimagej.plugin.citations import bibtex
from deepimagej.plugin.markdown import render
from deepimagej.plugin.pictures import thumbnail
from deepimagej.plugin.texts import source_text
from deepimagej.plugin.words import duration, listed, operation_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.bundle.spec import ModelSpec


def read(folder: Path, tmp_path: Path) -> ModelSpec:
    return read_bundle(folder, unpack=tmp_path / "unpack")


def tabs(spec: ModelSpec) -> dict[str, str]:
    return dict(page.tabs(spec, "ID", lambda path: (f"file:{path.name}", 16, 9)))


@pytest.fixture
def nuclei(tmp_path: Path) -> ModelSpec:
    return read(examples.path("nuclei"), tmp_path)


def test_the_example_is_told_whole(nuclei: ModelSpec) -> None:
    header, pages = page.header(nuclei), tabs(nuclei)
    assert "<h1 style='margin-top: 0'>Nuclei Probability</h1>" in header
    assert "Segmentation in 2D &nbsp;·&nbsp; by The deepimagej developers" in header
    assert list(pages) == ["About", "Inputs and outputs", "Steps", "Documentation"]
    assert '<a href="https://doi.org/10.1007/978-3-030-00934-2_30">' in pages["About"]
    assert '<img src="file:cover.png" width="16" height="9"' in pages["About"]
    assert "height (y): 224 px or more, in steps of 16" in pages["Inputs and outputs"]
    assert "108 px along y and 108 px along x at each side" in pages["Inputs and outputs"]
    assert "percentiles 1 and 99.8 become 0 and 1" in pages["Steps"]
    assert '<a href="deepimagej:source?ID?count_nuclei.ijm">' in pages["Steps"]
    assert "<h2>Validation</h2>" in pages["Documentation"]


def test_what_an_author_writes_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    extra = {
        "description": "<script>alert(1)</script> & more",
        "authors": [{"name": "Zoë <b>Müller</b>"}, {"name": "محمد"}],
    }
    spec = read(make_identity_bundle(tmp_path / "b", name="A <i> name", extra=extra), tmp_path)
    text = page.header(spec) + "".join(tabs(spec).values())
    for wrong in ("<script", "<b>M", "A <i>"):
        assert wrong not in text
    assert "Zoë &lt;b&gt;Müller&lt;/b&gt; and محمد" in text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Title\n\n*word*", "<h1>Title</h1>\n<p><em>word</em></p>\n"),
        ("<b onclick='x'>no</b>", "<p>&lt;b onclick='x'&gt;no&lt;/b&gt;</p>\n"),
        ("![seen](cover.png)", "<p>[picture of cover.png]</p>\n"),
        ("![away](https://x.org/a.png)", '<p><a href="https://x.org/a.png">away</a></p>\n'),
        ("![lost](../../etc/passwd)", "<p>[lost]</p>\n"),
        ("[bad](javascript:alert)", "<p>[bad](javascript:alert)</p>\n"),
        ("![x](data:text/html;base64,AA)", "<p>![x](data:text/html;base64,AA)</p>\n"),
        ("|a|b|\n|-|-|\n|1|2|", None),
    ],
)
def test_documentation_is_rendered_without_a_server(
    markdown: str, html: str | None, tmp_path: Path
) -> None:
    (tmp_path / "cover.png").write_bytes(b"")
    text = render(markdown, tmp_path, lambda path: f"[picture of {path.name}]")
    assert text == html if html is not None else "<table>" in text


def test_citations_become_bibtex(tmp_path: Path) -> None:
    cite = [
        {"text": "Müller & Sons 2019, A_b", "doi": "10.1000/xyz"},
        {"text": "Müller 2019", "url": "https://example.org/paper"},
    ]
    spec = read(make_identity_bundle(tmp_path / "b", extra={"cite": cite}), tmp_path)
    assert bibtex(spec) == (
        "@misc{muller2019,\n  note = {Müller \\& Sons 2019, A\\_b},\n  year = {2019},\n"
        "  doi = {10.1000/xyz},\n}\n\n"
        "@misc{muller2019_2,\n  note = {Müller 2019, https://example.org/paper},\n"
        "  year = {2019},\n  url = {https://example.org/paper},\n}\n"
    )


def test_a_bundle_that_names_nothing_has_no_bibtex(tmp_path: Path) -> None:
    spec = read(make_identity_bundle(tmp_path / "b", extra={"cite": []}), tmp_path)
    assert bibtex(spec) == ""


def test_macros_and_operations_of_one_stage_are_both_told(tmp_path: Path) -> None:
    spec = read(
        make_identity_bundle(
            tmp_path / "b",
            macros={"preprocessing": {"pre.ijm": "// a"}},
            operations=[{"id": "sigmoid"}],
        ),
        tmp_path,
    )
    (spec.folder / "other.ijm").write_text("// b")
    steps = tabs(spec)["Steps"]
    assert "the macro is taken, never both" in steps
    assert "Turn scores into probabilities (sigmoid)" in steps
    assert "<h2>Other macros of the bundle</h2>" in steps
    assert "other.ijm" in steps


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "whole": (
        {"extra": {"config": {"deepimagej": {"allow_tiling": False}}}},
        "The network sees the whole image at once; it is not cut into tiles.",
    ),
    "no halo": (
        {},
        "Images that are too large for the memory are cut into tiles. The author declares no "
        "halo: what lies beyond a tile's border is not seen, and pixels near it may differ from "
        "those of an untiled run.",
    ),
}


@pytest.mark.parametrize(("options", "rule"), RULES.values(), ids=RULES)
def test_the_tiling_rule_is_told(options: dict[str, Any], rule: str, tmp_path: Path) -> None:
    spec = read(make_identity_bundle(tmp_path / "b", **options), tmp_path)
    assert page.tiling_rule(spec) == rule


def test_a_halo_is_told_by_axis(tmp_path: Path) -> None:
    spec = read(make_convolution_bundle(tmp_path / "b"), tmp_path)
    assert "1 px along y and 1 px along x at each side of a tile" in page.tiling_rule(spec)


def test_only_files_of_the_bundle_are_shown(nuclei: ModelSpec) -> None:
    assert source_text(nuclei, "count_nuclei.ijm").startswith("//")
    for name in ("../../errors.py", "no.ijm"):
        with pytest.raises(BundleError) as caught:
            source_text(nuclei, name)
        assert caught.value.message == f'"Nuclei Probability" has no file {name}.'
        assert caught.value.hint == "Install the model again."


@pytest.mark.parametrize("name", ["cover.png", "sample.tif", "test_raw.npy"])
def test_pictures_and_tensors_have_a_thumbnail(
    nuclei: ModelSpec, name: str, tmp_path: Path
) -> None:
    from PIL import Image

    made = thumbnail(nuclei.folder / name, tmp_path, size=64)
    assert made is not None
    with Image.open(made) as picture:
        assert max(picture.size) == 64
        assert len(set(picture.convert("L").tobytes())) > 10
    assert thumbnail(nuclei.folder / name, tmp_path, size=64) == made


@pytest.mark.parametrize("content", [b"", b"\x89PNG broken", b"GIF89a"])
def test_what_is_no_picture_has_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cover.png"
    path.write_bytes(content)
    assert thumbnail(path, tmp_path, size=64) is None
    assert thumbnail(tmp_path / "missing.png", tmp_path, size=64) is None


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (Operation("scale_range"), "percentiles 0 and 100 become 0 and 1"),
        (Operation("binarize", {"threshold": 0.4}), "what is above 0.4 to 1 and the rest to 0"),
        (Operation("binarize"), "binarize"),
        (Operation("scale_linear", {"gain": [1, 2.5]}), "Multiply by 1, 2.5 and add 0"),
        (Operation("new_one", {"a": 1}), "new_one (a 1)"),
    ],
)
def test_operations_are_sentences(operation: Operation, words: str) -> None:
    assert words in operation_in_words(operation)


def test_small_words() -> None:
    assert [listed(x) for x in ((), ("a",), ("a", "b", "c"))] == ["", "a", "a, b and c"]
    told = [duration(seconds) for seconds in (0.2, 40, 120, 7200)]
    assert told == ["1 s", "40 s", "2 min", "2.0 h"]
