"""Touches that are due, and who is to be told of them: the queries of the morning digest."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, insert, select, update

from db.book.customers import Customer, Ownership, present_owner
from db.care import redraws
from db.care.touches import GREETINGS, WAITING, StepKind, Touch, TouchMessage, TouchRole, TouchState, lock
from db.outbox.messages import OutboxMessage

AT_ONCE = 5_000  # databases limit a statement's parameters
# In the words of the partial indexes: SQLite uses one only for a query with the same condition.
_IS_OPEN = text("touch.state IN ('planned', 'reminded', 'snoozed')")


class DueGroup(NamedTuple):
    """Due touches that go to the same place: by their customers' owner, who does them, and to whom they were given."""

    owner_id: int | None
    who: str
    assignee_id: int | None


class DueTouch(NamedTuple):
    """A due touch, as far as it decides whom to tell, and what comes first."""

    id: int
    kind: str
    due_on: date
    latest_on: date | None
    anchor: date | None
    remind_at: datetime
    group: DueGroup

    @property
    def limit(self) -> date:
        return self.latest_on or self.due_on


def _of_present(statement: Any) -> Any:
    """A statement over touches with the owners of their customers, without customers that are archived."""
    return (
        statement.select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .where(col(Customer.archived).is_(False))
    )


_GROUP = (col(Ownership.person_id), col(Touch.who), col(Touch.assignee_id))
_DUE_COLUMNS = (
    *(col(getattr(Touch, name)) for name in ("id", "kind", "due_on", "latest_on", "anchor", "remind_at")),
    *_GROUP,
)


class FirstDue(NamedTuple):
    """When the first touch of a group is due: the first that is for a digest, and the first greeting.

    A birthday may be both: the digest announces it, and on its day it is greeted.
    """

    step: datetime | None
    greeting: datetime | None


# Asked before the groups: PostgreSQL plans those by statistics that still count the touches of this morning as due, and
# reads the index entries that they left behind each time. The index scan of this one marks those as dead.
_FIRST = sa_select(func.min(col(Touch.remind_at))).where(_IS_OPEN)
_GROUPS = (
    _of_present(
        sa_select(
            *_GROUP,
            func.min(case((col(Touch.kind) != StepKind.GREETING, col(Touch.remind_at)))),
            func.min(case((col(Touch.kind).in_(GREETINGS), col(Touch.remind_at)))),
        )
    )
    .where(_IS_OPEN, col(Touch.remind_at) < bindparam("before"))
    .group_by(*_GROUP)
)


def groups(session: Session, before: datetime) -> dict[DueGroup, FirstDue]:
    """Whose touches are due before a time, and when the first of them are."""
    first: datetime | None = session.connection().scalar(_FIRST)
    if first is None or first >= before:
        return {}
    rows = session.connection().execute(_GROUPS, {"before": before})
    return {DueGroup._make(row[:3]): FirstDue._make(row[3:]) for row in rows}


def of_owners(
    session: Session, before: datetime, owners: Collection[int | None], assignees: Collection[int]
) -> Iterator[DueTouch]:
    """The touches due before a time of these people's customers (None: of nobody's), and those given to these people."""
    whose = [col(Ownership.person_id).in_([owner for owner in owners if owner is not None])]
    if None in owners:
        whose.append(col(Ownership.person_id).is_(None))
    if assignees:
        whose.append(col(Touch.assignee_id).in_(assignees))
    statement = _of_present(sa_select(*_DUE_COLUMNS)).where(
        _IS_OPEN, col(Touch.remind_at) < before, or_(*whose)
    )
    return _due(session, statement)


def leave(session: Session, before: datetime, some: Iterable[DueGroup], at: datetime) -> int:
    """Show another time what of these groups is due before a time and waits for its first message; how many, at most 5,000."""
    whose = (and_(*(column == value for column, value in zip(_GROUP, group, strict=True))) for group in some)
    waits = (
        _IS_OPEN,
        col(Touch.remind_at) < before,
        col(Touch.state).in_(WAITING),
        col(Touch.kind).not_in(GREETINGS),
    )
    found = _of_present(sa_select(col(Touch.id))).where(*waits, or_(*whose)).limit(AT_ONCE)
    # The conditions once more: another transaction may plan them, or answer them, at the same time.
    moved = update(Touch).where(col(Touch.id).in_(found), *waits).values(remind_at=at)
    return int(session.exec(moved.execution_options(synchronize_session=False)).rowcount)


def open_of(
    session: Session,
    *,
    owners: Collection[int],
    assignees: Collection[int],
    roles: Collection[str],
    due_by: date,
    most: int,
) -> list[DueTouch]:
    """The most pressing open touches due on a day at the latest that are of these owners' customers, given to one of
    these people, or for one of these roles.
    """
    theirs = _of_present(sa_select(*_DUE_COLUMNS)).where(_IS_OPEN, col(Touch.due_on) <= due_by)
    statements = [theirs.where(col(Touch.assignee_id).in_(assignees))]
    if owners:
        statements.append(theirs.where(col(Ownership.person_id).in_(owners)))
    if roles:
        statements.append(theirs.where(col(Touch.who).in_(roles)))
    first = (func.coalesce(col(Touch.latest_on), col(Touch.due_on)), col(Touch.id))
    found = {
        touch.id: touch
        for statement in statements
        for touch in _due(session, statement.order_by(*first).limit(most))
    }
    return list(found.values())


