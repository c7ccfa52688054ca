"""Promises for the command line: a list, and what a button of one would point at."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.care.promises import subject
from bot.wording.actions import Pointer
from db.book import people
from db.care.records import promises


@dataclass(frozen=True, kw_only=True)
class PromiseQuery:
    """Which promises are listed."""

    customer_id: int | None = None
    whose: str | None = None  # the address of the person whose they are
    is_open: bool | None = True  # None: those that are over too
    overdue: bool = False
    most: int = 50


@dataclass(frozen=True, kw_only=True)
class ListedPromise:
    """One promise in a list."""

    id: int
    code: str
    customer: str
    what: str | None
    made_on: date
    made_by: str | None
    whose: str | None
    due_on: date
    first_due_on: date
    postponed: int
    told: str | None
    days_over: int
    state: str
    closed_on: date | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class PromiseList:
    """Promises, the earliest day first, and how many there are."""

    promises: tuple[ListedPromise, ...]
    total: int


def list_promises(session: Session, actor: Actor, query: PromiseQuery, today: date) -> PromiseList:
    """The promises to the customers that the actor may see."""
    person = people.by_email(session, query.whose.lower()) if query.whose is not None else None
    found, total = promises.listed(
        session,
        owners=access.visible_owners(session, actor),
        customer_id=query.customer_id,
        whose=None if query.whose is None else person.id if person else 0,
        is_open=query.is_open,
        late_before=today if query.overdue else None,
        most=query.most,
    )
    ids = {number for one in found for number in (one.made_by, one.whose) if number is not None}
    names = {number: person.name for number, person in people.get_many(session, ids).items()}
    delays = promises.delays(session, [one.id for one in found])
    listed = []
    for one in found:
        put_off = delays.get(one.id, [])
        listed.append(
            ListedPromise(
                id=one.id,
                code=one.code,
                customer=one.name,
                what=one.what,
                made_on=one.made_on,
                made_by=names.get(one.made_by or 0),
                whose=names.get(one.whose or 0),
                due_on=one.due_on,
                first_due_on=one.first_due_on,
                postponed=len(put_off),
                told=put_off[-1].told if put_off else None,
                days_over=one.days_over(today) if one.is_open else 0,
                state="open" if one.is_open else one.outcome or "kept",
                closed_on=one.closed_on,
                reason=one.reason,
            )
        )
    return PromiseList(promises=tuple(listed), total=total)


def pointer(session: Session, actor: Actor, promise_id: int) -> Pointer:
    """What a button of the promise would point at. Raises Hidden."""
    _, found = subject.seen(session, actor, Pointer(id=promise_id))
    return Pointer(id=found.id, version=found.version)
