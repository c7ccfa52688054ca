"""What customers were owed by the promises of their tiers, and how it went: one query each, however many customers.

docs/service-promise.md has the rules.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import CTE, Integer, String, and_, case, column, func, literal, null, or_, union_all, values
from sqlalchemy import select as sa_select
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Session, col

from db.book.customers import Customer, Ownership, OwnershipRole, present_owner
from db.book.facts import Activity
from db.care.complaints import Complaint, ComplaintStep
from db.graded.tier_spans import date_of, day_number, earlier, later, number_of

YEAR = 365  # the days on which a tier's promise of so many a year is owed once as often


class TierPromise(NamedTuple):
    """So many of something a year, promised to a tier from one day to the day before another.

    `version_id`: to customers whom this scheme version grades now. Of a response it is within how many days.
    """

    version_id: int
    tier: str
    first: date
    last: date
    promised: str
    number: int


class CountedRow(NamedTuple):
    """What was owed to customers in a tier, while a person owned them, and how it went."""

    customer_id: int | None
    day: date | None
    tier: str
    person_id: int | None
    promised: str
    owed: int
    in_time: int
    late: int
    missed: int


class ComplaintNames(NamedTuple):
    """What the first step about a complaint and its settlement are called, and a customer's tier before its first grading."""

    response: str
    settled: str
    no_tier: str


class Counting(NamedTuple):
    """The days of which something is counted, both included, the day up to which contacts are known, and what is apart."""

    start: date
    end: date
    today: date
    by_customer: bool = False
    by_day: bool = False  # on which it was owed


def contacts(
    session: Session,
    spans: CTE,
    promises: Sequence[TierPromise],
    kinds: Mapping[str, Sequence[str]],
    period: Counting,
) -> list[CountedRow]:
    """Contacts that were owed on a day of the period. `kinds`: what is promised -> the kinds of activity that are it."""
    if not promises:
        return []
    owed = _windows(spans, promises, period)
    pairs = [(promised, kind) for promised, those in kinds.items() for kind in those]
    kind = values(column("promised", String), column("kind", String), name="kinds").data(pairs).cte("kinds")
    day = day_number(col(Activity.happened_on))
    own = func.count(case((day <= owed.c.due, 1)))
    after = func.count(case((day > owed.c.due, 1)))
    following = func.count(case((day >= owed.c.next_opens, 1)))
    key = (owed.c.customer_id, owed.c.tier, owed.c.promised, owed.c.due)
    answered = (
        sa_select(*key, own.label("own"), after.label("after"), following.label("following"))
        .select_from(owed)
        .join(kind, kind.c.promised == owed.c.promised)
        .outerjoin(
            Activity,
            and_(
                col(Activity.customer_id) == owed.c.customer_id,
                col(Activity.kind) == kind.c.kind,
                col(Activity.happened_on) >= date_of(owed.c.opens),
                col(Activity.happened_on) <= date_of(owed.c.next_due),
                col(Activity.happened_on) <= period.today,
            ),
        )
        .group_by(*key)
        .cte("answered")
    )
    left = answered.c.after - case((answered.c.following > 0, 1), else_=0)
    how = case((answered.c.own > 0, "in_time"), (left > 0, "late"), else_="missed")
    return _summed(session, answered, how, period)


def _windows(spans: CTE, promises: Sequence[TierPromise], period: Counting) -> CTE:
    """Each contact owed: on which day (`due`), from when it may be (`opens`), and the same of the one after it.

    Every day in a tier counts as many times as the tier is promised it in a year; whenever the sum since the first of
    January reaches a multiple of 365, one is owed.
    """
    promise = _promises(promises)
    years = range(period.start.year, period.end.year + 2)
    year = (
        values(column("opens", Integer), column("closes", Integer), name="years")
        .data([(number_of(date(one, 1, 1)), number_of(date(one + 1, 1, 1))) for one in years])
        .cte("years")
    )
    first = later(later(spans.c.first, promise.c.first), year.c.opens)
    last = earlier(earlier(spans.c.last, promise.c.last), year.c.closes)
    parts = (
        sa_select(
            *(spans.c.customer_id, spans.c.tier, promise.c.promised, promise.c.number),
            *(year.c.opens.label("year"), first.label("first"), last.label("last")),
        )
        .join(
            promise,
            and_(promise.c.version_id == spans.c.version_id, promise.c.tier == spans.c.tier),
        )
        .join(year, first < last)
        .cte("parts")
    )
    own = (parts.c.last - parts.c.first) * parts.c.number
    total = func.sum(own).over(
        partition_by=(parts.c.customer_id, parts.c.promised, parts.c.year),
        order_by=parts.c.first,
        rows=(None, 0),
    )
    summed = sa_select(parts, (total - own).label("before"), total.label("total")).cte("summed")
    most = max(row.number for row in promises) + 1  # a leap year has one day more
    place = (
        values(column("place", Integer), name="places")
        .data([(number,) for number in range(1, most + 1)])
        .cte("places")
    )
    reached = place.c.place * YEAR
    day = summed.c.first + (reached - summed.c.before + summed.c.number - 1) // summed.c.number - 1
    due = (
        sa_select(summed, place.c.place, day.label("due"))
        .join(place, and_(reached > summed.c.before, reached <= summed.c.total))
        .cte("dues")
    )
    order: dict[str, Any] = {
        "partition_by": (due.c.customer_id, due.c.promised),
        "order_by": (due.c.due, due.c.place),
    }
    opens = case((due.c.place == 1, due.c.year), else_=func.lag(due.c.due).over(**order) + 1)
    opened = sa_select(due, opens.label("opens")).cte("opened")
    order = {
        "partition_by": (opened.c.customer_id, opened.c.promised),
        "order_by": (opened.c.due, opened.c.place),
    }
    known = number_of(period.today)
    window = sa_select(
        *(opened.c.customer_id, opened.c.tier, opened.c.promised, opened.c.due, opened.c.opens),
        func.coalesce(func.lead(opened.c.due).over(**order), known).label("next_due"),
        func.coalesce(func.lead(opened.c.opens).over(**order), known + 1).label("next_opens"),
    ).cte("windows")
    return sa_select(window).where(*_in_period(window, period)).cte("owed")


