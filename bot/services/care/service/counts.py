"""How much of what the tiers are promised was owed in a period, and in time, late or missed.

docs/service-promise.md has the rules: on which day each contact is owed, and what counts as late.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session

from bot.services.schemes.store import SchemeCache


class Promised(StrEnum):
    """What a tier can be promised and can be counted."""

    VISITS = "visits"
    CALLS = "calls"
    TRAININGS = "trainings"
    REVIEWS = "reviews"
    SURVEYS = "surveys"
    RESPONSE = "response"  # the first step about a complaint
    COMPLAINTS = "complaints"  # settled by their deadlines


@dataclass(frozen=True, kw_only=True)
class ServiceCount:
    """How often something was owed to customers of a tier while a person owned them, and how that went.

    `owed` is the sum of the others. `person_id` is the owner on the day on which it was owed, `tier` that of the day.
    """

    customer_id: int | None  # None: of all customers together
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
    customer_id: int | None = None,
) -> tuple[ServiceCount, ...]:
    """What was owed from a day to another, both included, of the days that are over today, by tier and person.

    `owners`: only customers that these people own at present. `by_customer`: one row for each customer too.
    """
    raise NotImplementedError
