"""The morning digest: one message for each person on each of their working days on which something is due.

A digest is written in the transaction in which its touches become reminded, under a key of its reader and local date:
however many processes run, and whatever clocks and zones do, there is one. What nobody answers comes back some days
later, as the plan says. A step that becomes overdue and may reach the emergency group comes at once, in a message of
its own.
"""

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.clock import local_date
from bot.services.care.digest import rows
from bot.services.care.digest.greet import name_of, write_greetings
from bot.services.care.digest.levelling import Movable, last_day, level
from bot.services.care.digest.mailboxes import (
    ONE_DAY,
    Mailbox,
    Sending,
    enqueue,
    goes_to,
    mailboxes,
    planned_per_day,
    recipients_of,
)
from bot.services.care.digest.recorded import Groups, Recorded
from bot.services.care.digest.rows import RowReader
from bot.services.care.schedule import CareRules
from bot.services.care.touch_diff import greeting_morning
from bot.services.care.working_people import last_end_of_today
from bot.services.care.working_time import WorkingTime
from bot.services.delivery.kinds import DIGEST, URGENT
from bot.services.recipients import Place
from bot.wording.care.digest import GreetingCount
from db.care import due_touches, touches
from db.care.due_touches import DueTouch, FirstDue
from db.care.touches import StepKind, Touch, TouchRole, TouchState
from db.outbox import messages
from grading.scheme.model import Name

AT_ONCE = 50  # places whose due touches one query reads
MOST_DUE = 1_000  # in one digest; what is less pressing waits for the next one
MOST_SOON = 30
NOTHING = Groups(complained=frozenset(), promised={})
FIRST_MISSED = timedelta(days=7)  # how far back the first digest looks for missed greetings


def send_due(sending: Sending, rng: random.Random | None = None) -> int:
    """Write the digests, greetings and urgent messages that are due now; how many. What has no recipient stays due."""
    now = sending.now
    with sending.database.read() as session:
        recorded = Groups.read(session, now)
        there = _due_today(session, sending, recorded)
        late = _newly_late(session, sending)
        ready = _without_digest(session, there, now)
    asked = (mailbox for mailbox in there if mailbox.place in ready or mailbox.greets(now))
    some = sorted(asked, key=lambda mailbox: mailbox.place.address)
    count = sum(_write(sending, partial(_write_urgent, sending, mailbox, touch)) for mailbox, touch in late)
    # Other processes do the same at the same time: in another order they seldom wait for each other.
    (rng or random.SystemRandom()).shuffle(some)
    for start in range(0, len(some), AT_ONCE):
        with sending.database.read() as session:
            due = _due_of(session, sending, some[start : start + AT_ONCE], recorded)
        for one in due:
            if one.greetings:
                count += _write(sending, partial(write_greetings, sending, one.mailbox, one.greetings))
            if one.steps or one.announced or one.recorded:
                written = _write(sending, partial(_write_digest, sending, one))
                count += written
                if written and one.unread:
                    _leave_for_tomorrow(sending, one.mailbox)
    return count


def _due_today(session: Session, sending: Sending, recorded: Groups) -> list[Mailbox]:
    """The places with something due that today's messages may name. Later days are not read: they hold far more."""
    before = last_end_of_today(session, sending.time, sending.now)
    if before is None:
        return []
    groups = due_touches.groups(session, before)
    for group in recorded.all:
        groups.setdefault(group, FirstDue(None, None))
    found = mailboxes(session, sending, groups)
    # What is recorded is in the digest of every day.
    return [replace(one, first_step=sending.now) if recorded.of(one, sending.now) else one for one in found]


def _without_digest(session: Session, some: Sequence[Mailbox], now: datetime) -> set[Place]:
    """Where a digest is to be written now and there is none of today."""
    due = (mailbox for mailbox in some if mailbox.has_steps(now))
    asked = {mailbox.key(now): mailbox.place for mailbox in due if mailbox.is_asked(now)}
    written = messages.existing_keys(session, list(asked))
    return {place for key, place in asked.items() if key not in written}


