"""What managers are told of complaints: that one was opened, and that a deadline has passed, once each.

How far a complaint was told is stored in the transaction of the message, so that several processes, restarts and clock
jumps say nothing twice. A manager gets at most one message in an hour, however many complaints there are.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.care.complaints.rows import clipped
from bot.services.care.digest.mailboxes import Mailbox, Sending, enqueue
from bot.services.care.digest.readers import MessageReader
from bot.services.care.escalation.managers import Managers
from bot.services.care.escalation.overdue import EASTERNMOST
from bot.services.delivery.kinds import COMPLAINTS
from bot.services.recipients import FirmDefaults
from bot.wording.care.complaints import MOST_REPORTED, ComplaintReport, ReportedComplaint
from db.book import people
from db.care import complaints
from db.care.complaints import ComplaintRole, StoredComplaint, Told
from db.graded import tier_rows
from db.outbox import messages

LOCK = "complaints"
MOST = 1_000  # complaints that are looked at at once


def tell_managers(sending: Sending) -> int:
    """Tell managers, in their working hours, of new complaints and of those past their deadline; how many messages."""
    with sending.database.read() as session:
        found = complaints.to_tell(session, (sending.now + EASTERNMOST).date(), MOST)
        places = _places(session, sending, found) if found else []
    return sum(sending.database.retry(partial(_tell, sending, mailbox, ids)) for mailbox, ids in places)


def _places(
    session: Session, sending: Sending, found: Sequence[StoredComplaint]
) -> list[tuple[Mailbox, list[int]]]:
    """Who is told of which complaints now."""
    ids = [one for each in found for one in (each.owner_id, each.handler_id)]
    managers = Managers(session, sending, ids)
    places: dict[str, tuple[Mailbox, list[int]]] = {}
    for one in found:
        there = managers.mailbox(one.owner_id, one.handler_id)
        if there is None or not there.is_asked(sending.now):
            continue
        if one.told == Told.OPENING_DUE or one.days_late(there.today(sending.now)):
            places.setdefault(there.place.address, (there, []))[1].append(one.id)
    return list(places.values())


def _tell(sending: Sending, mailbox: Mailbox, ids: list[int]) -> int:
    """Write one message about these complaints, unless there was one within the hour; how many."""
    today = mailbox.today(sending.now)
    key = f"complaints:{mailbox.place.address}:{sending.now:%Y-%m-%dT%H}"
    with sending.database.write(lock=LOCK) as session:
        if messages.existing_keys(session, [key]):
            return 0
        found = [
            one
            for one in complaints.rows(session, ids)
            if one.is_open
            and (one.told == Told.OPENING_DUE or (one.told == Told.OPENED and one.days_late(today)))
        ]
        if not found:
            return 0
        late = {one.id for one in found if one.days_late(today)}
        opened = [one.id for one in found if one.id not in late]
        rows = _rows(session, sending, found, today)
        message = ComplaintReport(rows=rows[:MOST_REPORTED], more=max(0, len(rows) - MOST_REPORTED))
        until = mailbox.until(sending.now)
        number = enqueue(session, sending, mailbox, COMPLAINTS, message, key, not_after=until)
        said = (late, Told.LATE, ComplaintRole.LATE), (opened, Told.OPENED, ComplaintRole.OPENED)
        for those, told, role in said:
            complaints.set_told(session, those, told)
            complaints.link(session, number, those, role)
    return 1


def current(
    session: Session, shown: ComplaintReport, reader: int | None, firm: FirmDefaults, now: datetime
) -> ComplaintReport:
    """A report with what has become of its complaints, each in its place.

    Complaints that are gone, and those of customers that the reader may no longer see, are left out.
    """
    read_by = MessageReader(session, reader, {row.customer_id for row in shown.rows}, [], firm, now)
    found = {one.id: one for one in complaints.rows(session, [row.complaint_id for row in shown.rows])}
    steps = complaints.steps(session, list(found))
    persons = people.get_many(session, {one.closed_by for one in found.values() if one.closed_by is not None})
    rows = []
    for row in shown.rows:
        if (one := found.get(row.complaint_id)) is None or not read_by.sees(row.customer_id):
            continue
        fields: dict[str, Any] = dict.fromkeys(("by", "outcome", "agreed"), None) | {"state": "open"}
        if not one.is_open:
            by = access.mentioned(persons.get(one.closed_by or 0))
            outcome = clipped(one.outcome)
            fields = {"by": by, "outcome": outcome, "agreed": one.agreed, "state": "closed"}
        rows.append(replace(row, steps=len(steps.get(one.id, [])), what=clipped(one.what), **fields))
    return replace(shown, rows=tuple(rows))


def _rows(
    session: Session, sending: Sending, found: Sequence[StoredComplaint], today: date
) -> tuple[ReportedComplaint, ...]:
    """Late ones first, then those of the best tiers."""
    tiers = tier_rows.present_tiers(session, {one.customer_id for one in found})
    ids = {one for each in found for one in (each.owner_id, each.handler_id) if one is not None}
    persons = people.get_many(session, ids)
    steps = complaints.steps(session, [one.id for one in found])
    rows = [
        ReportedComplaint(
            customer_id=one.customer_id,
            version=one.customer_version,
            name=one.name,
            code=one.code,
            complaint_id=one.id,
            tier=sending.book.tier(tiers.get(one.customer_id, "unrated")),
            kind=sending.rules.complaints.name(one.kind),
            what=clipped(one.what),
            reported_on=one.reported_on,
            deadline=one.deadline,
            over=one.days_late(today),
            late=bool(one.days_late(today)),
            handler=access.mentioned(persons.get(one.handler_id or one.owner_id or 0)),
            steps=len(steps.get(one.id, [])),
        )
        for one in found
    ]
    return tuple(sorted(rows, key=lambda row: (not row.late, row.tier.rank, -row.over, row.complaint_id)))
