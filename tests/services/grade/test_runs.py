"""Grading runs over a real database: what is graded, what is published, what counts as a change."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from bot.errors import BadInput, Conflict, NotReady
from bot.services.ask.graded import break_down
from bot.services.grade import runs
from bot.services.grade.assessment import TierChange
from bot.services.grade.runs import RunContext, RunReport
from bot.services.grade.verification import verify
from bot.services.schemes.store import SchemeCache, is_cadence_day, last_cadence_day
from db.engine import Database
from db.graded import assessments
from db.graded import runs as db
from db.graded.assessments import contents_at
from db.graded.runs import Assessment, GradingRun
from tests import factories

MARCH, APRIL, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
Told = list[tuple[list[TierChange], RunContext]]


def listener(told: Told) -> runs.Notify:
    def notify(session: Session, changes: list[TierChange], run: RunContext) -> int:
        told.append((changes, run))
        return len(changes)

    return notify


def grade(database: Database, as_of: date | None, told: Told | None = None, **options: Any) -> RunReport:
    return runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=as_of,
        today=TODAY,
        now=NOW,
        notify=options.pop("notify", listener([] if told is None else told)),
        **options,
    )


def tier_of(database: Database, customer_id: int) -> Assessment:
    with database.read() as session:
        return assessments.newest(session, customer_id, "account")[0][0]


def test_facts_become_a_score_and_a_tier(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 80)
        factories.fact(session, acme, "service", 50)
    report = grade(database, MARCH)
    row = tier_of(database, acme)
    assert row.exact_score == pytest.approx(0.6 * 80 + 0.4 * 50)
    assert (row.score, row.tier, row.coverage) == (68.0, "B", 1.0)
    assert report.tiers == {"B": 1}
    assert (report.kind, report.silent, report.customers) == ("snapshot", True, 1)


def test_the_breakdown_comes_back_from_the_stored_inputs(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 72.125)
    grade(database, MARCH)
    with database.read() as session:
        row, run = assessments.newest(session, acme, "account")[0]
        scheme = SchemeCache().scheme(session, run.scheme_version_id)
    data = break_down({acme: row.inputs}, run.as_of, scheme)[acme].data
    assert data["exact_score"] == row.exact_score == pytest.approx(72.125)
    assert sum(line["points"] for line in data["breakdown"]) == pytest.approx(row.exact_score)
    assert data["coverage"] == pytest.approx(0.6)


def test_the_newest_fact_up_to_the_day_counts_and_later_ones_do_not(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 10, date(2026, 1, 1))
        factories.fact(session, acme, "quality", 90, MARCH)
        factories.fact(session, acme, "quality", 20, MARCH + timedelta(days=1))
    grade(database, MARCH)
    assert tier_of(database, acme).score == 90.0


def test_the_first_run_is_silent_and_a_later_move_notifies_once(database: Database) -> None:
    told: Told = []
    with database.write() as session:
        factories.scheme(session)
        acme, still = factories.customer(session), factories.customer(session, "Still")
        for customer in (acme, still):
            factories.fact(session, customer, "quality", 60)
    assert grade(database, MARCH, told).told == 0
    assert told == []
    with database.write() as session:
        factories.fact(session, acme, "quality", 80, APRIL)
    report = grade(database, APRIL, told)
    change = TierChange(customer_id=acme, before="B", after="A", score_before=60.0, score_after=80.0)
    assert report.changes == (change,)
    assert [changes for changes, _ in told] == [[change]]
    assert grade(database, APRIL, told).changes == ()
    assert tier_of(database, acme).tier_since == APRIL
    assert tier_of(database, still).tier_since == MARCH


def test_a_first_rating_is_no_change_but_a_block_always_is(database: Database) -> None:
    told: Told = []
    with database.write() as session:
        factories.scheme(session)
        fresh, barred = factories.customer(session, "Fresh"), factories.customer(session, "Barred")
    assert grade(database, MARCH, told).tiers == {"unrated": 2}
    with database.write() as session:
        factories.fact(session, fresh, "quality", 80)
        factories.fact(session, barred, "sanctions", True)
    report = grade(database, APRIL, told)
    assert [(c.customer_id, c.before, c.after) for c in report.changes] == [(barred, "unrated", "blocked")]


def test_an_unrated_snapshot_holds_the_last_tier(database: Database) -> None:
    text = factories.PLAIN_SCHEME.replace("weight: 100,", "weight: 100, max_age_days: 90,")
    with database.write() as session:
        factories.scheme(session, text)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 80, MARCH - timedelta(days=80))
    grade(database, MARCH)
    report = grade(database, APRIL)
    row = tier_of(database, acme)
    assert (row.tier, row.held, row.score, report.changes) == ("A", True, None, ())


def test_a_cap_lowers_the_tier_and_is_named(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 95)
        factories.fact(session, acme, "credit", "D")
    grade(database, MARCH)
    row = tier_of(database, acme)
    assert (row.tier, row.computed_tier, row.capped_by, row.score) == ("C", "A", "credit", 95.0)


def test_a_dry_run_reports_the_same_and_writes_nothing(database: Database) -> None:
    told: Told = []
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 60)
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, acme, "quality", 80, APRIL)
    dry = grade(database, APRIL, told, dry_run=True)
    assert (dry.run_id, dry.kind, told) == (None, "dry run", [])
    with database.read() as session:
        assert len(session.exec(select(GradingRun)).all()) == 1
    assert grade(database, APRIL, told).changes == dry.changes


def test_the_first_run_is_a_snapshot_and_later_ones_are_on_a_new_day_of_the_cadence(
    database: Database,
) -> None:
    with database.write() as session:
        factories.scheme(session)
    days = [date(2026, 3, 15), date(2026, 3, 20), MARCH, MARCH, APRIL]
    kinds = [grade(database, day).kind for day in days]
    assert kinds == ["snapshot", "interim", "snapshot", "interim", "snapshot"]
    with database.read() as session:
        numbers = session.exec(select(GradingRun.snapshot).order_by(col(GradingRun.id))).all()
    assert numbers == [1, 2, 2, 3, 3]


MOVEMENT = (
    "movement: {margin_up: 2, margin_down: 3, confirm_up: 1, confirm_down: 2, min_dwell: 1, max_step: 1}\n"
)


def test_a_fall_is_confirmed_by_snapshots_and_not_by_what_is_graded_between_them(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + MOVEMENT)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 80)
        factories.fact(session, acme, "quality", 60, MARCH)
    days = [date(2026, 2, 28), MARCH, date(2026, 4, 10), APRIL]
    found = []
    for day in days:
        grade(database, day)
        row = tier_of(database, acme)
        found.append((row.tier, row.score, row.falling_since))
    # 60 < 70 - 3 in March once, in April twice; the interim of April 10 is no confirmation.
    assert found == [("A", 80.0, 0), ("A", 60.0, 2), ("A", 60.0, 2), ("B", 60.0, 0)]


def test_an_interim_grading_leaves_the_next_snapshot_as_if_it_had_not_been(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME + MOVEMENT)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 60)
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, acme, "quality", 80, date(2026, 4, 9))
    assert grade(database, date(2026, 4, 10)).tiers == {"A": 1}
    with database.write() as session:
        factories.fact(session, acme, "quality", 60, date(2026, 4, 20))
    report = grade(database, APRIL)
    assert [(change.before, change.after) for change in report.changes] == [("A", "B")]
    row = tier_of(database, acme)
    assert (row.tier, row.standing, row.since) == ("B", "B", 1)


def test_a_cap_that_was_hit_stays_until_enough_snapshots_are_clean(database: Database) -> None:
    text = factories.PLAIN_SCHEME.replace("cap: C}", "cap: C, clear_after: 2}")
    assert text != factories.PLAIN_SCHEME
    with database.write() as session:
        factories.scheme(session, text)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 95)
        factories.fact(session, acme, "credit", "D")
        factories.fact(session, acme, "credit", "A", MARCH)
    found = []
    for day in (date(2026, 2, 28), MARCH, date(2026, 4, 10), APRIL):
        grade(database, day)
        row = tier_of(database, acme)
        found.append((row.tier, row.capped_by, row.clean))
    capped = ("C", "credit", '{"credit":1}')
    assert found == [("C", "credit", '{"credit":0}'), capped, capped, ("A", None, None)]


def test_without_a_scheme_the_error_names_the_command_to_get_one(database: Database) -> None:
    with pytest.raises(NotReady, match="tierbot grade --scheme orders_only"):
        grade(database, MARCH)


def test_days_in_the_future_or_before_the_last_grading_are_refused(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
    with pytest.raises(BadInput, match="lies in the future"):
        grade(database, TODAY + timedelta(days=1))
    grade(database, APRIL)
    with pytest.raises(BadInput, match="2026-04-30"):
        grade(database, MARCH)


def test_a_day_that_is_not_over_is_no_snapshot_but_the_first(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session, factories.PLAIN_SCHEME.replace("month_end", "daily"))
        factories.fact(session, factories.customer(session), "quality", 80)
    assert grade(database, MARCH).kind == "snapshot"
    assert grade(database, TODAY).kind == "interim"
    with pytest.raises(BadInput, match=f"as of {TODAY}"):
        grade(database, MARCH)
    (night,) = runs.grade_if_due(
        database, SchemeCache(), today=TODAY + timedelta(days=1), now=NOW, notify=listener([])
    )
    assert (night.as_of, night.kind) == (TODAY, "snapshot")


def test_an_interim_never_goes_back_behind_another_and_a_snapshot_may(database: Database) -> None:
    """Yesterday unless something newer was graded; what was due last night comes although news of today did."""
    with database.write() as session:
        factories.scheme(session)
        factories.fact(session, factories.customer(session), "quality", 80)
    grade(database, MARCH)
    assert grade(database, None).as_of == TODAY - timedelta(days=1)
    assert grade(database, TODAY).kind == "interim"
    with pytest.raises(BadInput, match=f"as of {TODAY}"):
        grade(database, TODAY - timedelta(days=1))
    assert (grade(database, None).as_of, grade(database, APRIL).kind) == (TODAY, "snapshot")


def test_the_same_day_once_more_puts_down_only_what_is_something_else_now(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        same, other = (factories.customer(session) for _ in range(2))
        for customer in (same, other):
            factories.fact(session, customer, "quality", 80)
    grade(database, MARCH)
    first = grade(database, TODAY)
    with database.write() as session:
        factories.fact(session, other, "quality", 90, TODAY)
    again, once_more = grade(database, TODAY), grade(database, TODAY)
    with database.read() as session:
        written = {
            run.id: (run.whole, run.customers, set(contents_at(session, [run.id or 0])))
            for run in db.published_runs(session)
        }
    assert written[first.run_id] == (True, 2, {same, other})
    assert written[again.run_id] == (False, 1, {other})
    assert written[once_more.run_id] == (False, 0, set())
    assert (again.customers, again.tiers, once_more.tiers) == (2, {"A": 2}, {"A": 2})
    assert tier_of(database, other).score == 90
    assert verify(database, SchemeCache(), ZoneInfo("UTC")).differing == 0


def test_orders_in_another_currency_stop_the_run_with_the_remedy(database: Database) -> None:
    with database.write() as session:
        factories.scheme(
            session, factories.PLAIN_SCHEME.replace("record_type", "currency: CNY\nrecord_type", 1)
        )
        factories.order(session, factories.customer(session), MARCH, 100, currency="EUR")
    with pytest.raises(
        BadInput, match=r"counts in CNY, but there are orders in EUR \(1\).*tierbot scheme propose"
    ):
        grade(database, MARCH)


def test_a_failure_while_telling_publishes_nothing(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 60)
    grade(database, MARCH)
    with database.write() as session:
        factories.fact(session, acme, "quality", 80, APRIL)

    def fail(session: Session, changes: list[TierChange], run: RunContext) -> int:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        grade(database, APRIL, notify=fail)
    row = tier_of(database, acme)
    assert (row.tier, row.score) == ("B", 60.0)


def test_two_gradings_at_once_publish_one(database: Database) -> None:
    with database.write() as session:
        factories.scheme(session)
        acme = factories.customer(session)
        factories.fact(session, acme, "quality", 60)
    grade(database, MARCH)

    def meanwhile(done: int, total: int) -> None:
        grade(database, APRIL)

    with pytest.raises(Conflict, match="Another grading was published meanwhile"):
        grade(database, APRIL, progress=meanwhile)
    with database.read() as session:
        published = session.exec(select(GradingRun).where(GradingRun.status == "published")).all()
    assert [run.as_of for run in published] == [MARCH, APRIL]


def test_a_run_that_died_unpublished_is_cleared_away(database: Database) -> None:
    with database.write() as session:
        version = factories.scheme(session)
        acme = factories.customer(session)
        dead = GradingRun(
            purpose="account",
            kind="snapshot",
            as_of=MARCH,
            scheme_version_id=version,
            status="running",
            started_at=NOW - timedelta(days=1),
        )
        session.add(dead)
        session.flush()
        assert dead.id is not None
        session.add(
            Assessment(
                run_id=dead.id,
                customer_id=acme,
                tier="A",
                coverage=1.0,
                certain=True,
                tier_since=MARCH,
                inputs=b"",
            )
        )
    grade(database, MARCH)
    with database.read() as session:
        assert [run.status for run in session.exec(select(GradingRun)).all()] == ["published"]
        assert len(session.exec(select(Assessment)).all()) == 1


def test_a_snapshot_falls_due_once_its_period_is_over_and_a_first_run_was_made(database: Database) -> None:
    def due(today: date) -> list[date]:
        reports = runs.grade_if_due(database, SchemeCache(), today=today, now=NOW, notify=listener([]))
        return [report.as_of for report in reports]

    with database.write() as session:
        factories.scheme(session)
        factories.customer(session)
    assert due(TODAY) == []
    grade(database, MARCH)
    assert due(APRIL) == []
    assert due(APRIL + timedelta(days=1)) == [APRIL]
    assert due(APRIL + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("cadence", "day", "expected"),
    [
        ("daily", date(2026, 5, 4), date(2026, 5, 3)),
        ("week_end", date(2026, 5, 4), date(2026, 5, 3)),
        ("week_end", date(2026, 5, 3), date(2026, 4, 26)),
        ("month_end", date(2026, 5, 1), date(2026, 4, 30)),
        ("month_end", date(2026, 4, 30), date(2026, 3, 31)),
        ("month_end", date(2028, 3, 1), date(2028, 2, 29)),
        ("quarter_end", date(2026, 5, 4), date(2026, 3, 31)),
        ("year_end", date(2026, 5, 4), date(2025, 12, 31)),
    ],
)
def test_the_last_day_of_a_cadence_that_is_over(cadence: str, day: date, expected: date) -> None:
    assert last_cadence_day(cadence, day) == expected
    assert is_cadence_day(cadence, expected)