# Built once: a digest needs each of these, and building one takes longer than running it.
_OF_OWNERS = col(Ownership.person_id).in_(bindparam("owners", expanding=True))
_SOON = (
    _of_present(sa_select(*_DUE_COLUMNS))
    .where(
        _IS_OPEN,
        col(Touch.state) == TouchState.PLANNED,
        col(Touch.due_on) > bindparam("after"),
        col(Touch.due_on) <= bindparam("until"),
        col(Touch.kind) != StepKind.GREETING,
        _OF_OWNERS,
    )
    .order_by(col(Touch.due_on), col(Touch.id))
    .limit(bindparam("most"))
)


def soon_of(
    session: Session, owners: Collection[int], *, after: date, until: date, most: int
) -> list[DueTouch]:
    """Planned touches of these people's customers that will be due after a day until another, the soonest first."""
    values = {"owners": list(owners), "after": after, "until": until, "most": most}
    return list(_due(session, _SOON, values))


def newly_late(session: Session, since: date, until: date, tiers: Collection[str] | None) -> list[DueTouch]:
    """Open touches whose limit lies between two days and that no urgent message has named; of some tiers, or of all."""
    told = exists().where(
        col(TouchMessage.touch_id) == col(Touch.id), col(TouchMessage.role) == TouchRole.URGENT
    )
    statement = _of_present(sa_select(*_DUE_COLUMNS)).where(
        _IS_OPEN,
        col(Touch.latest_on).between(since, until),
        col(Touch.kind).not_in(GREETINGS),
        ~told,
    )
    if tiers is not None:
        statement = statement.where(col(Touch.tier).in_(tiers))
    return list(_due(session, statement))


_BY_ID = col(Touch.id).in_(bindparam("touches", expanding=True))
_LOAD = select(Touch).where(_BY_ID).execution_options(populate_existing=True)
_CUSTOMERS = sa_select(col(Touch.customer_id)).where(_BY_ID)


def load(session: Session, touch_ids: Sequence[int]) -> list[Touch]:
    """Touches by id, as they are now, in this order."""
    found: dict[int | None, Touch] = {}
    for some in _chunks(touch_ids):
        found |= {touch.id: touch for touch in session.scalars(_LOAD, {"touches": some})}
    return [found[touch_id] for touch_id in touch_ids if touch_id in found]


def locked(session: Session, touch_ids: Sequence[int]) -> list[Touch]:
    """Touches as they are once nobody else can answer or plan them."""
    ids = set[int]()
    for some in _chunks(touch_ids):
        ids |= set(session.scalars(_CUSTOMERS, {"touches": some}))
    for some in _chunks(sorted(ids)):
        lock(session, some)
    return load(session, touch_ids)


# Without a condition on the time: SQLite would read all touches of that time, whoever they belong to.
_PLANNED_PER_TIME = (
    _of_present(sa_select(*_GROUP, col(Touch.remind_at), func.count()))
    .where(_IS_OPEN, col(Touch.kind).not_in(GREETINGS), _OF_OWNERS)
    .group_by(*_GROUP, col(Touch.remind_at))
)


def planned_per_time(session: Session, owners: Collection[int]) -> list[tuple[DueGroup, datetime, int]]:
    """How many open touches of these people's customers are shown next at each time, by group, without greetings."""
    rows = session.connection().execute(_PLANNED_PER_TIME, {"owners": list(owners)})
    return [(DueGroup._make(row[:3]), row[3], row[4]) for row in rows]


def next_greeting(session: Session, after: datetime) -> datetime | None:
    """When the next greetings of an occasion after an instant are due."""
    planned = (col(Touch.kind) == StepKind.GREETING, col(Touch.state) == TouchState.PLANNED)
    statement = select(func.min(col(Touch.remind_at))).where(*planned, col(Touch.remind_at) > after)
    return session.exec(statement).one()


def show(session: Session, touches: Iterable[tuple[int, datetime]], outbox_id: int) -> None:
    """Note that touches are shown in a message, and when each is shown next.

    The version stays, so that the buttons of an earlier message still work.
    """
    rows = [{"touch": touch_id, "at": at, "message": outbox_id} for touch_id, at in touches]
    if rows:
        session.connection().execute(_SHOW, rows)


def postpone(session: Session, touches: Iterable[tuple[int, datetime]]) -> None:
    """Show touches at another time."""
    rows = [{"touch": touch_id, "at": at} for touch_id, at in touches]
    if rows:
        session.connection().execute(_POSTPONE, rows)


_TABLE: Any = Touch.__table__  # type: ignore[attr-defined]
_ONE = _TABLE.update().where(_TABLE.c.id == bindparam("touch"))
_SHOW = _ONE.values(
    state=TouchState.REMINDED, reason=None, remind_at=bindparam("at"), outbox_id=bindparam("message")
)
_POSTPONE = _ONE.values(remind_at=bindparam("at"))


