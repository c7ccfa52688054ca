"""The morning digest: one message for each person on each of their working days on which something is due.

A digest is written in the transaction in which its touches become reminded, under a key of its reader and local date:
however many processes run, and whatever clocks and zones do, there is one. What nobody answers comes back some days
later, as the plan says. A step that becomes overdue and may reach the emergency group comes at once, in a message of
its own.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.clock import local_date, local_instant
from bot.services.care import care_rows
from bot.services.care.care_rows import PlacedRow, Reading
from bot.services.care.levelling import Movable, last_day, level
from bot.services.care.plan import CarePlan, Step
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import WorkingTime
from bot.services.delivery import outbox
from bot.services.delivery.kinds import DIGEST, URGENT
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import TierNames
from bot.wording.care import CareDigest
from db.care import due_touches, touches
from db.care.due_touches import DueGroup, DueTouch
from db.care.touches import StepKind, Touch, TouchRole, TouchState
from db.engine import Database
from db.outbox import messages

ONE_DAY = timedelta(days=1)
AT_ONCE = 50  # places whose due touches one query reads
MOST_DUE = 1_000  # in one digest; what is less pressing waits for the next one
MOST_SOON = 30
FIRST_MISSED = timedelta(days=7)  # how far back the first digest looks for missed greetings


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A place that gets digests: who reads it in which language, and when they work."""

    place: Place
    language: str | None
    working: WorkingTime
    groups: set[DueGroup] = field(default_factory=set)
    acts_for: frozenset[int] = frozenset()

    def today(self, now: datetime) -> date:
        return local_date(now, self.working.zone)

    def tomorrow(self, now: datetime) -> datetime:
        """When today ends: what is due earlier belongs to the digest of today."""
        return local_instant(self.today(now) + ONE_DAY, 0, 0, self.working.zone)

    def key(self, now: datetime) -> str:
        return f"digest:{self.place.address}:{self.today(now)}"

    def is_asked(self, now: datetime) -> bool:
        """Whether it is a working day, after its morning, and within the hours."""
        today = self.today(now)
        working = self.working
        return working.is_working_day(today) and working.morning(today) <= now and working.within_hours(now)

    @property
    def owners(self) -> set[int]:
        return {group.owner_id for group in self.groups if group.owner_id is not None}


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What writing digests needs: the plans, the names of tiers, and the firm's defaults."""

    database: Database
    rules: CareRules
    book: TierNames
    time: FirmTime
    firm: FirmDefaults
    now: datetime


def send_due(sending: Sending) -> int:
    """Write the digests and urgent messages that are due now; how many. What has no recipient stays due."""
    with sending.database.read() as session:
        desks = _desks(session, sending, due_touches.groups(session, sending.now + ONE_DAY))
        late = _newly_late(session, sending)
    written = sum(_write(sending, partial(_write_urgent, sending, desk, touch)) for desk, touch in late)
    asked = [desk for desk in desks if desk.is_asked(sending.now)]
    with sending.database.read() as session:
        there = messages.existing_keys(session, [desk.key(sending.now) for desk in asked])
    ready = [desk for desk in asked if desk.key(sending.now) not in there]
    for start in range(0, len(ready), AT_ONCE):
        some = ready[start : start + AT_ONCE]
        with sending.database.read() as session:
            due = _due_of(session, sending, some)
        for desk, (pressing, unread) in due:
            written += _write(sending, partial(_write_digest, sending, desk, pressing, unread))
    return written


def _desks(session: Session, sending: Sending, groups: Iterable[DueGroup]) -> list[Desk]:
    """The places where the touches of these groups are shown."""
    groups = list(groups)
    recipients = recipients_of(session, groups, sending.firm, sending.now)
    places: dict[Place, set[DueGroup]] = defaultdict(set)
    for group in groups:
        owner = recipients.people.get(group.owner_id or 0)
        if place := recipients.place_of_step(group.who, group.assignee_id, owner):
            places[place].add(group)
    readers = {place.person_id for place in places if place.person_id is not None}
    working = working_times(session, readers, sending.time, sending.now) if readers else {}
    return [_desk(place, of, recipients, working, sending) for place, of in places.items()]


def recipients_of(
    session: Session, groups: Collection[DueGroup], firm: FirmDefaults, now: datetime
) -> Recipients:
    """The people who may be told of the touches of these groups."""
    ids = {one for group in groups for one in (group.owner_id, group.assignee_id) if one is not None}
    return Recipients.of(session, ids, firm, now, {group.who for group in groups})


def _desk(
    place: Place,
    groups: set[DueGroup],
    recipients: Recipients,
    working: Mapping[int, WorkingTime],
    sending: Sending,
) -> Desk:
    reader = recipients.people.get(place.person_id or 0)
    owners = (recipients.people.get(group.owner_id or 0) for group in groups)
    language = recipients.language(reader) if reader else recipients.channel_language(next(owners, None))
    return Desk(
        place=place,
        language=language,
        working=working.get(place.person_id or 0) or sending.time.working_time(sending.now),
        groups=groups,
        acts_for=recipients.absent(place.person_id) if place.person_id is not None else frozenset(),
    )


