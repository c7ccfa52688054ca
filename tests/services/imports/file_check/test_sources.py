"""A source that is typed in another way, or forgotten, brings nothing twice."""

from typing import Any

import pytest

from bot.services.imports import ImportOptions
from bot.services.imports.profile import profile_file
from tests.conftest import all_on_postgresql, on_sqlite
from tests.services.imports.conftest import Book

EUR: Any = {"currency": "EUR"}
ORDERS = "order_no,customer,date,amount\nA1,C1,2026-01-05,100\nA2,C2,2026-01-06,50\n"
INVOICES = "invoice_no,customer,date,due,paid,amount\nI1,C1,2026-01-05,2026-02-05,,100\n"
CONTENT = {"orders": ORDERS, "invoices": INVOICES}
TABLES = {"orders": "customer_order", "invoices": "invoice"}


def sums(book: Book, kind: str) -> list[tuple[str, float]]:
    found = book.rows(f"SELECT source, sum(amount) FROM {TABLES[kind]} GROUP BY source ORDER BY source")  # noqa: S608
    return [(source, amount / 10_000) for source, amount in found]


@pytest.mark.parametrize(
    ("first", "typed"),
    [
        ("erp", "ERP"),
        ("ERP", "erp"),
        ("erp", " erp "),
        ("erp", "ｅｒｐ"),
        ("Erp-2026", "erp-2026"),
        ("Straße", "STRASSE"),
    ],
)
@pytest.mark.parametrize("kind", CONTENT)
@on_sqlite
def test_a_source_in_other_letters_is_the_known_one(filled: Book, first: str, typed: str, kind: str) -> None:
    filled.bring(kind, CONTENT[kind], source=first, **EUR)
    before = sums(filled, kind)
    report = filled.bring(kind, CONTENT[kind], source=typed)
    assert (report.created, report.changed) == (0, 0)
    assert report.remembered["currency"] == "EUR"
    said = f"--source {typed!r} is taken as {first}, as earlier imports wrote it."
    assert [one.text() for one in report.findings if one.type.name == "source-spelling"] == [said]
    assert sums(filled, kind) == before


@pytest.mark.parametrize("typed", ["erp", "erp2", "erp-2026", "e r p"])
@on_sqlite
def test_a_source_that_is_known_or_new_is_taken_as_it_is(filled: Book, typed: str) -> None:
    filled.bring("orders", ORDERS, source="erp")
    report = filled.bring("orders", ORDERS.replace("A", "B"), source=typed)
    assert report.created == 2
    assert "source-spelling" not in {one.type.name for one in report.findings}


@all_on_postgresql
@pytest.mark.parametrize("kind", CONTENT)
def test_a_forgotten_source_is_asked_about(filled: Book, kind: str) -> None:
    first = filled.bring(kind, CONTENT[kind], source="erp", **EUR)
    asked = filled.ask(kind, CONTENT[kind], **EUR)
    count, key = (2, "A1") if kind == "orders" else (1, "I1")
    assert asked == {
        "known-from-another-source": "Rows that are new to the source file are in the book from the source erp, with "
        f"the same number, customer, day and amount: {count} (the first is '{key}' on line 2). They would count twice. "
        "If the file comes from there, give --source erp; --yes known-from-another-source: both count."
    }
    assert filled.bring(kind, CONTENT[kind], dry_run=True, **EUR).same_file_as == first.batch_id
    assert filled.bring(kind, CONTENT[kind], source="erp", **EUR).created == 0
    both = filled.bring(kind, CONTENT[kind], accepted=("known-from-another-source",), **EUR)
    assert both.created == count
    total = 150 if kind == "orders" else 100
    assert sums(filled, kind) == [("erp", total), ("file", total)]
    # What both have by now is not asked about again.
    assert filled.bring(kind, CONTENT[kind], **EUR).created == 0


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ("A1,C1,2026-01-05,100\n", 1),
        ("A1,C1,2026-01-05,100\nB9,C1,2026-03-05,7\nA2,C2,2026-01-06,50\n", 2),
        ("A1,C2,2026-01-05,100\n", 0),  # of another customer
        ("A1,C1,2026-01-05,101\n", 0),
        ("A1,C1,2026-01-06,100\n", 0),
        ("B1,C1,2026-01-05,100\n", 0),
    ],
)
@on_sqlite
def test_only_the_same_rows_are_asked_about(filled: Book, rows: str, count: int) -> None:
    filled.bring("orders", ORDERS, source="erp")
    report = filled.bring("orders", "order_no,customer,date,amount\n" + rows, source="shop", dry_run=True)
    found = [one for one in report.open_findings if one.type.name == "known-from-another-source"]
    assert [one.values["count"] for one in found] == [str(count)] * bool(count)


