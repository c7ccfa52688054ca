"""Values that cannot be of their field's unit: percent for ratios, other scales, thousands."""

from collections.abc import Iterable

import pytest

from bot.errors import BadInput
from tests import factories
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.test_facts import facts, values

pytestmark = on_sqlite

SCHEME = factories.scheme_text(
    {
        "on_time_payment_rate": "unit: ratio, score: {fn: points, knots: [[0.5, 0], [1, 100]]}",
        "debt_ratio": "unit: ratio, score: {fn: points, knots: [[0.3, 100], [0.9, 0]]}",
        "sales_growth": "unit: ratio, score: {fn: points, knots: [[-0.2, 0], [0.5, 100]]}",
        "current_ratio": "score: {fn: bands, bands: [[0.5, 0], [1, 50], [2, 100]]}",
        "fill_rate": "unit: ratio, score: {fn: points, knots: [[0.5, 0], [1, 100]]}",
        "market_share": "score: {fn: points, knots: [[0, 0], [30, 100]]}",
        "annual_sales": "unit: EUR, score: {fn: points, knots: [[10000, 0], [1000000, 100]]}",
        "satisfaction": "score: {fn: scale, min: 1, max: 5}",
        "closeness": "score: {fn: scale, min: 5, max: 1}",
        "recommends": "score: {fn: scale, min: 0, max: 10}",
        "floor_space": "score: {fn: scale, min: 0, max: 5000}",
        "visits": "unit: count, score: {fn: points, knots: [[0, 0], [10, 100]]}",
    }
)


@pytest.fixture
def graded(filled: Book) -> Book:
    """Two customers, and a scheme in force."""
    with filled.database.write() as session:
        factories.scheme(session, SCHEME)
    return filled


def column(field: str, cells: str) -> list[str]:
    return [f"{field} {cell}" for cell in cells.split()]


def findings(book: Book, rows: Iterable[str]) -> list[tuple[str, int | None]]:
    """Name and line of what the file check asks."""
    preview = book.bring("facts", facts(*rows), dry_run=True)
    return [(one.type.name, one.values.get("line")) for one in preview.open_findings]


PERCENT, AMONG, SCALE, RANGE = (
    "percent-or-ratio",
    "percent-among-ratios",
    "beyond-scale",
    "values-out-of-range",
)
COLUMNS: list[tuple[str, str, list[tuple[str, int]]]] = [
    # A whole column in percent.
    ("on_time_payment_rate", "55 60 45", [(PERCENT, 2)]),
    ("on_time_payment_rate", "0 0 12 0 35", [(PERCENT, 4)]),
    ("on_time_payment_rate", "1 95 100", [(PERCENT, 3)]),
    ("on_time_payment_rate", "55", [(PERCENT, 2)]),
    ("debt_ratio", "55 60 45", [(PERCENT, 2)]),
    ("debt_ratio", "9", [(PERCENT, 2)]),
    ("sales_growth", "5 8 12 -3", [(PERCENT, 2)]),
    ("sales_growth", "-15 -8 0.5", [(PERCENT, 2)]),
    ("current_ratio", "150 210 95", [(PERCENT, 2)]),
    ("fill_rate", "98 97 99.5", [(PERCENT, 2)]),
    # Some rows in percent.
    ("on_time_payment_rate", "55 0.55 55%", [(AMONG, 2)]),
    ("on_time_payment_rate", "0.55 55%  60", [(AMONG, 4)]),
    ("on_time_payment_rate", "55% 60% 45", [(AMONG, 4)]),
    ("on_time_payment_rate", "0.9 1.02 0.8", [(AMONG, 3)]),
    ("debt_ratio", "0.55 0.6 45 0.5", [(AMONG, 4)]),
    ("sales_growth", "0.05 0.08 12 -0.03", [(AMONG, 4)]),
    # Ratios as they are.
    ("on_time_payment_rate", "0 0.55 1", []),
    ("on_time_payment_rate", "55% 100% 0%", []),
    ("debt_ratio", "0.55 1.3 0.9", []),
    ("debt_ratio", "0.55 3 0.9", []),
    ("sales_growth", "-0.4 3.5 0.1", []),
    ("current_ratio", "1.5 2.4 11", []),
    # A scheme that scores percent.
    ("market_share", "12 25 8", []),
    ("market_share", "1200 2500 800", [(RANGE, 2)]),
    # Scales.
    ("satisfaction", "4 9 3", [(SCALE, 3)]),
    ("satisfaction", "8 9 7 4", [(SCALE, 2)]),
    ("satisfaction", "0 4", [(SCALE, 2)]),
    ("satisfaction", "1 4.5 5", []),
    ("closeness", "6 5 1", [(SCALE, 2)]),
    ("closeness", "5 1 2", []),
    ("recommends", "0 7 11", [(SCALE, 4)]),
    ("recommends", "0 10", []),
    # Thousands, and other units of money.
    ("annual_sales", "20000000 30000000 40000000", [(RANGE, 3)]),
    ("annual_sales", "20000 30000 900000000", []),
    ("annual_sales", "20000000", []),
    ("annual_sales", "2000000000", [(RANGE, 2)]),
    ("annual_sales", "1 2 3 4 5", [(RANGE, 4)]),
    ("annual_sales", "1 2", []),
    ("annual_sales", "100 200 300 400 500", []),
    ("floor_space", "300 90000 20", []),
    ("floor_space", "300000 900000 20", [(RANGE, 2)]),
    ("visits", "1 3 400", []),
    ("visits", "150 300 200", [(RANGE, 4)]),
]


