"""Open complaints as the digest, the list of what is to be done and the card show them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.care.answers.taking_back import may_undo
from bot.services.care.plan import Doer
from bot.services.complaint_kinds import ComplaintKinds
from bot.services.recipients import HANDLER
from bot.wording.care.complaints import ComplaintRow, OpenComplaints
from db.book import people
from db.book.people import Person
from db.care import touches
from db.care.due_touches import DueGroup
from db.care.records import complaints
from db.care.records.complaints import ComplaintGroup, ComplaintStep

MOST_SHOWN = 5  # of a digest, so that there is room for its steps
LONGEST = 160  # characters of a text in a row


def open_complaints(session: Session, customer_id: int, today: date) -> OpenComplaints | None:
    """What a customer's card says of its open complaints; None without one."""
    found = complaints.open_count(session, customer_id)
    if found is None:
        return None
    over = max(0, (today - found.deadline).days) if found.deadline else 0
    return OpenComplaints(count=found.number, since=found.since, deadline=found.deadline, over=over)


def shown(
    session: Session,
    kinds: ComplaintKinds,
    groups: Collection[DueGroup],
    *,
    reader: int | None,
    day: date,
    also: Collection[int] = (),
    now: datetime | None = None,
) -> tuple[tuple[ComplaintRow, ...], int]:
    """The most pressing open complaints of these groups, and how many more there are; and those in `also`."""
    wanted = {ComplaintGroup(group.owner_id, group.assignee_id) for group in groups}
    found = complaints.open_of(session, wanted)
    first = found[:MOST_SHOWN]
    known = {one.id for one in first}
    first += complaints.rows(session, [one for one in also if one not in known])[:MOST_SHOWN]
    more = max(0, len(found) - MOST_SHOWN)
    return rows_of(session, kinds, first, reader=reader, day=day, now=now), more


def groups(session: Session) -> set[DueGroup]:
    """The groups of open complaints: by the account manager, and who handles them in their place."""
    return {
        DueGroup(owner, Doer.OWNER if handler is None else HANDLER, handler)
        for owner, handler in complaints.open_groups(session)
    }


def lock(session: Session, groups: Collection[DueGroup]) -> None:
    """Let nobody act on the complaints that `shown` gives until the message that shows them is written.

    An act marks the messages that it finds: one that is not committed yet would go on showing the earlier state.
    """
    found = complaints.open_of(session, {ComplaintGroup(one.owner_id, one.assignee_id) for one in groups})
    touches.lock(session, sorted({one.customer_id for one in found[:MOST_SHOWN]}))


def rows_of(
    session: Session,
    kinds: ComplaintKinds,
    found: Sequence[complaints.StoredComplaint],
    *,
    reader: int | None,
    day: date,
    now: datetime | None = None,
) -> tuple[ComplaintRow, ...]:
    """The rows of complaints in their order, for a reader (None: a channel), as of a day.

    With `now`, a row says whether the reader may take back what was done last.
    """
    if not found:
        return ()
    steps = complaints.steps(session, [one.id for one in found])
    wanted = {one for each in found for one in (each.owner_id, each.handler_id, each.closed_by)}
    persons = people.get_many(session, {one for one in wanted if one is not None})
    return tuple(_row(kinds, one, steps.get(one.id, []), persons, reader, day, now) for one in found)


def redraw(
    session: Session,
    kinds: ComplaintKinds,
    shown: Collection[ComplaintRow],
    *,
    reader: int | None,
    day: date,
    now: datetime | None = None,
) -> tuple[ComplaintRow, ...]:
    """Rows that were shown before, as they have to be now, in their order; those that are gone are left out."""
    found = complaints.rows(session, [row.complaint_id for row in shown])
    made = rows_of(session, kinds, found, reader=reader, day=day, now=now)
    present = {row.complaint_id: row for row in made}
    return tuple(present[row.complaint_id] for row in shown if row.complaint_id in present)


def _row(
    kinds: ComplaintKinds,
    one: complaints.StoredComplaint,
    steps: Sequence[ComplaintStep],
    persons: dict[int, Person],
    reader: int | None,
    day: date,
    now: datetime | None,
) -> ComplaintRow:
    handler = persons.get(one.handler_id or one.owner_id or 0)
    last = max(steps, key=lambda step: step.version, default=None)
    fields: dict[str, Any] = {}
    if not one.is_open:
        by = access.mentioned(persons.get(one.closed_by or 0))
        fields = {"state": "closed", "by": by, "outcome": clipped(one.outcome), "agreed": one.agreed}
    return ComplaintRow(
        complaint_id=one.id,
        version=one.version,
        customer_id=one.customer_id,
        name=one.name,
        code=one.code,
        kind=kinds.name(one.kind),
        what=clipped(one.what),
        reported_on=one.reported_on,
        days=max(0, (day - one.reported_on).days),
        deadline=one.deadline,
        over=one.days_late(day),
        left=max(0, (one.deadline - day).days) if one.deadline else None,
        steps=len(steps),
        last_step=clipped(last.text) if last else None,
        handler=access.mentioned(handler) if handler is None or handler.id != reader else None,
        may_undo=now is not None and may_undo(one, last, reader, now),
        **fields,
    )


def clipped(text: str | None) -> str | None:
    """A text on one line, cut where it is long."""
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