@dataclass(frozen=True, kw_only=True)
class _Due:
    """What is due at a place: its most pressing steps, how many more there are, what comes up, and its greetings.

    `announced` are the birthdays that this digest is to say are coming up, even if nothing else is due.
    """

    mailbox: Mailbox
    steps: list[int]
    unread: int
    soon: list[int]
    announced: list[int]
    greetings: list[int]
    recorded: Groups


def _due_of(session: Session, sending: Sending, some: Sequence[Mailbox], recorded: Groups) -> list[_Due]:
    """What is due at each of these places; steps only where a digest is to be written."""
    ready = _without_digest(session, some, sending.now)
    of_group = {group: mailbox.place for mailbox in some for group in mailbox.groups}
    there = {mailbox.place: mailbox for mailbox in some}
    steps: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    unread: dict[Place, int] = defaultdict(int)
    greetings: dict[Place, list[int]] = defaultdict(list)
    announced: dict[Place, list[tuple[date, int]]] = defaultdict(list)
    owners = {group.owner_id for group in of_group}
    assignees = {group.assignee_id for group in of_group if group.assignee_id is not None}
    before = max(mailbox.tomorrow(sending.now) for mailbox in some)
    for touch in due_touches.of_owners(session, before, owners, assignees):
        place = of_group.get(touch.group)
        if place is None or touch.remind_at >= there[place].tomorrow(sending.now):
            continue
        if touch.kind in touches.GREETINGS and not _is_coming(there[place], touch, sending.now):
            if _is_said_today(there[place], touch, sending.now):
                greetings[place].append(touch.id)
            continue
        if place not in ready:
            continue
        if touch.kind in touches.GREETINGS:
            announced[place].append((touch.due_on, touch.id))
            continue
        heapq.heappush(steps[place], (-touch.limit.toordinal(), touch.id))
        if len(steps[place]) > MOST_DUE:  # the one with the latest limit waits
            heapq.heappop(steps[place])
            unread[place] += 1
    soon = _coming_up(session, sending, [one for one in some if steps[one.place] or announced[one.place]])
    return [
        _Due(
            mailbox=mailbox,
            soon=soon[mailbox.place],
            steps=[touch_id for _, touch_id in steps[mailbox.place]],
            unread=unread[mailbox.place],
            announced=[touch_id for _, touch_id in sorted(announced[mailbox.place])[:MOST_SOON]],
            greetings=sorted(greetings[mailbox.place]),
            recorded=recorded.of(mailbox, sending.now) if mailbox.place in ready else NOTHING,
        )
        for mailbox in some
    ]


def _is_coming(mailbox: Mailbox, touch: DueTouch, now: datetime) -> bool:
    """Whether a birthday is still to be said to be coming up: the day to greet is a later one."""
    is_birthday = touch.kind == StepKind.BIRTHDAY
    return is_birthday and mailbox.working.last_working_day(touch.due_on) > mailbox.today(now)


def _is_said_today(mailbox: Mailbox, touch: DueTouch, now: datetime) -> bool:
    if touch.anchor is None or mailbox.working.is_working_day(mailbox.today(now)):
        return mailbox.is_asked(now)
    return mailbox.is_last_chance(touch.anchor, now)


def _write(sending: Sending, work: partial[int]) -> int:
    """Do a transaction; 0 when another process has written the same message meanwhile."""
    try:
        return sending.database.retry(work)
    except IntegrityError:
        return 0


