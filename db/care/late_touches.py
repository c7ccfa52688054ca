"""Open touches past their limit, and what the manager and the emergency group were told of them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, text
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select, update

from db.book.customers import Customer, Ownership, present_owner
from db.care.touches import _OPEN, GREETINGS, Touch, TouchMessage, TouchRole
from db.engine import insert
from db.outbox.messages import OutboxMessage

SHOWN = (TouchRole.DIGEST, TouchRole.URGENT)  # roles of the messages that ask a person to do a step
PARAMETERS = 5_000  # databases limit those of a statement


class StepKey(NamedTuple):
    """A step of a plan that some customers have not been given in time."""

    plan: str | None
    tier: str
    step: str


class LateTouch(NamedTuple):
    """An open touch past its limit, with its customer and the customer's owner."""

    id: int
    customer_id: int
    customer_version: int
    name: str
    code: str
    plan: str | None
    tier: str
    step: str
    who: str
    assignee_id: int | None
    owner_id: int | None
    latest_on: date
    state: str
    escalated: int
    remind_at: datetime
    created_at: datetime
    version: int


_COLUMNS = (
    col(Touch.id),
    col(Touch.customer_id),
    col(Customer.version),
    col(Customer.name),
    col(Customer.code),
    col(Touch.plan),
    col(Touch.tier),
    col(Touch.step),
    col(Touch.who),
    col(Touch.assignee_id),
    col(Ownership.person_id),
    col(Touch.latest_on),
    col(Touch.state),
    col(Touch.escalated),
    col(Touch.remind_at),
    col(Touch.created_at),
    col(Touch.version),
)


def _late(before: date, told: Collection[int]) -> ColumnElement[bool]:
    """Condition: open, its limit was before a day, and it was told of this far. What a greeting is late for is over."""
    return and_(
        text(_OPEN),
        col(Touch.latest_on) < before,
        col(Touch.escalated).in_(told),
        col(Touch.kind).not_in(GREETINGS),
    )


def steps(session: Session, before: date, told: Collection[int]) -> list[StepKey]:
    """The steps that have such touches."""
    found = sa_select(col(Touch.plan), col(Touch.tier), col(Touch.step)).where(_late(before, told)).distinct()
    return [StepKey(row[0], row[1], row[2]) for row in session.execute(found)]


def of_step(session: Session, step: StepKey, before: date, told: Collection[int]) -> list[LateTouch]:
    """The late touches of a step, of customers that are not archived."""
    plan = col(Touch.plan).is_(None) if step.plan is None else col(Touch.plan) == step.plan
    of = and_(_late(before, told), plan, col(Touch.tier) == step.tier, col(Touch.step) == step.step)
    return _rows(session, of)


def still_late(session: Session, ids: Sequence[int], told: Collection[int]) -> list[LateTouch]:
    """Those of some touches that are still open and told of this far, locked until the end of the transaction."""
    found: list[LateTouch] = []
    for start in range(0, len(ids), PARAMETERS):
        some = ids[start : start + PARAMETERS]
        found += _rows(
            session, and_(text(_OPEN), col(Touch.id).in_(some), col(Touch.escalated).in_(told)), lock=True
        )
    return found


def _rows(session: Session, condition: ColumnElement[bool], *, lock: bool = False) -> list[LateTouch]:
    statement = (
        sa_select(*_COLUMNS)
        .select_from(Touch)
        .join(Customer, col(Customer.id) == col(Touch.customer_id))
        .outerjoin(Ownership, present_owner(Touch.customer_id))
        .where(condition, col(Customer.archived).is_(False))
        .order_by(col(Touch.latest_on), col(Touch.id))
    )
    if lock:
        statement = statement.with_for_update(of=Touch)
    return [LateTouch._make(row) for row in session.execute(statement)]


class TimesShown(NamedTuple):
    """When the person who does a step was first asked for it, and how often."""

    first: datetime
    times: int


def shown(session: Session, ids: Sequence[int]) -> dict[int, TimesShown]:
    """Touch -> when and how often it was shown to the person who does it, of those that were."""
    found: dict[int, TimesShown] = {}
    for start in range(0, len(ids), PARAMETERS):
        rows = session.execute(
            sa_select(col(TouchMessage.touch_id), func.min(col(OutboxMessage.created_at)), func.count())
            .join(OutboxMessage, col(OutboxMessage.id) == col(TouchMessage.outbox_id))
            .where(
                col(TouchMessage.touch_id).in_(ids[start : start + PARAMETERS]),
                col(TouchMessage.role).in_(SHOWN),
            )
            .group_by(col(TouchMessage.touch_id))
        )
        found.update((row[0], TimesShown(row[1], row[2])) for row in rows)
    return found


