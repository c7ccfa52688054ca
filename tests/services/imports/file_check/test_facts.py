"""Facts: which sign marks the decimals, how numbers are written, and which fields and words nobody knows."""

from typing import Any

import pytest

from grading.engine.cells import read_number
from grading.scheme.presets import preset_text
from tests import factories
from tests.conftest import on_sqlite
from tests.services.imports.conftest import Book

pytestmark = on_sqlite

# The two contradict each other.
BOTH_SIGNS = """\
customer;field;value;date
C1;on_time_payment_rate;0,625;2026-01-05
C1;debt_ratio;0,450;2026-01-05
C1;annual_sales;12,500;2026-01-05
C2;on_time_payment_rate;0.625;2026-01-05
C2;debt_ratio;0.450;2026-01-05
C2;annual_sales;12.500;2026-01-05
"""


def facts(*rows: str, separator: str = ";") -> str:
    """A file of facts: each row a field and a value, for C1 on another day."""
    lines = [f"C1 {row} 2026-01-{day:02}".replace(" ", separator) for day, row in enumerate(rows, start=1)]
    return "\n".join([separator.join(("customer", "field", "value", "date")), *lines, ""])


def values(book: Book, *rows: str, **options: Any) -> list[str]:
    """The values that are stored of rows that are all accepted."""
    report = book.bring("facts", facts(*rows), **options)
    assert report.rejected == 0, report.first_rejects
    return [value for (value,) in book.rows("SELECT value FROM fact ORDER BY id")]


def reasons(book: Book, *rows: str, **options: Any) -> list[str]:
    """Why each row is rejected; all of them are."""
    report = book.bring("facts", facts(*rows), **options)
    assert report.accepted == 0
    return [reject.reason for reject in report.first_rejects]


def test_a_file_with_both_decimal_signs_is_a_question_that_names_a_row_of_each(filled: Book) -> None:
    asked = filled.ask("facts", BOTH_SIGNS)
    assert asked.keys() == {"decimal-sign"}
    assert "line 2: 0,625" in asked["decimal-sign"]
    assert "line 5: 0.625" in asked["decimal-sign"]


def test_the_answer_holds_for_the_cells_that_are_open_and_grading_reads_what_was_meant(filled: Book) -> None:
    filled.bring("facts", BOTH_SIGNS, decimal="comma")
    assert filled.rows("SELECT value FROM fact ORDER BY id") == [
        ("0.625",), ("0.450",), ("12.500",), ("0.625",), ("0.450",), ("12500",)
    ]  # fmt: skip


SIGNS: list[tuple[tuple[str, ...], list[str]]] = [
    # A cell that can be read in one way only decides for its field.
    (("annual_sales 12,500", "annual_sales 7,5"), ["12.500", "7.5"]),
    (("annual_sales 12.500", "annual_sales 1.234,5"), ["12500", "1234.5"]),
    (("annual_sales 12,500", "annual_sales 1,234.5"), ["12500", "1234.5"]),
    (("annual_sales 12.500", "annual_sales 0.5"), ["12.500", "0.5"]),
    # A field without such a cell follows the others.
    (("annual_sales 12,500", "debt_ratio 0,45"), ["12.500", "0.45"]),
    (("debt_ratio 0.45", "annual_sales 12,500"), ["0.45", "12500"]),
    # Its own cells win over those of other fields.
    (("annual_sales 12,500", "annual_sales 1,5", "debt_ratio 0.45"), ["12.500", "1.5", "0.45"]),
    # A word proves nothing, whatever it looks like.
    (("company_kind 1,5", "annual_sales 12,500", "debt_ratio 0.45"), ["1,5", "12500", "0.45"]),
    # These leave nothing open.
    (("debt_ratio 0,625",), ["0.625"]),
    (("debt_ratio 0.625",), ["0.625"]),
    (("annual_sales 1,234,567",), ["1234567"]),
    (("annual_sales 1.234.567,89",), ["1234567.89"]),
]


@pytest.mark.parametrize(("rows", "stored"), SIGNS, ids=[" | ".join(rows) for rows, _ in SIGNS])
def test_cells_that_prove_the_decimal_sign_decide_for_the_others(
    filled: Book, rows: tuple[str, ...], stored: list[str]
) -> None:
    assert values(filled, *rows, accepted=("unknown-word",)) == stored


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("value", ["12,500", "12.500", "-1,250", "(1.250)"])
def test_a_value_that_can_be_read_both_ways_is_a_question_whatever_the_separator(
    filled: Book, value: str, separator: str
) -> None:
    quoted = f'"{value}"'
    asked = filled.ask("facts", facts(f"annual_sales {quoted}", separator=separator))
    assert asked.keys() == {"decimal-sign"}


