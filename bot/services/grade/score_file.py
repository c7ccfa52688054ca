"""Grades a flat table without a database: one row per customer, one column per field of the scheme."""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from bot.errors import N_, BadInput
from bot.services.imports.read.encoding import inspect_file
from bot.services.imports.read.header import find_header
from bot.services.imports.read.records import open_text
from grading.engine.scoring import grade
from grading.engine.table import read_fields
from grading.explain.breakdown import explain
from grading.indicators.altman import with_zone
from grading.scheme.model import Scheme


@dataclass(frozen=True, kw_only=True)
class FlatReport:
    """Graded customers as data for JSON, rejected rows as sentences, and columns that the scheme does not have."""

    customers: list[dict[str, Any]]
    rejected: list[str]
    ignored: list[str]


def score_table(path: Path, scheme: Scheme, as_of: date) -> FlatReport:
    """Grade a CSV. A row with a cell that cannot be read is rejected as a whole, with the reason."""
    header, rows = _read(path)
    for needed in ("code", "name"):
        if needed not in header:
            raise BadInput(
                N_("%(file)s has no column %(column)s. It needs code, name and one column per field."),
                file=path.name,
                column=needed,
            )
    cells = pd.DataFrame([row for _, row in rows], columns=header, dtype=object)
    facts, rejects, unknown = read_fields(cells.drop(columns=["code", "name"]), scheme)
    rejected = [
        f"line {rows[reject.row][0]}, {reject.column}: {reject.value!r} {reject.reason}" for reject in rejects
    ]
    graded = grade(with_zone(facts, scheme), scheme, as_of)
    customers = [
        {**cells.loc[row, ["code", "name"]].to_dict(), **explain(graded, scheme, place)}
        for place, row in enumerate(facts.index)
    ]
    return FlatReport(customers=customers, rejected=rejected, ignored=unknown)


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    if not path.is_file():
        raise BadInput(N_("There is no file %(file)s."), file=path)
    file = inspect_file(path, None)
    delimiter = find_header(file, None, known=frozenset({"code", "name"})).delimiter
    with open_text(file) as handle:
        reader = csv.reader(handle, delimiter=delimiter)
        header = [cell.strip() for cell in next(reader, [])]
        if len(set(header)) < len(header):
            twice = next(cell for cell in header if header.count(cell) > 1)
            raise BadInput(N_("%(file)s has two columns named %(column)s."), file=path.name, column=twice)
        rows = []
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise BadInput(
                    N_("%(file)s line %(line)s has %(found)s cells instead of %(wanted)s. Mend the line."),
                    file=path.name,
                    line=reader.line_num,
                    found=len(row),
                    wanted=len(header),
                )
            rows.append((reader.line_num, row))
    return header, rows
