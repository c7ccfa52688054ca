"""Text cells of a flat table -> typed facts by the fields of a scheme; cells that cannot be read are named.

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
from grading.engine.fields import DATE_SUFFIX, MONTHS_WITH_US, frame_of, require_unique
from grading.scheme.model import Scheme
from grading.scheme.types import TABLE_COLUMNS

_DTYPES = {"number": "float64", "word": "object", "bool": "object", "day": "datetime64[s]"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """A cell that cannot be read; `row` counts the rows of the table from 0."""

    row: int
    column: str
    value: str
    reason: str


def read_fields(table: pd.DataFrame, scheme: Scheme) -> tuple[pd.DataFrame, list[Reject], list[str]]:
    """(facts, rejects, unknown columns) from a frame of strings, on its index.

    Columns are field ids, `<field>@date`, and `months_with_us`; `code` and `name` are the caller's. A row with a cell
    that cannot be read is not among the facts. ValueError when a column is there twice.
    """
    require_unique("column", table.columns)
    rejects: list[Reject] = []
    unknown: list[str] = []
    columns: dict[str, Any] = {}
    for name in map(str, table.columns):
        field = scheme.fields.get(name.removesuffix(DATE_SUFFIX))
        if field is not None or name == MONTHS_WITH_US:
            kind = "number" if field is None else "day" if name.endswith(DATE_SUFFIX) else field.kind
            columns[name] = _read_column(table[name], name, kind, rejects)
        elif name not in TABLE_COLUMNS:
            unknown.append(name)
    accepted = np.ones(len(table), dtype=bool)
    accepted[[reject.row for reject in rejects]] = False
    facts = frame_of(columns, table.index)[accepted]
    return facts, sorted(rejects, key=lambda reject: reject.row), unknown


def read_cells(cells: Sequence[str], kind: str) -> tuple[NDArray[Any], int]:
    """(values of one kind, how many could not be read): float64 with NaN, or objects with None, for an empty cell.

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


def _read_column(cells: pd.Series[Any], name: str, kind: str, rejects: list[Reject]) -> NDArray[Any]:
    values = np.full(len(cells), None, dtype=object)
    for row, cell in enumerate(cells.tolist()):
        if isinstance(cell, str) and cell.strip():
            try:
                values[row] = READERS[kind](cell)
            except ValueError as error:
                rejects.append(Reject(row=row, column=name, value=cell, reason=str(error)))
    return values.astype(_DTYPES[kind])
