"""Tables between ImageJ and pandas, a column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deepimagej.host.pixels import doubles_from_java, doubles_to_java

if TYPE_CHECKING:
    import pandas as pd

LABEL: Final = "Label"
"""The column in which ImageJ shows the labels of the rows."""


def read_table(table: Any) -> pd.DataFrame:
    """The rows of a ResultsTable; numbers as float64, text as it is."""
    import pandas as pd

    columns: dict[str, Any] = {}
    if any(str(heading) == LABEL for heading in table.getHeadings() or ()) and int(table.size()):
        columns[LABEL] = _texts(table, LABEL)
    for index in range(int(table.getLastColumn()) + 1):
        if table.columnExists(index):
            heading = str(table.getColumnHeading(index))
            columns[heading] = _column(table, index, heading)
    return pd.DataFrame(columns)


def write_table(frame: pd.DataFrame) -> Any:
    """A new ResultsTable with the rows of `frame`."""
    import jpype
    import pandas as pd

    table = jpype.JClass("ij.measure.ResultsTable")()
    variable = jpype.JClass("ij.macro.Variable")
    for heading, column in frame.items():
        if pd.api.types.is_numeric_dtype(column.dtype):
            table.setValues(str(heading), doubles_to_java(column.to_numpy(np.float64)))
        elif heading == LABEL:
            _write_labels(table, column, rows=len(frame))
        else:
            cells = ["" if pd.isna(cell) else str(cell) for cell in column]
            table.setColumn(str(heading), variable[:]([variable(cell) for cell in cells]))
    return table


def _write_labels(table: Any, column: pd.Series[Any], *, rows: int) -> None:
    while int(table.size()) < rows:
        table.incrementCounter()
    for row, label in enumerate(column):
        table.setLabel(str(label), row)


def _column(table: Any, index: int, heading: str) -> Any:
    numbers = doubles_from_java(table.getColumnAsDoubles(index))
    if not np.isnan(numbers).any():
        return numbers
    # ImageJ gives text as NaN.
    texts = _texts(table, heading)
    return numbers if all(_is_number(text) for text in texts) else texts


def _texts(table: Any, heading: str) -> list[str]:
    cells = table.getColumnAsStrings(heading)
    return ["" if cell is None else str(cell) for cell in cells]


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
