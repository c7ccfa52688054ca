"""The known values of each field: typed arrays out of columns of facts, whatever dtypes they came with.

Missing (semantic 2) is: no column, empty, NaN or infinite, an unknown word, a value older than `max_age_days` or
measured after the day graded. Zero is a value, and so is one without a date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grading.scheme.model import Compare, Gate, Indicator, Map, OneOf, Scheme

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]
Columns = Mapping[str, Any]
"""Name of a field, or of its day of measurement -> a pandas Series or a numpy array (see `Facts`)."""

DATE_SUFFIX = "@date"
MONTHS_WITH_US = "months_with_us"
_FEW = 500  # cells that a dictionary codes sooner than pandas starts
_COMPARE = {"ge": np.greater_equal, "gt": np.greater, "le": np.less_equal, "lt": np.less}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One number per row, for a word its score; NaN or infinite is missing.

    `usable`: the rows whose value has an acceptable date; None means all.
    """

    values: Floats
    usable: Bools | None


class Facts:
    """Columns of facts, read by the fields of a scheme as of a day.

    A column is a pandas Series of any dtype or, so that one customer can be graded without pandas, a numpy array:
    float64 for numbers, objects for words and booleans (None is missing), datetime64 for days.
    """

    def __init__(self, columns: Columns, rows: int, scheme: Scheme, as_of: date) -> None:
        self._columns = columns
        self._rows = rows
        self.scheme = scheme
        self._as_of = np.datetime64(as_of, "D")
        self._max_age = {i.id: i.max_age_days for i in scheme.indicators}
        self._maps: dict[str, Map] = {i.id: i.score for i in scheme.indicators if isinstance(i.score, Map)}
        self._coded: dict[str, tuple[Codes, list[str | bool | None]]] = {}

    def number(self, field: str) -> Column:
        """A number field."""
        if field not in self._columns:
            return Column(values=np.full(self._rows, np.nan), usable=None)
        return Column(values=_numbers(self._columns[field]), usable=self._usable(field))

    def indicator(self, indicator: Indicator) -> Column:
        """The field of an indicator; a word becomes its score."""
        if not isinstance(indicator.score, Map):
            return self.number(indicator.id)
        values: dict[Any, float] = dict(indicator.score.values)
        codes, words = self._words(indicator.id)
        table = np.array([values.get(word, np.nan) for word in words] + [np.nan])
        return Column(values=table.take(codes), usable=self._usable(indicator.id))

    def gate(self, gate: Gate) -> tuple[Bools, Bools]:
        """(hit, assessed) by row, for a gate on a field. TypeError for one on a dimension."""
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
        """(code of each row, distinct words); -1 is missing, and the last entry of every table."""
        if field not in self._columns:
            return np.full(self._rows, -1, dtype=np.intp), []
        if field not in self._coded:
            codes, distinct = factorize(self._columns[field])
            read = _truth if self.scheme.fields[field].kind == "bool" else _word
            self._coded[field] = codes, [read(word) for word in distinct]
        return self._coded[field]

    def _usable(self, field: str) -> Bools | None:
        name = field + DATE_SUFFIX
        if name not in self._columns:
            return None
        measured = read_days(self._columns[name])
        age = (self._as_of - measured).astype(np.int64)
        usable: Bools = age >= 0
        oldest = self._max_age.get(field)
        if oldest is not None:
            usable &= age <= oldest
        return usable | np.isnat(measured)


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a frame by name. ValueError when a customer or a column is in it twice."""
    require_unique("column", frame.columns)
    require_unique("customer", frame.index)
    return {str(name): column for name, column in frame.items()}


def require_unique(what: str, labels: pd.Index) -> None:
    """ValueError when a label is there twice; `what` is the word for it."""
    if not labels.is_unique:
        twice = labels[labels.duplicated()][0]
        raise ValueError(f"the {what} {twice!r} occurs twice in the facts; give each {what} once")


def floats_of(column: pd.Series[Any]) -> Floats:
    """A column of numbers as float64; NaN where there is none."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def matrix_of(frame: pd.DataFrame, names: Sequence[str], user: str) -> Floats:
    """The named columns as float64 (row, name). ValueError for a column that is not there; `user` needs them."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ValueError(f"no column {', '.join(absent)}; {user} needs {', '.join(names)}")
    return np.column_stack([floats_of(frame[name]) for name in names])


def frame_of(columns: Mapping[str, Any], index: Any) -> pd.DataFrame:
    """Columns as a frame; objects stay objects (pandas would turn None into NaN)."""
    import pandas as pd

    index = pd.Index(index)
    series = {
        name: pd.Series(values, index=index, dtype=object) if values.dtype == object else values
        for name, values in columns.items()
    }
    return pd.DataFrame(series, index=index)


def factorize(column: Any) -> tuple[Codes, Any]:
    """(code of each cell, distinct cells); -1 for an empty cell."""
    try:
        if isinstance(column, np.ndarray) and len(column) <= _FEW:
            places: dict[object, int] = {}
            codes = [
                -1 if cell is None or cell != cell else places.setdefault(cell, len(places))
                for cell in column.tolist()
            ]
            return np.array(codes, dtype=np.intp), list(places)
        import pandas as pd

        if isinstance(column.dtype, pd.CategoricalDtype):
            return column.cat.codes.to_numpy(), column.cat.categories
        return pd.factorize(column)
    except TypeError:  # a cell that cannot be hashed, such as a list, is not a word
        import pandas as pd

        return pd.factorize(pd.Series(column).map(_hashable))


def _numbers(column: Any) -> Floats:
    kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
    if isinstance(column, np.ndarray) and kind in "iuf":
        return column.astype(np.float64, copy=False)
    if kind in "iuf":
        numbers: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return numbers
    if kind in "bmMc":  # a boolean, a time or a complex number is missing in a number field
        return np.full(len(column), np.nan)
    import pandas as pd

    series = pd.Series(column)
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
    # 1.0 and 0.0 too: pandas makes them of booleans next to a missing one.
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | float | np.number) and cell in (0, 1):
        return bool(cell)
    return None


def read_days(column: Any) -> NDArray[np.datetime64]:
    """The days of a column of dates of any dtype; NaT for a cell that is no date."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        return column.astype("datetime64[D]", copy=False)
    import pandas as pd

    series = pd.Series(column)
    if series.dtype.kind != "M":
        text = series.map(lambda cell: cell if isinstance(cell, str | date | np.datetime64) else None)
        series = pd.to_datetime(text.astype(object), errors="coerce", format="ISO8601", utc=True)
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_localize(None)
    return series.to_numpy().astype("datetime64[D]")
