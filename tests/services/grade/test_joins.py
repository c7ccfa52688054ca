"""A joined customer is graded with the one that stays from the next grading on, and the cause is named."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import NotFound
from bot.services import alerts
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.ask.history import history
from bot.services.grade import regrades, runs
from bot.services.grade.assessment import Cause
from bot.services.grade.runs import RunReport
from bot.services.imports import ImportOptions, JoinReport, import_file, join_customers, undo
from bot.services.schemes.store import SchemeCache
from bot.wording.messages import TierCard, TierChanged, load
from db.book.facts import Activity
from db.engine import Database
from db.graded.runs import Assessment
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.services import book as care

MARCH, TODAY = date(2026, 3, 31), date(2026, 4, 7)
NOW = datetime(2026, 4, 7, 8, tzinfo=UTC)
ADMIN = Actor(
    person_id=0,
    name="console",
    role="admin",
    team_id=None,
    led_teams=frozenset(),
    slack_user_id="",
    language="en",
    timezone="UTC",
)
MOVING = (
    "movement: {margin_up: 0, margin_down: 0, confirm_up: 2, confirm_down: 2, min_dwell: 0, max_step: 1}\n"
)


class Halves:
    """Quality is known of one half of a customer, 60 of 100 points; service of the other, 95: 74 points together."""

    def __init__(self, database: Database, scheme: str = factories.PLAIN_SCHEME) -> None:
        self.database, self.clock, self.cache = database, FixedClock(NOW), SchemeCache()
        with database.write() as session:
            factories.scheme(session, scheme)
            self.stays = factories.customer(session, "Basalt GmbH", code="10001")
            self.joined = factories.customer(session, "Basalt", code="001A")
            factories.fact(session, self.stays, "quality", 60)
            factories.fact(session, self.joined, "service", 95)

    def grade(self, as_of: date = MARCH, today: date = TODAY) -> RunReport:
        now = self.clock.now()
        told = partial(
            alerts.enqueue_alerts, scheme_cache=self.cache, default_channel="#managers", language="en"
        )
        return runs.grade_book(
            self.database, self.cache, for_purpose="account", as_of=as_of, today=today, now=now, notify=told
        )

    def regrade(self, today: date = TODAY) -> list[RunReport]:
        told = partial(
            alerts.enqueue_alerts, scheme_cache=self.cache, default_channel="#managers", language="en"
        )
        return regrades.regrade_touched(
            self.database, self.cache, today=today, now=self.clock.now(), notify=told
        )

    def join(self) -> JoinReport:
        self.clock.advance(timedelta(minutes=5))
        return join_customers(
            self.database, "001A", "10001", clock=self.clock, actor=factories.operator("test")
        )

    def learn(self, customer: int, day: date, **facts: object) -> None:
        with self.database.write() as session:
            for field, value in facts.items():
                factories.fact(session, customer, field, value, day)

    def alert(self) -> TierChanged:
        with self.database.read() as session:
            row = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id).desc())).first()
        assert row is not None
        message = load(json.loads(row.body_json))
        assert isinstance(message, TierChanged)
        return message


def changes(report: RunReport) -> list[tuple[int, str, str, str]]:
    return [(change.customer_id, change.before, change.after, change.cause) for change in report.changes]


def test_the_next_regrade_counts_both_halves_and_names_the_join(database: Database) -> None:
    halves = Halves(database)
    halves.grade()
    assert halves.regrade() == []
    halves.join()
    (report,) = halves.regrade()
    assert changes(report) == [(halves.stays, "B", "A", Cause.JOIN)]
    assert report.customers == 1
    alert = halves.alert()
    assert (alert.name, alert.decision, alert.advice) == ("Basalt GmbH", "joined", "not_the_customer")
    with database.read() as session:
        runs_of_joined = session.exec(
            select(Assessment.run_id).where(Assessment.customer_id == halves.joined)
        ).all()
    assert len(runs_of_joined) == 1  # from before the join
    assert halves.grade(date(2026, 4, 30), date(2026, 5, 1)).customers == 1


def test_what_the_customer_does_afterwards_is_its_own_behaviour(database: Database) -> None:
    halves = Halves(database)
    halves.grade()
    halves.join()
    halves.clock.advance(timedelta(days=30))
    report = halves.grade(date(2026, 4, 30), date(2026, 5, 1))
    assert changes(report) == [(halves.stays, "B", "A", Cause.JOIN)]
    halves.learn(halves.stays, date(2026, 5, 5), quality=10)
    halves.clock.advance(timedelta(days=30))
    report = halves.grade(date(2026, 5, 31), date(2026, 6, 1))
    # 0.6 x 10 + 0.4 x 95 = 44
    assert changes(report) == [(halves.stays, "A", "C", Cause.BEHAVIOUR)]


def test_a_rise_that_a_join_began_is_the_joins_also_when_it_is_confirmed_later(database: Database) -> None:
    scheme = factories.PLAIN_SCHEME.replace("dimensions:\n", MOVING + "dimensions:\n")
    halves = Halves(database, scheme)
    halves.grade()
    halves.join()
    halves.clock.advance(timedelta(days=30))
    assert changes(halves.grade(date(2026, 4, 30), date(2026, 5, 1))) == []
    halves.clock.advance(timedelta(days=30))
    report = halves.grade(date(2026, 5, 31), date(2026, 6, 1))
    assert changes(report) == [(halves.stays, "B", "A", Cause.JOIN)]


def test_after_the_undo_both_are_graded_by_themselves(database: Database) -> None:
    halves = Halves(database)
    halves.grade()
    done = halves.join()
    halves.regrade()
    assert done.batch_id is not None
    undo(database, done.batch_id, clock=halves.clock, actor=factories.operator("test"))
    report = halves.grade(date(2026, 4, 30), date(2026, 5, 1))
    assert report.customers == 2
    assert [change[:3] for change in changes(report)] == [(halves.stays, "A", "B")]


def test_old_buttons_about_a_joined_customer_lead_to_the_one_that_stays(database: Database) -> None:
    halves = Halves(database)
    halves.grade()
    halves.join()
    with database.write() as session:
        person = factories.person(session)
        card = lookup.card(session, halves.cache, care.rules(), ADMIN, halves.joined, TODAY)
    assert isinstance(card, TierCard)
    assert (card.customer_id, card.code) == (halves.stays, "10001")
    book = care.Book(database=database)
    book.log(replace(ADMIN, person_id=person), halves.joined, care.MONDAY)
    with database.read() as session:
        assert session.exec(select(Activity.customer_id)).all() == [halves.stays]


@pytest.mark.parametrize("text", ["001A", "Basalt", "basalt gmbh", "10001"])
def test_every_name_of_a_joined_customer_finds_the_one_that_stays(database: Database, text: str) -> None:
    halves = Halves(database)
    halves.join()
    assert lookup.one(database, ADMIN, text) == halves.stays


def test_the_history_of_a_joined_customer_is_in_that_of_the_one_that_stays(database: Database) -> None:
    halves = Halves(database)
    halves.grade()
    halves.join()
    halves.regrade()
    entries = history(database, halves.cache, ADMIN, halves.stays)
    assert [(entry.joined, entry.tier, entry.score) for entry in entries] == [
        (None, "B", 60.0),
        ("001A", "unrated", 95.0),
        (None, "A", 74.0),
    ]
    assert history(database, halves.cache, ADMIN, halves.joined) == entries


def test_a_joined_customer_gets_no_reminder_and_after_the_undo_its_own_again(database: Database) -> None:
    with database.write() as session:
        owner = factories.person(session)
        one, other = (
            factories.customer(session, name, code=name[:2], owner_id=owner) for name in ("One", "Other")
        )
        for customer in (one, other):
            factories.contact(session, customer, care.MONDAY - timedelta(days=care.REVISIT_A))
    book = care.Book(database=database)
    book.grade({one: "A", other: "A"})
    book.plan()
    done = join_customers(database, "On", "Ot", clock=book.clock, actor=factories.operator("test"))
    book.go(care.MONDAY)
    assert book.reminded_of() == [("person:1", "Other")]
    assert book.touch(one).state == "cancelled"
    assert done.batch_id is not None
    undo(database, done.batch_id, clock=book.clock, actor=factories.operator("test"))
    book.go(care.MONDAY + timedelta(days=1))
    assert book.reminded_of() == [("person:1", "Other"), ("person:1", "One")]


def test_an_ended_customer_gets_no_grade_and_is_graded_at_once_when_it_comes_back(
    database: Database, tmp_path: Path
) -> None:
    halves = Halves(database)

    def bring(cell: str) -> None:
        path = tmp_path / "customers.csv"
        path.write_text(f"code,name,ended\nE,Ended AG,{cell}\n", encoding="utf-8")
        options = ImportOptions(source="erp")
        import_file(
            database,
            kind="customers",
            path=path,
            clock=halves.clock,
            actor=factories.operator("test"),
            options=options,
            rejects_dir=tmp_path,
        )

    bring("")
    ended = lookup.one(database, ADMIN, "Ended AG")
    halves.learn(ended, MARCH, quality=80, service=80)
    assert halves.grade().customers == 3
    halves.regrade()
    bring("yes")
    assert halves.regrade() == []
    with pytest.raises(NotFound):
        lookup.one(database, ADMIN, "Ended AG")
    assert halves.grade(date(2026, 4, 30), date(2026, 5, 1)).customers == 2
    bring("no")
    (report,) = halves.regrade(date(2026, 5, 2))
    assert (report.customers, report.tiers) == (1, {"A": 1})
    assert lookup.one(database, ADMIN, "Ended AG") == ended
