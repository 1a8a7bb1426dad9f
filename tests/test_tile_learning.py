from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepimagej.axes import Axis, AxisName, SizeReference, SizeRule
from deepimagej.tile_learning import (
    LIMITS,
    WHOLE,
    Choice,
    Known,
    TileStore,
    choose,
    key_of,
    memory_limit,
    with_run,
    without,
)
from deepimagej.tiling import Price, price

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GB = 2**30
HALO = 32


def prices(size: int, *, halo: int = HALO, limits: tuple[int, ...] = LIMITS) -> list[Price]:
    """What tiles of a U-Net cost on an image of `size` x `size` px."""
    rule = SizeRule(64, 16)
    inputs = (Axis("y", AxisName.Y, rule), Axis("x", AxisName.X, rule))
    outputs = tuple(
        Axis(axis.id, axis.name, SizeReference("raw", axis.id), halo=halo) for axis in inputs
    )
    return price({"raw": inputs}, {"out": outputs}, {"raw": (size, size)}, limits)


def learn(
    rate: Callable[[int], float], size: int, *, n_runs: int, most: int = 2**40
) -> tuple[list[int], list[float], Known]:
    """Tile px and seconds of `n_runs` on a machine with `rate` seconds a px."""
    known, taken, seconds = Known(), [], []
    offered = prices(size)
    for _ in range(n_runs):
        choice = choose(offered, known, most=most, device="cpu")
        run = next(one for one in offered if one.max_pixels == choice.max_pixels)
        taken.append(run.pixels)
        seconds.append(run.pixels * run.n_tiles * rate(run.pixels))
        known = with_run(known, pixels=run.pixels, seconds=[run.pixels * rate(run.pixels)])
    return taken, seconds, known


def best_seconds(rate: Callable[[int], float], size: int) -> float:
    return min(p.pixels * p.n_tiles * rate(p.pixels) for p in prices(size))


def cached(pixels: int) -> float:
    """A processor on which tiles over a megapixel leave the cache: 0.7 to 1.6 s a megapixel."""
    return 0.7e-6 if pixels <= WHOLE else 1.6e-6


def test_small_tiles_are_found_where_they_stay_in_the_cache() -> None:
    taken, seconds, _ = learn(cached, 2048, n_runs=6)
    assert all(pixels <= WHOLE for pixels in taken[-3:])
    assert seconds[-1] <= 1.05 * best_seconds(cached, 2048)
    assert seconds[-1] < 0.8 * 2048**2 * cached(2048**2)


def test_larger_tiles_are_taken_where_they_are_faster() -> None:
    taken, _, _ = learn(lambda pixels: 3e-4 * pixels**-0.5, 2048, n_runs=5)
    assert taken[-1] == 2048**2


@settings(deadline=None)
@given(
    slope=st.floats(-0.3, 0.3), knee=st.sampled_from([2**17, 2**19, 2**21]), low=st.floats(0.2, 1)
)
def test_runs_settle_near_the_best_size(slope: float, knee: int, low: float) -> None:
    def rate(pixels: int) -> float:
        return 1e-6 * (low if pixels <= knee else 1.0) * math.exp(slope * math.log(pixels / 2**20))

    taken, seconds, _ = learn(rate, 4096, n_runs=12)
    assert len(set(taken[-4:])) == 1  # it does not go on trying
    assert seconds[-1] <= 1.001 * min(seconds)
    nearby = [p for p in prices(4096) if taken[-1] / 4 <= p.pixels <= 4 * taken[-1]]
    assert seconds[-1] <= 1.4 * min(p.pixels * p.n_tiles * rate(p.pixels) for p in nearby)


def test_no_run_takes_a_tile_far_from_those_that_were_run() -> None:
    taken, _, _ = learn(lambda pixels: 3e-2 * pixels**-0.8, 8192, n_runs=8)
    assert taken[0] <= 2**20
    assert max(after / before for before, after in itertools.pairwise(taken)) <= 4.2
    assert taken[-1] == 8192**2


def test_a_small_image_is_never_cut() -> None:
    slow = Known(seconds={1024**2: 9e-6, 256**2: 1e-6})
    whole = prices(1024)[-1].max_pixels
    assert choose(prices(1024), slow, most=2**30, device="cpu") == Choice(whole, "the whole image")


def test_a_model_without_a_halo_is_cut_only_where_the_memory_is_short() -> None:
    bare = prices(2048, halo=0)
    assert choose(bare, Known(), most=2**30, device="cpu").reason == "the whole image"
    assert choose(bare, Known(), most=10**6, device="cpu") == Choice(10**6, "what the memory holds")


def test_a_huge_image_is_cut_whatever_the_memory_holds() -> None:
    """As one tile its arrays would take gigabytes more than input and output do."""
    known = Known(seconds={1024**2: 1e-9}, bytes_per_px=8)
    for halo in (0, 32):
        choice = choose(prices(16384, halo=halo), known, most=2**30, device="cpu")
        assert choice.max_pixels <= 2048**2


def test_the_first_tile_is_a_megapixel_and_more_on_a_gpu() -> None:
    for device, pixels in (("cpu", 2**20), ("cuda", 2**22)):
        choice = choose(prices(4096), Known(), most=2**30, device=device)
        assert choice == Choice(pixels, "a first guess")


