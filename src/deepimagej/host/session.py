"""What is the user's in ImageJ, set aside while the macros of a run work.

Inside an `isolated` block ImageJ looks as if it had just been started: no images, no ROIs, no rows.
Afterwards what the user had is back, whatever the macros did, and what the run made is added.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deepimagej.host.java_fields import StaticFields
from deepimagej.host.options import Options
from deepimagej.host.rois import java_rois, replace_rois, roi_bytes, roi_manager, to_java_roi
from deepimagej.host.tables import read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import roifile

    from deepimagej.host.running import Host
    from deepimagej.progress import CancelToken

_INTERVAL: Final = 0.1
"""Seconds between two looks at the cancel token."""
_BATCH: Final = ("batchMode", "imageTable", "imageActivations")
_FRONT: Final = ("currentWindow", "frontWindow", "frontFrame", "frontTable")
_WINDOWS: Final = ("imageList", "activations", "nonImageList", *_FRONT)
_LISTS: Final = ("imageList", "activations", "imageTable", "imageActivations")


@dataclass(slots=True)
class _Left:
    """What the latest run left in ImageJ: the next one replaces it if nobody touched it."""

    rois: list[bytes] = field(default_factory=list)
    rows: pd.DataFrame | None = None


_left = _Left()  # of the one ImageJ of this process


@dataclass(slots=True, eq=False)
class Session:
    """ImageJ while the user's things are set aside."""

    host: Host
    title: str
    """Of the user's image, without its extension."""
    _rois: list[Any] | None = None
    _rows: Any | None = None
    _keeps: bool = False
    _has_windows: bool = True

    def clear(self) -> None:
        """Forget images, ROIs and rows, as at the start of each sample."""
        interpreter = StaticFields(self.host, "ij.macro.Interpreter", _BATCH)
        interpreter.write({"batchMode": True} | _new_lists(self.host, interpreter))
        windows = StaticFields(self.host, "ij.WindowManager", _WINDOWS)
        windows.write(_new_lists(self.host, windows))
        windows.write(dict.fromkeys(_FRONT))
        windows.write({"nonImageList": _without_tables(self.host, windows.read()["nonImageList"])})
        self.host.java_class("ij.WindowManager").setTempCurrentImage(None)
        roi_manager(self.host).reset()
        analyzer = self.host.java_class("ij.plugin.filter.Analyzer")
        analyzer.setResultsTable(self.host.java_class("ij.measure.ResultsTable")())

    def keep(
        self,
        rois: Sequence[roifile.ImagejRoi],
        rows: pd.DataFrame | None,
        *,
        has_windows: bool = True,
    ) -> None:
        """Say what the run leaves in the ROI Manager and in the Results table.

        Without it what the macros left there stays, which is that of the last sample.

        Parameters
        ----------
        has_windows
            Whether the tables in windows stay as well; not where they are of one sample of many.
        """
        self._has_windows = has_windows
        self._rois = [to_java_roi(self.host, roi) for roi in rois]
        self._rows = None if rows is None or rows.empty else write_table(rows)
        self._keeps = True

    def table_windows(self) -> list[tuple[str, Any]]:
        """Titles and ResultsTables of the windows that the macros opened so far."""
        windows = _tables(self.host)
        return [(str(window.getTitle()), window.getResultsTable()) for window in windows]

    def _result(self) -> tuple[list[Any], Any | None]:
        if self._keeps:
            return self._rois or [], self._rows
        rows = self.host.java_class("ij.plugin.filter.Analyzer").getResultsTable()
        return java_rois(self.host), rows if int(rows.size()) else None


_turn = threading.RLock()
"""Held by the thread whose run has ImageJ to itself; its macros may call runs of their own."""


@contextmanager
def exclusive(cancel: CancelToken | None = None) -> Iterator[None]:
    """Wait until no other thread has set the user's things aside.

    Raises
    ------
    RunCancelled
        If `cancel` was used meanwhile.
    """
    while not _turn.acquire(timeout=_INTERVAL):
        if cancel is not None:
            cancel.check()
    try:
        yield
    finally:
        _turn.release()


