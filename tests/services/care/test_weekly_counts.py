"""The figures of a week, counted by the database, are those of a slow recount of every row over random histories."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from bot.clock import local_date, local_instant
from bot.services.care.service import counts as service
from bot.services.care.weekly import counted
from bot.services.care.weekly.counted import Gone, Share
from bot.services.care.weekly.period import CareWeek
from bot.services.schemes.store import SchemeCache
from db.book.customers import Customer, Ownership
from db.book.facts import Activity
from db.book.people import Person, Team
from db.care.planning import CustomerCare
from db.care.records.complaints import Complaint
from db.care.records.promises import Promise
from db.care.touches import Touch, TouchMessage
from db.care.weekly.rows import CustomerScope, WeeklyRows
from db.engine import Database
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import first_on_postgresql

DAY, WEEK = timedelta(days=1), timedelta(days=7)
OPEN = ("planned", "reminded", "snoozed")
# The last has the end of summer time in it, with a day of 25 hours.
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Pacific/Auckland", "Europe/Berlin")
FIRST = date(2026, 10, 19)  # a Monday
Tally = dict[Share, Counter[str]]


@dataclass
class History:
    """A random book with what happened in about five weeks around the one that is counted."""

    session: Session
    rng: random.Random
    people: list[int] = field(default_factory=list)
    touches: int = 0

    def at(self) -> datetime:
        """An instant, often at an edge of a day or week somewhere."""
        if self.rng.random() < 0.5:
            edge = FIRST + self.rng.choice((-7, 0, 0, 1, 6, 7, 7, 14)) * DAY
            zone = ZoneInfo(self.rng.choice(ZONES))
            return local_instant(edge, 0, 0, zone) + self.rng.choice((-1, 0, 1)) * timedelta(seconds=1)
        return datetime(2026, 10, 5, tzinfo=UTC) + timedelta(minutes=self.rng.randrange(35 * 24 * 60))

    def day(self) -> date:
        return FIRST + self.rng.randrange(-14, 21) * DAY

    def fill(self) -> None:
        session, rng = self.session, self.rng
        teams = [factories.team(session, name) for name in ("East", "West")]
        for name in ("Anna", "Bo", "Cy", "Di", "Ed"):
            self.people.append(factories.person(session, name, team_id=rng.choice([*teams, None])))
        for team in teams:
            session.get_one(Team, team).lead_id = rng.choice([*self.people, None])
        customers = []
        for number in range(14):
            owner = rng.choice([*self.people, None])
            kind = rng.choice(("account", "account", "prospect"))
            archived = rng.random() < 0.15
            customers.append(
                factories.customer(session, f"K{number}", owner_id=owner, record_type=kind, archived=archived)
            )
            if rng.random() < 0.8:
                tier = rng.choice(("A", "B", "blocked", None))
                session.add(CustomerCare(customer_id=customers[-1], tier=tier))
        for customer in customers:
            if rng.random() < 0.3:  # who had it before
                old = Ownership(
                    customer_id=customer, person_id=rng.choice(self.people), starts_on=FIRST - WEEK
                )
                old.ends_on = FIRST
                session.add(old)
            for _ in range(rng.randrange(6)):
                self.step(customer)
            for _ in range(rng.randrange(3)):
                self.complain(customer)
            for _ in range(rng.randrange(3)):
                self.promise(customer)
        session.flush()

    def step(self, customer: int) -> None:
        session, rng = self.session, self.rng
        self.touches += 1
        state = rng.choice(("done", "done", "skipped", "missed", "cancelled", *OPEN))
        due, closed = self.day(), None if state in OPEN else self.at()
        activity = None
        if state == "done" and rng.random() < 0.7:
            activity = factories.contact(session, customer, self.day())
        touch = Touch(
            dedupe_key=f"t{self.touches}",
            customer_id=customer,
            plan="standard",
            step=f"s{self.touches}",
            kind=rng.choice(("revisit", "revisit", "follow_up", "greeting", "birthday", "once")),
            tier=rng.choice(("A", "B")),
            who=rng.choice(("owner", "owner", "lead", "finance")),
            assignee_id=rng.choice([*self.people, *[None] * 8]),
            due_on=due,
            latest_on=rng.choice((None, due, due + 3 * DAY)),
            remind_at=self.at(),
            state=state,
            reason=rng.choice(("They are away", "they  are away", "No need")) if state == "skipped" else None,
            activity_id=activity,
            closed_at=closed,
            created_at=min(self.at(), closed or self.at()),
        )
        session.add(touch)
        session.flush()
        for role in rng.sample(("digest", "manager", "group", "manager"), rng.randrange(3)):
            message = OutboxMessage(
                dedupe_key=f"m{self.touches}{role}{rng.random()}",
                kind="care_escalation",
                address="channel:C1",
                channel="C1",
                body_json="{}",
                body_hash="",
                state=rng.choice(("sent", "sent", "pending", "unknown", "dead")),
                next_at=self.at(),
                created_at=self.at(),
            )
            session.add(message)
            session.flush()
            session.add(TouchMessage(outbox_id=message.id or 0, touch_id=touch.id or 0, role=role))
        session.flush()

    def complain(self, customer: int) -> None:
        rng = self.rng
        number = factories.complaint(self.session, customer, self.day())
        row = self.session.get_one(Complaint, number)
        row.deadline = rng.choice((None, self.day()))
        row.handler_id = rng.choice([*self.people, None, None])
        self.session.get_one(Activity, row.activity_id).recorded_at = self.at()
        if rng.random() < 0.5:
            row.closed_on, row.closed_at = self.day(), rng.choice((None, self.at(), self.at()))

    def promise(self, customer: int) -> None:
        rng = self.rng
        self.touches += 1
        made, due = self.day(), self.day()
        row = Promise(
            customer_id=customer, source="test", external_id=str(self.touches), what="The offer", made_on=made,
            keeper_id=rng.choice([*self.people, None, None]), due_on=due, first_due_on=due, recorded_at=self.at(),
        )  # fmt: skip
        if rng.random() < 0.6:
            row.outcome, row.closed_on, row.closed_at = (
                rng.choice(("kept", "kept", "withdrawn")),
                self.day(),
                self.at(),
            )
            row.closed_for = rng.choice([*self.people, None])
        self.session.add(row)


class Recount:
    """Looks at every row."""

    def __init__(self, session: Session, period: CareWeek, gone: Gone, today: date) -> None:
        self.session, self.period, self.gone, self.today = session, period, gone, today
        self.start, self.end = period.span.start, period.span.end
        self.found: Tally = defaultdict(Counter)
        self.customers = {one.id: one for one in session.exec(select(Customer)) if not one.archived}
        self.people = {one.id: one for one in session.exec(select(Person))}
        self.leads = {one.id: one.lead_id for one in session.exec(select(Team))}
        self.care = {one.customer_id: one.tier for one in session.exec(select(CustomerCare))}
        present = select(Ownership).where(col(Ownership.ends_on).is_(None))
        self.owners = {one.customer_id: one.person_id for one in session.exec(present)}

    def share(self, customer: int, tier: str | None, who: str, given: int | None) -> Share:
        owner = self.owners.get(customer)
        person = given
        if person is None and who == "owner":
            person = owner
        if person is None and who == "lead" and owner is not None:
            person = self.leads.get(self.people[owner].team_id)
        return Share(owner, person, tier or "unrated")

    def events(self) -> Tally:
        for touch in self.session.exec(select(Touch)):
            if touch.customer_id in self.customers:
                of = self.share(touch.customer_id, touch.tier, touch.who, touch.assignee_id)
                self.found[of].update(self.of_step(touch))
        for complaint in self.session.exec(select(Complaint)):
            if complaint.customer_id in self.customers:
                tier = self.care.get(complaint.customer_id)
                of = self.share(complaint.customer_id, tier, "owner", complaint.handler_id)
                self.found[of].update(self.of_complaint(complaint))
        for promise in self.session.exec(select(Promise)):
            if promise.customer_id in self.customers and self.is_broken(promise):
                whose = promise.closed_for or self.keeper(promise)
                of = self.share(promise.customer_id, self.care.get(promise.customer_id), "owner", whose)
                self.found[of].update(["broken"])
        return without_nothing(self.found)

    def keeper(self, promise: Promise) -> int | None:
        """Whose it is beside the account manager: nobody's any more who has looked after the customer since, or left."""
        if promise.keeper_id is None or not self.people[promise.keeper_id].is_present:
            return None
        owned = self.session.exec(select(Ownership).where(Ownership.customer_id == promise.customer_id))
        since = [one for one in owned if one.ends_on is None or one.ends_on > promise.made_on]
        return None if any(one.person_id == promise.keeper_id for one in since) else promise.keeper_id

    def is_broken(self, promise: Promise) -> bool:
        closed, last = promise.closed_at, self.period.first_day + 6 * DAY
        if closed is not None and self.start <= closed < self.end and promise.outcome == "kept":
            assert promise.closed_on is not None
            if promise.closed_on > promise.due_on:
                return True
        still = closed is None or closed >= self.end
        return still and promise.recorded_at < self.end and promise.due_on <= last

    def of_step(self, touch: Touch) -> list[str]:
        said = []
        if touch.closed_at is not None and self.start <= touch.closed_at < self.end:
            if touch.state == "done":
                contact = self.session.get(Activity, touch.activity_id) if touch.activity_id else None
                on = contact.happened_on if contact else local_date(touch.closed_at, self.period.zone)
                said.append("kept" if on <= (touch.latest_on or touch.due_on) else "late")
            elif touch.state in ("skipped", "missed"):
                said.append(touch.state)
        if self.was_reported(touch):
            said.append("escalated")
        still = touch.state in OPEN or (touch.closed_at is not None and touch.closed_at >= self.end)
        is_past = touch.latest_on is not None and touch.latest_on < self.period.first_day + WEEK
        is_step = touch.kind not in ("greeting", "birthday")
        if still and is_past and is_step and touch.created_at < self.end:
            said.append("overdue")
        return said

    def was_reported(self, touch: Touch) -> bool:
        linked = select(TouchMessage).where(TouchMessage.touch_id == touch.id)
        for link in self.session.exec(linked):
            message = self.session.get_one(OutboxMessage, link.outbox_id)
            in_week = self.start <= message.created_at < self.end
            if link.role in ("manager", "group") and in_week and message.state != "dead":
                return True
        return False

    def of_complaint(self, complaint: Complaint) -> list[str]:
        recorded = self.session.get_one(Activity, complaint.activity_id).recorded_at
        is_closed = complaint.closed_on is not None
        if is_closed and (complaint.closed_at is None or complaint.closed_at < self.end):
            return []
        if recorded >= self.end:
            return []
        late = complaint.deadline is not None and complaint.deadline < self.period.first_day + WEEK
        return ["complaints", *(["complaints_late"] if late else [])]

    def unattended(self) -> Tally:
        for number, customer in self.customers.items():
            owner, tier = self.owners.get(number or 0), self.care.get(number or 0)
            if tier == "blocked":
                continue
            name = None
            if owner is None:
                name = "no_owner" if customer.record_type == "account" else None
            elif owner in self.gone.left:
                name = "owner_left"
            elif owner in self.gone.away:
                name = "owner_away"
            elif self.is_not_visited(customer):
                name = "not_visited"
            if name is not None:
                self.found[Share(owner, owner, tier or "unrated")][name] += 1
        return without_nothing(self.found)

    def is_not_visited(self, customer: Customer) -> bool:
        touches = self.session.exec(select(Touch).where(Touch.customer_id == customer.id))
        return any(
            one.state in OPEN
            and one.kind == "revisit"
            and one.latest_on is not None
            and one.latest_on < self.today
            for one in touches
        )


