"""Tier changes reach the managers once, in the transaction that publishes them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select, update
from structlog.testing import capture_logs

from bot.services import alerts
from bot.services.grade import regrades, verification
from bot.services.grade import runs as grading
from bot.services.grade.assessment import TierChange
from bot.services.grade.runs import RunReport
from bot.services.schemes.store import SchemeCache
from bot.wording.actions import Action
from bot.wording.message_base import Message
from bot.wording.messages import OwnTierChanged, TierChanged, TierDigest, load
from bot.wording.rendering import Renderer
from db.book import personal_settings
from db.book.customers import Ownership
from db.book.facts import Fact
from db.book.people import Deputy
from db.engine import Database
from db.graded.changes import StoredTierChange
from db.graded.runs import GradingRun
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import on_sqlite
from tests.services.delivery.outbox_harness import UNPACED, Harness

JANUARY, FEBRUARY, MARCH = date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)


class Office:
    """A book under the plain scheme (0.6 × quality + 0.4 × service; A from 70, B from 45), graded for real."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.scheme_cache = SchemeCache()
        self.channel = "#managers"
        with database.write() as session:
            factories.scheme(session)

    def customer(
        self, quality: float, service: float = 50, *, name: str = "ACME", owner_id: int | None = None
    ) -> int:
        with self.database.write() as session:
            customer = factories.customer(session, name, owner_id=owner_id)
            factories.fact(session, customer, "quality", quality)
            factories.fact(session, customer, "service", service)
        return customer

    def learn(self, customer: int, day: date = JANUARY, **facts: object) -> None:
        with self.database.write() as session:
            for field, value in facts.items():
                factories.fact(session, customer, field, value, day)

    @property
    def notify(self) -> grading.Notify:
        return partial(
            alerts.enqueue_alerts, scheme_cache=self.scheme_cache, default_channel=self.channel, language="en"
        )

    def grade(self, as_of: date, notify: grading.Notify | None = None) -> RunReport:
        return grading.grade_book(
            self.database,
            self.scheme_cache,
            for_purpose="account",
            as_of=as_of,
            today=as_of + timedelta(days=1),
            now=datetime(as_of.year, as_of.month, as_of.day, 22, tzinfo=UTC),
            notify=notify or self.notify,
        )

    def outbox(self) -> list[OutboxMessage]:
        with self.database.read() as session:
            return list(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))))

    def messages(self) -> list[Message]:
        return [load(json.loads(row.body_json)) for row in self.outbox()]

    def alert(self) -> TierChanged:
        (message,) = (message for message in self.messages() if isinstance(message, TierChanged))
        return message

    def own_alert(self) -> OwnTierChanged:
        (message,) = (message for message in self.messages() if isinstance(message, OwnTierChanged))
        return message

    def addresses(self) -> list[str]:
        return [row.address for row in self.outbox()]

    def changes(self) -> Sequence[tuple[int, str, str, date, int | None]]:
        columns = (
            StoredTierChange.customer_id, StoredTierChange.from_tier, StoredTierChange.to_tier, StoredTierChange.as_of, StoredTierChange.outbox_id,
        )  # fmt: skip
        with self.database.read() as session:
            return [tuple(row) for row in session.exec(select(*columns).order_by(StoredTierChange.id))]  # type: ignore[call-overload]


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def test_the_first_run_is_silent_and_the_next_one_tells_what_moved(office: Office) -> None:
    acme = office.customer(50, 50)
    still = office.customer(90, 90, name="Still")
    first = office.grade(JANUARY)
    assert (first.silent, first.told, first.tiers) == (True, 0, {"A": 1, "B": 1})
    assert (office.outbox(), office.changes()) == ([], [])
    office.learn(acme, FEBRUARY, quality=90)
    report = office.grade(FEBRUARY)
    assert (report.silent, report.told) == (False, 1)
    alert = office.alert()
    assert (alert.name, alert.before.id, alert.after.id, alert.up) == ("ACME", "B", "A", True)
    assert (alert.score_before, alert.score_after) == (0.6 * 50 + 0.4 * 50, 0.6 * 90 + 0.4 * 50)
    (part,) = alert.parts
    assert part.names.en == "Quality"
    assert part.points == pytest.approx(0.6 * 40)
    assert alert.as_of == FEBRUARY
    (row,) = office.outbox()
    assert (row.kind, row.address) == ("tier_change", "channel:#managers")
    assert office.changes() == [(acme, "B", "A", FEBRUARY, row.id)]
    assert still not in {customer for customer, *_ in office.changes()}


