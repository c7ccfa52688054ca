"""Files of contact people: whom a row means, what is asked, and how names and birthdays are read."""

from typing import Any

import pytest
from sqlmodel import col, select

from bot.errors import BotError
from db.book.contact_people import BY_HAND, ContactPerson
from tests.conftest import on_sqlite
from tests.services.imports.conftest import CUSTOMERS, Book

pytestmark = on_sqlite


def contacts(book: Book) -> list[tuple[Any, ...]]:
    rows = "SELECT c.code, p.source, p.external_id, p.name, p.birthday FROM contact_person p JOIN customer c ON c.id = p.customer_id"
    return book.rows(f"{rows} ORDER BY p.id")


@pytest.fixture
def filled(book: Book) -> Book:
    book.bring("customers", CUSTOMERS)
    return book


def test_without_an_id_a_row_is_known_by_customer_and_name(filled: Book) -> None:
    filled.bring("contact-persons", "customer,name,birthday\nC1,Li Ming,\nC2,Li Ming,\n")
    report = filled.bring("contact-persons", "客户编号,联系人,生日\nC1,LI ming,农历八月十五\nC2,Li Ming,\n")
    assert (report.created, report.changed) == (0, 1)
    assert contacts(filled) == [
        ("C1", "file", None, "LI ming", "lunar --08-15"),
        ("C2", "file", None, "Li Ming", None),
    ]


def test_who_was_entered_by_hand_takes_the_id_of_the_file_and_gives_it_back(filled: Book) -> None:
    with filled.database.write() as session:
        session.add(ContactPerson(customer_id=1, source=BY_HAND, name="Li Ming", birthday="--03-08"))
    before = contacts(filled)
    done = filled.bring("contact-persons", "customer,name,id\nC1,Li Ming,7\n", source="crm")
    assert contacts(filled) == [("C1", "crm", "7", "Li Ming", "--03-08")]
    filled.bring("contact-persons", "customer,name,id\nC1,Li Ming-Sun,7\n", source="crm")
    assert contacts(filled) == [("C1", "crm", "7", "Li Ming-Sun", "--03-08")]
    filled.undo((done.batch_id or 0) + 1)
    filled.undo(done.batch_id or 0)
    assert contacts(filled) == before


def test_a_row_that_may_mean_two_people_is_rejected(filled: Book) -> None:
    filled.bring("contact-persons", "customer,name,id\nC1,Li Ming,1\nC1,Li Ming,2\n")
    report = filled.bring("contact-persons", "customer,name,role\nC1,Li Ming,Buyer\nC2,Bo,Boss\n")
    assert (report.created, report.changed, report.rejected) == (1, 0, 1)
    assert "2 contact people of this customer have this name" in str(report.first_rejects[0])


def test_a_new_id_for_a_known_name_is_asked(filled: Book) -> None:
    filled.bring("contact-persons", "customer,name,id\nC1,Li Ming,1\n")
    with pytest.raises(BotError, match="contact-person-id-new"):
        filled.bring("contact-persons", "customer,name,id\nC1,Li Ming,9\n")
    filled.bring("contact-persons", "customer,name,id\nC1,Li Ming,9\nC1,Li Ming,1\n")
    assert [row[2] for row in contacts(filled)] == ["1", "9"]


@pytest.mark.parametrize(
    ("header", "row", "stored"),
    [
        ("Kunde,Vorname,Nachname,Geburtstag", "C1,Ada,Quist,08.03.1985", ("Ada Quist", "1985-03-08")),
        ("客户编号,姓,名,生日", "C1,李,明,1960年闰六月三十", None),
        ("客户编号,姓,名,生日", "C1,李,明,农历1960年6月24日", ("李明", "lunar 1960-06-24")),
        ("customer,name,birthday", "C1,Ada Quist,25/03/1985", ("Ada Quist", "1985-03-25")),
        ("customer,name,birthday", "C1,Ada Quist,--03-08", ("Ada Quist", "--03-08")),
    ],
)
def test_names_and_birthdays_are_read_as_files_have_them(
    filled: Book, header: str, row: str, stored: tuple[str, str] | None
) -> None:
    others = "\n".join(f"C2,Other {n},{'X,' * (header.count(',') - 2)}" for n in range(3))
    report = filled.bring("contact-persons", f"{header}\n{row}\n{others}\n")
    found = [row[3:] for row in contacts(filled) if row[0] == "C1"]
    assert found == ([stored] if stored else [])
    assert report.rejected == (0 if stored else 1)


def test_an_order_of_day_and_month_that_nothing_shows_is_asked(filled: Book) -> None:
    with pytest.raises(BotError, match="--date-order"):
        filled.bring("contact-persons", "customer,name,birthday\nC1,Ada,03/08/1985\nC1,Bo,04/05/1990\n")
    filled.bring(
        "contact-persons", "customer,name,birthday\nC1,Ada,03/08/1985\nC1,Bo,04/05/1990\n", date_order="dmy"
    )
    assert [row[4] for row in contacts(filled)] == ["1985-08-03", "1990-05-04"]


def test_none_and_its_like_in_greetings_mean_no_greetings(filled: Book) -> None:
    words = ("none", "无", "keine", "no", "仅生日", "全部", "")
    rows = "".join(f"C1,Person {n},{word}\n" for n, word in enumerate(words))
    filled.bring("contact-persons", f"customer,name,greetings\n{rows}")
    with filled.database.read() as session:
        found = session.exec(select(ContactPerson.greetings).order_by(col(ContactPerson.id))).all()
    assert found == ["none", "none", "none", "none", "birthday", "all", "all"]


def test_contact_people_move_with_a_customer_that_is_joined(filled: Book) -> None:
    filled.bring("contact-persons", "customer,name\nC2,Bo\n")
    done = filled.bring("joins", "code,into\nC2,C1\n")
    assert [row[0] for row in contacts(filled)] == ["C1"]
    filled.undo(done.batch_id or 0)
    assert [row[0] for row in contacts(filled)] == ["C2"]
