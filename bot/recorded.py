"""Recorded facts of a book as typed columns: of each field and customer the newest, without a row for any of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.facts import BETWEEN
from grading.fields import DATE_SUFFIX
from grading.scheme import Scheme
from grading.table import read_cells

FactsOfDay = tuple[str, date, str, str, str]  # as db.facts.facts_by_day gives them
Grades = Mapping[int, tuple[str, date]]
_PLAIN = re.compile(f"[-+.0-9{BETWEEN}]*", re.ASCII).fullmatch  # what `float` reads as `grading.table` does


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Columns by field and `FIELD@date`, a row for each customer asked for; how many values could not be read."""

    columns: dict[str, NDArray[Any]]
    unreadable: int


def read(found: Iterable[FactsOfDay], customers: NDArray[np.int64], scheme: Scheme) -> Recorded:
    """The newest fact of each field; of two of one day the one recorded last. `customers` are in ascending order.

    One that cannot be read is missing: an older one does not stand in for it.
    """
    columns: dict[str, NDArray[Any]] = {}
    unreadable = 0
    for field, days in groupby(found, key=lambda row: row[0]):
        parts = list(days)
        cells = BETWEEN.join(part[4] for part in parts).split(BETWEEN)
        who = _numbers(",".join(part[2] for part in parts))
        ids = _numbers(",".join(part[3] for part in parts))
        counts = [part[2].count(",") + 1 for part in parts]
        day = np.repeat(np.array([part[1] for part in parts], dtype="datetime64[D]"), counts)
        place = np.minimum(np.searchsorted(customers, who), len(customers) - 1)
        newest = _newest(place, day, ids, customers[place] == who) if len(customers) else ids[:0]
        values, wrong = _typed([cells[row] for row in newest.tolist()], scheme.fields[field].kind)
        unreadable += wrong
        empty = np.nan if values.dtype.kind == "f" else None
        columns[field] = np.full(len(customers), empty, dtype=values.dtype)
        columns[field][place[newest]] = values
        columns[field + DATE_SUFFIX] = np.full(len(customers), np.datetime64("NaT"), dtype="datetime64[D]")
        columns[field + DATE_SUFFIX][place[newest]] = day[newest]
    return Recorded(columns=columns, unreadable=unreadable)


def put_grades(
    columns: dict[str, NDArray[Any]], field: str, grades: Grades, customers: NDArray[np.int64]
) -> None:
    """Let grades of assessments stand where no later one was recorded."""
    if not grades:
        return
    who = np.array(list(grades), dtype=np.int64)
    words = np.array([grade for grade, _ in grades.values()], dtype=object)
    days = np.array([day for _, day in grades.values()], dtype="datetime64[D]")
    here = np.isin(who, customers)
    place = np.searchsorted(customers, who[here])
    dates = columns.setdefault(
        field + DATE_SUFFIX, np.full(len(customers), np.datetime64("NaT"), dtype="datetime64[D]")
    )
    values = columns.setdefault(field, np.full(len(customers), None, dtype=object))
    later = ~(dates[place] > days[here])  # nothing is later than no day
    values[place[later]] = words[here][later]
    dates[place[later]] = days[here][later]


def _numbers(text: str) -> NDArray[np.int64]:
    return np.fromstring(text, dtype=np.int64, sep=",")


def _newest(place: Any, day: Any, ids: Any, wanted: Any) -> NDArray[np.intp]:
    """Rows of the newest fact of each customer that is wanted."""
    order = np.lexsort((ids, day))
    order = order[wanted[order]]
    last = np.full(int(place.max(initial=0)) + 1, -1, dtype=np.intp)
    last[place[order]] = order  # what comes later stands
    return last[last >= 0]


def _typed(cells: list[str], kind: str) -> tuple[NDArray[Any], int]:
    """Values of a kind, NaN or None where there is none; how many could not be read."""
    if kind == "number" and _PLAIN("".join(cells)):
        try:
            numbers = np.array(list(map(float, cells)))
        except ValueError:
            numbers = np.array([np.inf])
        if np.isfinite(numbers).all():
            return numbers, 0
    return read_cells(cells, kind)
