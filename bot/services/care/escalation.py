"""Escalation: a step past its limit is reported to the manager, and later to the emergency group, once each.

Promise: how far a step was reported is stored in the transaction of the message that does it, so that several
processes, restarts and clock jumps report nothing twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date, zone_named
from bot.services.care.plan import Doer, Escalation
from bot.services.care.schedule import CareRules, workday
from bot.services.delivery import outbox
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import TierNames
from bot.wording.escalations import MOST_ROWS, CareEmergency, CareEscalation, LateStep, SettledStep
from bot.wording.parts import Who
from db.book import people
from db.book.people import Person
from db.care import late_touches
from db.care.late_touches import LateTouch, SettledTouch, TimesShown
from db.care.touches import TouchRole, TouchState
from db.engine import Database
from db.outbox import messages

TO_MANAGER, TO_GROUP = "care_escalation", "care_emergency"  # kinds of the messages
LOCK = "escalations"
NOBODY, MANAGER, GROUP = 0, 1, 2  # how far a touch was reported
MOST_SINGLE = 20  # customers that the emergency group gets a message each about
EASTERNMOST = timedelta(hours=14)  # no zone is further ahead of UTC
REMEMBERED = timedelta(
    days=60
)  # how far back a manager's messages are looked through for steps that are settled


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Who is told, when their mornings are, and in which language they read."""

    place: Place
    zone: ZoneInfo
    language: str | None


class Overdue(NamedTuple):
    """A late touch with who should do it, and the days after its limit from which it is reported."""

    touch: LateTouch
    owner: Person | None
    doer: Person | None
    days: int
    shown: TimesShown | None

    def is_due(self, today: date, zone: ZoneInfo) -> bool:
        """Whether it is to be reported on a day: counted from its limit, but a person had it before them for a day."""
        begun = local_date(self.shown.first if self.shown else self.touch.created_at, zone)
        return max(self.touch.latest_on, begun) + timedelta(days=self.days) < today


def escalate_late(
    database: Database,
    rules: CareRules,
    book: TierNames,
    firm: FirmDefaults,
    *,
    emergency_channel: str,
    now: datetime,
) -> int:
    """Report the steps whose days are over, in the working morning of whoever is told; how many messages."""
    with database.read() as session:
        reports = _Reports(session, rules, book, firm, now)
        to_managers = reports.for_managers()
        to_group = reports.for_group() if emergency_channel else []
    written = sum(
        database.retry(partial(_tell_manager, database, reports, to, ids)) for to, ids in to_managers
    )
    group = Addressee(place=Place(channel=emergency_channel), zone=rules.zone, language=firm.language)
    if to_group and reports.is_morning(group):
        written += database.retry(partial(_tell_group, database, reports, group, to_group))
    return written


