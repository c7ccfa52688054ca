"""Cells of a flat table: read, or named with the reason; nothing in between."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from grading.engine.cells import read_day, read_number, read_truth
from grading.engine.table import Reject, read_fields
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme

SCHEME = parse_scheme(preset_text("prospects"), source="p")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0", 0.0),
        (" 12.5 ", 12.5),
        ("-3", -3.0),
        ("−3", -3.0),
        ("１２．５", 12.5),
        ("1,234,567.89", 1234567.89),
        ("１，２３４", 1234.0),
        ("12%", 12 / 100),
        ("12.5 ％", 12.5 / 100),
        ("1e5", 100000.0),
        ("-1.5E-3", -0.0015),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7.0),
        ("74.95", 74.95),
    ],
)
def test_numbers(cell: str, expected: float) -> None:
    assert read_number(cell) == expected


@pytest.mark.parametrize(
    "cell",
    ["abc", "nan", "inf", "-inf", "1e400", "1,23", "1,2345", "0,85", "1.2.3", "0x10", "1_000", "12 34", "--1", "¥5", "١٢", "%", "1e", "=1+1"],
)  # fmt: skip
def test_what_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"not a number|too large"):
        read_number(cell)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(["true", "TRUE", "yes", "是", "1", "１"], True), (["False", "no", "否", "0"], False)],
)
def test_truths(cells: list[str], expected: bool) -> None:
    assert [read_truth(cell) for cell in cells] == [expected] * len(cells)


@pytest.mark.parametrize("cell", ["maybe", "2", "y", "1.0"])
def test_what_is_neither_true_nor_false_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        read_truth(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-05",
        "2026/3/5",
        "2026.3.5",
        "2026年3月5日",
        "２０２６年３月５日",
        " 2026-03-05T08:30:00Z",
        "2026/03/05 08:30",
    ],
)
def test_days(cell: str) -> None:
    assert read_day(cell) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "cell", ["05.03.2026", "3/5/2026", "2026-02-30", "2026-13-01", "46000", "2026-3", "today", "2026-3/5"]
)
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"not a day|no such day"):
        read_day(cell)


def test_a_table_becomes_typed_facts() -> None:
    table = pd.DataFrame(
        {
            "code": ["000123", "b"],
            "name": ["NA", "乙"],
            "total_assets": ["1,000", ""],
            "total_assets@date": ["2026/3/5", ""],
            "company_kind": [" listed ", ""],
            "blacklisted": ["否", ""],
            "contact_permission": ["no", ""],
            "months_with_us": ["3", ""],
        },
        index=["x", "y"],
    )
    facts, rejects, unknown = read_fields(table, SCHEME)
    assert (rejects, unknown) == ([], [])
    assert facts.loc["x"].to_dict() == {
        "total_assets": 1000.0,
        "total_assets@date": pd.Timestamp("2026-03-05"),
        "company_kind": "listed",
        "blacklisted": False,
        "contact_permission": "no",
        "months_with_us": 3.0,
    }
    assert facts.loc["y"].isna().all()
    assert facts["total_assets"].dtype == np.float64


def test_a_row_with_an_unreadable_cell_is_rejected_with_every_reason() -> None:
    table = pd.DataFrame(
        {
            "annual_sales": ["5", "many", "7"],
            "blacklisted": ["no", "perhaps", "yes"],
            "fit@date": ["", "soon", ""],
        }
    )
    facts, rejects, _ = read_fields(table, SCHEME)
    assert facts.index.tolist() == [0, 2]
    assert facts["annual_sales"].tolist() == [5, 7]
    assert [(r.row, r.column, r.value) for r in rejects] == [
        (1, "annual_sales", "many"),
        (1, "blacklisted", "perhaps"),
        (1, "fit@date", "soon"),
    ]
    assert isinstance(rejects[0], Reject)
    assert "leave the cell empty" in rejects[0].reason


def test_unknown_columns_are_named() -> None:
    table = pd.DataFrame({"code": ["1"], "anual_sales": ["5"], "region": ["x"], "region@date": [""]})
    facts, rejects, unknown = read_fields(table, SCHEME)
    assert unknown == ["anual_sales", "region", "region@date"]
    assert (list(facts.columns), rejects) == ([], [])


def test_an_empty_table_and_a_column_twice() -> None:
    facts, rejects, unknown = read_fields(pd.DataFrame({"annual_sales": pd.Series(dtype=object)}), SCHEME)
    assert (len(facts), rejects, unknown) == (0, [], [])
    with pytest.raises(ValueError, match="'a' occurs twice"):
        read_fields(pd.DataFrame([["1", "2"]], columns=["a", "a"]), SCHEME)