def test_running_again_posts_nothing_new(office: Office) -> None:
    acme = office.customer(50)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, quality=90)
    assert [office.grade(FEBRUARY).told for _ in range(3)] == [1, 0, 0]
    assert len(office.outbox()) == 1


def test_the_same_move_is_told_once_a_period_and_again_in_the_next(office: Office) -> None:
    acme = office.customer(50)
    office.grade(JANUARY)
    told = []
    for quality in (90, 50, 90):  # up, down and up again within February, as somebody corrects a fact
        with office.database.write() as session:
            for fact in session.exec(
                select(Fact).where(Fact.field == "quality", Fact.measured_on == FEBRUARY)
            ):
                session.delete(fact)
            session.flush()
            factories.fact(session, acme, "quality", quality, FEBRUARY)
        told.append(office.grade(FEBRUARY).told)
    assert told == [1, 1, 0]
    office.learn(acme, FEBRUARY + timedelta(days=1), quality=50)
    assert office.grade(MARCH - timedelta(days=1)).told == 1
    office.learn(acme, MARCH, quality=90)
    assert office.grade(MARCH).told == 1
    assert [(change[1], change[2]) for change in office.changes()] == [
        ("B", "A"), ("A", "B"), ("A", "B"), ("B", "A"),
    ]  # fmt: skip


def test_more_than_twenty_for_one_channel_are_one_digest_whose_counts_add_up(office: Office) -> None:
    up = [office.customer(50, name=f"Up {n}") for n in range(12)]
    down = [office.customer(80, 80, name=f"Down {n}") for n in range(8)]
    plunge = office.customer(95, 95, name="Plunge")
    office.grade(JANUARY)
    for customer in up:
        office.learn(customer, FEBRUARY, quality=90)
    for customer in down:
        office.learn(customer, FEBRUARY, quality=50)
    office.learn(plunge, FEBRUARY, quality=0, service=0)
    assert office.grade(FEBRUARY).told == 1
    (digest,) = office.messages()
    assert isinstance(digest, TierDigest)
    assert digest.total == 12 + 8 + 1 == sum(count for _, _, count in digest.moves)
    assert [(a.id, b.id, count) for a, b, count in digest.moves] == [
        ("B", "A", 12),
        ("A", "B", 8),
        ("A", "C", 1),
    ]
    assert len(digest.largest) == 10
    assert digest.largest[0].name == "Plunge"
    assert digest.largest[1].before is not None
    assert {change[4] for change in office.changes()} == {office.outbox()[0].id}
    assert len(office.changes()) == digest.total


def test_exactly_twenty_are_told_one_by_one(office: Office) -> None:
    customers = [office.customer(50, name=f"C{n}") for n in range(20)]
    office.grade(JANUARY)
    for customer in customers:
        office.learn(customer, FEBRUARY, quality=90)
    assert office.grade(FEBRUARY).told == 20
    assert {type(message) for message in office.messages()} == {TierChanged}
    assert len({row for *_, row in office.changes()}) == 20