class _Reports:
    """What is late, who should have done it and who is told, read once for a pass."""

    def __init__(
        self, session: Session, rules: CareRules, book: TierNames, firm: FirmDefaults, now: datetime
    ) -> None:
        self.session = session
        self.rules = rules
        self.book = book
        self.now = now
        self.firm = firm
        self.admins: list[Person] = []
        self.recipients = Recipients(firm)

    def for_managers(self) -> list[tuple[Addressee, list[int]]]:
        """Who is told of which touches now."""
        found: dict[str, tuple[Addressee, list[int]]] = {}
        for one in self._overdue((NOBODY,), lambda escalation: escalation.manager_days):
            to = self.recipient(one)
            if to is not None and self.is_morning(to) and one.is_due(self._today(to.zone), to.zone):
                found.setdefault(to.place.address, (to, []))[1].append(one.touch.id)
        return list(found.values())

    def for_group(self) -> list[int]:
        """The touches that the emergency group is told of now: its manager was told, or there is none."""
        zone = self.rules.zone
        return [
            one.touch.id
            for one in self._overdue((NOBODY, MANAGER), lambda escalation: escalation.group_days)
            if one.is_due(self._today(zone), zone)
            and (
                one.touch.escalated == MANAGER
                or self._escalation(one.touch).manager_days is None
                or self.recipient(one) is None
            )
        ]

    def recipient(self, one: Overdue) -> Addressee | None:
        """Who is told of a touch before the emergency group: the manager, else the channel, else an admin."""
        recipients = self.recipients
        manager, channel = recipients.manager(one.owner, one.doer), recipients.channel(one.owner)
        if manager is None and channel:
            place, language = Place(channel=channel), recipients.channel_language(one.owner)
            return Addressee(place=place, zone=self.rules.zone, language=language)
        reader = manager or next(
            (admin for admin in self.admins if admin.id != getattr(one.doer, "id", 0)), None
        )
        if reader is None:
            return None
        return Addressee(
            place=Place(person_id=reader.id),
            zone=zone_named(reader.timezone, self.rules.zone),
            language=recipients.language(reader),
        )

    def is_morning(self, to: Addressee) -> bool:
        """Whether it is a working day, and late enough on it, where they are."""
        local = self.now.astimezone(to.zone)
        return workday(local.date()) == local.date() and local.time() >= self.rules.remind_at

    def overdue(self, touches: Sequence[LateTouch], session: Session) -> list[Overdue]:
        """Late touches with who should do them, and when and how often they were asked."""
        shown = late_touches.shown(session, [touch.id for touch in touches])
        people_meant = {touch.owner_id for touch in touches} | {touch.assignee_id for touch in touches}
        self.admins = people.admins(session, self.firm.admins)
        self.recipients = Recipients.of(
            session, [one for one in people_meant if one is not None], self.firm, self.now
        )
        known = self.recipients.people
        return [
            Overdue(
                touch=touch,
                owner=(owner := known.get(touch.owner_id or 0)),
                doer=self._doer(touch, owner),
                days=0,
                shown=shown.get(touch.id),
            )
            for touch in touches
        ]

    def row(self, one: Overdue, zone: ZoneInfo) -> LateStep:
        touch = one.touch
        why, until = self._why(one, zone)
        return LateStep(
            customer_id=touch.customer_id,
            version=touch.customer_version,
            name=touch.name,
            code=touch.code,
            tier=self.book.tier(touch.tier),
            step=self.rules.plans.step_name(touch.plan, touch.tier, touch.step),
            limit=touch.latest_on,
            days_over=(self._today(zone) - touch.latest_on).days,
            owner=_who(one.doer or one.owner),
            why=why,
            until=until,
            since=local_date(one.shown.first, zone) if one.shown else None,
            times=one.shown.times if one.shown else 0,
        )

    def worst_first(self, found: Iterable[Overdue]) -> list[Overdue]:
        return sorted(
            found, key=lambda one: (self.book.rank(one.touch.tier), one.touch.latest_on, one.touch.id)
        )

    def _overdue(self, told: Sequence[int], days_of: Callable[[Escalation], int | None]) -> list[Overdue]:
        furthest = (self.now + EASTERNMOST).date()
        late: list[LateTouch] = []
        days: dict[int, int] = {}
        for step in late_touches.steps(self.session, furthest, told):
            after = days_of(self._escalation(step))
            if after is not None:
                some = late_touches.of_step(self.session, step, furthest - timedelta(days=after), told)
                days |= {touch.id: after for touch in some}
                late += some
        return [one._replace(days=days[one.touch.id]) for one in self.overdue(late, self.session)]

    def _escalation(self, of: LateTouch | late_touches.StepKey) -> Escalation:
        """Whom the step reaches when it is late; nobody when it is in force no more."""
        plan = self.rules.plans.named(of.plan)
        step = plan.step(of.tier, of.step) if plan else None
        if plan is None or step is None:
            return Escalation(manager_days=None)
        return plan.escalation_of(of.tier, step)

    def _doer(self, touch: LateTouch, owner: Person | None) -> Person | None:
        """Who should do it: whom it was given to, the lead where the plan says so, else the owner or their deputy."""
        if touch.assignee_id is not None:
            return self.recipients.people.get(touch.assignee_id)
        if touch.who == Doer.LEAD:
            team = self.recipients.team(owner)
            return self.recipients.people.get(team.lead_id or 0) if team else None
        return self.recipients.reader(owner)

    def _why(self, one: Overdue, zone: ZoneInfo) -> tuple[str, date | None]:
        """Why it is not done, as far as it is known, and until when."""
        if one.doer is None:
            return ("left" if one.owner is not None else "nobody"), None
        if one.touch.state == TouchState.SNOOZED:
            return "snoozed", local_date(one.touch.remind_at, zone)
        return ("unanswered" if one.shown else "unreached"), None

    def _today(self, zone: ZoneInfo) -> date:
        return local_date(self.now, zone)


