"""Files of customer profiles: a row for each customer, a column for each field of the firm."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadInput, Conflict, SeveralProblems
from db.book.traits import BY_HAND, Trait
from tests.conftest import on_sqlite
from tests.services.imports.conftest import CUSTOMERS, Book
from tests.services.imports.file_check.joins.conftest import join

pytestmark = on_sqlite
KIND = "customer-profiles"


@pytest.fixture
def filled(book: Book) -> Book:
    book.bring("customers", CUSTOMERS)
    return book


def known(book: Book, *, counts: bool = True) -> list[tuple[Any, ...]]:
    """Customer, field, value and day of what counts, or of what is history."""
    found = book.rows(
        "SELECT c.code, t.field, t.value, t.as_of, t.superseded_at FROM trait t JOIN customer c ON c.id = t.customer_id"
        " ORDER BY c.code, t.field, t.id"
    )
    return [tuple(map(str, row[:4])) for row in found if (row[4] is None) == counts]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (
            "customer,as of,needs,benefits sought,brand loyalty",
            "C1,2026-01-31,seals; manuals,Quality/price,High",
        ),
        ("客户编号,调查日期,需求,追求的利益,品牌忠诚度", "C1,2026/1/31,seals；manuals,质量、价格,高"),
        ("Kundennummer,Stand,Bedarf,Nutzen,Markentreue", "C1,31.01.2026,seals; manuals,Qualität; Preis,hoch"),
    ],
)
def test_a_file_in_each_language_says_the_same(filled: Book, header: str, row: str) -> None:
    report = filled.bring(KIND, f"{header}\n{row}\n")
    assert (report.created, report.changed, report.rejected) == (1, 0, 0)
    assert known(filled) == [
        ("C1", "benefits", "quality", "2026-01-31"),
        ("C1", "benefits", "price", "2026-01-31"),
        ("C1", "loyalty", "high", "2026-01-31"),
        ("C1", "needs", "seals", "2026-01-31"),
        ("C1", "needs", "manuals", "2026-01-31"),
    ]


def test_a_row_states_all_values_of_its_fields_and_an_empty_cell_states_nothing(filled: Book) -> None:
    filled.bring(KIND, "customer,date,benefits,loyalty\nC1,2026-01-01,price;quality,low\n")
    report = filled.bring(KIND, "customer,date,benefits,loyalty\nC1,2026-02-01,quality;speed,\n")
    assert (report.created, report.changed) == (0, 1)
    assert known(filled) == [
        ("C1", "benefits", "quality", "2026-02-01"),
        ("C1", "benefits", "speed", "2026-02-01"),
        ("C1", "loyalty", "low", "2026-01-01"),
    ]
    assert [row[2] for row in known(filled, counts=False)] == ["price", "quality"]


def test_the_same_file_again_changes_nothing_and_without_a_date_the_day_stays(filled: Book) -> None:
    content = "customer,loyalty\nC1,low\nC2,high\n"
    filled.bring(KIND, content)
    before = known(filled)
    filled.clock.advance(timedelta(days=40))
    report = filled.bring(KIND, content)
    assert (report.created, report.changed, known(filled)) == (0, 0, before)


def test_an_older_file_fills_the_history_and_comes_back_when_the_newer_one_is_undone(filled: Book) -> None:
    newer = filled.bring(KIND, "customer,date,loyalty\nC1,2026-02-01,high\n")
    filled.bring(KIND, "customer,date,loyalty\nC1,2026-01-01,low\n")
    assert known(filled) == [("C1", "loyalty", "high", "2026-02-01")]
    assert known(filled, counts=False) == [("C1", "loyalty", "low", "2026-01-01")]
    filled.undo(newer.batch_id)
    assert known(filled) == [("C1", "loyalty", "low", "2026-01-01")]


def test_several_days_of_a_customer_in_one_file_count_in_their_order(filled: Book) -> None:
    rows = "C1,2026-03-01,high\nC1,2026-01-01,low\nC1,2026-02-01,medium\n"
    report = filled.bring(KIND, f"customer,date,loyalty\n{rows}")
    assert report.rejected == 0
    assert known(filled) == [("C1", "loyalty", "high", "2026-03-01")]
    assert [row[2] for row in known(filled, counts=False)] == ["low", "medium"]
    filled.undo(report.batch_id)
    assert known(filled) == known(filled, counts=False) == []


@pytest.mark.parametrize(
    ("header", "row", "reason"),
    [
        ("loyalty", "extreme", "is not one of high, medium, low"),
        ("web_visits", "a lot", "is not a number"),
        ("education", "Master", "is for persons, and the customer type 'manufacturer' is not a person's"),
        ("date,needs", "2099-01-01,seals", "2099"),
    ],
)
def test_a_row_with_a_wrong_value_is_rejected_with_the_reason(
    filled: Book, header: str, row: str, reason: str
) -> None:
    filled.bring("customers", "code,name,customer_type\nC1,Acme,manufacturer\nC2,Bo,private\n")
    report = filled.bring(
        KIND, f"customer,{header},special_needs\nC1,{row},x\nC2,{',' * header.count(',')},y\n"
    )
    assert (report.accepted, report.rejected) == (1, 1)
    assert reason in str(report.first_rejects[0])
    assert [row[0] for row in known(filled)] == ["C2"]


def test_a_file_without_any_field_of_the_profile_is_refused_with_the_fields(filled: Book) -> None:
    with pytest.raises(
        BadInput, match=r"has no column of the customer profile\. Its fields are: needs, benefits"
    ):
        filled.bring(KIND, "customer,date,shoes\nC1,2026-01-01,46\n")


def test_the_fields_are_those_of_the_firms_own_file(filled: Book, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "fields:\n  - {id: shoes, name: {en: Shoe size, zh: 鞋码}, type: number}\n", encoding="utf-8"
    )
    report = filled.bring(KIND, "customer,鞋码\nC1,46\n", profile_fields=own)
    assert (report.created, [row[1:3] for row in known(filled)]) == (1, [("shoes", "46")])
    own.write_text("fields: []\n", encoding="utf-8")
    with pytest.raises(SeveralProblems, match=r"own\.yaml"):
        filled.bring(KIND, "customer,鞋码\nC1,46\n", profile_fields=own)


def test_an_import_is_not_taken_back_once_somebody_has_corrected_it(filled: Book) -> None:
    done = filled.bring(KIND, "customer,date,loyalty\nC1,2026-01-01,low\n")
    with filled.database.write() as session:
        now = filled.clock.now()
        session.get_one(Trait, 1).superseded_at = now
        session.add(
            Trait(
                customer_id=1,
                field="loyalty",
                value="high",
                as_of=now.date(),
                source=BY_HAND,
                recorded_at=now,
            )
        )
    with pytest.raises(
        Conflict, match="some of its values of customer profiles were corrected by hand since"
    ):
        filled.undo(done.batch_id)


def test_a_join_keeps_each_field_of_the_customer_with_the_newest_value_and_gives_it_back(
    filled: Book,
) -> None:
    filled.bring(KIND, "customer,date,loyalty,needs\nC1,2026-02-01,high,seals\nC2,2026-01-01,low,pumps\n")
    filled.bring(KIND, "customer,date,needs\nC2,2026-03-01,belts\n")
    before, history = known(filled), known(filled, counts=False)
    done = join(filled, "file:C2", "file:C1")
    assert [row[:3] for row in known(filled)] == [("C1", "loyalty", "high"), ("C1", "needs", "belts")]
    filled.undo(done.batch_id)
    assert (known(filled), known(filled, counts=False)) == (before, history)
