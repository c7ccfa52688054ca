"""Text cells of a flat table -> typed facts by the fields of a scheme; what cannot be read is named.

An empty cell is missing; `grading.engine.cells` reads all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grading.engine.cells import READERS
from grading.engine.fields import DATE_SUFFIX
from grading.scheme.model import Scheme
from grading.scheme.types import TABLE_COLUMNS

_MONTHS = "months_with_us"
_DTYPES = {"number": "float64", "word": "object", "bool": "object", "day": "datetime64[s]"}


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
    and only that cell is missing. ValueError when a column occurs twice.
    """
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"the column {twice!r} stands twice; give each column once")
    rejects: list[Reject] = []
    unknown: list[str] = []
    columns: dict[str, Any] = {}
    for name in map(str, table.columns):
        field = scheme.fields.get(name.removesuffix(DATE_SUFFIX))
        if name == _MONTHS:
            kind = "number"
        elif field is None:
            if name not in TABLE_COLUMNS:
                unknown.append(name)
            continue
        else:
            kind = "day" if name.endswith(DATE_SUFFIX) else field.kind
        columns[name] = _read_column(table[name], name, kind, rejects)
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
    read = READERS[kind]
    known: dict[str, Any] = {}
    wrong = set()
    for cell in set(cells):
        try:
            known[cell] = read(cell) if cell.strip() else None
        except ValueError:
            wrong.add(cell)
    values = np.array([known.get(cell) for cell in cells], dtype=_DTYPES[kind])
    return values, sum(cell in wrong for cell in cells) if wrong else 0


def _read_column(cells: pd.Series[Any], name: str, kind: str, rejects: list[Reject]) -> pd.Series[Any]:
    values: list[Any] = []
    for row, cell in enumerate(cells.tolist()):
        value = None
        if isinstance(cell, str) and cell.strip():
            try:
                value = READERS[kind](cell)
            except ValueError as error:
                rejects.append(Reject(row=row, column=name, value=cell, reason=str(error)))
        values.append(value)
    return pd.Series(np.array(values, dtype=_DTYPES[kind]), index=cells.index)