def without_nothing(tally: Tally) -> Tally:
    found = {share: Counter({name: n for name, n in counts.items() if n}) for share, counts in tally.items()}
    return {share: counts for share, counts in found.items() if counts}


@first_on_postgresql
@pytest.mark.parametrize("seed", range(12))
def test_the_figures_of_a_week_are_those_of_a_slow_recount(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    with database.write() as session:
        history = History(session, rng)
        history.fill()
        period, today = CareWeek(FIRST, ZoneInfo(ZONES[seed % len(ZONES)])), FIRST + WEEK
        gone = Gone(left=frozenset(history.people[:1]), away=frozenset(history.people[1:2]))
        for week in (period, period.previous):
            expected = Recount(session, week, gone, today).events()
            assert without_nothing(dict(counted.count_events(session, week))) == expected
        expected = Recount(session, period, gone, today).unattended()
        assert without_nothing(dict(counted.count_unattended(session, gone, today))) == expected
        assert_rows(session, history, period, gone, today)


def assert_rows(session: Session, history: History, period: CareWeek, gone: Gone, today: date) -> None:
    """The rows behind the figures are as many as the figures say, of all and of the customers of some people."""
    tally = counted.joined(
        counted.count_events(session, period), counted.count_unattended(session, gone, today)
    )
    some = frozenset(history.people[:3])
    for scope in (CustomerScope(None, unowned=True), CustomerScope(some, unowned=False)):
        rows = WeeklyRows(session, period.span, scope, None, 1_000)
        of = counted.total(
            counted.only(
                tally, lambda share, scope=scope: scope.owners is None or share.owner_id in scope.owners
            )
        )
        sections = {
            "late": rows.late(),
            "skipped": rows.skipped(),
            "missed": rows.missed(),
            "escalated": rows.escalated(),
            "overdue": rows.overdue(period.after),
            "complaints": rows.complaints(),
            "broken": rows.broken_promises(),
            "no_owner": rows.without_owner() if scope.unowned else [],
            "owner_left": rows.owned_by(gone.left),
            "owner_away": rows.owned_by(gone.away),
            "not_visited": rows.not_visited(today, gone.all),
        }
        assert {name: len(found) for name, found in sections.items()} == {
            name: getattr(of, name) for name in sections
        }


def test_what_was_missed_of_the_service_promise_is_what_its_report_says(database: Database) -> None:
    """Eight visits a year are owed about every six weeks: the days of two years hold some, of which none was given."""
    text = factories.PLAIN_SCHEME.replace(
        "{id: A, at: 70, ", "{id: A, at: 70, policy: {service: {visits_a_year: 8}}, "
    )
    schemes = SchemeCache()
    with database.write() as session:
        anna = factories.person(session, "Anna")
        customer = factories.customer(session, "ACME", owner_id=anna)
        factories.graded(session, {customer: "A"}, as_of=date(2025, 1, 1), text=text)
        owed = missed = 0
        for week in range(104):
            for share, counts in counted.count_service(session, schemes, FIRST - week * WEEK).items():
                assert share == Share(anna, anna, "A")
                owed, missed = owed + counts["service_owed"], missed + counts["service_missed"]
        first, last = FIRST - 103 * WEEK, FIRST + 6 * DAY
        found = service.counts(session, schemes, start=first, end=last, today=last + DAY)
    assert owed == missed == sum(one.missed for one in found) > 10


def test_a_promise_is_broken_when_it_was_kept_late_or_is_open_after_its_day(database: Database) -> None:
    with database.write() as session:
        anna = factories.person(session, "Anna")
        customer = factories.customer(session, "ACME", owner_id=anna)
        days = {
            "kept in time": (3, 3),
            "kept late": (1, 3),
            "withdrawn": (1, 2),
            "open": (9, None),
            "late": (1, None),
        }
        for what, (due, closed) in days.items():
            row = Promise(
                customer_id=customer, source="test", external_id=what, made_on=FIRST, due_on=FIRST + due * DAY,
                first_due_on=FIRST + due * DAY, recorded_at=local_instant(FIRST, 9, 0, ZoneInfo("UTC")),
            )  # fmt: skip
            if closed is not None:
                row.outcome = "withdrawn" if what == "withdrawn" else "kept"
                row.closed_on, row.closed_for = FIRST + closed * DAY, anna
                row.closed_at = local_instant(row.closed_on, 12, 0, ZoneInfo("UTC"))
            session.add(row)
        session.flush()
        week = CareWeek(FIRST, ZoneInfo("UTC"))
        by_person = counted.by_person(counted.count_events(session, week))
    assert by_person[anna].broken == 2  # the one that was kept late, and the one that is late