@pytest.mark.parametrize(("field", "cells", "asked"), COLUMNS, ids=[f"{one[0]} {one[1]}" for one in COLUMNS])
def test_a_column_is_asked_about_when_it_cannot_be_of_its_unit(
    graded: Book, field: str, cells: str, asked: list[tuple[str, int]]
) -> None:
    assert findings(graded, column(field, cells)) == asked


def test_each_field_is_asked_about_by_itself(graded: Book) -> None:
    rows = [
        *column("debt_ratio", "55 60"),
        *column("fill_rate", "0.5 0.6 97"),
        *column("satisfaction", "9"),
        *column("sales_growth", "0.1"),
    ]
    assert findings(graded, rows) == [(PERCENT, 2), (AMONG, 6), (SCALE, 7)]


def test_the_question_names_a_row_that_is_written_otherwise(graded: Book) -> None:
    asked = graded.ask("facts", facts(*column("on_time_payment_rate", "55 0.55 55%")))
    assert asked == {
        AMONG: "on_time_payment_rate is a ratio, and 1 of its 3 values are too large for one: line 2 has 55 where line 3"
        " has 0.55. Write 55% if it is percent; --yes percent-among-ratios takes 55 for 5500%."
    }


def test_the_question_about_a_whole_column_names_the_option_that_answers_it(graded: Book) -> None:
    asked = graded.ask("facts", facts(*column("debt_ratio", "55 60 45")))
    assert asked == {
        PERCENT: "debt_ratio is a ratio, and most of its values are too large for one, such as 55 on line 2."
        " If they are percent, give --percent debt_ratio; --yes percent-or-ratio takes 55 for 5500%."
    }


def test_percent_answers_for_the_field_and_is_remembered(graded: Book) -> None:
    rows = [*column("debt_ratio", "55 1.5 45%"), *column("fill_rate", "0.97")]
    percent = {"percent": ["debt_ratio"]}
    assert values(graded, *rows, kind_options=percent) == ["55%", "1.5%", "45%", "0.97"]
    again = graded.bring("facts", facts(*rows))
    assert (again.unchanged, again.remembered) == (4, percent)
    assert findings(graded, column("fill_rate", "97 98")) == [(PERCENT, 2)]


def test_percent_of_a_field_that_nobody_knows_is_refused_with_the_nearest(graded: Book) -> None:
    with pytest.raises(BadInput, match=r"there is no field of this name; did you mean debt_ratio\?"):
        graded.bring("facts", facts("debt_ratio 55"), kind_options={"percent": ["debt_ratoi"]})


