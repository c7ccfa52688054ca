"""Complaints from files: open and closed ones, each once with its activity, whichever file brought it first."""

from datetime import date
from pathlib import Path

import pytest

from bot.errors import Conflict, Phrase
from bot.wording import catalogue
from tests import factories
from tests.conftest import on_sqlite
from tests.services.imports.conftest import CUSTOMERS, Book

PEOPLE = "email,name\nlee@example.com,Lee\n"
STORED = (
    "SELECT c.external_id, c.kind, a.happened_on, a.note, c.deadline, c.closed_on, c.outcome, c.agreed, a.kind"
    " FROM complaint c JOIN activity a ON a.id = c.activity_id ORDER BY c.external_id"
)
COUNTED = "SELECT customer_id, happened_on FROM activity WHERE kind = 'complaint' ORDER BY id"


@pytest.fixture
def firm(book: Book) -> Book:
    book.bring("customers", CUSTOMERS)
    book.bring("people", PEOPLE)
    return book


@pytest.mark.parametrize(
    ("header", "kind", "agreed"),
    [
        ("id,customer,date,kind,what,handler,deadline,closed,outcome,agreed", "delivery", "yes"),
        (
            "投诉编号,客户编号,投诉日期,投诉类别,投诉内容,处理人,处理期限,结案日期,处理结果,客户认可",
            "交货",
            "是",
        ),
        (
            "Reklamationsnummer,Kundennummer,Reklamationsdatum,Reklamationsart,Beschreibung,Bearbeiter,Frist,"
            "Erledigt am,Maßnahme,Kunde einverstanden",
            "Lieferverzug",
            "ja",
        ),
    ],
    ids=["English", "Chinese", "German"],
)
def test_headers_and_words_are_known_in_three_languages(
    firm: Book, header: str, kind: str, agreed: str
) -> None:
    rows = f"K1,C1,2026-02-02,{kind},Late,lee@example.com,2026-02-09,2026-02-05,Sent by air,{agreed}\n"
    firm.bring("complaints", f"{header}\n{rows}")
    (row,) = firm.rows(STORED)
    assert row == (
        *("K1", "delivery", "2026-02-02", "Late", "2026-02-09"),
        *("2026-02-05", "Sent by air", "yes", "complaint"),
    )
    assert firm.rows("SELECT handler_id FROM complaint") == [(1,)]


@on_sqlite
def test_an_open_one_has_the_deadline_of_its_kind_and_tier(firm: Book) -> None:
    with firm.database.write() as session:
        factories.graded(session, {1: "A"}, as_of=date(2026, 5, 31))
    lines = "K1,C1,2026-06-01,quality\nK2,C2,2026-06-01,quality\nK3,C2,2026-06-01,safety\n"
    firm.bring("complaints", f"id,customer,date,kind\n{lines}")
    found = firm.rows("SELECT external_id, deadline, told FROM complaint ORDER BY external_id")
    assert found == [("K1", "2026-06-04", 0), ("K2", "2026-06-11", 1), ("K3", "2026-06-02", 0)]


@on_sqlite
def test_the_firms_own_kinds_count(firm: Book, tmp_path: Path) -> None:
    own = tmp_path / "kinds.yaml"
    own.write_text(
        "days: {default: 4}\nkinds:\n  - {id: noise, name: {en: Noise, zh: 噪音}}\n", encoding="utf-8"
    )
    file = "id,customer,date,kind\nK1,C1,2026-06-01,噪音\nK2,C1,2026-06-01,quality\n"
    report = firm.bring("complaints", file, complaint_kinds=own)
    assert firm.rows("SELECT kind, deadline FROM complaint") == [("noise", "2026-06-05")]
    assert "is not one of Noise" in report.first_rejects[0].reason


@on_sqlite
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("K1,C1,2026-02-02,gossip,,,", "is not one of Product quality, Delivery"),
        ("K1,C1,2026-02-02,quality,,Repaired,yes", "is empty, but the row says how the complaint ended"),
        ("K1,C1,2026-02-02,quality,2026-02-01,,", "lies before the day of the complaint"),
    ],
)
def test_what_makes_no_sense_is_rejected(firm: Book, row: str, reason: str) -> None:
    report = firm.bring("complaints", f"id,customer,date,kind,closed,outcome,agreed\n{row}\n")
    assert reason in report.first_rejects[0].reason
    assert firm.rows(STORED) == []


@on_sqlite
def test_an_unknown_kind_is_answered_with_the_names_of_kinds_in_the_readers_language(firm: Book) -> None:
    (rejected,) = firm.bring("complaints", "id,customer,date,kind\nK1,C1,2026-02-02,闲话\n").first_rejects
    assert isinstance(rejected.reason, Phrase)
    said = rejected.reason.text(catalogue.catalogue("zh"))
    assert "产品质量, 交货, " in said
    assert "quality" not in said