def _due_of(
    session: Session, sending: Sending, desks: Sequence[Desk]
) -> list[tuple[Desk, tuple[list[int], int]]]:
    """Each place with the ids of its most pressing due touches, and how many more there are."""
    of_group = {group: desk for desk in desks for group in desk.groups}
    found: dict[str, list[tuple[int, int]]] = {desk.place.address: [] for desk in desks}
    unread: dict[str, int] = defaultdict(int)
    owners = {group.owner_id for group in of_group}
    assignees = {group.assignee_id for group in of_group if group.assignee_id is not None}
    for touch in due_touches.of_owners(session, sending.now + ONE_DAY, owners, assignees):
        desk = of_group.get(touch.group)
        if desk is None or touch.kind == StepKind.GREETING or touch.remind_at >= desk.tomorrow(sending.now):
            continue
        pressing = found[desk.place.address]
        heapq.heappush(pressing, (-touch.limit.toordinal(), touch.id))
        if len(pressing) > MOST_DUE:  # the one with the latest limit waits
            heapq.heappop(pressing)
            unread[desk.place.address] += 1
    return [
        (desk, ([touch_id for _, touch_id in found[desk.place.address]], unread[desk.place.address]))
        for desk in desks
    ]


def _write(sending: Sending, work: partial[int]) -> int:
    """Do a transaction; 0 when another process has written the same message meanwhile."""
    try:
        return sending.database.retry(work)
    except IntegrityError:
        return 0


def _write_digest(sending: Sending, desk: Desk, touch_ids: Sequence[int], unread: int) -> int:
    now, today = sending.now, desk.today(sending.now)
    with sending.database.write() as session:
        if messages.existing_keys(session, [desk.key(now)]):
            return 0
        found = _locked(session, touch_ids)
        due = [one for one in found if one.state in touches.OPEN and one.remind_at < desk.tomorrow(now)]
        reading = _reading(sending, desk)
        rows = care_rows.rows_of(session, reading, due)
        stay, later = _levelled(session, sending, desk, rows)
        missed = _missed(session, sending, desk)
        if not stay and not missed:
            return 0
        soon = care_rows.rows_of(session, reading, coming_up(session, sending.rules, desk, sending.firm, now))
        message = care_rows.digest_of([*stay, *soon], day=today, unread=unread, missed=missed)
        number = _enqueue(session, sending, desk, DIGEST, message, desk.key(now))
        shown_again = [
            (one.touch.id or 0, next_shown(sending.rules, one.touch, desk.working, now)) for one in stay
        ]
        due_touches.show(session, shown_again, number)
        due_touches.postpone(session, [(touch, desk.working.morning(day)) for touch, day in later.items()])
        named = {row.touch_id for row in message.rows} | {touch for touch, _ in shown_again}
        due_touches.link(session, number, sorted(named), TouchRole.DIGEST)
    return 1


def _locked(session: Session, touch_ids: Sequence[int]) -> list[Touch]:
    """Touches as they are once nobody else can answer or plan them."""
    customers = sorted({touch.customer_id for touch in due_touches.load(session, touch_ids)})
    touches.lock(session, customers)
    return due_touches.load(session, touch_ids)


def _reading(sending: Sending, desk: Desk) -> Reading:
    return Reading(
        rules=sending.rules,
        book=sending.book,
        reader=desk.place.person_id,
        day=desk.today(sending.now),
        zone=desk.working.zone,
        acts_for=desk.acts_for,
    )


def _levelled(
    session: Session, sending: Sending, desk: Desk, rows: Sequence[PlacedRow]
) -> tuple[list[PlacedRow], dict[int, date]]:
    """The rows of today, and the days to which the others are moved."""
    plans = (sending.rules.plans.named(one.touch.plan) for one in rows)
    most = max((plan.at_most_per_day for plan in plans if plan), default=len(rows))
    today = desk.today(sending.now)
    movable = [
        Movable(
            touch_id=one.touch.id or 0,
            latest_on=one.touch.latest_on,
            chosen=one.touch.state == TouchState.SNOOZED,
        )
        for one in sorted(rows, key=lambda one: (one.key, one.row.touch_id))
    ]
    planned: dict[date, int] = defaultdict(int)
    if len(movable) > most and desk.owners:
        until = max(last_day(one, today, desk.working) for one in movable) + ONE_DAY
        end = local_instant(until, 0, 0, desk.working.zone)
        for at, count in due_touches.planned_per_time(session, desk.owners, desk.tomorrow(sending.now), end):
            planned[local_date(at, desk.working.zone)] += count
    stay, later = level(movable, today, desk.working, most, planned)
    kept = set(stay)
    return [one for one in rows if one.touch.id in kept], later