def link(session: Session, outbox_id: int, touch_ids: Collection[int], role: TouchRole) -> None:
    """Note that a message names touches."""
    rows = [{"outbox_id": outbox_id, "touch_id": touch_id, "role": role} for touch_id in touch_ids]
    if rows:
        session.execute(insert(TouchMessage), rows)


_TIMES_SHOWN = (
    sa_select(col(TouchMessage.touch_id), col(Touch.due_on), col(OutboxMessage.created_at))
    .join(OutboxMessage, col(OutboxMessage.id) == col(TouchMessage.outbox_id))
    .join(Touch, col(Touch.id) == col(TouchMessage.touch_id))
    .where(
        col(TouchMessage.touch_id).in_(bindparam("touches", expanding=True)),
        col(TouchMessage.role).in_((TouchRole.DIGEST, TouchRole.URGENT)),
    )
)


def times_shown(session: Session, touch_ids: Sequence[int], zone: ZoneInfo) -> dict[int, tuple[int, date]]:
    """Touch -> how many digests and urgent messages since it was due named it, and the day of the first in a zone."""
    days: dict[int, list[date]] = {}
    for some in _chunks(touch_ids):
        for touch_id, due_on, at in session.connection().execute(_TIMES_SHOWN, {"touches": some}):
            if (day := at.astimezone(zone).date()) >= due_on:
                days.setdefault(touch_id, []).append(day)
    return {touch_id: (len(found), min(found)) for touch_id, found in days.items()}


_OCCASION = (col(Touch.occasion), col(Touch.plan), col(Touch.tier), col(Touch.step), col(Touch.anchor))
_STILL_TO_GREET = (
    _of_present(sa_select(*_OCCASION, func.count()))
    .where(
        _IS_OPEN,
        col(Touch.kind).in_(GREETINGS),
        col(Touch.due_on) <= bindparam("today"),
        col(Touch.anchor) >= bindparam("today"),
        _OF_OWNERS,
    )
    .group_by(*_OCCASION)
)
_MISSED = _of_present(sa_select(func.count())).where(
    col(Touch.state) == TouchState.MISSED, col(Touch.closed_at) > bindparam("since"), _OF_OWNERS
)


def still_to_greet(
    session: Session, owners: Collection[int], today: date
) -> list[tuple[str, str | None, str, str, date, int]]:
    """(occasion, plan, tier, step, day, how many) of the open greetings of these people's customers that have begun."""
    rows = session.connection().execute(_STILL_TO_GREET, {"owners": list(owners), "today": today})
    return [(*row,) for row in rows]


def missed_since(session: Session, owners: Collection[int], since: datetime) -> int:
    """How many greetings of these people's customers were missed after a time."""
    values = {"owners": list(owners), "since": since}
    return int(session.connection().scalar(_MISSED, values) or 0)


def count(session: Session, now: datetime) -> int:
    """How many touches of customers that are not archived are due."""
    found = (
        select(func.count())
        .select_from(Touch)
        .join(Customer, col(Customer.id) == Touch.customer_id)
        .where(_is_due(now), col(Customer.archived).is_(False))
    )
    return session.exec(found).one()


def counts_by_owner(session: Session, now: datetime) -> dict[int | None, int]:
    """Owner -> how many touches of their customers are due; None stands for customers without one."""
    found = (
        sa_select(col(Ownership.person_id), func.count())
        .select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .where(_is_due(now), col(Customer.archived).is_(False))
        .group_by(col(Ownership.person_id))
    )
    return {row[0]: row[1] for row in session.execute(found)}


class DueStep(NamedTuple):
    """A care step that is due, for a person to read."""

    customer: str
    step: str
    tier: str
    due: datetime


def steps(session: Session, now: datetime) -> list[DueStep]:
    """All due steps, oldest first."""
    found = session.exec(
        select(Customer.name, Touch.step, Touch.tier, Touch.remind_at)
        .join(Touch, col(Touch.customer_id) == Customer.id)
        .where(_is_due(now))
        .order_by(col(Touch.remind_at), col(Touch.id))
    )
    return [DueStep._make(row) for row in found]


def skip(session: Session, now: datetime, until: datetime) -> int:
    """Leave what is due open, and show it at a later time; how many."""
    put_off = session.scalars(
        update(Touch)
        .where(_is_due(now))
        .values(
            state=TouchState.REMINDED,
            reason="skipped when the database was restored",
            remind_at=until,
            version=col(Touch.version) + 1,
        )
        .returning(col(Touch.id))
        .execution_options(synchronize_session=False)
    ).all()
    redraws.mark(session, put_off)
    return len(put_off)


def _is_due(before: datetime) -> ColumnElement[bool]:
    return and_(_IS_OPEN, col(Touch.remind_at) <= before)


def _due(session: Session, statement: Any, values: Mapping[str, object] | None = None) -> Iterator[DueTouch]:
    rows = session.connection().execute(statement, values, execution_options={"yield_per": AT_ONCE})
    return (DueTouch._make((*row[:6], DueGroup._make(row[6:]))) for row in rows)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