def test_a_block_is_told_even_of_somebody_never_rated(office: Office) -> None:
    rated = office.customer(90, 90)
    with office.database.write() as session:
        unrated = factories.customer(session, "Unknown")
    office.grade(JANUARY)
    for customer in (rated, unrated):
        office.learn(customer, FEBRUARY, sanctions=True)
    assert office.grade(FEBRUARY).told == 2
    assert [(m.before.id, m.after.id, m.up) for m in office.messages() if isinstance(m, TierChanged)] == [
        ("A", "blocked", False),
        ("unrated", "blocked", False),
    ]


def test_a_first_rating_and_a_rating_held_for_want_of_facts_are_not_told(office: Office) -> None:
    with office.database.write() as session:
        late = factories.customer(session, "Late")
    loses = office.customer(90, 90)
    office.grade(JANUARY)
    office.learn(late, FEBRUARY, quality=90, service=90)
    with office.database.write() as session:
        for fact in session.exec(select(Fact).where(Fact.customer_id == loses)):
            session.delete(fact)
    report = office.grade(FEBRUARY)
    assert (report.told, report.tiers) == (0, {"A": 2})
    assert office.changes() == []


def test_the_gate_that_capped_is_named(office: Office) -> None:
    acme = office.customer(90, 90)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, credit="D")
    office.grade(FEBRUARY)
    alert = office.alert()
    assert (alert.after.id, alert.score_after) == ("C", 90)
    assert alert.capped_by is not None
    assert (alert.capped_by.en, alert.capped_by.zh) == ("Bad credit", "信用差")


def moved(office: Office, owner_id: int | None) -> list[OutboxMessage]:
    acme = office.customer(50, owner_id=owner_id)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, quality=90)
    office.grade(FEBRUARY)
    return office.outbox()


def test_a_team_with_a_channel_hears_it_there_in_its_language_with_the_owner_named(office: Office) -> None:
    with office.database.write() as session:
        team = factories.team(session, channel="#east", language="zh")
        anna = factories.person(session, "Anna", team_id=team)
    row = moved(office, anna)[0]
    assert (row.address, json.loads(row.body_json)["language"]) == ("channel:#east", "zh")
    owner = office.alert().owner
    assert owner is not None
    assert (owner.name, owner.slack_user_id) == ("Anna", "U0ANNA")


def test_a_team_without_one_and_nobodys_customer_are_told_in_the_default_channel(office: Office) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna", team_id=factories.team(session))
    nobodys = office.customer(50, name="Orphan")
    office.learn(nobodys, FEBRUARY, quality=90)
    assert [row.address for row in moved(office, anna)] == ["channel:#managers"] * 2 + [f"person:{anna}"]
    assert [json.loads(row.body_json)["language"] for row in office.outbox()] == ["en"] * 3
    owners = [message.owner for message in office.messages() if isinstance(message, TierChanged)]
    assert owners[0] is None
    assert owners[1] is not None


def test_without_any_channel_a_change_is_recorded_and_never_told_late(office: Office) -> None:
    office.channel = ""
    assert moved(office, None) == []
    assert [change[1:] for change in office.changes()] == [("B", "A", FEBRUARY, None)]
    office.channel = "#managers"
    office.grade(FEBRUARY)
    assert office.outbox() == []


def test_each_channel_has_its_own_twenty(office: Office) -> None:
    with office.database.write() as session:
        owners = [
            factories.person(
                session, name, team_id=factories.team(session, name, channel=f"#{name}"), slack=False
            )
            for name in ("east", "west")
        ]
    customers = [office.customer(50, owner_id=owners[n % 2]) for n in range(30)]
    office.grade(JANUARY)
    for customer in customers:
        office.learn(customer, FEBRUARY, quality=90)
    assert office.grade(FEBRUARY).told == 30