def _tell_manager(database: Database, reports: _Reports, to: Addressee, touch_ids: list[int]) -> int:
    """One message about these touches, in a morning in which there was none yet; 1 if it was written."""
    today = local_date(reports.now, to.zone)
    with database.write(lock=LOCK) as session:
        if messages.has_key(session, _key(to.place, today)):
            return 0
        late = reports.worst_first(
            reports.overdue(late_touches.still_late(session, touch_ids, (NOBODY,)), session)
        )
        if not late:
            return 0
        settled = _settled(session, to.place, today)
        outbox_id = outbox.enqueue(
            session,
            kind=TO_MANAGER,
            place=to.place,
            message=CareEscalation(
                rows=tuple(reports.row(one, to.zone) for one in late[:MOST_ROWS]),
                more=max(0, len(late) - MOST_ROWS),
                settled=tuple(_settled_row(reports, one, to.zone) for one in settled[:MOST_ROWS]),
                settled_more=max(0, len(settled) - MOST_ROWS),
            ),
            language=to.language,
            dedupe_key=_key(to.place, today),
            now=reports.now,
        )
        _note(session, outbox_id, late, TouchRole.MANAGER, MANAGER)
        return 1


def _tell_group(database: Database, reports: _Reports, to: Addressee, touch_ids: list[int]) -> int:
    """A message for each customer, or a list where they are many; how many messages."""
    today = local_date(reports.now, to.zone)
    with database.write(lock=LOCK) as session:
        late = reports.worst_first(
            reports.overdue(late_touches.still_late(session, touch_ids, (NOBODY, MANAGER)), session)
        )
        by_customer: dict[int, list[Overdue]] = {}
        for one in late:
            by_customer.setdefault(one.touch.customer_id, []).append(one)
        if len(by_customer) > MOST_SINGLE:
            return _tell_group_of_many(session, reports, to, late, today)
        told = late_touches.told_managers(session, [one.touch.id for one in late])
        written = 0
        for customer_id, some in by_customer.items():
            key = f"emergency:{customer_id}:{today}"
            if messages.has_key(session, key):
                continue
            first = some[0]
            before = told.get(first.touch.id)
            manager = people.get(session, before.recipient) if before is not None else None
            acts = manager or first.doer or next(iter(reports.admins), None)
            outbox_id = outbox.enqueue(
                session,
                kind=TO_GROUP,
                place=to.place,
                message=CareEmergency(
                    customer_id=customer_id,
                    version=first.touch.customer_version,
                    name=first.touch.name,
                    code=first.touch.code,
                    tier=reports.book.tier(first.touch.tier),
                    rows=tuple(reports.row(one, to.zone) for one in some),
                    manager=_who(manager),
                    told_on=local_date(before.created_at, to.zone) if before is not None else None,
                    acts=_who(acts),
                ),
                language=to.language,
                dedupe_key=key,
                now=reports.now,
            )
            _note(session, outbox_id, some, TouchRole.GROUP, GROUP)
            written += 1
        return written


def _tell_group_of_many(
    session: Session, reports: _Reports, to: Addressee, late: list[Overdue], today: date
) -> int:
    key = f"emergency:{to.place.address}:{today}"
    if messages.has_key(session, key):
        return 0
    outbox_id = outbox.enqueue(
        session,
        kind=TO_GROUP,
        place=to.place,
        message=CareEscalation(
            rows=tuple(reports.row(one, to.zone) for one in late[:MOST_ROWS]),
            more=max(0, len(late) - MOST_ROWS),
            for_group=True,
        ),
        language=to.language,
        dedupe_key=key,
        now=reports.now,
    )
    _note(session, outbox_id, late, TouchRole.GROUP, GROUP)
    return 1


def _note(session: Session, outbox_id: int, told: Sequence[Overdue], role: TouchRole, level: int) -> None:
    """Store how far these touches were reported, and by which message."""
    ids = [one.touch.id for one in told]
    late_touches.mark(session, ids, level)
    late_touches.link(session, outbox_id, ids, role)


def _key(place: Place, day: date) -> str:
    return f"escalation:{place.address}:{day}"


def _settled(session: Session, place: Place, today: date) -> list[SettledTouch]:
    """What earlier messages to this place reported, and what was closed since the last of them."""
    keys = [_key(place, today - timedelta(days=days)) for days in range(1, REMEMBERED.days + 1)]
    last = late_touches.newest_of(session, keys)
    return late_touches.settled(session, keys, last) if last is not None else []


def _settled_row(reports: _Reports, one: SettledTouch, zone: ZoneInfo) -> SettledStep:
    outcomes = {TouchState.DONE: "done", TouchState.SKIPPED: "skipped"}
    return SettledStep(
        customer_id=one.customer_id,
        version=one.customer_version,
        name=one.name,
        code=one.code,
        step=reports.rules.plans.step_name(one.plan, one.tier, one.step),
        outcome=outcomes.get(TouchState(one.state), "over"),
        on=local_date(one.closed_at or reports.now, zone),
    )


def _who(person: Person | None) -> Who | None:
    return Who(name=person.name, slack_user_id=person.slack_user_id) if person else None