@pytest.mark.parametrize(
    ("field", "cells", "name"),
    [
        ("debt_ratio", "55 60", PERCENT),
        ("fill_rate", "0.5 0.6 97", AMONG),
        ("satisfaction", "4 9", SCALE),
        ("annual_sales", "20000000 20000000 30000000", RANGE),
    ],
)
def test_yes_takes_the_values_as_they_are_and_says_so(
    graded: Book, field: str, cells: str, name: str
) -> None:
    report = graded.bring("facts", facts(*column(field, cells)), accepted=(name,))
    assert [(one.type.name, one.level) for one in report.findings] == [(name, "note")]
    assert [value for (value,) in graded.rows("SELECT value FROM fact ORDER BY id")] == cells.split()


@pytest.mark.parametrize(
    ("field", "cells", "asked"),
    [
        ("on_time_payment_rate", "55 0.55 55%", [(AMONG, 2)]),
        ("on_time_payment_rate", "55 60 45", [(PERCENT, 2)]),
        ("debt_ratio", "45 0.55 0.6", [(AMONG, 2)]),
        ("satisfaction", "9", [(SCALE, 2)]),
        ("equity_to_liabilities", "1.5 9 0.3", []),
        ("equity_to_liabilities", "150 90 30", [(PERCENT, 2)]),
        ("lawsuits_24m", "100 200 300", [(RANGE, 3)]),
        # The presets count in CNY, and the firm may count in rupiah.
        ("annual_sales", "20000000000000 30000000000000", []),
    ],
)
def test_before_the_first_scheme_the_units_of_the_presets_hold(
    filled: Book, field: str, cells: str, asked: list[tuple[str, int]]
) -> None:
    assert findings(filled, column(field, cells)) == asked


def test_two_schemes_that_read_a_field_differently_take_what_suits_one_of_them(filled: Book) -> None:
    texts = [
        factories.scheme_text({"rating": "score: {fn: scale, min: 1, max: 5}"}),
        factories.scheme_text({"rating": "score: {fn: map, values: {good: 100, bad: 0}}"}).replace(
            "record_type: account", "record_type: prospect"
        ),
    ]
    with filled.database.write() as session:
        for number, text in enumerate(texts):
            factories.scheme(session, text.replace("scheme: plain", f"scheme: plain{number}"))
    assert values(filled, "rating 4", "rating GOOD") == ["4", "good"]
    report = filled.bring("facts", facts("rating fair"), source="another")
    assert [reject.reason for reject in report.first_rejects] == [
        "cannot be read as rating: 'fair' is not one of good, bad"
    ]
    assert findings(filled, ["rating 9"]) == [(SCALE, 2)]


@pytest.mark.parametrize(("cells", "line"), [("0.55 0.6 0.45", 2), ("55 60 1", 4), ("0 -0.5", 3)])
def test_a_ratio_that_percent_would_make_a_hundredth_is_asked_about(
    graded: Book, cells: str, line: int
) -> None:
    rows, percent = column("sales_growth", cells), {"percent": ["sales_growth"]}
    asked = graded.ask("facts", facts(*rows), kind_options=percent)
    assert asked.keys() == {"percent-contradicted"}
    assert f"on line {line}." in asked["percent-contradicted"]
    accepted = values(graded, *rows, kind_options=percent, accepted=("percent-contradicted",))
    assert accepted == [f"{cell}%" for cell in cells.split()]
    # The answer is for one file, the remembered option for all.
    again = graded.bring("facts", facts(*rows, "sales_growth 0.9"), dry_run=True)
    assert [one.type.name for one in again.open_findings] == ["percent-contradicted"]


def test_percent_has_nothing_to_ask_about_percentages_and_zeros(graded: Book) -> None:
    rows = column("debt_ratio", "0.5% 0 0.9% 45")
    assert values(graded, *rows, kind_options={"percent": ["debt_ratio"]}) == ["0.5%", "0%", "0.9%", "45%"]