@pytest.mark.parametrize(("decimal", "stored"), [("comma", "12.500"), ("point", "12500")])
def test_an_open_value_is_read_as_the_answer_says(filled: Book, decimal: str, stored: str) -> None:
    assert values(filled, "annual_sales 12,500", decimal=decimal) == [stored]


def test_a_question_is_asked_once_for_all_fields(filled: Book) -> None:
    preview = filled.bring("facts", facts("annual_sales 12,500", "aum 1,000"), dry_run=True)
    assert [one.type.name for one in preview.open_findings] == ["decimal-sign"]


WRITTEN = [
    ("12.5", "12.5"),
    ("１２．５", "12.5"),
    ("−3", "-3"),
    ("(1234.5)", "-1234.5"),
    ("1234.5-", "-1234.5"),
    ("1'234.50", "1234.50"),
    ("1e5", "1e5"),
    ("2.5e-3", "2.5e-3"),
]


@pytest.mark.parametrize(("written", "stored"), WRITTEN)
def test_numbers_are_stored_with_a_decimal_point_and_without_grouping(
    filled: Book, written: str, stored: str
) -> None:
    assert values(filled, f"ebit {written}") == [stored]


@pytest.mark.parametrize("written", ["45%", "45％", "%45", "45,0%", "４５％"])
def test_a_percent_sign_stays_so_that_the_value_means_what_it_says(filled: Book, written: str) -> None:
    assert values(filled, f"debt_ratio {written}") == ["45.0%" if "," in written else "45%"]


SCHEME = factories.scheme_text(
    {
        "debt_ratio": "unit: ratio, score: {fn: points, knots: [[0.3, 100], [0.9, 0]]}",
        "annual_sales": "unit: EUR, score: {fn: points, knots: [[10000, 0], [1000000, 100]]}",
        "satisfaction": "score: {fn: scale, min: 1, max: 5}",
        "security": "score: {fn: map, values: {Full: 100, partial: 60, none: 0}}",
        "visits": "unit: count, score: {fn: points, knots: [[0, 0], [10, 100]]}",
        "years_in_business": "unit: years, score: {fn: points, knots: [[0, 0], [10, 100]]}",
        "market_share": "unit: ratio, score: {fn: points, knots: [[0, 0], [0.3, 100]]}",
    },
    ["when: {field: insolvency, in: [true]}, cap: C", "when: {field: credit_grade, in: [E]}, cap: C"],
)


@pytest.fixture
def graded(filled: Book) -> Book:
    """Two customers, and a scheme in force."""
    with filled.database.write() as session:
        factories.scheme(session, SCHEME)
    return filled