def test_a_digest_for_teams_of_two_languages_is_in_the_firms_own(office: Office) -> None:
    with office.database.write() as session:
        owners = [
            factories.person(
                session,
                lang,
                team_id=factories.team(session, lang, channel="#all", language=lang),
                slack=False,
            )
            for lang in ("zh", "en")
        ]
    customers = [office.customer(50, owner_id=owners[n % 2]) for n in range(22)]
    office.grade(JANUARY)
    for customer in customers:
        office.learn(customer, FEBRUARY, quality=90)
    office.grade(FEBRUARY)
    assert [json.loads(row.body_json)["language"] for row in office.outbox()] == ["en"]


def test_the_owner_hears_it_too_in_a_message_of_their_own(office: Office) -> None:
    with office.database.write() as session:
        team = factories.team(session, channel="#east", language="en")
        anna = factories.person(session, "Anna", team_id=team, language="zh")
    rows = moved(office, anna)
    assert office.addresses() == ["channel:#east", f"person:{anna}"]
    assert [json.loads(row.body_json)["language"] for row in rows] == ["en", "zh"]
    ((acme, _, _, _, outbox_id),) = office.changes()
    assert [row.dedupe_key for row in rows] == [
        f"tier_change:account:{acme}:2026-02-28:B>A",
        f"own_tier_change:account:{acme}:2026-02-28:B>A",
    ]
    assert outbox_id == rows[0].id
    own = office.own_alert()
    assert (own.name, own.before.id, own.after.id, own.advice) == ("ACME", "B", "A", "up")
    assert {str(action) for action in own.targets()} == {"tierbot_why", "tierbot_log_visit"}


def test_an_owner_who_wants_no_tier_changes_hears_none_and_the_channel_does(office: Office) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna")
        personal_settings.store(session, anna, remind_at=None, muted=["tier_changes"])
    moved(office, anna)
    assert office.addresses() == [f"channel:{office.channel}"]


def test_after_running_and_grading_again_nobody_hears_anything_twice(office: Office) -> None:
    with office.database.write() as session:
        anna, bert = (factories.person(session, name) for name in ("Anna", "Bert"))
    acme = office.customer(50, owner_id=anna)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, quality=90)
    assert [office.grade(FEBRUARY).told for _ in range(2)] == [2, 0]
    with office.database.write() as session:  # a new owner does not hear old news
        session.exec(update(Ownership).values(person_id=bert))
    told = [
        regrades.regrade(
            office.database,
            office.scheme_cache,
            [acme],
            for_purpose="account",
            today=FEBRUARY + timedelta(days=1),
            now=datetime(2026, 3, 1, 9, tzinfo=UTC),
            notify=office.notify,
        ),
        office.grade(FEBRUARY + timedelta(days=2)).told,
        office.grade(MARCH).told,
    ]
    assert told == [None, 0, 0]
    assert office.addresses() == ["channel:#managers", f"person:{anna}"]


@pytest.mark.parametrize(("count", "messages"), [(5, 5), (6, 1)])
def test_a_deputy_hears_of_the_absent_persons_customers_and_whose_they_are(
    office: Office, count: int, messages: int
) -> None:
    with office.database.write() as session:
        anna, bert = factories.person(session, "Anna"), factories.person(session, "Bert", language="zh")
        session.add(
            Deputy(
                person_id=anna,
                deputy_id=bert,
                starts_at=datetime(2026, 2, 1, tzinfo=UTC),
                ends_at=datetime(2026, 3, 1, tzinfo=UTC),
            )
        )
    customers = [office.customer(50, name=f"C{n}", owner_id=anna) for n in range(count)]
    office.grade(JANUARY)
    for customer in customers:
        office.learn(customer, FEBRUARY, quality=90)
    office.grade(FEBRUARY)
    own = [row for row in office.outbox() if row.address == f"person:{bert}"]
    assert len(own) == messages
    assert f"person:{anna}" not in office.addresses()
    for row in own:
        body = json.loads(row.body_json)
        message = load(body)
        assert body["language"] == "zh"
        assert isinstance(message, OwnTierChanged | TierDigest)
        assert (getattr(message, "own", False), getattr(message, "absent", "Anna")) == (False, "Anna")
        assert not getattr(message, "for_lead", False)