@on_sqlite
def test_lines_that_another_source_has_added_up_are_asked_about(filled: Book) -> None:
    lines = ORDERS.replace("A2,C2,2026-01-06", "A1,C1,2026-01-05")
    filled.bring("orders", lines, source="erp", kind_options={"lines": True})
    assert filled.ask("orders", lines, kind_options={"lines": True}).keys() == {"known-from-another-source"}


@on_sqlite
def test_an_undone_import_is_no_reason_to_ask(filled: Book) -> None:
    first = filled.bring("orders", ORDERS, source="erp")
    filled.undo(first.batch_id)
    report = filled.bring("orders", ORDERS, source="ERP")
    assert (report.created, report.same_file_as) == (2, None)
    assert sums(filled, "orders") == [("ERP", 150)]


@on_sqlite
def test_the_profile_takes_the_known_source_and_proposes_it(filled: Book) -> None:
    filled.bring("orders", ORDERS.replace("amount", "Wert"), source="erp", columns={"amount": "Wert"})
    path = filled.folder / "later.csv"
    path.write_text(ORDERS.replace("amount", "Wert").replace("A", "B"), encoding="utf-8")
    options = ImportOptions(source="ERP")
    profile = profile_file(filled.database, path=path, clock=filled.clock, options=options, kind="orders")
    assert profile.missing == ()
    assert "--source erp" in " ".join(profile.command)


WITHOUT_IDS = (
    "customer,date,kind,note\nC1,2026-01-05,call,price talk\nC1,2026-01-06,visit,\nC2,2026-01-06,visit,\n"
)
WITH_IDS = "id,customer,date,kind,note\nT1,C1,2026-01-05,call,price talk\nT2,C1,2026-01-06,visit,\nT3,C2,2026-01-07,visit,\n"


def known(difference: str, count: int, remedy: str) -> dict[str, str]:
    return {
        "known-activities": "Activities that seem to be new are in the book already, with the same customer, day and kind,"
        f" but {difference}: {count} (the first is on line 2). They would count twice. Import them as"
        f" before: {remedy}; --yes known-activities: both count."
    }


NOTES = (
    "with another person or note, where one of the two has none, or a note with another point at its end",
    "export the file with the same columns",
)
TIMED = WITHOUT_IDS.replace("2026-01-05", "2026-01-05 09:30")


@pytest.mark.parametrize(
    ("first", "second", "options", "asked", "answer", "created"),
    [
        (
            TIMED,
            WITHOUT_IDS,
            {},
            known("with a time of day", 1, "export the file with the times"),
            None,
            0,
        ),
        (
            WITHOUT_IDS,
            "customer,date,kind\nC1,2026-01-05,call\nC1,2026-01-06,visit\n",
            {},
            known(NOTES[0], 1, NOTES[1]),
            None,
            0,
        ),
        (
            "customer,date,kind\nC1,2026-01-05,call\nC1,2026-01-06,visit\n",
            WITHOUT_IDS,
            {},
            known(NOTES[0], 1, NOTES[1]),
            None,
            0,
        ),
        (
            WITHOUT_IDS,
            WITH_IDS,
            {},
            known("without an id", 2, "--map id=- leaves out the ids"),
            {"columns": {"id": "-"}},
            1,
        ),
        (
            WITH_IDS,
            WITHOUT_IDS,
            {},
            known("with an id", 2, "export the file with the ids, or name their column with --map id=COLUMN"),
            None,
            0,
        ),
        (
            WITHOUT_IDS,
            WITHOUT_IDS,
            {"source": "crm"},
            known("from the source file", 3, "--source file if the file comes from there"),
            {"source": "file"},
            0,
        ),
        (
            WITH_IDS,
            WITH_IDS,
            {"source": "crm"},
            known("from the source file", 3, "--source file if the file comes from there"),
            {"source": "file"},
            0,
        ),
    ],
)
def test_activities_that_the_book_has_by_another_id_are_asked_about(
    filled: Book,
    first: str,
    second: str,
    options: dict[str, Any],
    asked: dict[str, str],
    answer: dict[str, Any] | None,
    created: int,
) -> None:
    filled.bring("activities", first)
    assert filled.ask("activities", second, **options) == asked
    if answer is not None:
        assert filled.bring("activities", second, **{**options, **answer}).created == created
    both = filled.bring("activities", second, accepted=("known-activities",), **{"source": "own", **options})
    assert both.created == second.count("\n") - 1


@pytest.mark.parametrize(
    "second",
    [
        WITHOUT_IDS,
        WITHOUT_IDS.replace("2026-01", "2026-02"),
        WITHOUT_IDS.replace("price talk", "price").replace("visit", "meeting"),
        "customer,date,kind,note\nC2,2026-01-05,call,price talk\n",
        "customer,date,kind,note\nC1,2026-01-05 14:00,call,price talk\n",
    ],
)
@on_sqlite
def test_other_activities_ask_nothing(filled: Book, second: str) -> None:
    filled.bring("activities", WITHOUT_IDS)
    assert filled.bring("activities", second, dry_run=True).findings == ()