REJECTED = [
    ("debt_ratio high", "'high' is not a number; write it as 1234.5 or 12%"),
    ("debt_ratio 1.2.3", "'1.2.3' is not a number; write it as 1234.5 or 12%"),
    ("annual_sales 50万", "'50万' is not a number; write it as 1234.5 or 12%"),
    ("annual_sales 55%", "'55%' is a percentage; write how many"),
    ("annual_sales $500", "'$500' is not in EUR; convert it and write the number"),
    ("debt_ratio 0.5EUR", "'0.5EUR' is not a number; write it without EUR"),
    ("satisfaction 80%", "'80%' is a percentage; write how many"),
    ("visits -1", "'-1' is negative"),
    ("visits 2.5", "'2.5' is not a whole number"),
    ("market_share -0.1", "'-0.1' is negative"),
    ("years_in_business -2", "'-2' is negative"),
    ("years_in_business 2009", "'2009' looks like a calendar year; write how many years"),
    ("security Fulll", "'Fulll' is not one of Full, partial, none; did you mean Full?"),
    ("security 9", "'9' is not one of Full, partial, none"),
    ("insolvency perhaps", "'perhaps' is neither true nor false; write true or false, yes or no, 是 or 否, 1 or 0"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reason"), REJECTED)
def test_what_cannot_be_a_value_of_its_field_is_rejected(graded: Book, row: str, reason: str) -> None:
    assert reasons(graded, row) == [f"cannot be read as {row.split()[0]}: {reason}"]


ACCEPTED = [
    ("annual_sales €500", "500"),
    ("debt_ratio -0.2", "-0.2"),
    ("visits 0", "0"),
    ("security FULL", "Full"),
    ("security partial", "partial"),
    ("insolvency 否", "否"),
    ("Debt_Ratio 0.5", "0.5"),
    ("DEBT-RATIO 0.5", "0.5"),
    ("资产负债率 0.5", "0.5"),
]


@pytest.mark.parametrize(("row", "stored"), ACCEPTED)
def test_a_value_is_stored_as_grading_reads_it(graded: Book, row: str, stored: str) -> None:
    assert values(graded, row) == [stored]
    name = row.split()[0]
    field = "debt_ratio" if not name.islower() or not name.isascii() else name
    assert graded.rows("SELECT field FROM fact") == [(field,)]


def test_a_field_no_scheme_knows_is_a_question_with_the_nearest_name(graded: Book) -> None:
    rows = "debt_ratoi 0.5", "favourite_colour red", "debt_ratoi 0.6"
    asked = graded.ask("facts", facts(*rows))
    assert asked.keys() == {"unknown-field"}
    assert (
        "debt_ratoi (line 2; did you mean debt_ratio?), favourite_colour (line 3)." in asked["unknown-field"]
    )
    assert values(graded, *rows, accepted=("unknown-field",)) == ["0.5", "red", "0.6"]


def test_many_unknown_fields_are_one_question(filled: Book) -> None:
    asked = filled.ask("facts", facts(*(f"thing{number} 1" for number in range(8))))
    assert asked["unknown-field"].startswith(
        "No scheme knows these fields: thing0 (line 2), thing1 (line 3),"
    )
    assert "and 3 more" in asked["unknown-field"]


def test_a_number_of_an_unknown_field_is_not_guessed_either(filled: Book) -> None:
    assert filled.ask("facts", facts("sparkle 12,500")).keys() == {"unknown-field", "decimal-sign"}
    accepted = ("unknown-field",)
    assert values(filled, "sparkle 12,500", accepted=accepted, decimal="comma") == ["12.500"]


def test_a_field_of_the_presets_is_said_to_count_in_no_scheme_in_force(graded: Book) -> None:
    report = graded.bring("facts", facts("debt_ratio 0.5", "current_ratio 1.5"))
    assert [(one.type.name, one.text()) for one in report.findings] == [
        ("unused-field", "These fields count in no scheme in force: current_ratio.")
    ]


def test_before_the_first_scheme_the_fields_of_the_presets_are_known(filled: Book) -> None:
    report = filled.bring("facts", facts("debt_ratio 0.5", "current_ratio 1.5", "annual_sales 12.5"))
    assert (report.accepted, report.findings) == (3, ())


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("credit_grade Z", "credit_grade (line 2: 'Z' is not one of AAA, AA, A, B, C, D)"),
        ("company_kind listd", "company_kind (line 2: 'listd' is not one of listed, group, private, sole_trader, other; did you mean listed?)"),
        ("contacts_12m -3", "contacts_12m (line 2: '-3' is negative)"),
    ],
)  # fmt: skip
def test_a_word_that_only_presets_could_judge_is_a_question(filled: Book, row: str, named: str) -> None:
    assert named in filled.ask("facts", facts(row))["unknown-word"]
    assert values(filled, row, accepted=("unknown-word",)) == [row.split()[1]]


@pytest.mark.parametrize("row", ["debt_ratio high", "annual_sales viel", "market_share 1..5"])
def test_text_is_never_stored_for_a_field_of_numbers(filled: Book, row: str) -> None:
    (reason,) = reasons(filled, row, accepted=("unknown-word",))
    assert "is not a number" in reason


def test_a_number_that_only_presets_refuse_is_stored_as_a_number(filled: Book) -> None:
    row = "years_with_us -1.234,5"
    assert filled.ask("facts", facts(row)).keys() == {"unknown-word"}
    assert values(filled, row, accepted=("unknown-word",)) == ["-1234.5"]


def test_a_credit_grade_is_a_tier_of_the_credit_scheme_or_what_a_gate_waits_for(graded: Book) -> None:
    assert values(graded, "credit_grade E", "credit_grade AAA", "credit_grade d") == ["E", "AAA", "D"]
    assert graded.ask("facts", facts("credit_grade Z")).keys() == {"unknown-word"}
    with graded.database.write() as session:
        factories.scheme(session, preset_text("credit_assessment"))
    assert "'Z' is not one of AAA, AA, A, B, C, D, E" in reasons(graded, "credit_grade Z")[0]


def test_a_row_that_is_rejected_anyway_asks_nothing(filled: Book) -> None:
    content = "customer,field,value,date\nC9,debt_ratoi,0.5,2026-01-05\nC1,debt_ratio,0.5,2026-01-05\n"
    report = filled.bring("facts", content)
    assert (report.accepted, report.rejected, report.findings) == (1, 1, ())


def test_values_that_were_stored_before_keep_their_meaning(filled: Book) -> None:
    """Grading reads stored text as it always did; only new files are asked about."""
    assert read_number("12,500") == 12500
    assert read_number("12.500") == 12.5


def test_the_same_values_again_change_nothing(filled: Book) -> None:
    content = BOTH_SIGNS + "C1;net_margin;5 %;2026-01-05\nC2;net_margin;.25;2026-01-05\n"
    assert filled.bring("facts", content, decimal="comma").created == 8
    again = filled.bring("facts", content)
    assert (again.unchanged, again.remembered) == (8, {"decimal": "comma"})
