"""The reports of what is late: one message for a manager and working day, and one for a customer to the emergency group."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import local_date
from bot.services import access
from bot.services.care.digest.mailboxes import Mailbox, Sending, enqueue
from bot.services.care.escalation.overdue import Overdue, escalation_of, late_enough, worst_first
from bot.services.delivery.kinds import EMERGENCY, ESCALATION
from bot.services.recipients import Place
from bot.wording.care.escalations import MOST_ROWS, CareEmergency, CareEscalation, LateStep, SettledStep
from db.book import people
from db.care import late_touches
from db.care.late_touches import SettledTouch
from db.care.touches import TouchRole, TouchState
from db.outbox import messages

LOCK = "escalations"
NOBODY, MANAGER, GROUP = 0, 1, 2  # how far a touch was reported
MOST_SINGLE = 2  # customers that the emergency group gets a message each about; more come in one message
REMEMBERED = timedelta(days=60)  # how far back a manager's messages are searched for steps that are settled
OUTCOMES = {TouchState.DONE: "done", TouchState.SKIPPED: "skipped"}


def escalate_late(sending: Sending, emergency_channel: str) -> int:
    """Report what is late in the working hours of whoever is told; how many messages."""
    group = Mailbox(
        place=Place(channel=emergency_channel),
        language=sending.firm.language,
        working=sending.time.working_time(sending.now),
    )
    with sending.database.read() as session:
        to_managers = _for_managers(session, sending)
        to_group = _for_group(session, sending, group) if emergency_channel else []
    written = sum(
        sending.database.retry(partial(_tell_manager, sending, mailbox, ids)) for mailbox, ids in to_managers
    )
    if to_group:
        written += sending.database.retry(partial(_tell_group, sending, group, to_group))
    return written


def _for_managers(session: Session, sending: Sending) -> list[tuple[Mailbox, list[int]]]:
    """Who is told of which touches now."""
    found: dict[str, tuple[Mailbox, list[int]]] = {}
    for one, days in late_enough(session, sending, (NOBODY,), lambda escalation: escalation.manager_days):
        mailbox = one.mailbox
        if mailbox is not None and mailbox.is_asked(sending.now) and one.is_due(days, mailbox, sending):
            found.setdefault(mailbox.place.address, (mailbox, []))[1].append(one.touch.id)
    return list(found.values())


def _for_group(session: Session, sending: Sending, group: Mailbox) -> list[int]:
    """The touches that the emergency group is told of now: their managers were told, or there is none to tell."""
    if not group.is_asked(sending.now):
        return []
    late = late_enough(session, sending, (NOBODY, MANAGER), lambda escalation: escalation.group_days)
    return [
        one.touch.id
        for one, days in late
        if one.is_due(days, group, sending)
        and (
            one.touch.escalated == MANAGER
            or one.mailbox is None
            or escalation_of(sending, one.touch).manager_days is None
        )
    ]


def _tell_manager(sending: Sending, mailbox: Mailbox, touch_ids: list[int]) -> int:
    """Write one message about these touches, unless there was one today; how many."""
    today = mailbox.today(sending.now)
    with sending.database.write(lock=LOCK) as session:
        if messages.existing_keys(session, [_key(mailbox.place, today)]):
            return 0
        late = worst_first(session, sending, late_touches.still_late(session, touch_ids, (NOBODY,)))
        if not late:
            return 0
        settled = _settled(session, mailbox.place, today)
        message = CareEscalation(
            rows=_rows(sending, late, mailbox),
            more=max(0, len(late) - MOST_ROWS),
            settled=tuple(_settled_row(sending, one, mailbox.working.zone) for one in settled[:MOST_ROWS]),
            settled_more=max(0, len(settled) - MOST_ROWS),
        )
        key, until = _key(mailbox.place, today), mailbox.until(sending.now)
        number = enqueue(session, sending, mailbox, ESCALATION, message, key, not_after=until)
        _note(session, number, late, TouchRole.MANAGER, MANAGER)
        return 1


def _tell_group(sending: Sending, group: Mailbox, touch_ids: list[int]) -> int:
    """Write a message for each customer, or one list where they are many; how many messages."""
    today, until = group.today(sending.now), group.until(sending.now)
    with sending.database.write(lock=LOCK) as session:
        found = late_touches.still_late(session, touch_ids, (NOBODY, MANAGER))
        by_customer: dict[int, list[Overdue]] = defaultdict(list)
        for one in worst_first(session, sending, found):
            by_customer[one.touch.customer_id].append(one)
        keys = {customer: f"emergency:{customer}:{today}" for customer in by_customer}
        if len(by_customer) > MOST_SINGLE:
            keys = dict.fromkeys(by_customer, f"emergency:{group.place.address}:{today}")
        there = messages.existing_keys(session, sorted(set(keys.values())))
        untold = [
            one for customer, some in by_customer.items() if keys[customer] not in there for one in some
        ]
        if len(by_customer) > MOST_SINGLE and untold:
            message = CareEscalation(
                rows=_rows(sending, untold, group), more=max(0, len(untold) - MOST_ROWS), for_group=True
            )
            (key,) = set(keys.values())
            number = enqueue(session, sending, group, EMERGENCY, message, key, not_after=until)
            _note(session, number, untold, TouchRole.GROUP, GROUP)
            return 1
        for customer, some in by_customer.items():
            if keys[customer] not in there:
                emergency = _emergency(session, sending, group, some)
                key = keys[customer]
                number = enqueue(session, sending, group, EMERGENCY, emergency, key, not_after=until)
                _note(session, number, some, TouchRole.GROUP, GROUP)
        return len(keys.keys() - there)


def _emergency(session: Session, sending: Sending, group: Mailbox, late: Sequence[Overdue]) -> CareEmergency:
    """What the group is told of one customer: who should act now is whoever was told before, else who should do it."""
    first, zone = late[0], group.working.zone
    told = late_touches.manager_told(session, [one.touch.id for one in late])
    manager = people.get(session, told.recipient) if told is not None else None
    return CareEmergency(
        customer_id=first.touch.customer_id,
        version=first.touch.customer_version,
        name=first.touch.name,
        code=first.touch.code,
        tier=sending.book.tier(first.touch.tier),
        rows=_rows(sending, late, group),
        manager=access.mentioned(manager),
        told_on=local_date(told.at, zone) if told is not None else None,
        acts=access.mentioned(manager or first.doer),
    )


def _note(session: Session, outbox_id: int, told: Sequence[Overdue], role: TouchRole, level: int) -> None:
    """Store how far these touches were reported, and by which message."""
    ids = [one.touch.id for one in told]
    late_touches.mark(session, ids, level)
    late_touches.link(session, outbox_id, ids, role)


def _rows(sending: Sending, late: Sequence[Overdue], mailbox: Mailbox) -> tuple[LateStep, ...]:
    return tuple(_row(sending, one, mailbox) for one in late[:MOST_ROWS])


def _row(sending: Sending, one: Overdue, mailbox: Mailbox) -> LateStep:
    touch, zone = one.touch, mailbox.working.zone
    why, until = _why(one, zone)
    return LateStep(
        customer_id=touch.customer_id,
        version=touch.customer_version,
        name=touch.name,
        code=touch.code,
        tier=sending.book.tier(touch.tier),
        step=sending.rules.plans.step_name(touch.plan, touch.tier, touch.step),
        limit=touch.latest_on,
        days_over=(mailbox.today(sending.now) - touch.latest_on).days,
        owner=access.mentioned(one.doer or one.owner),
        why=why,
        until=until,
        since=local_date(one.shown.first, zone) if one.shown else None,
        times=one.shown.times if one.shown else 0,
        touch_id=touch.id,
        touch_version=touch.version,
        assignee_id=touch.assignee_id,
    )


def _why(one: Overdue, zone: ZoneInfo) -> tuple[str, date | None]:
    """Why it is not done, as far as it is known, and until when."""
    if one.doer is None:
        return ("left" if one.owner is not None else "nobody"), None
    if one.away_until is not None:
        return "away", one.away_until
    if one.touch.state == TouchState.SNOOZED:
        return "snoozed", local_date(one.touch.remind_at, zone)
    return ("unanswered" if one.shown else "unreached"), None


def _key(place: Place, day: date) -> str:
    return f"escalation:{place.address}:{day}"


def _settled(session: Session, place: Place, today: date) -> list[SettledTouch]:
    """What earlier messages to this place reported, and what was closed since the last of them."""
    keys = [_key(place, today - timedelta(days=days)) for days in range(1, REMEMBERED.days + 1)]
    last = late_touches.newest_of(session, keys)
    return late_touches.settled(session, keys, last) if last is not None else []


def _settled_row(sending: Sending, one: SettledTouch, zone: ZoneInfo) -> SettledStep:
    return SettledStep(
        customer_id=one.customer_id,
        version=one.customer_version,
        name=one.name,
        code=one.code,
        step=sending.rules.plans.step_name(one.plan, one.tier, one.step),
        outcome=OUTCOMES.get(TouchState(one.state), "over"),
        on=local_date(one.closed_at or sending.now, zone),
    )
