"""What is known of each field: typed columns out of a frame of facts, whatever dtypes it came with.

Missing (semantic 2) is: no column, empty, NaN or infinite, an unknown word, a value older than
`max_age_days` or measured after the day of the snapshot. Zero is a value; a value without a date
counts, since nothing says that it is old.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grading.scheme_model import Compare, Gate, Indicator, Map, OneOf, Scheme

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]

DATE_SUFFIX = "@date"
_COMPARE = {"ge": np.greater_equal, "gt": np.greater, "le": np.less_equal, "lt": np.less}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One number a row, for words the number they score; NaN or infinite is missing.

    `usable` says which rows have a value of an acceptable date; None means all of them.
    """

    values: Floats
    usable: Bools | None


class Facts:
    """A frame of facts read through a scheme as of a day."""

    def __init__(self, frame: pd.DataFrame, scheme: Scheme, as_of: date) -> None:
        for what, labels in (("column", frame.columns), ("customer", frame.index)):
            if not labels.is_unique:
                twice = labels[labels.duplicated()][0]
                raise ValueError(f"the {what} {twice!r} stands twice in the facts; give each {what} once")
        self._frame = frame
        self._scheme = scheme
        self._as_of = np.datetime64(as_of, "D")
        self._max_age = {i.id: i.max_age_days for i in scheme.indicators}
        self._maps: dict[str, Map] = {i.id: i.score for i in scheme.indicators if isinstance(i.score, Map)}
        self._coded: dict[str, tuple[Codes, list[str | bool | None]]] = {}

    def number(self, field: str) -> Column:
        """A number field."""
        if field not in self._frame.columns:
            return Column(values=np.full(len(self._frame), np.nan), usable=None)
        return Column(values=_numbers(self._frame[field]), usable=self._usable(field))

    def indicator(self, indicator: Indicator) -> Column:
        """The field of an indicator; words come as their scores."""
        if not isinstance(indicator.score, Map):
            return self.number(indicator.id)
        values: dict[Any, float] = dict(indicator.score.values)
        codes, words = self._words(indicator.id)
        table = np.array([values.get(word, np.nan) for word in words] + [np.nan])
        return Column(values=table.take(codes), usable=self._usable(indicator.id))

    def gate(self, gate: Gate) -> tuple[Bools, Bools]:
        """(hit, assessed) for a gate on a field."""
        when = gate.when
        known: Bools
        hit: Bools
        if isinstance(when, Compare):
            column = self.number(when.field)
            usable = column.usable
            known = np.isfinite(column.values)
            hit = _COMPARE[when.comparison](column.values, when.limit)
        elif isinstance(when, OneOf):
            codes, words = self._words(when.field)
            vocabulary = self._maps.get(when.field)
            meant = [word is not None and (vocabulary is None or word in vocabulary.values) for word in words]
            known = np.array([*meant, False]).take(codes)
            hit = np.array([word in when.values for word in words] + [False]).take(codes)
            usable = self._usable(when.field)
        else:
            raise TypeError(f"gate {gate.id} is on a dimension, which has no field")
        if usable is not None:
            known = known & usable
        return hit & known, known

    def _words(self, field: str) -> tuple[Codes, list[str | bool | None]]:
        """Codes into the short list of distinct words; -1 is missing, and the last entry of every table."""
        if field not in self._frame.columns:
            return np.full(len(self._frame), -1, dtype=np.intp), []
        if field not in self._coded:
            series = self._frame[field]
            codes: Any
            distinct: Any
            try:
                if isinstance(series.dtype, pd.CategoricalDtype):
                    codes, distinct = series.cat.codes.to_numpy(), series.cat.categories
                else:
                    codes, distinct = pd.factorize(series)
            except TypeError:  # a cell that cannot be hashed, such as a list, is no word
                codes, distinct = pd.factorize(series.map(_hashable))
            read = _truth if self._scheme.fields[field].kind == "bool" else _word
            self._coded[field] = codes, [read(word) for word in distinct]
        return self._coded[field]

    def _usable(self, field: str) -> Bools | None:
        name = field + DATE_SUFFIX
        if name not in self._frame.columns:
            return None
        measured = read_days(self._frame[name])
        age = (self._as_of - measured).astype(np.int64)
        usable: Bools = age >= 0
        oldest = self._max_age.get(field)
        if oldest is not None:
            usable &= age <= oldest
        return usable | np.isnat(measured)


def _numbers(series: pd.Series[Any]) -> Floats:
    kind = series.dtype.kind if hasattr(series.dtype, "kind") else "O"
    if kind in "iuf":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if kind in "bmMc":  # a truth, a time or a complex number in a number field is no number
        return np.full(len(series), np.nan)
    odd = series.map(lambda cell: isinstance(cell, bool | np.bool_ | complex))
    plain = series.astype(object).where(~odd.astype(bool), np.nan)
    try:
        read = pd.to_numeric(plain, errors="coerce")
    except OverflowError:
        read = plain.map(_float)
    return read.to_numpy(dtype=np.float64, na_value=np.nan)


def _float(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _hashable(cell: object) -> object:
    return cell if isinstance(cell, str | bool) else None


def _word(cell: object) -> str | None:
    return (cell.strip() or None) if isinstance(cell, str) else None


def _truth(cell: object) -> bool | None:
    # 1.0 and 0.0 too: that is what pandas makes of booleans beside a missing one.
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | float | np.number) and cell in (0, 1):
        return bool(cell)
    return None


def read_days(series: pd.Series[Any]) -> NDArray[np.datetime64]:
    """The days of a column of dates, whatever it holds; NaT for what is none."""
    if series.dtype.kind != "M":
        text = series.map(lambda cell: cell if isinstance(cell, str | date | np.datetime64) else None)
        series = pd.to_datetime(text.astype(object), errors="coerce", format="ISO8601", utc=True)
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_localize(None)
    return series.to_numpy().astype("datetime64[D]")
