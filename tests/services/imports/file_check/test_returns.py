"""Returns without a cost take the margin of the order that they name; else the margin is unknown, never too high."""

import pytest

from tests.services.imports.conftest import Book

HEADER = "order,customer,date,amount,cost,original\n"


def costs(book: Book) -> dict[str, float | None]:
    found = book.rows("SELECT external_id, cost FROM customer_order ORDER BY 1")
    return {number: None if cost is None else float(cost) / 10_000 for number, cost in found}


def test_a_return_takes_the_margin_of_the_order_that_it_names(filled: Book) -> None:
    content = HEADER + "S1,C1,2026-01-05,1000,620,\nR1,C1,2026-01-09,-50,,S1\nR2,C1,2026-01-09,-20,-5,S1\n"
    report = filled.bring("orders", content)
    assert report.findings == ()
    assert costs(filled) == {"S1": 620, "R1": -31, "R2": -5}  # 50 x 620 / 1000; a cost that is there is kept
    later = HEADER + "R3,C1,2026-02-01,-0.01,,S1\nR4,C1,2026-02-01,-300,,S1\n"
    filled.bring("orders", later)
    assert (costs(filled)["R3"], costs(filled)["R4"]) == (-0.0062, -186)
    assert filled.bring("orders", later).unchanged == 2


@pytest.mark.parametrize(
    "original",
    [
        "",
        "S9",
        "S2",
        "S3",
        "S4",
        "R1",
    ],  # none, unknown, without a cost, of another customer, itself a return, itself
)
def test_a_return_that_names_no_order_with_a_cost_has_none(filled: Book, original: str) -> None:
    content = (
        f"{HEADER}S1,C1,2026-01-05,1000,620,\nS2,C1,2026-01-05,100,,\nS3,C2,2026-01-05,100,50,\n"
        f"S4,C1,2026-01-05,-10,-5,\nR1,C1,2026-01-09,-50,,{original}\n"
    )
    report = filled.bring("orders", content)
    assert costs(filled)["R1"] is None
    assert [one.text() for one in report.findings] == [
        "Returns that have no cost, and name no order that has one: 1 (the first is line 6). The margin of their customers is "
        "unknown for a year."
    ]


def test_a_file_without_costs_says_nothing_about_them(filled: Book) -> None:
    content = "order,customer,date,amount\nS1,C1,2026-01-05,1000\nR1,C1,2026-01-09,-50\n"
    assert filled.bring("orders", content).findings == ()


def test_the_margin_of_returns_in_another_currency_is_that_of_their_order(filled: Book) -> None:
    filled.bring("rates", "date,currency,rate\n2026-01-01,USD,7\n", firm_currency="CNY")
    content = HEADER + "S1,C1,2026-01-05,100,60,\nR1,C1,2026-01-09,-50,,S1\n"
    filled.bring("orders", content, currency="USD", firm_currency="CNY")
    assert costs(filled) == {"S1": 420, "R1": -210}


def test_lines_of_a_return_are_costed_as_a_whole(filled: Book) -> None:
    content = HEADER + "S1,C1,2026-01-05,100,60,\nR1,C1,2026-01-09,-30,,S1\nR1,C1,2026-01-09,-20,,S1\n"
    filled.bring("orders", content, kind_options={"lines": True})
    assert costs(filled) == {"S1": 60, "R1": -30}
