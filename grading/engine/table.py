"""Text cells of a flat table -> typed facts by the fields of a scheme; what cannot be read is named.

An empty cell is missing. A word is taken as it is, also one the scheme does not know. Numbers: digits
of any width, `1,234.5`, `12 %` (0.12). Booleans: true/false, yes/no, 是/否, 1/0. Days: 2026-03-05,
2026/3/5, 2026.3.5, 2026年3月5日, year first, so that no day can be taken for a month.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grading.engine.cells import read_number, read_truth
from grading.engine.fields import DATE_SUFFIX
from grading.scheme.model import Scheme
from grading.scheme.types import TABLE_COLUMNS

_MONTHS = "months_with_us"
_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?(?:[T ]\d{1,2}:\d{2}.*)?",
    re.ASCII,
)
_Reader = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A cell that cannot be read; `row` counts the rows of the table from 0."""

    row: int
    column: str
    value: str
    reason: str


def read_fields(
    table: pd.DataFrame, scheme: Scheme, *, keep_rejected: bool = False
) -> tuple[pd.DataFrame, list[Reject], list[str]]:
    """(facts, rejects, unknown columns) from a frame of strings, on its index.

    Columns are field ids, `<field>@date`, and `months_with_us`; `code` and `name` are left to the
    caller. A row with a cell that cannot be read is not among the facts; with `keep_rejected` it is,
    and only that cell is missing. ValueError when a column stands twice.
    """
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"the column {twice!r} stands twice; give each column once")
    rejects: list[Reject] = []
    unknown: list[str] = []
    columns: dict[str, Any] = {}
    read: _Reader
    for name in map(str, table.columns):
        field = scheme.fields.get(name.removesuffix(DATE_SUFFIX))
        if name == _MONTHS:
            read, dtype = read_number, "float64"
        elif field is None:
            if name not in TABLE_COLUMNS:
                unknown.append(name)
            continue
        else:
            read, dtype = _READERS["day" if name.endswith(DATE_SUFFIX) else field.kind]
        columns[name] = _read_column(table[name], name, read, dtype, rejects)
    facts = pd.DataFrame(columns, index=table.index)
    if not keep_rejected:
        accepted = np.ones(len(table), dtype=bool)
        accepted[[reject.row for reject in rejects]] = False
        facts = facts[accepted]
    return facts, sorted(rejects, key=lambda reject: reject.row), unknown


def read_cells(cells: Sequence[str], kind: str) -> tuple[NDArray[Any], int]:
    """(values of one kind, how many could not be read): float64 with NaN, or objects with None, where there is none.

    Each distinct text is read once.
    """
    read, dtype = _READERS[kind]
    known: dict[str, Any] = {}
    wrong = set()
    for cell in set(cells):
        try:
            known[cell] = read(cell) if cell.strip() else None
        except ValueError:
            wrong.add(cell)
    values = np.array([known.get(cell) for cell in cells], dtype=dtype)
    return values, sum(cell in wrong for cell in cells) if wrong else 0


def read_day(cell: str) -> np.datetime64:
    """A day; ValueError says what is wrong."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    if match is None:
        raise ValueError("not a day; write 2026-03-05")
    year, *months, day = match.groups()
    month = next(month for month in months if month)
    try:
        return np.datetime64(date(int(year), int(month), int(day)), "s")
    except ValueError:
        raise ValueError("there is no such day") from None


_READERS: dict[str, tuple[_Reader, str]] = {
    "number": (read_number, "float64"),
    "word": (str.strip, "object"),
    "bool": (read_truth, "object"),
    "day": (read_day, "datetime64[s]"),
}


def _read_column(
    cells: pd.Series[Any], name: str, read: _Reader, dtype: str, rejects: list[Reject]
) -> pd.Series[Any]:
    values: list[Any] = []
    for row, cell in enumerate(cells.tolist()):
        value = None
        if isinstance(cell, str) and cell.strip():
            try:
                value = read(cell)
            except ValueError as error:
                rejects.append(Reject(row=row, column=name, value=cell, reason=str(error)))
        values.append(value)
    if dtype == "float64":
        return pd.Series(np.array(values, dtype=np.float64), index=cells.index)
    if dtype.startswith("datetime64"):
        return pd.Series(np.array(values, dtype=dtype), index=cells.index)
    return pd.Series(values, index=cells.index, dtype=object)
