"""Shared memory is used again by the next call, and never while somebody holds it."""

from __future__ import annotations

import sys

import pytest

from deepimagej.engines.pool import Pool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has nameless memory")
ITEM = {"offset": 256, "shape": [4, 8], "dtype": "<f4"}
MEGABYTE = 2**20


@pytest.fixture
def forgotten() -> list[str]:
    """Names of blocks that the worker was told to forget."""
    return []


@pytest.fixture
def pool(forgotten: list[str]) -> Pool:
    return Pool(forgotten.extend, most=160 * MEGABYTE)


def test_a_block_that_was_given_back_is_taken_again(pool: Pool) -> None:
    block = pool.take(1000)
    pool.give(block)
    assert pool.take(900) is block


def test_a_block_is_not_taken_for_much_less_than_it_holds(pool: Pool) -> None:
    block = pool.take(1000)
    pool.give(block)
    assert pool.take(400) is not block
    assert pool.take(1001) is not block


def test_a_block_comes_back_when_the_last_array_over_it_is_gone(pool: Pool) -> None:
    block = pool.take(1000)
    held = block.view(ITEM)[1:, ::2]
    held[...] = 7
    pool.give(block)
    other = pool.take(1000)
    assert other is not block
    other.view(ITEM)[...] = 8
    assert (held == 7).all()
    del held
    assert pool.take(1000) is block


def test_what_is_kept_has_an_end(pool: Pool, forgotten: list[str]) -> None:
    blocks = [pool.take(size * MEGABYTE) for size in (60, 70, 80)]
    names = [block.name for block in blocks]
    held = blocks[0].view(ITEM)
    held[...] = 7
    for block in blocks:
        pool.give(block)
    assert forgotten == names[:1]  # the oldest
    assert (held == 7).all()  # its memory lives as long as the array
    assert pool.take(80 * MEGABYTE) is blocks[2]


def test_a_closed_pool_keeps_nothing(pool: Pool, forgotten: list[str]) -> None:
    kept, late = pool.take(1000), pool.take(1000)
    names = [kept.name, late.name]
    pool.give(kept)
    pool.close()
    pool.give(late)
    assert forgotten == names
    assert kept.name is None
    assert late.name is None
