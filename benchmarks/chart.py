"""Rows as a picture: a bar for each ratio, a mark for its goal.

With Pillow, which the package needs anyway: a chart of bars is no reason for matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.row import Row

_TEXT: Final = 560
_BARS: Final = 480
_STEP: Final = 24
_MARGIN: Final = 16
_LONGEST: Final = 2.0
"""Ratio at the end of the longest bar; longer ones are cut."""
_COLOURS: Final = {True: "#3a8f5c", False: "#c0463a", None: "#7a8ca3"}
_INK: Final = "#202428"


def draw(rows: Sequence[Row], path: Path, title: str) -> None:
    """Write `path`, a PNG; rows without a ratio or a goal are left out."""
    shown = [row for row in rows if row.bar is not None]
    width = 2 * _MARGIN + _TEXT + _BARS + 120
    height = 2 * _MARGIN + _STEP * (len(shown) + 3)
    picture = Image.new("RGB", (width, height), "white")
    drawing = ImageDraw.Draw(picture)
    font = ImageFont.load_default(14)
    drawing.text((_MARGIN, _MARGIN), title, _INK, ImageFont.load_default(16))
    legend = "ratio ours / theirs; green: goal met, red: not, grey: no goal; | goal; line: equal"
    drawing.text((_MARGIN, _MARGIN + _STEP), legend, _INK, font)
    top = _MARGIN + 3 * _STEP
    for number, row in enumerate(shown):
        _bar(drawing, row, top + number * _STEP, font=font)
    drawing.line([(_x(1.0), top - 4), (_x(1.0), height - _MARGIN)], _INK)
    picture.save(path)


def _bar(
    drawing: ImageDraw.ImageDraw,
    row: Row,
    top: int,
    *,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    ratio = row.bar or 0.0
    against = "its goal" if row.goal is not None and row.goal.of == "value" else row.against
    text = f"{row.group}  {row.title} : {against}"
    drawing.text((_MARGIN, top), text.replace("²", " px"), _INK, font)
    end = _x(min(ratio, _LONGEST))
    drawing.rectangle([_x(0), top + 2, end, top + _STEP - 6], _COLOURS[row.is_met])
    drawing.text((_x(_LONGEST) + 8, top), f"{ratio:.2f}", _INK, font)
    if row.goal is not None:
        x = _x(min(row.goal.limit if row.goal.of == "ratio" else 1.0, _LONGEST))
        drawing.line([(x, top), (x, top + _STEP - 4)], _INK, 3)


def _x(ratio: float) -> float:
    return _MARGIN + _TEXT + _BARS * ratio / _LONGEST