@on_sqlite
@pytest.mark.parametrize(
    ("header", "rows", "stored", "reasons"),
    [
        ("closed,状态", ["2026-02-05,已结案", ",处理中"], ["2026-02-05", None], []),
        ("status", ["closed", "In progress"], [None], ["the row says that the complaint is closed"]),
        (
            "closed,Bearbeitungsstand",
            ["2026-02-05,in Bearbeitung", "2026-02-05,erledigt"],
            ["2026-02-05"],
            ["the row says that the complaint is open"],
        ),
        ("status", ["cancelled", "new"], [None], ["'cancelled' is not one of open, closed"]),
    ],
    ids=["agree", "closed without its day", "open with a day", "another word"],
)
def test_a_column_of_states_is_read_and_said_where_it_contradicts_the_days(
    firm: Book, header: str, rows: list[str], stored: list[str | None], reasons: list[str]
) -> None:
    lines = "".join(f"K{number},C1,2026-02-02,quality,{row}\n" for number, row in enumerate(rows))
    report = firm.bring("complaints", f"id,customer,date,kind,{header}\n{lines}")
    assert [row[5] for row in firm.rows(STORED)] == stored
    said = [one.reason for one in report.first_rejects]
    assert [reason in found for reason, found in zip(reasons, said, strict=True)] == [True] * len(reasons)


@pytest.mark.parametrize("first", ["activities", "complaints"])
@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_the_same_complaint_in_a_file_of_activities_counts_once(firm: Book, first: str, ids: bool) -> None:
    head, number = ("id,", "K1,") if ids else ("", "")
    files = {
        "activities": f"{head}customer,date,kind,note\n{number}C1,2026-02-02,complaint,Leaks\n",
        "complaints": f"{head}customer,date,kind,what\n{number}C1,2026-02-02,quality,Leaks\n",
    }
    firm.bring(first, files[first])
    for kind, content in files.items():
        firm.bring(kind, content, name=f"{kind}.csv") if kind != first else None
    assert firm.rows(COUNTED) == [(1, "2026-02-02")]
    assert len(firm.rows(STORED)) == 1


def test_a_new_day_in_a_later_file_moves_the_activity_and_undo_moves_it_back(firm: Book) -> None:
    firm.bring("complaints", "id,customer,date,kind\nK1,C1,2026-02-02,quality\n")
    moved = firm.bring("complaints", "id,customer,date,kind\nK1,C1,2026-02-04,quality\n")
    assert (moved.created, moved.changed) == (0, 1)
    assert firm.rows(COUNTED) == [(1, "2026-02-04")]
    firm.undo(moved.batch_id)
    assert firm.rows(COUNTED) == [(1, "2026-02-02")]


def test_a_file_of_activities_is_not_taken_back_while_a_complaint_stands_on_it(firm: Book) -> None:
    first = firm.bring("activities", "id,customer,date,kind,note\nK1,C1,2026-02-02,complaint,Leaks\n")
    later = firm.bring("complaints", "id,customer,date,kind,what\nK1,C1,2026-02-02,quality,Leaks\n")
    with pytest.raises(Conflict, match=f"import {later.batch_id} builds on 1 of its activities"):
        firm.undo(first.batch_id)
    firm.undo(later.batch_id)
    firm.undo(first.batch_id)
    assert firm.rows(COUNTED) == []


@on_sqlite
def test_closing_comes_with_a_later_file_and_an_open_row_does_not_open_it_again(firm: Book) -> None:
    head = "id,customer,date,kind,closed,outcome\n"
    firm.bring("complaints", f"{head}K1,C1,2026-02-02,quality,,\n")
    firm.bring("complaints", f"{head}K1,C1,2026-02-02,quality,2026-02-09,Repaired\n")
    firm.bring("complaints", f"{head}K1,C1,2026-02-02,quality,,\n")
    assert firm.rows("SELECT closed_on, outcome, agreed FROM complaint") == [
        ("2026-02-09", "Repaired", "not_asked")
    ]


@on_sqlite
@pytest.mark.parametrize("row", ["K1,C1,2026-02-02,visit", "K1,C2,2026-02-02,complaint"])
def test_a_file_of_activities_does_not_make_something_else_of_a_complaint(firm: Book, row: str) -> None:
    firm.bring("complaints", "id,customer,date,kind\nK1,C1,2026-02-02,quality\n")
    file = f"id,customer,date,kind\n{row}\nA2,C1,2026-02-03,call\n"
    asked = firm.ask("activities", file, accepted=("activity-id-reused",))
    assert asked["complaint-changed"].startswith(
        "Activities that are complaints in the book have another kind or customer in this file: 1 (line 2: id 'K1')."
    )
    firm.bring("activities", file, source="file-activities")
    assert firm.rows(COUNTED)[0] == (1, "2026-02-02")


@on_sqlite
def test_a_complaint_with_the_id_of_a_visit_is_asked(firm: Book) -> None:
    firm.bring("activities", "id,customer,date,kind\nK1,C1,2026-02-02,visit\n")
    file = "id,customer,date,kind\nK1,C1,2026-02-02,quality\n"
    assert (
        "1 (line 2: id 'K1'). These activities would become"
        in firm.ask("complaints", file)["contact-as-complaint"]
    )
    firm.bring("complaints", file, accepted=("contact-as-complaint",))
    assert firm.rows(COUNTED) == [(1, "2026-02-02")]
