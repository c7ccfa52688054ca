"""Which customers a list has, page by page in its order, and how many.

Of some people's customers the index of ownership gives the rows, and each has its newest assessment by the index of
customer and run; what is sorted are these rows only.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, RecordType, present_owner
from db.book.facts import Activity
from db.book.trade.orders import Order
from db.care.touches import Touch
from db.graded import figures
from db.graded.figures import CustomerFigures
from db.graded.runs import Assessment
from db.listed.conditions import WantedCustomers, conditions, distance, is_overdue_step, rank_of
from db.listed.whole_book import best_tiers_first, most_first
from db.types import units

MOST_COUNTED = 10_000  # of more it is only said that they are more


class ListOrder(StrEnum):
    """By what a list is sorted."""

    TIER = "tier"  # the best tier first, within it the highest score
    SCORE = "score"  # the highest first
    NAME = "name"
    LAST_CONTACT = "last_contact"  # the longest ago first, never before all
    LAST_ORDER = "last_order"  # the same
    BOUNDARY = "boundary"  # the nearest first
    VALUE_AT_RISK = "value_at_risk"  # the most first
    REVENUE = "revenue"  # of 12 months, the most first
    OVERDUE_INVOICE = "overdue_invoice"  # the most past due first
    OVER_LIMIT = "over_limit"  # the most over its limit first
    OVERDUE_STEP = "overdue_step"  # past its limit for longest first


class PresentRuns(NamedTuple):
    """The runs with the present tiers of accounts, and of prospects."""

    accounts: Sequence[int]
    prospects: Sequence[int]


class ListedRow(NamedTuple):
    """A customer of a list."""

    customer_id: int
    owner_id: int | None
    tier: str | None
    score: float | None
    capped_by: str | None
    scheme_version_id: int | None
    standing: str | None
    points: float | None  # to the next move


def page(
    session: Session,
    runs: PresentRuns,
    wanted: WantedCustomers,
    order: ListOrder,
    *,
    reverse: bool,
    contacts: Sequence[str],
    start: int,
    most: int,
) -> list[ListedRow]:
    """The customers from a place in the list on."""
    points = distance(wanted.near, wanted.limits)
    columns = (
        *(col(Customer.id), col(Ownership.person_id), col(Assessment.tier), col(Assessment.score)),
        *(col(Assessment.capped_by), col(Assessment.scheme_version_id), col(Assessment.standing)),
        points,
    )
    if wanted.of_whole_book and not reverse:
        first = _first_of_book(session, runs, wanted, order, columns, start + most)
        if first is not None:
            return [ListedRow._make(row) for row in first[start:]]
    statement = listed(runs, wanted, *columns).where(*conditions(wanted))
    places = _places(order, reverse, wanted.ranks, points, contacts, wanted)
    rows = session.connection().execute(
        statement.order_by(*places, col(Customer.id)).offset(start).limit(most)
    )
    return [ListedRow._make(row) for row in rows]


def _first_of_book(
    session: Session,
    runs: PresentRuns,
    wanted: WantedCustomers,
    order: ListOrder,
    columns: Sequence[Any],
    most: int,
) -> list[Any] | None:
    """The first customers of the whole book, where an index has them in this order; None where it does not."""
    present, run_ids = is_present(runs), [*runs.accounts, *runs.prospects]
    match order:
        case ListOrder.TIER if run_ids:
            return best_tiers_first(session, columns, run_ids, present, wanted, most)
        case ListOrder.REVENUE | ListOrder.VALUE_AT_RISK:
            return most_first(
                session, columns, present, wanted, most, at_risk=order == ListOrder.VALUE_AT_RISK
            )
    return None


def count(session: Session, runs: PresentRuns, wanted: WantedCustomers) -> int:
    """How many customers fit; `MOST_COUNTED` + 1 of more."""
    some = listed(runs, wanted, literal(1)).where(*conditions(wanted)).limit(MOST_COUNTED + 1).subquery()
    return session.connection().execute(sa_select(func.count()).select_from(some)).scalar() or 0


def listed(runs: PresentRuns, wanted: WantedCustomers, *columns: Any) -> Any:
    """The rows of customers in lists: those of some people begin with what they own, others with the customers."""
    statement: Any = sa_select(*columns)
    if wanted.of_whole_book:
        statement = statement.select_from(Customer).outerjoin(Ownership, present_owner(Customer.id))
    else:
        statement = statement.select_from(Ownership).join(Customer, present_owner(Customer.id))
    return statement.outerjoin(Assessment, is_present(runs)).outerjoin(
        CustomerFigures, col(CustomerFigures.customer_id) == col(Customer.id)
    )


def is_present(runs: PresentRuns) -> ColumnElement[bool]:
    """Condition: the assessment is the newest of its customer, of the purpose that it has now."""
    return and_(
        col(Assessment.customer_id) == col(Customer.id),
        col(Assessment.run_id)
        == case(
            (col(Customer.record_type) == RecordType.ACCOUNT, _newest(runs.accounts)),
            else_=_newest(runs.prospects),
        ),
    )


def _newest(run_ids: Sequence[int]) -> Any:
    """The newest of these runs that has the customer."""
    if len(run_ids) <= 1:
        return literal(run_ids[0] if run_ids else 0)
    other = aliased(Assessment)
    return (
        sa_select(func.max(col(other.run_id)))
        .where(col(other.customer_id) == col(Customer.id), col(other.run_id).in_(run_ids))
        .correlate(Customer)
        .scalar_subquery()
    )


def _places(
    order: ListOrder,
    reverse: bool,
    ranks: Mapping[str, int],
    points: Any,
    contacts: Sequence[str],
    wanted: WantedCustomers,
) -> list[Any]:
    """The columns of a sort order. What is not known comes last in either direction; never is the longest ago."""
    score = col(Assessment.score)
    match order:
        case ListOrder.NAME:
            return [col(Customer.name).desc() if reverse else col(Customer.name)]
        case ListOrder.TIER:
            rank = rank_of(col(Assessment.tier), ranks, otherwise=None)
            rank = func.coalesce(rank, -1 if reverse else max(ranks.values(), default=0) + 2)
            return [rank.desc(), score.is_(None), score] if reverse else [rank, score.is_(None), score.desc()]
        case ListOrder.SCORE:
            return [score.is_(None), score if reverse else score.desc()]
        case ListOrder.BOUNDARY:
            shown = func.round(
                points * 1000
            )  # differences of scores that are the same differ in the last digits
            return [points.is_(None), shown.desc() if reverse else shown]
        case ListOrder.VALUE_AT_RISK | ListOrder.REVENUE:
            amount = (
                units(CustomerFigures.revenue)
                if order == ListOrder.REVENUE
                else figures.value_at_risk(wanted.today)
            )
            return [amount.is_(None), amount if reverse else amount.desc()]
        case ListOrder.OVERDUE_INVOICE | ListOrder.OVER_LIMIT:
            owed = (
                units(CustomerFigures.overdue)
                if order == ListOrder.OVERDUE_INVOICE
                else case(
                    (
                        figures.over_limit(),
                        units(CustomerFigures.exposure) - units(CustomerFigures.approved_limit),
                    )
                )
            )
            return [owed.is_(None), owed if reverse else owed.desc()]
        case ListOrder.OVERDUE_STEP:
            limit = overdue_since(wanted.today)
            return [limit.is_(None), limit.desc() if reverse else limit]
        case ListOrder.LAST_CONTACT:
            last = last_contact(contacts, wanted.today)
        case ListOrder.LAST_ORDER:
            last = last_order(wanted.today)
    return [last.is_not(None), last] if not reverse else [last.is_(None), last.desc()]


def last_contact(kinds: Sequence[str], today: Any) -> Any:
    """The day of a customer's last contact of these kinds: the end of a range of the index by customer and day."""
    return (
        sa_select(col(Activity.happened_on))
        .where(
            col(Activity.customer_id) == col(Customer.id),
            col(Activity.kind).in_(kinds),
            col(Activity.happened_on) <= today,
        )
        .order_by(col(Activity.happened_on).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )


def overdue_since(today: date) -> Any:
    """The limit of a customer's care step that is past it for longest."""
    return (
        sa_select(func.min(func.coalesce(col(Touch.latest_on), col(Touch.due_on))))
        .where(is_overdue_step(today))
        .correlate(Customer)
        .scalar_subquery()
    )


def last_order(today: Any) -> Any:
    """The day of a customer's last order, by the index of customer and day; a return is none."""
    return (
        sa_select(col(Order.ordered_on))
        .where(
            col(Order.customer_id) == col(Customer.id),
            col(Order.ordered_on) <= today,
            units(Order.amount) > 0,
        )
        .order_by(col(Order.ordered_on).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )
