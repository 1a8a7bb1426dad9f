"""Hashes of files and folders."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from deepimagej.errors import BundleError
from deepimagej.library.hashes import cached_sha256, check_sha256, sha256_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_has_the_hash_that_everybody_computes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"weights")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"weights").hexdigest()


def test_the_hash_of_a_folder_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "sub" / "a").write_text("1")
    first = sha256_of(tmp_path / "m")
    (tmp_path / "m" / "sub" / "a").rename(tmp_path / "m" / "sub" / "b")
    renamed = sha256_of(tmp_path / "m")
    (tmp_path / "m" / "sub" / "b").write_text("2")
    assert len({first, renamed, sha256_of(tmp_path / "m")}) == 3


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        sha256_of(tmp_path / "a")
    assert caught.value.message == f"{tmp_path / 'a'} cannot be read: No such file or directory."
    assert caught.value.hint == "Install the model again."


def test_a_hash_is_remembered_until_size_or_time_change(tmp_path: Path) -> None:
    path, cache = tmp_path / "a", tmp_path / "cache"
    path.write_text("one")
    state = path.stat()
    first = cached_sha256(path, cache)
    path.write_text("two")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert cached_sha256(path, cache) == first
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert cached_sha256(path, cache) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize("content", ["", "[1]", "no JSON", '{"a": 1}'])
def test_a_damaged_cache_is_made_again(tmp_path: Path, content: str) -> None:
    (tmp_path / "sha256.json").write_text(content)
    (tmp_path / "a").write_text("one")
    assert cached_sha256(tmp_path / "a", tmp_path) == hashlib.sha256(b"one").hexdigest()


def test_the_declared_hash_is_checked_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    digest = hashlib.sha256(b"one").hexdigest()
    check_sha256(path, digest.upper(), tmp_path / "cache")
    check_sha256(path, "", tmp_path / "cache")
    with pytest.raises(BundleError) as caught:
        check_sha256(path, "0" * 64, tmp_path / "cache")
    assert caught.value.message == (
        f"{path} has the sha256 {digest}; the bundle declares {'0' * 64}."
    )
    assert caught.value.hint == "The file is damaged or was changed; get the model again."