def mark(session: Session, ids: Sequence[int], level: int) -> None:
    """Note how far these touches were told of. Their versions stay: the buttons of their reminders still work."""
    for start in range(0, len(ids), PARAMETERS):
        session.exec(
            update(Touch)
            .where(col(Touch.id).in_(ids[start : start + PARAMETERS]))
            .values(escalated=level)
            .execution_options(synchronize_session=False)
        )


def link(session: Session, outbox_id: int, touch_ids: Iterable[int], role: TouchRole) -> None:
    """Note that a message names these touches."""
    rows = [{"outbox_id": outbox_id, "touch_id": touch, "role": role} for touch in touch_ids]
    if rows:
        session.connection().execute(
            insert(session.connection(), TouchMessage).on_conflict_do_nothing(), rows
        )


def reported_at(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    """Touch -> when the newest report about it to a manager was written."""
    found: dict[int, datetime] = {}
    for start in range(0, len(ids), PARAMETERS):
        rows = session.execute(
            sa_select(col(TouchMessage.touch_id), func.max(col(OutboxMessage.created_at)))
            .join(OutboxMessage, col(OutboxMessage.id) == col(TouchMessage.outbox_id))
            .where(
                col(TouchMessage.touch_id).in_(ids[start : start + PARAMETERS]),
                col(TouchMessage.role) == TouchRole.MANAGER,
            )
            .group_by(col(TouchMessage.touch_id))
        )
        found.update((row[0], row[1]) for row in rows)
    return found


class ToldManager(NamedTuple):
    """The person whom a report to a manager went to, None for a channel, and when it was written."""

    recipient: int | None
    at: datetime


def manager_told(session: Session, ids: Sequence[int]) -> ToldManager | None:
    """The newest report about some touches to a manager."""
    row = session.execute(
        sa_select(col(OutboxMessage.recipient), col(OutboxMessage.created_at))
        .join(TouchMessage, col(TouchMessage.outbox_id) == col(OutboxMessage.id))
        .where(col(TouchMessage.touch_id).in_(ids), col(TouchMessage.role) == TouchRole.MANAGER)
        .order_by(col(OutboxMessage.id).desc())
        .limit(1)
    ).first()
    return None if row is None else ToldManager(row[0], row[1])


class SettledTouch(NamedTuple):
    """A touch that was told of and is closed since."""

    customer_id: int
    customer_version: int
    name: str
    code: str
    plan: str | None
    tier: str
    step: str
    state: str
    closed_at: datetime | None
    owner_id: int | None


_LINKED_BY_KEY = (
    sa_select(
        col(Touch.customer_id),
        col(Customer.version),
        col(Customer.name),
        col(Customer.code),
        col(Touch.plan),
        col(Touch.tier),
        col(Touch.step),
        col(Touch.state),
        col(Touch.closed_at),
        col(Ownership.person_id),
    )
    .select_from(OutboxMessage)
    .join(TouchMessage, col(TouchMessage.outbox_id) == col(OutboxMessage.id))
    .join(Touch, col(Touch.id) == col(TouchMessage.touch_id))
    .join(Customer, col(Customer.id) == col(Touch.customer_id))
    .outerjoin(Ownership, present_owner(Touch.customer_id))
    .where(
        col(OutboxMessage.dedupe_key).in_(bindparam("keys", expanding=True)),
        col(TouchMessage.role) == TouchRole.MANAGER,
        col(Touch.closed_at) >= bindparam("since"),
    )
    .order_by(col(Touch.closed_at), col(Touch.customer_id), col(Touch.step))
    .distinct()
)


def newest_of(session: Session, keys: Sequence[str]) -> datetime | None:
    """When the newest of the messages with these keys was written."""
    found = select(func.max(OutboxMessage.created_at)).where(col(OutboxMessage.dedupe_key).in_(keys))
    newest: datetime | None = session.exec(found).one()
    return newest


def settled(session: Session, keys: Sequence[str], since: datetime) -> list[SettledTouch]:
    """What the messages with these keys told of and was closed since a time, oldest first."""
    rows = session.execute(_LINKED_BY_KEY, {"keys": list(keys), "since": since})
    return [SettledTouch._make(row) for row in rows]