def complaints(
    session: Session,
    spans: CTE,
    promises: Sequence[TierPromise],
    names: ComplaintNames,
    period: Counting,
    *,
    owners: Collection[int] | None = None,
    customer_id: int | None = None,
) -> list[CountedRow]:
    """Complaints whose first step, by a promise, or whose settlement, by its deadline, was owed on a day of the period."""
    step = (
        sa_select(func.min(col(ComplaintStep.taken_on)))
        .where(col(ComplaintStep.complaint_id) == col(Complaint.id))
        .correlate(Complaint)
        .scalar_subquery()
    )
    reported = (
        sa_select(
            *(col(Complaint.id), col(Complaint.customer_id)),
            day_number(col(Activity.happened_on)).label("day"),
            day_number(col(Complaint.deadline)).label("deadline"),
            day_number(col(Complaint.closed_on)).label("closed"),
            day_number(step).label("step"),
        )
        .join(Activity, col(Activity.id) == col(Complaint.activity_id))
        .join(Customer, col(Customer.id) == col(Complaint.customer_id))
        .where(col(Customer.archived).is_(False))
    )
    if owners is not None:
        reported = reported.join(Ownership, present_owner(Customer.id))
        reported = reported.where(col(Ownership.person_id).in_(owners))
    if customer_id is not None:
        reported = reported.where(col(Complaint.customer_id) == customer_id)
    one = reported.cte("reported")
    in_span = and_(
        spans.c.customer_id == one.c.customer_id, spans.c.first <= one.c.day, spans.c.last > one.c.day
    )
    tier = func.coalesce(spans.c.tier, names.no_tier).label("tier")
    parts = [
        sa_select(
            *(one.c.customer_id, tier, literal(names.settled).label("promised")),
            *(one.c.deadline.label("due"), one.c.closed.label("done")),
        )
        .select_from(one)
        .outerjoin(spans, in_span)
        .where(one.c.deadline.is_not(None))
    ]
    if promises:
        promise = _promises(promises)
        first = case(
            (one.c.step.is_(None), one.c.closed),
            (one.c.closed.is_(None), one.c.step),
            else_=earlier(one.c.step, one.c.closed),
        )
        promised = and_(
            promise.c.version_id == spans.c.version_id,
            promise.c.tier == spans.c.tier,
            promise.c.first <= one.c.day,
            promise.c.last > one.c.day,
        )
        parts.append(
            sa_select(
                *(one.c.customer_id, spans.c.tier, literal(names.response)),
                *(one.c.day + promise.c.number, first),
            )
            .select_from(one)
            .join(spans, in_span)
            .join(promise, promised)
        )
    asked = union_all(*parts).cte("asked")
    owed = sa_select(asked).where(*_in_period(asked, period)).cte("owed")
    how = case((owed.c.done.is_(None), "missed"), (owed.c.done <= owed.c.due, "in_time"), else_="late")
    return _summed(session, owed, how, period)


def _promises(rows: Sequence[TierPromise]) -> CTE:
    columns = (
        *(column("version_id", Integer), column("tier", String), column("first", Integer)),
        *(column("last", Integer), column("promised", String), column("number", Integer)),
    )
    data = [row._replace(first=number_of(row.first), last=number_of(row.last)) for row in rows]  # type: ignore[arg-type]
    return values(*columns, name="promises").data([tuple(row) for row in data]).cte("promise")


def _in_period(owed: CTE, period: Counting) -> tuple[ColumnElement[bool], ...]:
    """That the day on which it is owed is one of the period, and over."""
    end = min(period.end, period.today - timedelta(days=1))
    return owed.c.due >= number_of(period.start), owed.c.due <= number_of(end)


def _summed(session: Session, owed: CTE, how: Any, counting: Counting) -> list[CountedRow]:
    """How many of each, by tier and by the owner on the day on which it was owed."""
    judged = sa_select(owed, how.label("how")).cte("judged")
    day = date_of(judged.c.due)
    owned = and_(
        col(Ownership.customer_id) == judged.c.customer_id,
        col(Ownership.role) == OwnershipRole.PRIMARY,
        col(Ownership.starts_on) <= day,
        or_(col(Ownership.ends_on).is_(None), col(Ownership.ends_on) > day),
    )
    apart = [
        part
        for part, wanted in ((judged.c.customer_id, counting.by_customer), (day, counting.by_day))
        if wanted
    ]
    by = (judged.c.tier, col(Ownership.person_id), judged.c.promised)
    statement = (
        sa_select(
            judged.c.customer_id if counting.by_customer else null(),
            day if counting.by_day else null(),
            *by,
            func.count(),
            *(func.count(case((judged.c.how == word, 1))) for word in ("in_time", "late", "missed")),
        )
        .select_from(judged)
        .outerjoin(Ownership, owned)
        .group_by(*by, *apart)
    )
    return [CountedRow._make(row) for row in session.connection().execute(statement)]
