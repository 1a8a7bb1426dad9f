"""Requests for property tests of the option text."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from deepimagej.axes import AxisName
from deepimagej.request import (
    ChannelChoice,
    Device,
    Logging,
    RunRequest,
    Source,
    StageChoice,
    TileChoice,
    WeightsFormat,
)

TEXTS = st.text(min_size=1, max_size=20).filter(str.strip)
"""Any text: what a macro line cannot carry is among it."""

_WORDS = (
    "a.tif H&E Größe 核 ' \" \\ C:\\x [1] , (2) = _ é 😀 $ # [x=y] format tile axes Transformation"
)

CARRIED_TEXTS = (
    st.lists(st.sampled_from([*_WORDS.split(), " ", "\t"]), min_size=1, max_size=8)
    .map(lambda parts: "m" + "".join(parts))
    # A key followed by "=" is what cannot be carried.
    .filter(lambda text: not re.search(r"(?:format|tile|axes)=", text))
)
"""Text that looks awkward and still is carried."""


def requests(texts: st.SearchStrategy[str]) -> st.SearchStrategy[RunRequest]:
    """Requests that `texts` fill wherever the user may write what they like."""
    image: st.SearchStrategy[dict[str, object]] = st.one_of(
        st.just({}),
        texts.map(lambda title: {"images": (("", title),)}),
        st.lists(
            st.tuples(st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True), texts),
            min_size=1,
            max_size=3,
            unique_by=lambda pair: pair[0],
        ).map(lambda images: {"images": tuple(images)}),
        texts.map(lambda path: {"input_path": path}),
    )
    rest = st.fixed_dictionaries(
        {
            "model": texts,
            "format": st.none() | st.sampled_from(WeightsFormat),
            "preprocessing": _stages(),
            "postprocessing": _stages(),
            "tile": _tiles(),
            "display_output": st.none() | st.booleans(),
            "channel": _channels(),
            "device": st.sampled_from([Device(), Device("cpu"), Device("cuda"), Device("cuda", 3)]),
            "logging": st.sampled_from(Logging),
            "batch": st.none() | st.integers(1, 999),
        },
        optional={"model_dir": texts, "output_folder": texts},
    )
    return st.builds(lambda one, two: RunRequest(**one, **two), rest, image)


def _stages() -> st.SearchStrategy[StageChoice]:
    words = st.sampled_from([Source.AUTO, Source.NONE, Source.ZOO]).map(StageChoice)
    names = st.sampled_from(["a.ijm", "my macro.txt", "none", "zoo", "[x].ijm", "größe.ijm"])
    files = st.lists(names, min_size=1, max_size=2)
    return words | files.map(lambda chosen: StageChoice(Source.MACRO, tuple(chosen)))


def _tiles() -> st.SearchStrategy[TileChoice]:
    sizes = st.lists(st.integers(1, 5000), max_size=4).map(tuple)
    overlaps = st.none() | st.integers(0, 500)
    named = st.lists(
        st.tuples(st.sampled_from(AxisName), st.integers(1, 5000)),
        unique_by=lambda pair: pair[0],
        min_size=1,
    )
    return st.builds(TileChoice, sizes=sizes, overlap=overlaps) | st.builds(
        lambda pairs, overlap: TileChoice(
            tuple(size for _, size in pairs), tuple(axis for axis, _ in pairs), overlap
        ),
        named,
        overlaps,
    )


def _channels() -> st.SearchStrategy[ChannelChoice]:
    numbers = st.lists(st.integers(1, 99), max_size=3).map(tuple)
    return st.just(ChannelChoice(each=True)) | numbers.map(ChannelChoice)