@contextmanager
def isolated(
    host: Host, title: str = "image", *, cancel: CancelToken | None = None
) -> Iterator[Session]:
    """Set aside what is the user's; put it back at the end, with what the run left.

    ROIs, rows of the Results table, images, tables, selections, colours, options and batch mode
    are as before, also after a failure. Where the user had no ROIs (or rows) those of the run
    stay; where there were some, the run's ROIs are appended, and its rows stand in a table window
    ``<title>_Results``. What an earlier run left and nobody touched since is replaced.

    Parameters
    ----------
    title
        Of the user's image, without its extension.
    cancel
        Ends the wait for another thread that is in such a block.
    """
    with exclusive(cancel):
        yield from _set_aside(host, title)


def _set_aside(host: Host, title: str) -> Iterator[Session]:
    host.attach()
    session = Session(host, title)
    before = _Before(host)
    try:
        session.clear()
        yield session
        result = session._result()
    except BaseException:
        before.restore()
        raise
    tables = _tables(host) if session._has_windows else []
    before.restore()
    before.add(title, *result)
    for window in tables:
        host.java_class("ij.WindowManager").addWindow(window)


class _Before:
    """What is the user's."""

    def __init__(self, host: Host) -> None:
        self._host = host
        manager = host.java_class("ij.WindowManager")
        self._current = manager.getTempCurrentImage()
        self._fields = [
            (fields, fields.read())
            for fields in (
                StaticFields(host, "ij.macro.Interpreter", _BATCH),
                StaticFields(host, "ij.WindowManager", _WINDOWS),
            )
        ]
        self._options = Options(host)
        self._rois = java_rois(host)
        self._encoded = [roi_bytes(host, roi) for roi in self._rois]
        self._selected = list(roi_manager(host).getSelectedIndexes())
        self._analyzer = host.java_class("ij.plugin.filter.Analyzer")
        self._table = self._analyzer.getResultsTable()

    def restore(self) -> None:
        """Make ImageJ as it was."""
        for fields, values in self._fields:
            fields.write(values)
        self._host.java_class("ij.WindowManager").setTempCurrentImage(self._current)
        replace_rois(self._host, self._rois)
        self._select()
        self._analyzer.setResultsTable(self._table)
        self._options.restore()

    def add(self, title: str, rois: list[Any], rows: Any | None) -> None:
        """Add what a run left, in the place of what an earlier one left untouched."""
        host = self._host
        users, count = self._rois, len(_left.rois)
        if count and self._encoded[-count:] == _left.rois:
            users = users[:-count]
        replace_rois(host, [*users, *rois])
        self._select()
        # As the manager has them now: it names those that have no name, and places points.
        _left.rois = [roi_bytes(host, roi) for roi in java_rois(host)[len(users) :]]
        had_rows = int(self._table.size()) and not self._is_left_table()
        if not had_rows:
            self._analyzer.setResultsTable(rows)
            _left.rows = None if rows is None else read_table(rows)
        elif rows is not None:
            rows.show(f"{title}_Results")
        if not had_rows or rows is None:
            self._show_results()

    def _show_results(self) -> None:
        """Let ImageJ's own table show its rows; no window is opened for none."""
        table = self._analyzer.getResultsTable()
        manager = self._host.java_class("ij.WindowManager")
        has_windows = self._host.mode != "headless"
        if int(table.size()) or not has_windows or manager.getWindow("Results") is not None:
            table.show("Results")

    def _select(self) -> None:
        import jpype

        manager = roi_manager(self._host)
        selected = [index for index in self._selected if index < int(manager.getCount())]
        if selected:
            manager.setSelectedIndexes(jpype.JInt[:](selected))

    def _is_left_table(self) -> bool:
        return _left.rows is not None and read_table(self._table).equals(_left.rows)


def _new_lists(host: Host, fields: StaticFields) -> dict[str, Any]:
    """Empty lists of the kinds that ImageJ has in these fields."""
    vector = host.java_class("java.util.Vector")
    new = {}
    for name, value in fields.read().items():
        if name in _LISTS:
            new[name] = vector() if value is None else value.getClass().newInstance()
    return new


def _is_table(host: Host, window: Any) -> bool:
    return isinstance(window, host.java_class("ij.text.TextWindow")) and (
        window.getResultsTable() is not None
    )


def _without_tables(host: Host, windows: Any) -> Any:
    kept = host.java_class("java.util.Vector")()
    for window in windows:
        if not _is_table(host, window):
            kept.add(window)
    return kept


def _tables(host: Host) -> list[Any]:
    """The windows with tables that the macros left."""
    windows = host.java_class("ij.WindowManager").getNonImageWindows()
    return [window for window in windows if _is_table(host, window)]