def _write_digest(sending: Sending, of: _Due) -> int:
    now, mailbox = sending.now, of.mailbox
    with sending.database.write() as session:
        if messages.existing_keys(session, [mailbox.key(now)]):
            return 0
        found = due_touches.locked(session, [*of.steps, *of.announced])
        found = [one for one in found if one.state in touches.OPEN and one.remind_at < mailbox.tomorrow(now)]
        due = [one for one in found if one.kind not in touches.GREETINGS]
        announced = [one for one in found if one.kind in touches.GREETINGS]
        if not found and not of.recorded:
            return 0
        reading = _reading(sending, mailbox)
        known = {touch.id for touch in found}
        coming = announced + [
            touch
            for touch in due_touches.load(session, of.soon)
            if touch.id not in known and touch.state == TouchState.PLANNED
            if is_coming_up(sending.rules, touch, reading.day)
        ]
        ranking = rows.Ranking(session, reading, [*due, *coming])
        stay, later = _levelled(session, sending, mailbox, due, ranking)
        recorded = Recorded.read(session, reading, of.recorded, mailbox)
        if not stay and not announced and not recorded:
            return 0
        message = rows.digest_of(
            rows.rows_of(session, reading, [*stay, *coming], ranking),
            day=reading.day,
            unread=of.unread,
            greetings=to_greet(session, sending.rules, mailbox.greeted, reading.day),
            missed=_missed(session, sending, mailbox),
            announced=[touch.id or 0 for touch in announced],
            **recorded.fields,
        )
        number = enqueue(
            session, sending, mailbox, DIGEST, message, mailbox.key(now), not_after=mailbox.until(now)
        )
        again = {touch.id or 0: next_shown(sending.rules, touch, mailbox.working, now) for touch in stay}
        due_touches.show(session, again.items(), number)
        due_touches.postpone(session, [(touch, mailbox.working.morning(day)) for touch, day in later.items()])
        said = {row.touch_id for row in message.rows}
        of_day = [(one.id or 0, _of_day(one, mailbox, now)) for one in announced if one.id in said]
        due_touches.postpone(session, of_day)  # what found no place is said tomorrow
        due_touches.link(session, number, sorted(said.union(again)), TouchRole.DIGEST)
        recorded.link(session, number, message)
    return 1


def _of_day(birthday: Touch, mailbox: Mailbox, now: datetime) -> datetime:
    """When a birthday that is coming up is greeted."""
    latest = birthday.latest_on or birthday.due_on
    return greeting_morning(mailbox.working, birthday.due_on, latest, now)


def _leave_for_tomorrow(sending: Sending, mailbox: Mailbox) -> None:
    """Move the steps for which the digest of today has no room to the next one: each pass until then would read them."""
    before = mailbox.tomorrow(sending.now)
    at = mailbox.working.next_morning(mailbox.today(sending.now) + ONE_DAY, sending.now)

    def leave() -> int:
        with sending.database.write() as session:
            return due_touches.leave(session, before, mailbox.groups, at)

    while sending.database.retry(leave):
        pass


def _reading(sending: Sending, mailbox: Mailbox) -> RowReader:
    return RowReader(
        rules=sending.rules,
        book=sending.book,
        reader=mailbox.place.person_id,
        day=mailbox.today(sending.now),
        zone=mailbox.working.zone,
        acts_for=mailbox.acts_for,
    )


def _levelled(
    session: Session, sending: Sending, mailbox: Mailbox, due: Sequence[Touch], ranking: rows.Ranking
) -> tuple[list[Touch], dict[int, date]]:
    """The touches of today, and the days to which the others are moved."""
    plans = [sending.rules.plans.named(plan) for plan in {touch.plan for touch in due}]
    most = max((plan.at_most_per_day for plan in plans if plan), default=len(due))
    today = mailbox.today(sending.now)
    begun = mailbox.tomorrow(sending.now) - ONE_DAY

    def place(touch: Touch) -> tuple[Any, ...]:
        # What was shown before does not keep out what was not.
        return touch.state == TouchState.REMINDED, ranking.of(touch)[0], touch.id

    movable = [
        Movable(
            touch_id=touch.id or 0,
            latest_on=touch.latest_on,
            chosen=touch.state == TouchState.SNOOZED,
            backlog=_is_backlog(touch, today, begun),
        )
        for touch in sorted(due, key=place)
    ]
    planned = planned_per_day(session, sending, mailbox) if len(movable) > most else {}
    stay, later = level(movable, today, mailbox.working, most, planned)
    kept = set(stay)
    return [touch for touch in due if touch.id in kept], later


def _is_backlog(touch: Touch, today: date, begun: datetime) -> bool:
    """Whether a step was late before it was ever shown, or was not shown again on the day set for it."""
    is_new = touch.state == TouchState.PLANNED
    return rows.days_over(touch, today) > 0 and (is_new or touch.remind_at < begun)


