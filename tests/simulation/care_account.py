"""What became of every step that was due in a simulated year, and whether anything was silent."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from bot.clock import local_date
from bot.services.care.plan import Doer
from bot.services.care.working_people import working_times
from bot.services.care.working_time import WorkingTime
from bot.services.delivery import kinds
from db.book.customers import Ownership, present_owner
from db.book.people import Person, Team
from db.care.touches import GREETINGS, OPEN, Touch, TouchMessage, TouchRole, TouchState
from db.outbox.messages import MessageState, OutboxMessage
from tests.simulation.care_year import SETTINGS, Year

CLASSES = ("done", "late", "skipped", "superseded", "missed", "open")
A_DAY = timedelta(days=1)
ASKED = (TouchRole.DIGEST, TouchRole.URGENT, TouchRole.GREETING)


class Told(NamedTuple):
    """A message that names something."""

    role: str
    recipient: int | None
    at: datetime


@dataclass
class Account:
    """The steps of a year by what became of them, the messages by kind, and what must not have happened."""

    count: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        return self.count["owed"] == sum(self.count[name] for name in CLASSES)


def account_of(year: Year) -> Account:
    """Count a year that was played."""
    account = Account()
    with year.database.read() as session:
        reading = Reading(session, year)
    for touch in reading.touches:
        account.wrong += reading.wrong_with(touch, account.count)
    for part in year.parts:
        account.wrong += part.account(reading, account.count)
    account.wrong += reading.wrong_messages(account.count)
    if not account.adds_up:
        account.wrong.append("owed is not the sum of its classes")
    return account


class Reading:
    """The rows of a year."""

    def __init__(self, session: Session, year: Year) -> None:
        self.year = year
        self.end = year.clock.now()
        self.zone = ZoneInfo(SETTINGS.timezone)
        self.touches = list(session.exec(select(Touch).order_by(col(Touch.id))))
        self.messages = list(session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))))
        self._by_id = {row.id: row for row in self.messages}
        self.told: dict[int, list[Told]] = defaultdict(list)
        for link in session.exec(select(TouchMessage)):
            self.told[link.touch_id].append(self.message(link.outbox_id, link.role))
        time = year.rules.times
        self.working = working_times(session, None, time, self.end)
        self.firm = time.working_time(self.end)
        self.kinds = {one.person_id: one.kind for one in year.colleagues.values()}
        leads = (
            select(Ownership.customer_id, Team.lead_id)
            .select_from(Ownership)
            .join(Person, col(Person.id) == col(Ownership.person_id))
            .join(Team, col(Team.id) == col(Person.team_id))
            .where(present_owner(Ownership.customer_id))
        )
        self.leads = dict(session.exec(leads).all())
        with_lead = select(Person.id, Team.lead_id).join(Team, col(Team.id) == col(Person.team_id))
        self._lead_of = dict(session.exec(with_lead).all())
        self._owned: dict[int, list[Ownership]] = defaultdict(list)  # the latest owner first
        for owned in session.exec(select(Ownership).order_by(col(Ownership.id).desc())):
            self._owned[owned.customer_id].append(owned)
        self.mornings = Counter(  # (person, day) of each digest
            (row.recipient, local_date(row.created_at, self.working_of(row.recipient).zone))
            for row in self.messages
            if row.kind == kinds.DIGEST and row.recipient is not None
        )
        owners = select(Ownership.customer_id, Ownership.person_id)
        self.owners = dict(session.exec(owners.where(present_owner(Ownership.customer_id))).all())

    def message(self, outbox_id: int, role: str) -> Told:
        """A message that names something in a role."""
        row = self._by_id[outbox_id]
        return Told(role, row.recipient, row.created_at)

    def is_sent(self, outbox_id: int) -> bool:
        """Whether somebody got a message: what another one said is said again."""
        return self._by_id[outbox_id].state == MessageState.SENT

    def wrong_with(self, touch: Touch, count: Counter[str]) -> Iterator[str]:
        """Count a touch; what is wrong with it."""
        today = local_date(self.end, self.zone)
        closed_on = local_date(touch.closed_at, self.zone) if touch.closed_at else None
        if touch.due_on > today or (
            touch.state == TouchState.CANCELLED and (closed_on or today) < touch.due_on
        ):
            return
        was = _class(touch, closed_on)
        count["owed"] += 1
        count[was] += 1
        told = self.told[touch.id or 0]
        count["shown"] += any(one.role in ASKED for one in told)
        name = f"{touch.dedupe_key} ({touch.state}, limit {touch.latest_on})"
        owner = self.kinds.get(self.owners[touch.customer_id])
        if was == "missed" and owner == "prompt" and touch.customer_id not in self.year.changed_hands:
            yield f"{name}: a prompt person missed a greeting"
        if was == "missed" and not told and owner != "prompt":
            count["silent"] += 1
            yield f"{name}: missed and never shown"
        if touch.kind in GREETINGS:
            return
        # Until its limit, levelling may leave a step to later mornings.
        created_on = local_date(touch.created_at, self.zone)
        # A change of tier may bring one that is long due, or bring back one that was cancelled.
        begun = max(created_on, self.year.changed_tier.get(touch.customer_id, created_on))
        over = max(touch.due_on + 21 * A_DAY, touch.latest_on or touch.due_on, begun + 7 * A_DAY)
        if touch.state in OPEN and not told and today > over:
            count["silent"] += 1
            yield f"{name}: open for weeks and nobody was told"
        yield from self._unreported(touch, told, name, closed_on or today, count)

    def _unreported(
        self, touch: Touch, told: list[Told], name: str, until: date, count: Counter[str]
    ) -> Iterator[str]:
        """Whether a touch that was open past its limit reached the manager and the group within the plan's days."""
        plan = self.year.rules.plans.named(touch.plan)
        step = plan.step(touch.tier, touch.step) if plan else None
        if plan is None or step is None or touch.latest_on is None:
            if touch.state in OPEN:
                yield f"{name}: its plan does not know it"
            return
        days = plan.escalation_of(touch.tier, step)
        asked = [one.at for one in told if one.role in (TouchRole.DIGEST, TouchRole.URGENT)]
        begun = max(
            touch.latest_on,
            local_date(min(asked, default=touch.created_at), self.zone),
            self.year.changed_tier.get(touch.customer_id, touch.latest_on),  # it had another limit before
        )
        manager = next((one for one in told if one.role == TouchRole.MANAGER), None)
        group = next((one for one in told if one.role == TouchRole.GROUP), None)
        if days.manager_days is not None:
            last = self._day_of_manager(touch, begun + (days.manager_days + 1) * A_DAY)
            working = self.working_of(manager.recipient if manager else None)
            yield from self._late("manager", name, last, manager, working, until, count)
        if days.group_days is not None:
            first = begun + (days.group_days + 1) * A_DAY
            if manager is not None:
                first = max(first, local_date(manager.at, self.firm.zone) + A_DAY)
            last = self.firm.next_working_day(first)
            yield from self._late("group", name, last, group, self.firm, until, count)

    def _late(
        self,
        who: str,
        name: str,
        last: date,
        told: Told | None,
        working: WorkingTime,
        until: date,
        count: Counter[str],
    ) -> Iterator[str]:
        if told is not None:
            count[f"to {who}"] += 1
            on = local_date(told.at, working.zone)
            if on > last + A_DAY:  # zones may be a day apart
                yield f"{name}: the {who} was told on {on}, not on {last}"
        elif last + A_DAY < until:
            count["silent"] += 1
            yield f"{name}: the {who} was not told by {last}"

    def _day_of_manager(self, touch: Touch, day: date) -> date:
        """The same for a step; what a lead should have done is told in the firm's channel."""
        return (
            self.firm.next_working_day(day)
            if touch.who == Doer.LEAD
            else self.day_of_lead(touch.customer_id, day)
        )

    def day_of_lead(self, customer_id: int, day: date) -> date:
        """The first day from this one on which the lead of the account manager of that day works."""
        while not self._lead_on(customer_id, day).is_working_day(day):
            day += A_DAY
        return day

    def _lead_on(self, customer_id: int, day: date) -> WorkingTime:
        owner = next(one.person_id for one in self._owned[customer_id] if one.starts_on <= day)
        return self.working_of(self._lead_of.get(owner))

    def working_of(self, person: int | None) -> WorkingTime:
        """A person's working time; the firm's for a channel."""
        return self.working.get(person or 0) or self.firm

    def wrong_messages(self, count: Counter[str]) -> Iterator[str]:
        """One digest a morning, and nothing outside a person's working time but greetings that cannot wait."""
        for row in self.messages:
            count[row.kind] += 1
            if row.recipient is None:
                continue
            working = self.working_of(row.recipient)
            if not working.within_hours(row.created_at):
                count["on a free day"] += 1
                if row.kind != kinds.GREETING:
                    yield f"{row.kind} to {row.address} at {row.created_at} is outside its working time"
        for (person, day), many in self.mornings.items():
            if many > 1:
                yield f"{many} digests to person {person} on {day}"


def _class(touch: Touch, closed_on: date | None) -> str:
    if touch.state in OPEN:
        return "open"
    if touch.state == TouchState.DONE:
        in_time = touch.latest_on is None or closed_on is None or closed_on <= touch.latest_on
        return "done" if in_time else "late"
    return {"skipped": "skipped", "cancelled": "superseded", "missed": "missed"}[touch.state]
