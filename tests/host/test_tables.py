from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal

from deepimagej.host.tables import read_table, write_table

if TYPE_CHECKING:
    from deepimagej.host.running import Host


def test_numbers_text_and_row_labels_come_back(imagej: Host) -> None:
    imagej.attach()
    frame = pd.DataFrame(
        {
            "Label": ["a", "b", "c"],
            "Area": [1.0, 2.5, np.nan],
            "kind": ["round", "", "long"],
            "%Area": [7.0, 8.0, 9.0],
        }
    )
    assert_frame_equal(read_table(write_table(frame)), frame)


def test_integers_and_truth_are_numbers(imagej: Host) -> None:
    imagej.attach()
    frame = pd.DataFrame({"n": [1, 2], "is": [True, False]})
    back = read_table(write_table(frame))
    assert_frame_equal(back, frame.astype(np.float64))


def test_a_macro_reads_the_rows(imagej: Host) -> None:
    imagej.attach()
    table = write_table(pd.DataFrame({"Label": ["a", "b"], "x": [1.5, 2], "who": ["me", "you"]}))
    assert float(table.getValue("x", 1)) == 2
    assert str(table.getStringValue("who", 1)) == "you"
    assert str(table.getLabel(0)) == "a"


def test_an_empty_table_has_no_rows(imagej: Host) -> None:
    table = imagej.java_class("ij.measure.ResultsTable")()
    assert len(read_table(table)) == 0
    assert int(write_table(pd.DataFrame({"x": []})).size()) == 0


def test_a_long_table_is_read_column_by_column(imagej: Host) -> None:
    imagej.attach()
    values = np.random.default_rng(0).random((100_000, 10))
    frame = pd.DataFrame(values, columns=list("abcdefghij"))
    start = time.perf_counter()
    back = read_table(write_table(frame))
    assert time.perf_counter() - start < 5
    assert_frame_equal(back, frame)
