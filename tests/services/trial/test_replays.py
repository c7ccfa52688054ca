"""Replays: the same snapshots with movement rules and without, in memory or kept as a past."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from bot.errors import BadInput, Conflict
from bot.services.grade import runs
from bot.services.schemes.store import SchemeCache, SchemeFile
from bot.services.trial import replays
from bot.services.trial.replays import Moves
from db.engine import Database
from db.graded.runs import Assessment, GradingRun
from grading.scheme.reader import parse_scheme
from tests import factories

START, END, TODAY = date(2025, 11, 1), date(2026, 4, 30), date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
TEXT = factories.PLAIN_SCHEME + (
    "movement: {margin_up: 2, margin_down: 3, confirm_up: 1, confirm_down: 2, min_dwell: 1, max_step: 1}\n"
)
FILE = SchemeFile(scheme=parse_scheme(TEXT, source="test"), text=TEXT, source="test")
MONTHS = [
    date(2025, 11, 30),
    date(2025, 12, 31),
    date(2026, 1, 31),
    date(2026, 2, 28),
    date(2026, 3, 31),
    END,
]


def seesaw(database: Database, *scores: float) -> int:
    """A customer with a new value of quality in each of the months."""
    with database.write() as session:
        customer = factories.customer(session)
        for day, score in zip(MONTHS, scores, strict=True):
            factories.fact(session, customer, "quality", score, day)
    return customer


def test_moves_and_those_undone_are_counted_with_the_rules_and_without(database: Database) -> None:
    seesaw(database, 71, 69, 71, 69, 69, 60)
    found = replays.replay(database, FILE.scheme, start=START, end=END, today=TODAY)
    assert [day.as_of for day in found.days] == MONTHS
    # Without rules A B A B B B: three moves, the second and the third take the one before back. With rules 69 is
    # within the margin of 3, and 60 has only one of the two confirmations.
    assert found.without_rules == Moves(moves=3, undone=2)
    assert found.with_rules == Moves(moves=0, undone=0)
    assert [day.moves_without_rules for day in found.days] == [0, 1, 1, 1, 0, 0]
    assert found.rated == 6
    with database.read() as session:
        assert session.exec(select(GradingRun)).all() == []


def test_the_later_value_of_tiers_is_measured_by_sales_no_score_included(database: Database) -> None:
    best, other = seesaw(database, *[90] * 6), seesaw(database, *[50] * 6)
    with database.write() as session:
        for day, customer, amount in (
            (MONTHS[0], other, 999),  # on the day itself: seen
            (date(2025, 12, 1), best, 300),
            (date(2026, 5, 31), best, 300),
            (date(2026, 5, 31), other, 200),
        ):
            factories.order(session, customer, day, amount)
    found = replays.replay(database, FILE.scheme, start=START, end=END, today=TODAY).ahead
    assert found is not None
    assert (found.as_of, found.until) == (MONTHS[0], date(2026, 5, 31))
    assert found.customers == {"A": 1 / 2, "B": 1 / 2}
    assert found.sales == {"A": pytest.approx(600 / 800), "B": pytest.approx(200 / 800)}


def test_a_kept_past_is_what_grading_on_those_days_would_have_left(database: Database) -> None:
    customer = seesaw(database, 71, 60, 60, 69, 80, 60)
    reports = replays.keep(
        database,
        SchemeCache(),
        FILE,
        start=START,
        end=END,
        today=TODAY,
        now=NOW,
        actor=factories.operator("test"),
    )
    assert [(report.kind, report.told) for report in reports] == [("snapshot", 0)] * 6
    with database.read() as session:
        rows = session.exec(select(Assessment).order_by(Assessment.run_id)).all()  # type: ignore[arg-type]
    assert [row.tier for row in rows] == ["A", "A", "B", "B", "A", "A"]
    assert {row.customer_id for row in rows} == {customer}
    with pytest.raises(Conflict, match="only be kept before the first"):
        replays.keep(
            database,
            SchemeCache(),
            FILE,
            start=START,
            end=END,
            today=TODAY,
            now=NOW,
            actor=factories.operator("test"),
        )
    report = runs.grade_book(
        database, SchemeCache(), for_purpose="account", as_of=TODAY, today=TODAY, now=NOW,
        notify=lambda session, changes, run: len(changes),
    )  # fmt: skip
    assert (report.kind, report.silent) == ("interim", False)


def test_odd_periods_are_refused_with_the_reason(database: Database) -> None:
    for start, end, message in (
        (END, START, "no period that is over"),
        (START, TODAY + timedelta(days=1), "no period that is over"),
        (date(2026, 4, 1), date(2026, 4, 5), "no snapshot of plain .month_end."),
    ):
        with pytest.raises(BadInput, match=message):
            replays.replay(database, FILE.scheme, start=start, end=end, today=TODAY)
    daily = parse_scheme(TEXT.replace("month_end", "daily"), source="test")
    with pytest.raises(BadInput, match="at most 600"):
        replays.replay(database, daily, start=date(2020, 1, 1), end=END, today=TODAY)


def test_a_day_that_is_not_over_is_no_snapshot(database: Database) -> None:
    seesaw(database, *[71] * 6)
    found = replays.replay(database, FILE.scheme, start=START, end=END, today=END)
    assert [day.as_of for day in found.days] == MONTHS[:-1]
    reports = replays.keep(
        database,
        SchemeCache(),
        FILE,
        start=START,
        end=END,
        today=END,
        now=NOW,
        actor=factories.operator("test"),
    )
    assert [(report.as_of, report.kind) for report in reports] == [(day, "snapshot") for day in MONTHS[:-1]]