def next_shown(rules: CareRules, touch: Touch, working: WorkingTime, now: datetime) -> datetime:
    """When a touch that is shown now is shown again: some days later, as its step says, on its last day at the latest."""
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    today = local_date(now, working.zone)
    day = today + timedelta(days=step.again_days if step else 3)
    last = last_day(Movable(touch_id=touch.id or 0, latest_on=touch.latest_on), today, working)
    return working.next_morning(min(day, last) if last > today else day, now)


def coming_up(
    session: Session, rules: CareRules, desk: Desk, firm: FirmDefaults, now: datetime
) -> list[Touch]:
    """The touches of a person that will be due within the days of their steps, the soonest first."""
    if desk.place.person_id is None or not desk.owners:
        return []
    today = desk.today(now)
    until = today + timedelta(days=furthest(rules))
    found = due_touches.soon_of(session, desk.owners, after=today, until=until, most=MOST_SOON)
    recipients = recipients_of(session, {touch.group for touch in found}, firm, now)
    theirs = [touch.id for touch in found if goes_to(recipients, touch) == desk.place]
    return [touch for touch in due_touches.load(session, theirs) if is_coming_up(rules, touch, today)]


def furthest(rules: CareRules) -> int:
    """How many days before it is due a step may be said to be coming up."""
    return max((step.soon_days for plan in rules.plans.plans for step in _steps(plan)), default=0)


def is_coming_up(rules: CareRules, touch: Touch, today: date) -> bool:
    """Whether a touch will be due within the days of its step."""
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    return step is not None and 0 < (touch.due_on - today).days <= step.soon_days


def _steps(plan: CarePlan) -> list[Step]:
    """Every step of a plan."""
    return [
        *(step for care in plan.tiers.values() for step in care.steps),
        *(step for also in plan.also for step in also.steps),
    ]


def goes_to(recipients: Recipients, touch: DueTouch) -> Place | None:
    """Where a touch is shown."""
    owner = recipients.people.get(touch.group.owner_id or 0)
    return recipients.place_of_step(touch.group.who, touch.group.assignee_id, owner)


def _missed(session: Session, sending: Sending, desk: Desk) -> int:
    """How many greetings were missed since the last digest said so."""
    if not desk.owners:
        return 0
    last = messages.newest_of(session, desk.place.address, DIGEST)
    return due_touches.missed_since(session, desk.owners, last or sending.now - FIRST_MISSED)


def _newly_late(session: Session, sending: Sending) -> list[tuple[Desk, int]]:
    """The touches that have become overdue since the last working day and may reach the emergency group."""
    tiers = urgent_tiers(sending.rules)
    if tiers is not None and not tiers:
        return []
    day = local_date(sending.now, sending.time.zone)
    found = due_touches.newly_late(session, day - timedelta(days=14), day, tiers)
    late = []
    for desk in _desks(session, sending, {touch.group for touch in found}):
        today = desk.today(sending.now)
        if not desk.is_asked(sending.now):
            continue
        before = desk.working.last_working_day(today - ONE_DAY)
        for touch in found:
            if touch.group in desk.groups and before <= touch.limit < today:
                late.append((desk, touch.id))
    return late


def urgent_tiers(rules: CareRules) -> Collection[str] | None:
    """The tiers with a step that may reach the emergency group; None when any tier may."""
    tiers: set[str] = set()
    for plan in rules.plans.plans:
        if plan.escalation.group_days is not None or plan.also:
            return None
        for tier, care in plan.tiers.items():
            if any(plan.escalation_of(tier, step).group_days is not None for step in care.steps):
                tiers.add(tier)
    return None if "default" in tiers else tiers


def _write_urgent(sending: Sending, desk: Desk, touch_id: int) -> int:
    now = sending.now
    with sending.database.write() as session:
        for touch in _locked(session, [touch_id]):
            plan = sending.rules.plans.named(touch.plan)
            step = sending.rules.plans.step(touch.plan, touch.tier, touch.step)
            key = f"urgent:{touch.dedupe_key}"
            if (
                touch.state not in (TouchState.PLANNED, TouchState.REMINDED)
                or plan is None
                or step is None
                or plan.escalation_of(touch.tier, step).group_days is None
                or messages.existing_keys(session, [key])
            ):
                return 0
            rows = care_rows.rows_of(session, _reading(sending, desk), [touch])
            message = care_rows.digest_of(rows, day=desk.today(now), urgent=True)
            number = _enqueue(session, sending, desk, URGENT, message, key)
            again = next_shown(sending.rules, touch, desk.working, now)
            due_touches.show(session, [(touch_id, again)], number)
            due_touches.link(session, number, [touch_id], TouchRole.URGENT)
            return 1
    return 0


def _enqueue(session: Session, sending: Sending, desk: Desk, kind: str, message: CareDigest, key: str) -> int:
    """Write a message for today: what does not arrive today is due again for the next digest."""
    return outbox.enqueue(
        session,
        kind=kind,
        place=desk.place,
        message=message,
        language=desk.language,
        dedupe_key=key,
        now=sending.now,
        not_after=desk.tomorrow(sending.now),
    )