def test_the_reason_tells_what_is_known() -> None:
    known = Known(seconds={124_000: 0.9e-6, 412_000: 0.7e-6, 1_115_000: 1.6e-6})
    choice = choose(prices(2048), known, most=2**30, device="cpu")
    assert choice.reason.startswith("the fastest known, about ")
    only_small = Known(seconds={300**2: 1e-6})
    assert choose(prices(2048), only_small, most=2**30, device="cpu").reason == "a size to be tried"


def test_memory_allows_half_of_all_and_most_of_what_is_free() -> None:
    assert memory_limit(Known(), total=16 * GB, available=16 * GB) == 8 * GB // 4096
    assert memory_limit(Known(), total=16 * GB, available=GB) == int(0.8 * GB / 4096)
    measured = Known(bytes_per_px=400)
    assert memory_limit(measured, total=16 * GB, available=16 * GB) == 8 * GB // 500


def test_a_tile_that_was_too_large_is_not_taken_again() -> None:
    known = without(Known(bytes_per_px=1), 4_000_000)
    assert memory_limit(known, total=16 * GB, available=16 * GB) == 2_000_000
    assert without(known, 9_000_000).too_large == 4_000_000


def test_a_tile_that_was_too_large_is_taken_again_when_it_went_or_a_day_later() -> None:
    known = without(Known(), 4_000_000)
    assert with_run(known, pixels=2_000_000, seconds=[]).too_large == 4_000_000
    assert with_run(known, pixels=4_000_000, seconds=[]).too_large is None
    later = replace(known, forget_at=known.forget_at - 86401)
    assert memory_limit(later, total=16 * GB, available=16 * GB) == 8 * GB // 4096


def test_several_tiles_in_a_call_share_its_time_and_memory() -> None:
    known = with_run(Known(), pixels=10**6, seconds=[4.0], memory=4 * 10**9, batch=4)
    assert known == Known(seconds={10**6: 1e-6}, bytes_per_px=1000)


def test_the_shortest_time_of_a_size_is_kept() -> None:
    known = with_run(Known(), pixels=10**6, seconds=[3.0, 1.0, 2.0], memory=5 * 10**8)
    assert known == Known(seconds={10**6: 2e-6}, bytes_per_px=500)
    assert with_run(known, pixels=10**6, seconds=[1.99], memory=4 * 10**8) is known
    assert with_run(known, pixels=1_100_000, seconds=[1.1]).seconds.keys() == {1_100_000}
    assert with_run(known, pixels=2 * 10**6, seconds=[2.0]).seconds == {
        10**6: 2e-6,
        2 * 10**6: 1e-6,
    }
    assert with_run(known, pixels=10**6, seconds=[]) is known


def test_memory_of_tiny_tiles_says_nothing() -> None:
    assert with_run(Known(), pixels=64, seconds=[], memory=10**8) == Known()


def test_a_first_call_of_a_size_is_new_once_in_a_process(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    assert [store.is_new("a", 64), store.is_new("a", 64), store.is_new("b", 64)] == [
        True,
        False,
        True,
    ]


def test_what_was_learnt_is_read_again_by_other_processes(tmp_path: Path) -> None:
    known = Known(seconds={262144: 7e-7}, bytes_per_px=512.5, too_large=10**8, forget_at=1.5)
    TileStore(tmp_path / "data").write("net", known)
    TileStore(tmp_path / "data").write("other", Known())
    assert TileStore(tmp_path / "data").read("net") == known
    assert TileStore(tmp_path / "data").read("unknown") == Known()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[1]",
        '{"net": 3}',
        '{"net": {"seconds": {"a": 1}}}',
        *(
            f'{{"net": {{"seconds": {seconds}, "bytes_per_px": {taken}, "too_large": {large}, '
            '"forget_at": 9e9}}'
            for seconds, taken, large in (
                ('{"0": 1}', "null", "null"),
                ('{"9": -1}', "null", "null"),
                ('{"9": 1}', '"x"', "null"),
                ('{"9": 1}', "[2]", "null"),
                ("{}", "null", '"y"'),
                ("{}", "NaN", "null"),
            )
        ),
    ],
)
def test_a_damaged_file_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiles.json").write_text(text, encoding="utf-8")
    store = TileStore(tmp_path)
    assert store.read("net") == Known()
    store.write("net", Known(too_large=5))
    assert store.read("net").too_large == 5


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = TileStore(tmp_path / "file")
    store.write("net", Known(too_large=5))
    assert store.read("net") == Known()


def test_the_key_changes_with_weights_engine_and_device() -> None:
    keys = {
        key_of(*names)
        for names in (("w", "e", "cpu"), ("v", "e", "cpu"), ("w", "f", "cpu"), ("w", "e", "cuda:0"))
    }
    assert len(keys) == 4


def test_prices_are_those_of_the_plans() -> None:
    assert [p.max_pixels for p in prices(2048)] == list(LIMITS)
    assert all(p.pixels <= p.max_pixels for p in prices(2048))
    whole = prices(2048)[-1]
    assert (whole.pixels, whole.n_tiles, whole.is_seamless) == (2048**2, 1, True)
    small = prices(2048)[0]
    side = math.isqrt(small.pixels)
    assert small.n_tiles * (side - 2 * HALO) ** 2 >= 2048**2
