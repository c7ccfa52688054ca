"""What managers are told of promises: that the day of one has passed, once for each day that was promised.

It is told as many days later as the customer's care plan says for late steps, and not before the person had a digest
with it. The day of which it was told is stored in the transaction of the message, so that nothing is said twice.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from sqlmodel import Session

from bot.clock import local_date
from bot.services import access
from bot.services.care.complaints.rows import clipped
from bot.services.care.digest.mailboxes import Mailbox, Sending, enqueue
from bot.services.care.escalation.managers import Managers
from bot.services.care.escalation.overdue import EASTERNMOST
from bot.services.care.plan import Escalation
from bot.services.care.promises.subject import ONE_DAY
from bot.services.delivery.kinds import PROMISES
from bot.wording.care.promises import MOST_REPORTED, BrokenPromise, PromiseReport
from db.book import people
from db.care import planning
from db.care.records import promises
from db.care.records.promises import PromiseRole, StoredPromise
from db.graded import tier_rows
from db.outbox import messages

LOCK = "promises"
MOST = 1_000  # promises that are looked at at once


def tell_managers(sending: Sending) -> int:
    """Tell managers, in their working hours, of promises whose day has passed; how many messages."""
    with sending.database.read() as session:
        found = promises.to_report(session, (sending.now + EASTERNMOST).date(), MOST)
        places = _places(session, sending, found) if found else []
    return sum(sending.database.retry(partial(_tell, sending, mailbox, ids)) for mailbox, ids in places)


def _places(
    session: Session, sending: Sending, found: Sequence[StoredPromise]
) -> list[tuple[Mailbox, list[int]]]:
    """Who is told of which promises now."""
    managers = Managers(
        session, sending, [person for one in found for person in (one.owner_id, one.keeper_id)]
    )
    begun = _begun(session, managers, found)
    after = _days_after(session, sending, found)
    places: dict[str, tuple[Mailbox, list[int]]] = {}
    for one in found:
        there, days = managers.mailbox(one.owner_id, one.keeper_id), after[one.id]
        if there is None or days is None or not there.is_asked(sending.now):
            continue
        if max(one.due_on, begun[one.id]) + timedelta(days=days) < there.today(sending.now):
            places.setdefault(there.place.address, (there, []))[1].append(one.id)
    return list(places.values())


def _begun(session: Session, managers: Managers, found: Sequence[StoredPromise]) -> dict[int, date]:
    """Promise -> the day of the first digest with it; where it was in none, the first on which it had to be in one."""
    shown = promises.first_shown(session, [one.id for one in found])
    begun: dict[int, date] = {}
    for one in found:
        doer = managers.doer(one.owner_id, one.keeper_id)
        if doer is None or managers.away_until(doer):
            begun[one.id] = one.due_on  # nobody is asked: the manager has to know
            continue
        working = managers.working(doer)
        first = shown.get(one.id)
        begun[one.id] = (
            local_date(first, working.zone) if first else working.next_working_day(one.due_on + ONE_DAY)
        )
    return begun


def _days_after(
    session: Session, sending: Sending, found: Sequence[StoredPromise]
) -> Mapping[int, int | None]:
    """Promise -> how many days after its day the manager is told, as the customer's care plan says; None: never."""
    planned = planning.planned_by(session, {one.customer_id for one in found})
    days: dict[int, int | None] = {}
    for one in found:
        scheme, tier = planned.get(one.customer_id, (None, ""))
        plan = sending.rules.plans.of_scheme(scheme)
        escalation = plan.escalation_of_tier(tier) if plan else Escalation()
        days[one.id] = escalation.manager_days
    return days


def _tell(sending: Sending, mailbox: Mailbox, ids: list[int]) -> int:
    """Write one message about these promises, unless there was one within the hour; how many."""
    today = mailbox.today(sending.now)
    key = f"promises:{mailbox.place.address}:{sending.now:%Y-%m-%dT%H}"
    with sending.database.write(lock=LOCK) as session:
        if messages.existing_keys(session, [key]):
            return 0
        found = [
            one
            for one in promises.rows(session, ids)
            if one.is_open and one.reported_for != one.due_on and one.days_over(today)
        ]
        if not found:
            return 0
        rows = _rows(session, sending, found, today)
        message = PromiseReport(rows=rows[:MOST_REPORTED], more=max(0, len(rows) - MOST_REPORTED))
        until = mailbox.until(sending.now)
        number = enqueue(session, sending, mailbox, PROMISES, message, key, not_after=until)
        told = [one.id for one in found]
        promises.set_reported(session, told)
        promises.link(session, number, told, PromiseRole.BROKEN)
    return 1


def _rows(
    session: Session, sending: Sending, found: Sequence[StoredPromise], today: date
) -> tuple[BrokenPromise, ...]:
    """Those of the best tiers first, then the latest."""
    tiers = tier_rows.present_tiers(session, {one.customer_id for one in found})
    ids = {one for each in found for one in (each.made_by, each.whose) if one is not None}
    persons = people.get_many(session, ids)
    rows = [
        BrokenPromise(
            customer_id=one.customer_id,
            version=one.customer_version,
            name=one.name,
            code=one.code,
            promise_id=one.id,
            tier=sending.book.tier(tiers.get(one.customer_id, "unrated")),
            what=clipped(one.what),
            due_on=one.due_on,
            over=one.days_over(today),
            keeper=access.mentioned(persons.get(one.whose or 0)),
            made_by=access.mentioned(persons.get(one.made_by or 0)) if one.made_by != one.whose else None,
            first_due_on=one.first_due_on if one.first_due_on != one.due_on else None,
        )
        for one in found
    ]
    return tuple(sorted(rows, key=lambda row: (row.tier.rank, -row.over, row.promise_id)))
