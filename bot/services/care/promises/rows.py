"""Open promises as the digest, the list of what is to be done and the row of a follow-up show them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.services import access
from bot.services.care.answers.taking_back import may_undo
from bot.services.care.complaints.rows import clipped
from bot.services.care.plan import Doer
from bot.services.care.promises.subject import EARLIEST, asked_from
from bot.services.care.working_time import WorkingTime
from bot.services.recipients import HANDLER
from bot.wording.care.promises import AskedPromise, PromiseRow
from bot.wording.parts import Who
from db.book import people
from db.care import touches
from db.care.due_touches import DueGroup
from db.care.records import promises
from db.care.records.promises import NearPromise, PromiseDelay, PromiseGroup, StoredPromise

MOST_SHOWN = 5  # of a digest, so that there is room for its steps
MOST_ASKED = 3  # in the row of a step


def groups(session: Session, today: date) -> dict[DueGroup, list[NearPromise]]:
    """The groups of open promises that may be near, with these, the earliest day first."""
    found = promises.open_until(session, today + EARLIEST)
    return {_due_group(group): of for group, of in found.items()}


def near(found: Iterable[NearPromise], working: WorkingTime, today: date) -> list[int]:
    """Those of the promises that are to be asked about, the earliest day first."""
    return [one.id for one in sorted(found) if asked_from(working, one.due_on) <= today]


def locked(session: Session, ids: Sequence[int]) -> list[StoredPromise]:
    """These promises with their customers locked, as they are now: those that are open.

    An act marks the messages that it finds: one that is not committed yet would go on showing the earlier state.
    """
    touches.lock(session, sorted({one.customer_id for one in promises.rows(session, ids)}))
    return [one for one in promises.rows(session, ids) if one.is_open]


def rows_of(
    session: Session,
    found: Sequence[StoredPromise],
    *,
    reader: int | None,
    day: date,
    put_off: Collection[int] = (),
    now: datetime | None = None,
) -> tuple[PromiseRow, ...]:
    """The rows of promises in their order, for a reader (None: a channel), as of a day.

    Those of `put_off` are said to be postponed. With `now`, a row says whether the reader may take back what was done
    last.
    """
    if not found:
        return ()
    delays = promises.delays(session, [one.id for one in found])
    persons = people.get_many(
        session,
        {
            person
            for one in found
            for person in (one.made_by, one.owner_id, one.keeper_id, one.closed_by, one.closed_for)
            if person is not None
        }
        | {one.person_id for of in delays.values() for one in of if one.person_id is not None},
    )

    def who(person_id: int | None) -> Who | None:
        return access.mentioned(persons.get(person_id or 0))

    return tuple(_row(one, delays.get(one.id, []), who, reader, day, one.id in put_off, now) for one in found)


def redraw(
    session: Session,
    shown: Collection[PromiseRow],
    *,
    reader: int | None,
    day: date,
    now: datetime | None = None,
) -> tuple[PromiseRow, ...]:
    """Rows that were shown before, as they have to be now, in their order; those that are gone are left out."""
    found = promises.rows(session, [row.promise_id for row in shown])
    due = {one.id: one.due_on for one in found}
    later = {row.promise_id for row in shown if due.get(row.promise_id, row.due_on) > row.due_on}
    later = {one for one in later if due[one] > day}
    made = rows_of(session, found, reader=reader, day=day, put_off=later, now=now)
    present = {row.promise_id: row for row in made}
    return tuple(present[row.promise_id] for row in shown if row.promise_id in present)


def asked_in_steps(
    session: Session, customer_ids: Collection[int], day: date
) -> Mapping[int, tuple[AskedPromise, ...]]:
    """Customer -> its open promises, as the row of a follow-up asks about them."""
    found: dict[int, tuple[AskedPromise, ...]] = {}
    for one in promises.open_of_customers(session, customer_ids):
        so_far = found.get(one.customer_id, ())
        if len(so_far) < MOST_ASKED:
            part = AskedPromise(what=clipped(one.what), due_on=one.due_on, over=one.days_over(day))
            found[one.customer_id] = (*so_far, part)
    return found


def ids_asked_in_steps(session: Session, customer_ids: Iterable[int]) -> list[int]:
    """The promises that `asked_in_steps` gives, and those for which it has no room."""
    return [one.id for one in promises.open_of_customers(session, set(customer_ids))]


def _due_group(group: PromiseGroup) -> DueGroup:
    who = Doer.OWNER if group.keeper_id is None else HANDLER
    return DueGroup(group.owner_id, who, group.keeper_id)


def _row(
    one: StoredPromise,
    delays: Sequence[PromiseDelay],
    who: Callable[[int | None], Who | None],
    reader: int | None,
    day: date,
    is_put_off: bool,
    now: datetime | None,
) -> PromiseRow:
    last = delays[-1] if delays else None
    # In an account manager's digest it is theirs, also where who promised it may see the customer no more.
    whose = reader if one.is_open and reader == one.owner_id else one.whose
    fields: dict[str, Any] = {}
    if not one.is_open:
        fields = {"state": one.outcome or "kept", "by": who(one.closed_by), "reason": clipped(one.reason)}
        fields["kept_on"] = one.closed_on
    elif is_put_off:
        fields = {"state": "postponed", "by": who(last.person_id if last else None)}
    return PromiseRow(
        promise_id=one.id,
        version=one.version,
        customer_id=one.customer_id,
        name=one.name,
        code=one.code,
        what=clipped(one.what),
        due_on=one.due_on,
        made_on=one.made_on,
        over=one.days_over(day),
        left=max(0, (one.due_on - day).days),
        made_by=who(one.made_by) if one.made_by != whose else None,
        keeper=who(whose) if whose != reader else None,
        first_due_on=one.first_due_on if one.first_due_on != one.due_on else None,
        told=clipped(last.told) if last else None,
        may_undo=now is not None and may_undo(one, last, reader, now),
        **fields,
    )