@pytest.mark.parametrize(("person", "unreached"), [({"slack": False}, 1), ({"active": False}, 1), ({}, 0)])
def test_an_owner_whom_slack_does_not_reach_is_counted(
    office: Office, person: dict[str, Any], unreached: int
) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna", **person)
    acme = office.customer(50, owner_id=anna)
    nobodys = office.customer(50, name="Orphan")
    office.grade(JANUARY)
    for customer in (acme, nobodys):
        office.learn(customer, FEBRUARY, quality=90)
    with capture_logs() as logged:
        report = office.grade(FEBRUARY)
    assert office.addresses() == ["channel:#managers"] * 2 + [f"person:{anna}"] * (1 - unreached)
    assert [line["changes"] for line in logged if line["event"] == "alert.owner_unreached"] == [1] * unreached
    with office.database.read() as session:
        assert alerts.count_unreached(session, report.changes, factories.AT) == unreached


@pytest.mark.parametrize(("count", "messages"), [(5, 5), (6, 1)])
def test_more_than_five_for_one_owner_are_one_direct_message(
    office: Office, count: int, messages: int
) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna", language="zh")
        bert = factories.person(session, "Bert")
    mine = [office.customer(50, name=f"C{n}", owner_id=anna) for n in range(count)]
    other = office.customer(50, name="Other", owner_id=bert)
    office.grade(JANUARY)
    for customer in (*mine, other):
        office.learn(customer, FEBRUARY, quality=90)
    assert office.grade(FEBRUARY).told == (count + 1) + messages + 1
    for_anna = [row for row in office.outbox() if row.address == f"person:{anna}"]
    assert len(for_anna) == messages
    if messages == 1:
        digest = load(json.loads(for_anna[0].body_json))
        assert isinstance(digest, TierDigest)
        assert (digest.own, digest.total, len(digest.largest)) == (True, count, count)
        words = Renderer().slots(digest, "zh")
        assert words.header == "您有 6 位客户的等级有变动"
        assert for_anna[0].dedupe_key.startswith("own_tier_digest:")


def test_without_any_channel_the_owner_hears_it_all_the_same(office: Office) -> None:
    office.channel = ""
    with office.database.write() as session:
        anna = factories.person(session, "Anna")
    assert [row.address for row in moved(office, anna)] == [f"person:{anna}"]
    assert [change[-1] for change in office.changes()] == [None]


def test_nobody_is_sent_to_a_blocked_customer_and_why_explains_no_credit_grade(office: Office) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna")
    acme = office.customer(90, 90, owner_id=anna)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, sanctions=True)
    office.grade(FEBRUARY)
    own = office.own_alert()
    assert list(own.targets()) == [Action.WHY]
    assert list(replace(own, purpose="credit").targets()) == []


@on_sqlite
def test_verifying_finds_a_direct_message_without_its_change(office: Office) -> None:
    with office.database.write() as session:
        anna = factories.person(session, "Anna")
    moved(office, anna)

    def strange() -> list[str]:
        found = verification.verify(office.database, office.scheme_cache, ZoneInfo("UTC"))
        return [one.stored for one in found.differences if one.what == "outbox_message.dedupe_key"]

    assert strange() == []
    with office.database.write() as session:
        session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.kind) == "own_tier_change")
            .values(dedupe_key="own_tier_change:account:1:2026-02-28:C>A")
        )
    assert strange() == ["own_tier_change:account:1:2026-02-28:C>A"]