def next_shown(rules: CareRules, touch: Touch, working: WorkingTime, now: datetime) -> datetime:
    """When a touch that is shown now is shown again: some days later, as its step says, on its last day at the latest."""
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    today = local_date(now, working.zone)
    day = today + timedelta(days=step.again_days if step else 3)
    last = last_day(Movable(touch_id=touch.id or 0, latest_on=touch.latest_on), today, working)
    return working.next_morning(min(day, last) if last > today else day, now)


def _coming_up(session: Session, sending: Sending, some: Sequence[Mailbox]) -> dict[Place, list[int]]:
    """The steps of each of these people that may be said to be coming up, the soonest first."""
    days = timedelta(days=furthest(sending.rules))
    found: dict[Place, list[DueTouch]] = {}
    for mailbox in some:
        if mailbox.place.person_id is not None:
            today = mailbox.today(sending.now)
            found[mailbox.place] = due_touches.soon_of(
                session, mailbox.owners, after=today, until=today + days, most=MOST_SOON
            )
    groups = {touch.group for touches_of in found.values() for touch in touches_of}
    recipients = recipients_of(session, groups, sending.firm, sending.now)
    return defaultdict(
        list,
        {
            place: [touch.id for touch in touches_of if goes_to(recipients, touch) == place]
            for place, touches_of in found.items()
        },
    )


def furthest(rules: CareRules) -> int:
    """How many days before it is due a step may be said to be coming up."""
    return max((step.soon_days for plan in rules.plans.plans for step in plan.all_steps), default=0)


def is_coming_up(rules: CareRules, touch: Touch, today: date) -> bool:
    """Whether a touch will be due within the days of its step."""
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    return step is not None and 0 < (touch.due_on - today).days <= step.soon_days


def to_greet(
    session: Session, rules: CareRules, owners: Collection[int], today: date
) -> tuple[GreetingCount, ...]:
    """For which occasions how many of these people's customers are still to be greeted."""
    counts = Counter[tuple[date, Name]]()
    for occasion, plan, tier, step, day, count in due_touches.still_to_greet(session, owners, today):
        counts[day, name_of(rules, occasion, plan, tier, step)] += count
    return tuple(
        GreetingCount(occasion=name, day=day, count=count)
        for (day, name), count in sorted(counts.items(), key=lambda one: (one[0][0], one[0][1].en))
    )


def _missed(session: Session, sending: Sending, mailbox: Mailbox) -> int:
    """How many greetings were missed since the last digest said so."""
    last = messages.newest_of(session, mailbox.place.address, DIGEST)
    return due_touches.missed_since(session, mailbox.greeted, last or sending.now - FIRST_MISSED)


def _newly_late(session: Session, sending: Sending) -> list[tuple[Mailbox, int]]:
    """The touches that have become overdue since the last working day and may reach the emergency group."""
    tiers = urgent_tiers(sending.rules)
    if tiers is not None and not tiers:
        return []
    day = local_date(sending.now, sending.time.zone)
    found = due_touches.newly_late(session, day - timedelta(days=14), day, tiers)
    late = []
    for mailbox in mailboxes(
        session, sending, dict.fromkeys((touch.group for touch in found), FirstDue(None, None))
    ):
        today = mailbox.today(sending.now)
        if not mailbox.is_asked(sending.now):
            continue
        before = mailbox.working.last_working_day(today - ONE_DAY)
        for touch in found:
            if touch.group in mailbox.groups and before <= touch.limit < today:
                late.append((mailbox, touch.id))
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


def _write_urgent(sending: Sending, mailbox: Mailbox, touch_id: int) -> int:
    now = sending.now
    with sending.database.write() as session:
        for touch in due_touches.locked(session, [touch_id]):
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
            alone = rows.rows_of(session, _reading(sending, mailbox), [touch])
            message = rows.digest_of(alone, day=mailbox.today(now), urgent=True)
            number = enqueue(session, sending, mailbox, URGENT, message, key, not_after=mailbox.until(now))
            again = next_shown(sending.rules, touch, mailbox.working, now)
            due_touches.show(session, [(touch_id, again)], number)
            due_touches.link(session, number, [touch_id], TouchRole.URGENT)
            return 1
    return 0
