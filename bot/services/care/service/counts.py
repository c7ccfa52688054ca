"""How much of what the tiers are promised was owed in a period, and in time, late or missed.

docs/service-promise.md has the rules: on which day each contact is owed, and what counts as late.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache
from db.book.facts import ContactKind
from db.care import owed_service
from db.care.owed_service import ComplaintNames, CountedRow, Counting, TierPromise
from db.graded import runs, schemes
from db.graded.runs import Purpose
from db.graded.schemes import Period
from db.graded.tier_spans import tier_spans
from grading.scheme.model import UNRATED, Service


class Promised(StrEnum):
    """What a tier can be promised and can be counted."""

    VISITS = "visits"
    CALLS = "calls"
    TRAININGS = "trainings"
    REVIEWS = "reviews"
    SURVEYS = "surveys"
    RESPONSE = "response"  # the first step about a complaint
    COMPLAINTS = "complaints"  # settled by their deadlines


KINDS: dict[str, tuple[str, ...]] = {  # what is promised -> the contacts that are it
    Promised.VISITS: (ContactKind.VISIT, ContactKind.MEETING),
    Promised.CALLS: (ContactKind.CALL,),
    Promised.TRAININGS: (ContactKind.TRAINING,),
    Promised.REVIEWS: (ContactKind.REVIEW,),
    Promised.SURVEYS: (ContactKind.SURVEY,),
}


@dataclass(frozen=True, kw_only=True)
class ServiceCount:
    """How often something was owed to customers of a tier while a person owned them, and how that went.

    `owed` is the sum of the others. `person_id` is the owner on the day on which it was owed, `tier` that of the day.
    """

    customer_id: int | None  # None: of all customers together
    day: date | None  # on which it was owed; None: of all days together
    tier: str
    person_id: int | None
    promised: Promised
    owed: int
    in_time: int
    late: int
    missed: int


def counts(
    session: Session,
    scheme_cache: SchemeCache,
    *,
    start: date,
    end: date,
    today: date,
    owners: Collection[int] | None = None,
    by_customer: bool = False,
    by_day: bool = False,
    customer_id: int | None = None,
) -> tuple[ServiceCount, ...]:
    """What was owed from a day to another, both included, of the days that are over today, by tier and person.

    `owners`: only customers that these people own at present. `by_customer`, `by_day`: rows of their own for each. In a
    fixed number of queries, however many customers there are: some 30 seconds for a million. Whoever reports to many
    people asks once, and divides the rows by `person_id`.
    """
    run_ids = runs.latest_run_ids(session)
    # The present tiers go on until the end of the next year, so that the window after each one that is owed is known.
    spans = tier_spans(run_ids, date(end.year + 2, 1, 1), owners=owners, customer_id=customer_id)
    promises = list(_promises(session, scheme_cache, runs.scheme_versions_of(session, run_ids)))
    period = Counting(start, end, today, by_customer, by_day)
    named = ComplaintNames(Promised.RESPONSE, Promised.COMPLAINTS, UNRATED)
    found = owed_service.contacts(
        session, spans, [row for row in promises if row.promised in KINDS], KINDS, period
    )
    found += owed_service.complaints(
        session,
        spans,
        [row for row in promises if row.promised == Promised.RESPONSE],
        named,
        period,
        owners=owners,
        customer_id=customer_id,
    )
    return tuple(_count(row) for row in found)


def _count(row: CountedRow) -> ServiceCount:
    return ServiceCount(**row._asdict() | {"promised": Promised(row.promised)})


def _promises(
    session: Session, scheme_cache: SchemeCache, version_ids: Sequence[int]
) -> Iterator[TierPromise]:
    """What the tiers were promised when, for the customers of each scheme version of the newest runs."""
    decided = [schemes.steps(session, purpose) for purpose in (Purpose.ACCOUNT, Purpose.PROSPECT)]
    periods = [schemes.periods(steps) for steps in decided]
    for version_id in version_ids:
        for those in periods:
            for period, until in _succession(those, version_id):
                scheme = scheme_cache.scheme(session, period.scheme_version_id)
                for tier in scheme.tiers:
                    for promised, number in _numbers(tier.service):
                        yield TierPromise(version_id, tier.id, period.start, until, promised, number)


def _numbers(service: Service | None) -> Iterator[tuple[Promised, int]]:
    """What of a promise can be counted: how many a year, or of a response within how many days."""
    if service is None:
        return
    said = {
        Promised.VISITS: service.visits_a_year,
        Promised.CALLS: service.calls_a_year,
        Promised.TRAININGS: service.trainings_a_year,
        Promised.REVIEWS: service.reviews_a_year,
        Promised.SURVEYS: service.surveys_a_year,
        Promised.RESPONSE: service.response_days,
    }
    yield from ((promised, number) for promised, number in said.items() if number is not None)


def _succession(periods: Sequence[Period], version_id: int) -> Iterator[tuple[Period, date]]:
    """The periods in which a scheme version, those it replaced and those that replace it are in force, and their ends.

    So a customer that is graded by version 2 now was promised what version 1 said while that one was in force.
    """
    own = [period for period in periods if period.scheme_version_id == version_id]
    if not own:
        return
    present = max(own, key=lambda period: period.start)
    one: Period | None = present
    while one is not None:
        yield one, one.until or date.max
        one = max(
            (other for other in periods if _follows(one, other)),
            key=lambda other: other.start,
            default=None,
        )
    one = _next(periods, present)
    while one is not None:
        yield one, one.until or date.max
        one = _next(periods, one)


def _next(periods: Sequence[Period], period: Period) -> Period | None:
    return min(
        (other for other in periods if _follows(other, period)), key=lambda other: other.start, default=None
    )


def _follows(period: Period, other: Period) -> bool:
    """Whether a period comes after another one of the same scheme, or of a scheme for the same customers."""
    is_replaced = other.scheme == period.scheme or other.applies_to == period.applies_to
    return (
        is_replaced and other.until is not None and other.until <= period.start and other.start < period.start
    )
