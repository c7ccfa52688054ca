"""A flat table is read as an import reads a file: every row is graded, rejected with its reason, or asked about."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.grade.score_file import FlatReport, score_table
from bot.services.imports import ImportOptions
from bot.services.imports.check.findings import OpenFindings
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import factories

AS_OF = date(2026, 3, 31)
# 0.625 on time and a debt ratio of 0.45 are 25 and 75 points; half of each, and half of the sales.
SCHEME = parse_scheme(
    factories.scheme_text(
        {
            "on_time_payment_rate": "unit: ratio, score: {fn: points, knots: [[0.5, 0], [1, 100]]}",
            "debt_ratio": "unit: ratio, max_age_days: 365, score: {fn: points, knots: [[0.3, 100], [0.9, 0]]}",
            "annual_sales": "unit: EUR, score: {fn: points, knots: [[0, 0], [1000000, 100]]}",
            "security": "score: {fn: map, values: {full: 100, none: 0}}",
        }
    ),
    source="s.yaml",
)
Score = Callable[..., FlatReport]


@pytest.fixture
def score(tmp_path: Path) -> Score:
    def call(table: str | bytes, name: str = "t.csv", **options: Any) -> FlatReport:
        path = tmp_path / name
        path.write_bytes(table.encode() if isinstance(table, str) else table)
        return score_table(path, SCHEME, AS_OF, replace(ImportOptions(), **options))

    return call


def graded(report: FlatReport) -> list[tuple[str, str, float | None]]:
    return [(one["code"], one["name"], one["score"]) for one in report.customers]


def rejected(report: FlatReport) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.reason) for one in report.rejected]


def notes(report: FlatReport) -> dict[str, str]:
    return {one.type.name: one.text() for one in report.findings}


def ask(score: Score, table: str, **options: Any) -> dict[str, str]:
    with pytest.raises(OpenFindings, match=r"t\.csv was not scored\.") as refused:
        score(table, **options)
    return {one.type.name: one.text() for one in refused.value.findings}


def test_a_cell_that_is_too_long_costs_its_row(score: Score) -> None:
    report = score(f'code,name,annual_sales,notes\nP1,One,500000,"{"x" * 140_000}"\nP2,Two,250000,short\n')
    assert rejected(report) == [(2, "", "a cell is longer than 131,072 characters")]
    assert graded(report) == [("P2", "Two", 25.0)]


ROW = "P1,One,500000\n"
SHAPES = [
    ("code,name,annual_sales\n", ROW, {}),
    ("Code,Name,Annual Sales\n", ROW, {}),
    ("CODE,NAME,ANNUAL_SALES\n", ROW, {}),
    ("Customer Code,Customer Name,annual-sales\n", ROW, {}),
    ("客户编号,客户名称,年销售额\n", ROW, {"columns": {"annual_sales": "年销售额"}}),
    ("sep=,\ncode,name,annual_sales\n", ROW, {}),
    ("sep=;\ncode;name;annual_sales\n", "P1;One;500000\n", {}),
    ("\n\ncode,name,annual_sales\n", ROW, {}),
    ("\ufeffcode,name,annual_sales\n", ROW, {}),
    ("code;name;annual_sales\n", "P1;One;500000\n", {}),
    ("code\tname\tannual_sales\n", "P1\tOne\t500000\n", {}),
    ("code|name|annual_sales\n", "P1|One|500000\n", {"delimiter": "|"}),
    ("code,name,annual_sales\n", ROW + "\n,,\n  ,,\n", {}),
    ("nr,who,annual_sales\n", ROW, {"columns": {"code": "nr", "name": "who"}}),
    ("annual_sales,name,code\n", "500000,One,P1\n", {}),
    ("code,name,annual_sales\r\n", ROW.replace("\n", "\r\n"), {}),
    ("Customers of 2026\n\ncode,name,annual_sales\n", ROW, {}),
    ("code,name,annual_sales\n", ROW + "code,name,annual_sales\nTotal,,500000\n(1 row)\n", {}),
    ("code,name,annual_sales,debt_ratio\n", ROW, {}),
    ("code,name,annual_sales\n", "P1,One,500000,,\n", {}),
    ("code,name,annual_sales,debt_ratio,security\n", "P1,One,500000,NULL,n/a\n", {}),
    ("code,name,annual_sales\n", '="P1",="One",="500000"\n', {}),
    ("code,name,annual_sales\n", "'P1,One,'500000\n", {}),
    ('"code,name,annual_sales"\n', '"P1,One,500000"\n', {}),
    ("code,name,annual_sales,code\n", "P1,One,500000,P1\n", {}),
]


@pytest.mark.parametrize(("header", "rows", "options"), SHAPES)
def test_the_shapes_that_imports_understand(
    score: Score, header: str, rows: str, options: dict[str, Any]
) -> None:
    report = score(header + rows, **options)
    assert (graded(report), rejected(report)) == ([("P1", "One", 50.0)], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_found_or_given(score: Score, encoding: str) -> None:
    names = [
        "上海安可贸易有限公司",
        "北京华联商厦",
        "广州天河机械厂",
        "深圳南山电子",
        "杭州西湖茶叶",
        "南京长江航运",
    ]
    rows = "".join(f"P{number},{name},500000\n" for number, name in enumerate(names))
    given = {"encoding": "gb18030"} if encoding == "gb18030" else {}
    report = score(("code,name,annual_sales\n" + rows).encode(encoding), **given)
    assert [name for _, name, _ in graded(report)] == names


ROWS = [
    ("P1,On\0e,1", (2, "name", "holds a NUL byte")),
    ("P\0001,One,1", (2, "code", "holds a NUL byte")),
    (",One,1", (2, "code", "is empty")),
    ("P1,,1", (2, "name", "is empty")),
    ("P1", (2, "name", "is empty")),
    ("P1,One,1,2", (2, "", "has 4 cells where the header has 3; a separator inside a cell needs quotation marks around it")),
    ('P1,"One,1', (2, "", "a quotation mark is not closed")),
    ('P1,"On\ne",1', (2, "name", "holds a line break; is a quotation mark missing?")),
    ("9.1E+17,One,1", (2, "code", "'9.1E+17' is in scientific notation, which has lost digits; format the column as text and export again")),
    ("P1,One,much", (2, "annual_sales", "'much' is not a number; write it as 1234.5 or 12%")),
    ("P1,One,1e400", (2, "annual_sales", "'1e400' is too large")),
    ("P1,One,55%", (2, "annual_sales", "'55%' is a percentage; write how many")),
    ("P1,One,$500", (2, "annual_sales", "'$500' is not in EUR; convert it and write the number")),
    ("GOOD,Two,3", (3, "code", "code GOOD is already on line 2")),
]  # fmt: skip


@pytest.mark.parametrize(("row", "wanted"), ROWS)
def test_a_row_that_cannot_be_read_is_rejected_with_line_column_and_reason(
    score: Score, row: str, wanted: tuple[int, str, str]
) -> None:
    before = "GOOD,Good,1\n" if wanted[0] == 3 else ""
    report = score(f"code,name,annual_sales\n{before}{row}\nP9,Nine,500000\n")
    assert rejected(report) == [wanted]
    assert graded(report)[-1] == ("P9", "Nine", 50.0)


@pytest.mark.parametrize("name", ["NA", "NULL", "nan", "-", "0"])
def test_a_customer_may_be_called_nothing(score: Score, name: str) -> None:
    assert graded(score(f"code,name,annual_sales\n007,{name},500000\n")) == [("007", name, 50.0)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"%PDF-1.4", "a PDF document"),
        (b"<html>", "a web page"),
        (b"", "is empty"),
        (b"code,name,annual_sales\n", "has a header but no rows"),
        (b"name,annual_sales\nOne,1\n", "no column for code"),
        (b"code,name,Code\nP1,One,P2\n", "two columns named 'code'"),
    ],
)
def test_a_file_that_is_no_table_of_customers_is_refused(score: Score, content: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        score(content)


DECIMALS = [
    ("1.234.567,89", "point", 100.0),
    ("250.000,5", None, 25.0),
    ("250,000.5", None, 25.0),
    ("250.000", "comma", 25.0),
    ("250,000", "point", 25.0),
    ("250,000", "comma", 0.0),
    ("(250000)", None, 0.0),
    ("€ 250 000", None, 25.0),
    ("２５００００", None, 25.0),
]


@pytest.mark.parametrize(("cell", "decimal", "points"), DECIMALS)
def test_the_decimal_sign_is_read_or_given(
    score: Score, cell: str, decimal: str | None, points: float
) -> None:
    report = score(f"code;name;annual_sales\nP1;One;{cell}\n", decimal=decimal)
    assert graded(report) == [("P1", "One", points)]


@pytest.mark.parametrize("cells", [("250,000",), ("250.000",), ("250,000", "1.5", "2,5")])
def test_an_open_decimal_sign_is_a_question(score: Score, cells: tuple[str, ...]) -> None:
    rows = "".join(f"P{number};One;{cell}\n" for number, cell in enumerate(cells))
    asked = ask(score, "code;name;annual_sales\n" + rows)
    assert asked.keys() == {"decimal-sign"}
    assert "'annual_sales'" in asked["decimal-sign"]


def test_each_column_has_its_own_decimal_sign(score: Score) -> None:
    table = 'code,name,on_time_payment_rate,annual_sales\nP1,One,"0,75","500,000"\nP2,Two,"0,75","1,000.5"\n'
    assert graded(score(table)) == [("P1", "One", 50.0), ("P2", "Two", 25.1)]


WHOLE = "code,name,on_time_payment_rate\nP1,One,55\nP2,Two,0.55\nP3,Three,55%\n"


def test_a_percentage_written_as_a_whole_number_is_a_question(score: Score) -> None:
    asked = ask(score, WHOLE)
    assert asked.keys() == {"percent-among-ratios"}
    assert "line 2 has 55 where line 3 has 0.55" in asked["percent-among-ratios"]
    assert [points for _, _, points in graded(score(WHOLE.replace(",55\n", ",55%\n")))] == [10.0, 10.0, 10.0]
    accepted = score(WHOLE, accepted=("percent-among-ratios",))
    assert [points for _, _, points in graded(accepted)] == [100.0, 10.0, 10.0]


def test_a_column_in_percent_is_a_question_that_an_option_answers(score: Score) -> None:
    table = "code,name,on_time_payment_rate\nP1,One,55\nP2,Two,75\n"
    assert ask(score, table).keys() == {"percent-or-ratio"}
    report = score(table, kind_options={"percent": ["on_time_payment_rate"]})
    assert [points for _, _, points in graded(report)] == [10.0, 50.0]


def test_thousands_are_a_question(score: Score) -> None:
    table = "code,name,annual_sales\n" + "".join(f"P{number},One,{number}\n" for number in range(1, 7))
    assert ask(score, table).keys() == {"values-out-of-range"}


def test_a_word_the_scheme_does_not_know_is_rejected_with_the_nearest(score: Score) -> None:
    report = score("code,name,security\nP1,One,ful\nP2,Two,Full\n")
    assert rejected(report) == [(2, "security", "'ful' is not one of full, none; did you mean full?")]
    assert graded(report) == [("P2", "Two", 100.0)]


def test_a_column_that_is_no_field_is_named_with_the_nearest_one(score: Score) -> None:
    report = score("code,name,annual_sales,debt_ratoi,notes\nP1,One,500000,0.5,x\n")
    assert notes(report) == {
        "unread-column": "The scheme plain has no field for these columns: debt_ratoi: did you mean debt_ratio?, notes."
    }
    assert notes(score("code,name,annual_sales\nP1,One,500000\n")) == {}


def test_a_credit_grade_that_only_presets_could_judge_is_a_question(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("code,name,net_revenue_12m,credit_grade\nP1,One,500000,Z\n")
    scheme = parse_scheme(preset_text("b2b_accounts"), source="b2b")
    with pytest.raises(OpenFindings, match=r"credit_grade .line 2: 'Z' is not one of AAA, AA, A, B, C, D"):
        score_table(path, scheme, AS_OF, ImportOptions())


@pytest.mark.parametrize(
    ("day", "order", "points"),
    [
        ("2026-03-05", None, 75.0),
        ("20260305", None, 75.0),
        ("2026年3月5日", None, 75.0),
        ("05.03.2026", None, 75.0),
        ("25/12/2025", None, 75.0),
        ("03/04/2025", "dmy", 75.0),
        ("03/04/2025", "mdy", None),
        ("2020-01-01", None, None),
    ],
)
def test_days_of_measurement_are_read_as_in_imports(
    score: Score, day: str, order: str | None, points: float | None
) -> None:
    table = f"code,name,debt_ratio,debt_ratio@date\nP1,One,0.45,{day}\n"
    assert graded(score(table, date_order=order)) == [("P1", "One", points)]


def test_an_open_order_of_day_and_month_is_a_question(score: Score) -> None:
    table = "code,name,debt_ratio,debt_ratio@date\nP1,One,0.45,03/04/2025\n"
    assert ask(score, table).keys() == {"date-order"}


def test_wrong_options_are_refused(score: Score) -> None:
    table = "code,name,annual_sales\nP1,One,1\n"
    for wrong, said in (
        ({"decimal": "dot"}, "--decimal dot is not known"),
        ({"accepted": ("no-such",)}, "--yes no-such"),
        ({"columns": {"colour": "x"}}, "flat tables have no field colour"),
        ({"encoding": "klingon"}, "klingon is not an encoding"),
        ({"kind_options": {"percent": ["debt"]}}, r"--percent debt: there is no field of this name"),
    ):
        with pytest.raises(BadInput, match=said):
            score(table, **wrong)


def test_all_questions_are_asked_together(score: Score) -> None:
    table = "code;name;on_time_payment_rate;annual_sales;debt_ratio@date\nP1;One;55;12,500;03/04/2025\n"
    assert ask(score, table).keys() == {"percent-or-ratio", "decimal-sign", "date-order"}


@pytest.mark.parametrize("line", [None, 3])
def test_the_line_of_the_header_is_found_or_given(score: Score, line: int | None) -> None:
    report = score("Report of March,,\nAll customers,,\ncode,name,annual_sales\n" + ROW, header_line=line)
    assert graded(report) == [("P1", "One", 50.0)]


def test_a_wrong_line_of_the_header_is_refused(score: Score) -> None:
    with pytest.raises(BadInput, match="--header-line 9: there is no text on this line"):
        score("code,name,annual_sales\n" + ROW, header_line=9)


@pytest.mark.parametrize(
    ("column", "cell", "asked"),
    [
        *(("unit", "万元", True), ("Unit", "TEUR", True), ("单位", "千元", True), ("Einheit", "TEUR", True)),
        *(
            ("currency", "USD", True),
            ("币种", "人民币", True),
            ("unit", "EUR", False),
            ("currency", "EUR", False),
        ),
        *(("unit", "", False), ("unit", "-", False), ("note", "TEUR", False)),
    ],
)
def test_a_column_of_units_must_say_what_the_scheme_expects(
    score: Score, column: str, cell: str, asked: bool
) -> None:
    table = f"code,name,annual_sales,{column}\nP1,One,500000,{cell}\n"
    if not asked:
        assert graded(score(table)) == [("P1", "One", 50.0)]
        return
    question = ask(score, table)
    assert question.keys() == {"unit-column"}
    assert f"The column '{column}' says another unit" in question["unit-column"]
    assert f"annual_sales in '{cell}' (line 2)" in question["unit-column"]
    assert graded(score(table, accepted=("unit-column",))) == [("P1", "One", 50.0)]


DAYS = "code,name,debt_ratio,debt_ratio@date\n"


def test_days_that_a_spreadsheet_swapped_are_a_question(score: Score) -> None:
    table = DAYS + "P1,One,0.45,2026-03-01\nP2,Two,0.45,2026-02-01\nP3,Three,0.45,13/01/2026\n"
    assert ask(score, table).keys() == {"swapped-dates"}
    assert len(graded(score(table, accepted=("swapped-dates",)))) == 3


def test_days_before_the_month_after_the_year_are_refused(score: Score) -> None:
    table = DAYS + "P1,One,0.45,2026-13-01\nP2,Two,0.45,2026-01-02\nP3,Three,0.45,2025-28-02\n"
    assert "(2026-13-01)" in ask(score, table)["year-day-month"]


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("单位：万元,,,", "万元"),
        ("Angaben in TEUR", "in TEUR"),
        ("amounts in thousands", "in thousands"),
        ("Currency: USD", "USD"),
    ],
)
def test_a_unit_above_the_header_is_asked_about(score: Score, title: str, unit: str) -> None:
    table = f"{title}\ncode,name,annual_sales,debt_ratio\nC1,Acme,500000,0.6\n"
    asked = ask(score, table)
    assert asked.keys() == {"unit-column"}
    assert f"annual_sales in {unit!r} (line 1)" in asked["unit-column"]
    assert len(score(table, accepted=("unit-column",)).customers) == 1
    assert len(score(table.replace("annual_sales,", "security,").replace("500000", "full")).customers) == 1
