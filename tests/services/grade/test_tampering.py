# ruff: noqa: S608 - the SQL of somebody who tampers
"""Somebody edits the database of a real graded book: what verifying finds, and what it says that it cannot find."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.services.grade.evidence.limits import LIMITS
from db.engine import Database
from tests.conftest import all_on_postgresql, on_postgresql, on_sqlite
from tests.services.grade.real_book import MAY, RealBook, real_book

__all__ = ["real_book"]

CODES = ("ACME", "BETA", "CITY", "DOCK", "EAST", "LEAD")
ACME, BETA, CITY, DOCK, EAST, LEAD = range(1, 7)  # customers
FIRST, CREDIT, LEADS, SECOND, NEWS, BY_HAND, CREDIT_2, THIRD, OTHER_SCHEME, WON, NEWEST = range(1, 12)  # runs
BANKS, FIRM, PROSPECTS, CREDITS = range(1, 5)  # scheme versions
CAPPED, ROSE, MOVED = 1, 2, 3  # tier changes
Finding = tuple[str, str, int | None]  # what, of which customer or row, in which run
Cases = dict[str, tuple[list[str], Finding]]


def tamper(database: Database, *statements: str) -> None:
    """Execute SQL as somebody who opens the database without the bot: foreign keys do not stop them."""
    if database.is_sqlite:
        with closing(sqlite3.connect(database.file)) as file, file:
            changed = [file.execute(statement).rowcount for statement in statements]
    else:
        with database.writer.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            changed = [connection.exec_driver_sql(statement).rowcount for statement in statements]
    assert 0 not in changed


def found_in(book: RealBook, code: str | None = None) -> set[Finding]:
    found = book.verify(code)
    what: set[Finding] = {(one.what, one.customer or one.row, one.run_id) for one in found.differences}
    what |= {("totals", one.customer, None) for one in found.totals}
    assert found.is_sound == (not what)
    return what


def assessment(run: int, customer: int, values: str) -> str:
    return f"UPDATE assessment SET {values} WHERE run_id = {run} AND customer_id = {customer}"


def like(run: int, customer: int, other: int, *columns: str) -> str:
    """Give a customer's assessment the values of another's."""
    values = ", ".join(
        f"{name} = (SELECT {name} FROM assessment AS other WHERE other.run_id = {run} AND other.customer_id = {other})"
        for name in columns
    )
    return assessment(run, customer, values)


def run(number: int, values: str) -> str:
    return f"UPDATE grading_run SET {values} WHERE id = {number}"


def change(number: int, values: str) -> str:
    return f"UPDATE tier_change SET {values} WHERE id = {number}"


def order(number: str, values: str) -> str:
    return f"UPDATE customer_order SET {values} WHERE external_id = '{number}'"


def fact(customer: int, day: str, values: str) -> str:
    return (
        f"UPDATE fact SET {values}"
        f" WHERE customer_id = {customer} AND field = 'quality' AND measured_on = '{day}' AND superseded_at IS NULL"
    )


def total(customer: int, net: int, orders: int = 0) -> str:
    return (
        f"UPDATE order_total SET net = net + {net}, orders = orders + {orders} WHERE customer_id = {customer}"
    )


SCORE = ("exact_score", "score", "computed_tier", "coverage", "low", "high", "certain", "inputs")
RESULT = (
    *SCORE,
    "tier",
    "standing",
    "since",
    "rising_since",
    "falling_since",
    "tier_since",
    "capped_by",
    "clean",
)
COPY = (
    "scheme_version_id, tier, computed_tier, held, capped_by, exact_score, score, coverage, low, high, certain,"
    " tier_since, overridden, standing, since, rising_since, falling_since, clean, inputs"
)
SWAP = [
    "UPDATE assessment SET customer_id = 0 WHERE customer_id = 1",
    "UPDATE assessment SET customer_id = 1 WHERE customer_id = 5",
    "UPDATE assessment SET customer_id = 5 WHERE customer_id = 0",
]
NO_SCHEME = (
    "scheme_version_id = NULL, tier = 'unrated', computed_tier = NULL, exact_score = NULL, score = NULL, coverage = 0,"
    " low = NULL, high = NULL, certain = (1 = 0), standing = NULL, since = 0, rising_since = 0, falling_since = 0,"
    " tier_since = '2026-02-28', inputs = substr(inputs, 1, 0)"
)

# Places that do not touch each other are tampered with together: what was done -> the statements, and the finding.
VALUES: Cases = {
    "a score": ([assessment(THIRD, ACME, "score = 69.9")], ("score", "ACME", THIRD)),
    "a score with its tier": (
        [assessment(THIRD, EAST, "score = 90, exact_score = 90, computed_tier = 'A', tier = 'A'")],
        ("exact_score", "EAST", THIRD),
    ),
    "a tier alone": ([assessment(SECOND, EAST, "tier = 'B'")], ("tier", "EAST", SECOND)),
    "the interval": ([assessment(THIRD, DOCK, "low = high")], ("low", "DOCK", THIRD)),
    "the coverage": ([assessment(THIRD, BETA, "coverage = 0.5")], ("coverage", "BETA", THIRD)),
    "a cap lifted": (
        [assessment(SECOND, DOCK, "capped_by = NULL, tier = 'A'")],
        ("capped_by", "DOCK", SECOND),
    ),
    "the mark of an override": (
        [assessment(NEWEST, DOCK, "overridden = (1 = 0)")],
        ("overridden", "DOCK", NEWEST),
    ),
    "the day a tier began": (
        [assessment(NEWEST, ACME, "tier_since = '2025-01-01'")],
        ("tier_since", "ACME", NEWEST),
    ),
    "a tier with its snapshots": ([assessment(NEWEST, BETA, "since = 2")], ("since", "BETA", NEWEST)),
    "confirmations": ([assessment(NEWEST, CITY, "falling_since = 2")], ("falling_since", "CITY", NEWEST)),
    "clean snapshots of a gate": ([assessment(THIRD, DOCK, "clean = NULL")], ("clean", "DOCK", THIRD)),
    "inputs cut off": ([assessment(THIRD, CITY, "inputs = substr(inputs, 1, 5)")], ("inputs", "CITY", THIRD)),
    "a credit grade": ([assessment(CREDIT_2, DOCK, "tier = 'A'")], ("tier", "DOCK", CREDIT_2)),
}
INPUTS: Cases = {
    "of another customer": ([like(THIRD, EAST, ACME, "inputs")], ("exact_score", "EAST", THIRD)),
    "with the score that follows": (
        [like(SECOND, EAST, ACME, *SCORE)],
        ("data.net_revenue_12m", "EAST", SECOND),
    ),
    "with all that follows": ([like(FIRST, EAST, ACME, *RESULT)], ("data.quality", "EAST", FIRST)),
    "the scheme emptied": (
        [assessment(THIRD, ACME, "scheme_version_id = NULL")],
        ("data.scheme_version_id", "ACME", THIRD),
    ),
    "the scheme emptied, and the data cannot tell": (
        [assessment(SECOND, BETA, "scheme_version_id = NULL")],
        ("inputs", "BETA", SECOND),
    ),
    "the scheme emptied, and all that follows": (
        [assessment(FIRST, DOCK, NO_SCHEME)],
        ("data.scheme_version_id", "DOCK", FIRST),
    ),
    "another scheme": (
        [assessment(SECOND, ACME, f"scheme_version_id = {BANKS}")],
        ("data.scheme_version_id", "ACME", SECOND),
    ),
}
ROWS: Cases = {
    "an assessment deleted": (
        [f"DELETE FROM assessment WHERE run_id = {NEWEST} AND customer_id = {EAST}"],
        ("grading_run.customers", "", NEWEST),
    ),
    "an assessment deleted and not counted": (
        [
            f"DELETE FROM assessment WHERE run_id = {THIRD} AND customer_id = {EAST}",
            run(THIRD, "customers = 4"),
        ],
        ("data.assessment", "EAST", THIRD),
    ),
    "an assessment added and counted": (
        [
            f"INSERT INTO assessment (run_id, customer_id, {COPY})"
            f" SELECT {SECOND}, {LEAD}, {COPY} FROM assessment WHERE run_id = {SECOND} AND customer_id = {ACME}",
            run(SECOND, "customers = 6"),
        ],
        ("data.assessment", "LEAD", SECOND),
    ),
    "two customers swapped in a run": (
        [f"{statement} AND run_id = {FIRST}" for statement in SWAP],
        ("data.net_revenue_12m", "ACME", FIRST),
    ),
}
SWAPPED: Cases = {"two customers swapped in every run": (SWAP, ("data.net_revenue_12m", "ACME", THIRD))}
RUNS: Cases = {
    "the day": ([run(THIRD, "as_of = '2026-04-29'")], ("grading_run.kind", "", THIRD)),
    "the day, in the future": ([run(NEWEST, "as_of = '2026-05-09'")], ("grading_run.as_of", "", NEWEST)),
    "the purpose": ([run(CREDIT_2, "purpose = 'account'")], ("grading_run.purpose", "", CREDIT_2)),
    "the count": ([run(FIRST, "customers = 50")], ("grading_run.customers", "", FIRST)),
    "the start": (
        [run(LEADS, "started_at = '2026-04-14 08:00:00'")],
        ("grading_run.published_at", "", LEADS),
    ),
    "the second scheme": ([run(BY_HAND, "beside = NULL")], ("grading_run.scheme_version_id", "", BY_HAND)),
    "a part made a run of the whole book": (
        [run(OTHER_SCHEME, "whole = (1 = 1)")],
        ("data.assessment", "EAST", OTHER_SCHEME),
    ),
}
OTHER_RUNS: Cases = {
    "a snapshot made a run in between": ([run(THIRD, "kind = 'interim'")], ("grading_run.kind", "", THIRD)),
    "the scheme": (
        [run(FIRST, f"scheme_version_id = {FIRM}")],
        ("grading_run.scheme_version_id", "", FIRST),
    ),
    "a run of the whole book made a part": ([run(NEWEST, "whole = (1 = 0)")], ("run_id", "ACME", NEWEST)),
    "both moments": (
        [run(SECOND, "started_at = '2026-04-14 08:00:00', published_at = '2026-04-14 08:00:00'")],
        ("grading_run.started_at", "", NEWS),
    ),
}
NUMBERS: Cases = {
    "the newest order": (
        [run(NEWEST, "orders_through = '2026-05-01'")],
        ("grading_run.orders_through", "", NEWEST),
    ),
    "a run in between made a snapshot": (
        [run(NEWEST, "kind = 'snapshot'")],
        ("grading_run.kind", "", NEWEST),
    ),
    "the number of a snapshot": ([run(THIRD, "snapshot = 4")], ("grading_run.snapshot", "", THIRD)),
}
EDITIONS: Cases = {
    "an older edition": ([run(THIRD, "edition = 1")], ("grading_run.edition", "", THIRD)),
    "an edition to come": ([run(BY_HAND, "edition = 9")], ("grading_run.edition", "", BY_HAND)),
}
STATUS: Cases = {
    "a run no longer published": ([run(SECOND, "status = 'running'")], ("grading_run.status", "", SECOND)),
    "the newest run dropped": ([run(NEWEST, "status = 'dropped'")], ("grading_run.status", "", NEWEST)),
}
RUN_GONE: Cases = {
    "a run deleted": ([f"DELETE FROM grading_run WHERE id = {SECOND}"], ("grading_run.id", "run 4", None)),
}
RUNS_GONE: Cases = {
    "a snapshot deleted with all of it": (
        [
            f"DELETE FROM outbox WHERE id = (SELECT outbox_id FROM tier_change WHERE run_id = {SECOND})",
            f"DELETE FROM tier_change WHERE run_id = {SECOND}",
            f"DELETE FROM assessment WHERE run_id = {SECOND}",
            f"DELETE FROM grading_run WHERE id = {SECOND}",
        ],
        ("grading_run.snapshot", "", THIRD),
    ),
    "a run in between deleted with all of it": (
        [f"DELETE FROM assessment WHERE run_id = {WON}", f"DELETE FROM grading_run WHERE id = {WON}"],
        ("tier_since", "LEAD", NEWEST),
    ),
}
CHANGES: Cases = {
    "the score": ([change(CAPPED, "score_after = 50")], ("tier_change.score_after", "DOCK", SECOND)),
    "the score before": (
        [change(CAPPED, "score_before = NULL")],
        ("tier_change.score_before", "DOCK", SECOND),
    ),
    "the new tier": ([change(ROSE, "to_tier = 'A'")], ("tier_change.to_tier", "BETA", NEWS)),
    "the purpose": ([change(ROSE, "purpose = 'credit'")], ("tier_change.purpose", "BETA", NEWS)),
    "the old tier": ([change(MOVED, "from_tier = 'C'")], ("tier_change.from_tier", "BETA", OTHER_SCHEME)),
    "the day": ([change(MOVED, "as_of = '2026-05-01'")], ("tier_change.as_of", "BETA", OTHER_SCHEME)),
    "a change added": (
        [
            "INSERT INTO tier_change (customer_id, purpose, run_id, as_of, from_tier, to_tier)"
            f" VALUES ({EAST}, 'account', {THIRD}, '2026-04-30', 'A', 'C')"
        ],
        ("tier_change.id", "EAST", THIRD),
    ),
}
CHANGES_GONE: Cases = {
    "a change deleted with its message": (
        [
            f"DELETE FROM outbox WHERE id = (SELECT outbox_id FROM tier_change WHERE id = {ROSE})",
            f"DELETE FROM tier_change WHERE id = {ROSE}",
        ],
        ("tier_change.id", "BETA", NEWS),
    ),
    "the message of another change": (
        [change(MOVED, f"outbox_id = (SELECT outbox_id FROM tier_change WHERE id = {CAPPED})")],
        ("tier_change.outbox_id", f"tier change {MOVED}", None),
    ),
    "the run of a change": ([change(CAPPED, "run_id = 99")], ("tier_change.run_id", "DOCK", None)),
}
MESSAGE_LEFT: Cases = {
    "a change deleted": ([f"DELETE FROM tier_change WHERE id = {ROSE}"], ("tier_change.id", "BETA", NEWS)),
}
SCHEMES: Cases = {
    "a boundary": (
        [f"UPDATE scheme_version SET content = replace(content, 'at: 70', 'at: 55') WHERE id = {FIRM}"],
        ("scheme", f"scheme version {FIRM}", THIRD),
    ),
    "the hash": (
        [f"UPDATE scheme_version SET sha256 = 'x' WHERE id = {BANKS}"],
        ("scheme", f"scheme version {BANKS}", THIRD),
    ),
    "the version": (
        [f"UPDATE scheme_version SET version = 2 WHERE id = {PROSPECTS}"],
        ("scheme", f"scheme version {PROSPECTS}", LEADS),
    ),
    "a scheme deleted": (
        [f"DELETE FROM scheme_version WHERE id = {CREDITS}"],
        ("scheme", f"scheme version {CREDITS}", CREDIT),
    ),
}
DECISIONS: Cases = {
    "the day a scheme took effect": (
        [f"UPDATE scheme_step SET effective_from = '2026-04-15' WHERE scheme_version_id = {BANKS}"],
        ("grading_run.scheme_version_id", "", SECOND),
    ),
    "the moment of a decision": (
        [f"UPDATE scheme_step SET at = '2026-04-15 08:00:00' WHERE scheme_version_id = {CREDITS}"],
        ("grading_run.scheme_version_id", "", CREDIT),
    ),
    "a decision deleted": (
        [f"DELETE FROM scheme_step WHERE scheme_version_id = {PROSPECTS}"],
        ("grading_run.scheme_version_id", "", LEADS),
    ),
}
BOOK: Cases = {
    "the amount of an order": ([order("O20", "amount = amount * 2")], ("totals", "CITY", None)),
    "an amount with its total": (
        [order("O24", "amount = amount + 10000000"), total(DOCK, 10_000_000)],
        ("data.net_revenue_12m", "DOCK", THIRD),
    ),
    "the cost of an order": ([order("O3", "cost = 10000000")], ("data.gross_margin_rate", "ACME", THIRD)),
    "the day of an order": (
        [order("O17", "ordered_on = '2024-03-12'")],
        ("data.net_revenue_12m", "BETA", SECOND),
    ),
    "an order deleted with its total": (
        [
            "DELETE FROM order_line WHERE order_id = 25",
            "DELETE FROM customer_order WHERE external_id = 'O25'",
            total(EAST, -5_000_000, -1),
        ],
        ("import_batch.created", "import 2", None),
    ),
    "an order added without an import": (
        [
            "INSERT INTO customer_order (customer_id, source, external_id, ordered_on, amount, currency)"
            f" VALUES ({EAST}, 'file', 'X', '2026-05-04', 300000000, 'EUR')",
            total(EAST, 300_000_000, 1),
        ],
        ("customer_order.batch_id", "no import", None),
    ),
    "the product of an order line": (
        ["UPDATE order_line SET product_type = 'new' WHERE order_id = 1"],
        ("data.product_types_12m", "ACME", FIRST),
    ),
    "the day an invoice was paid": (
        ["UPDATE invoice SET paid_on = '2026-05-01' WHERE external_id = 'I1'"],
        ("data.overdue_share", "ACME", SECOND),
    ),
    "an activity deleted": (
        ["DELETE FROM activity WHERE external_id = 'V2'"],
        ("import_batch.created", "import 5", None),
    ),
    "the kind of an activity": (
        ["UPDATE activity SET kind = 'complaint' WHERE external_id = 'V1'"],
        ("data.contacts_12m", "ACME", FIRST),
    ),
    "a contact by hand, moved back": (
        ["UPDATE activity SET recorded_at = '2026-03-26 08:00:00' WHERE source = 'slack'"],
        ("data.contacts_12m", "BETA", SECOND),
    ),
    "a fact": ([fact(EAST, "2026-02-20", "value = '90'")], ("data.quality", "EAST", THIRD)),
    "the day of a fact": (
        [fact(CITY, "2026-03-20", "measured_on = '2026-04-21'")],
        ("data.quality", "CITY", SECOND),
    ),
    "a fact deleted": (
        [f"DELETE FROM fact WHERE customer_id = {BETA} AND field = 'quality' AND measured_on = '2026-03-20'"],
        ("data.quality", "BETA", THIRD),
    ),
    "the value that a correction replaced": (
        ["UPDATE fact SET value = '99' WHERE value = '82'"],
        ("data.quality", "ACME", SECOND),
    ),
    "the totals of orders": ([total(BETA, 1)], ("totals", "BETA", None)),
}
CUSTOMERS: Cases = {
    "an order given to another customer": (
        [order("O17", f"customer_id = {EAST}"), total(BETA, -20_000_000, -1), total(EAST, 20_000_000, 1)],
        ("data.net_revenue_12m", "EAST", THIRD),
    ),
    "the industry": (
        [f"UPDATE customer SET industry = 'finance' WHERE id = {ACME}"],
        ("data.scheme_version_id", "ACME", THIRD),
    ),
    "the day somebody became a customer": (
        [f"UPDATE customer SET since = '2010-01-01' WHERE id = {EAST}"],
        ("data.months_with_us", "EAST", THIRD),
    ),
    "a customer archived": (
        [f"UPDATE customer SET archived = (1 = 1) WHERE id = {DOCK}"],
        ("data.assessment", "DOCK", THIRD),
    ),
    "a customer deleted": ([f"DELETE FROM customer WHERE id = {CITY}"], ("data.assessment", "3", THIRD)),
}
IMPORTS: Cases = {
    "the previous value of an order": (
        [
            "UPDATE import_change SET before = replace(before, '5000', '1000') WHERE table_name = 'customer_order'"
        ],
        ("data.gross_margin_rate", "ACME", SECOND),
    ),
    "an import said to be undone": (
        ["UPDATE import_batch SET status = 'undone', undone_at = '2026-05-03 08:00:00' WHERE id = 12"],
        ("import_batch.created", "import 12", None),
    ),
    "an import said to be newer": (
        ["UPDATE import_batch SET published_at = '2026-05-05 08:00:00' WHERE id = 2"],
        ("import_batch.published_at", "import 2", None),
    ),
    "an import deleted": (
        ["DELETE FROM import_batch WHERE id = 5"],
        ("activity.batch_id", "import 5", None),
    ),
    "a corrected fact revived": (
        [
            f"DELETE FROM fact WHERE customer_id = {ACME} AND value = '40'",
            "UPDATE fact SET superseded_at = NULL, superseded_by_batch = NULL WHERE value = '82'",
        ],
        ("import_batch.changed", "import 8", None),
    ),
    "an order added in the name of an import": (
        [
            "INSERT INTO customer_order (customer_id, source, external_id, ordered_on, amount, currency, batch_id)"
            f" VALUES ({EAST}, 'file', 'X', '2026-01-15', 300000000, 'EUR', 2)",
            total(EAST, 300_000_000, 1),
        ],
        ("data.net_revenue_12m", "EAST", THIRD),
    ),
}
TOGETHER = {
    name: cases
    for name, cases in sorted(globals().items())
    if name.isupper() and isinstance(cases, dict) and name != "LIMITS"
}
# There is one override; each of these is verified by the customer's name.
OVERRIDES: Cases = {
    "the tier": (["UPDATE tier_override SET tier = 'X'"], ("tier_override.tier", "DOCK", None)),
    "an override deleted": (["DELETE FROM tier_override"], ("overridden", "DOCK", THIRD)),
    "the day it began": (
        ["UPDATE tier_override SET set_at = '2026-04-01 09:30:00', starts_on = '2026-04-01'"],
        ("overridden", "DOCK", SECOND),
    ),
    "the day it began, without the moment": (
        ["UPDATE tier_override SET starts_on = '2026-04-01'"],
        ("tier_override.starts_on", "DOCK", None),
    ),
    "an override ended in secret": (
        ["UPDATE tier_override SET ended_at = '2026-04-16 08:00:00'"],
        ("overridden", "DOCK", THIRD),
    ),
    "an override given to another customer": (
        [f"UPDATE tier_override SET customer_id = {EAST}"],
        ("overridden", "DOCK", THIRD),
    ),
    "its end, beyond what is allowed": (
        ["UPDATE tier_override SET expires_on = '2027-05-15'"],
        ("tier_override.expires_on", "DOCK", None),
    ),
}
# A limit -> what was done, all together.
NOT_FOUND = {
    "names": [f"UPDATE customer SET name = 'Best', code = 'BEST' WHERE id = {EAST}"],
    "reasons": [
        "UPDATE tier_override SET reason = 'no reason', set_by = 'Nobody', approver = 'Grace', expires_on = '2026-06-01'"
    ],
    "unread data": [
        order("O25", "cost = 1"),
        "UPDATE activity SET note = 'nice' WHERE external_id = 'V1'",
    ],
    "newest gradings": [
        f"DELETE FROM assessment WHERE run_id = {NEWEST}",
        f"DELETE FROM grading_run WHERE id = {NEWEST}",
    ],
    "forged imports": [
        fact(BETA, "2026-03-20", "superseded_at = '2026-05-04 09:00:00', superseded_by_batch = 13"),
        "INSERT INTO import_batch (id, kind, source, file_name, file_sha256, actor, rows, accepted, rejected, created,"
        " changed, status, started_at, published_at) VALUES (13, 'facts', 'file', 'f.csv', 'x', 'me', 1, 1, 0, 0, 1,"
        " 'published', '2026-05-04 09:00:00', '2026-05-04 09:00:00')",
        "INSERT INTO fact (customer_id, field, measured_on, value, source, recorded_at, batch_id)"
        f" VALUES ({BETA}, 'quality', '2026-03-20', '99', 'file', '2026-05-04 09:00:00', 13)",
    ],
    "recorded by hand": [
        "INSERT INTO activity (customer_id, source, external_id, kind, happened_on, recorded_at)"
        f" VALUES ({EAST}, 'tierbot', 'X', 'visit', '2026-05-05', '2026-05-05 09:00:00')",
    ],
    "words": ["UPDATE outbox SET body_json = '{}'"],
}


@on_sqlite
@pytest.mark.parametrize("place", TOGETHER)
def test_what_was_edited_is_found(real_book: RealBook, place: str) -> None:
    cases = TOGETHER[place]
    for statements, _ in cases.values():
        tamper(real_book.database, *statements)
    found = found_in(real_book)
    assert [done for done, (_, finding) in cases.items() if finding not in found] == []


@all_on_postgresql
@on_postgresql
@pytest.mark.parametrize("place", ["BOOK", "INPUTS"])
def test_and_so_it_is_on_the_other_database(real_book: RealBook, place: str) -> None:
    test_what_was_edited_is_found(real_book, place)


@on_sqlite
@pytest.mark.parametrize("done", OVERRIDES)
def test_an_edited_override_is_found_by_the_customer(real_book: RealBook, done: str) -> None:
    statements, finding = OVERRIDES[done]
    tamper(real_book.database, *statements)
    assert finding in found_in(real_book, "DOCK")


@on_sqlite
def test_with_a_name_the_runs_and_the_changes_of_the_customer_are_verified(real_book: RealBook) -> None:
    tamper(
        real_book.database,
        run(THIRD, "snapshot = 4"),
        change(ROSE, "to_tier = 'A'"),
        order("O3", "cost = 10000000"),
    )
    number, changed = ("grading_run.snapshot", "", THIRD), ("tier_change.to_tier", "BETA", NEWS)
    margin = ("data.gross_margin_rate", "ACME", THIRD)
    assert {number, changed} == {number, changed, margin} & found_in(real_book, "BETA")
    assert {number, margin} == {number, changed, margin} & found_in(real_book, "ACME")


@on_sqlite
def test_a_run_of_the_same_day_once_more_is_not_one_of_the_whole_book(real_book: RealBook) -> None:
    real_book.bring(
        "facts", "customer,field,value,date", *(f"{code},quality,77,2026-05-02" for code in CODES)
    )
    real_book.grade(MAY)
    again = real_book.runs()[-1]
    assert (again.whole, again.customers) == (False, len(CODES))
    assert found_in(real_book) == set()
    tamper(real_book.database, run(again.id or 0, "whole = (1 = 1)"))
    assert found_in(real_book) == {("grading_run.whole", "", again.id)}


@on_sqlite
def test_what_verifying_cannot_find_is_named(real_book: RealBook) -> None:
    assert NOT_FOUND.keys() == LIMITS.keys() - {"undone imports"}
    for statements in NOT_FOUND.values():
        tamper(real_book.database, *statements)
    assert found_in(real_book) == set()


def test_there_are_enough_kinds_of_tampering() -> None:
    assert sum(map(len, [*TOGETHER.values(), OVERRIDES])) >= 75


def test_each_limit_is_explained() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verifying.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([a-z ]+) \| ", page.partition("## What it cannot find")[2], re.MULTILINE) == [
        "name",
        *LIMITS,
    ]