def test_when_telling_fails_nothing_of_the_run_is_published(office: Office) -> None:
    acme = office.customer(50)
    office.grade(JANUARY)
    office.learn(acme, FEBRUARY, quality=90)

    def tell_and_fail(session: Session, changes: list[TierChange], run: grading.RunContext) -> int:
        alerts.enqueue_alerts(
            session,
            changes,
            run,
            scheme_cache=office.scheme_cache,
            default_channel="#managers",
            language="en",
        )
        raise ConnectionError

    with pytest.raises(ConnectionError):
        office.grade(FEBRUARY, tell_and_fail)
    with office.database.read() as session:
        runs = session.exec(
            select(col(GradingRun.as_of), col(GradingRun.status)).order_by(col(GradingRun.id))
        ).all()
    assert runs == [(JANUARY, "published"), (FEBRUARY, "running")]
    assert (office.outbox(), office.changes()) == ([], [])
    assert office.grade(FEBRUARY).told == 1


def test_many_changes_take_as_many_queries_as_few(office: Office) -> None:
    def queries(count: int, months: tuple[date, date]) -> int:
        """Of changes of customers of as many tenths of owners, who get digests."""
        with office.database.write() as session:
            owners = [factories.person(session, f"P{months[1]}{n}") for n in range(count // 10)]
            customers = [
                factories.customer(session, f"N{n}", owner_id=owners[n % len(owners)]) for n in range(count)
            ]
            before = factories.graded(session, dict.fromkeys(customers, "B"), as_of=months[0])
            after = factories.graded(session, dict.fromkeys(customers, "A"), as_of=months[1])
        changes = [
            TierChange(customer_id=c, before="B", after="A", score_before=50.0, score_after=75.0)
            for c in customers
        ]
        run = grading.RunContext(
            run_id=after,
            previous_run_id=before,
            purpose="account",
            as_of=months[1],
            now=factories.AT,
        )
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2]) if "INSERT" not in args[2] else None  # noqa: E731
        event.listen(office.database.writer, "before_cursor_execute", listener)
        with office.database.write() as session:
            alerts.enqueue_alerts(
                session,
                changes,
                run,
                scheme_cache=office.scheme_cache,
                default_channel="#managers",
                language="en",
            )
        event.remove(office.database.writer, "before_cursor_execute", listener)
        return len(seen)

    queries(30, (JANUARY, FEBRUARY))  # reads the schemes
    assert queries(300, (FEBRUARY, MARCH)) <= queries(100, (JANUARY, MARCH - timedelta(days=1))) < 20


@pytest.mark.parametrize("many", [False, True], ids=["an alert", "a digest"])
def test_alerts_that_went_elsewhere_than_they_were_written_for_verify(office: Office, many: bool) -> None:
    """A copy for the firm's channel because the team's is gone; and a part of a digest for another team's channel."""
    with office.database.write() as session:
        east, west = (factories.team(session, name, channel=f"C0{name}") for name in ("EAST", "WEST"))
        anna = factories.person(session, "Anna", team_id=east, slack=False)
        ben = factories.person(session, "Ben", team_id=west, slack=False)
    customers = [office.customer(50, name=f"N{n}", owner_id=anna) for n in range(22 if many else 1)]
    office.grade(JANUARY)
    for customer in customers:
        office.learn(customer, FEBRUARY, quality=90)
    office.grade(FEBRUARY)
    harness = Harness(office.database, replace(UNPACED, fallback_channel="C0FIRM"))
    if many:
        message = office.messages()[0]
        assert isinstance(message, TierDigest)
        with office.database.write() as session:
            moved = col(Ownership.customer_id) == message.largest[0].customer_id
            session.exec(update(Ownership).where(moved).values(person_id=ben))
    else:
        harness.slack.faults = lambda where, text: "refused" if where == "C0EAST" else ""
    for _ in range(3):
        harness.deliver(timedelta(seconds=5))
    assert [entry.where for entry in harness.slack.entries] == (["C0EAST", "C0WEST"] if many else ["C0FIRM"])
    found = verification.verify(office.database, office.scheme_cache, ZoneInfo("UTC"))
    messages = {"tier_change.outbox_id", "outbox_message.dedupe_key"}
    assert [one for one in found.differences if one.what in messages] == []
