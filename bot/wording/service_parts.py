"""What a customer's tier is promised: one line on its card, and a shorter one on its rows in a digest."""

from dataclasses import dataclass

from grading.scheme.model import Name, Tier

# The keys of a scheme's `service` whose numbers are counted: they also stand on the shorter line.
COUNTED = (
    *("visits_a_year", "calls_a_year", "trainings_a_year", "reviews_a_year", "surveys_a_year"),
    "response_days",
)
_OTHERS = ("training_days_a_year", "payment_days", "discount_percent")


@dataclass(frozen=True, kw_only=True)
class ServiceTerm:
    """One thing that is promised: a key of a scheme's `service`, and its number or its text."""

    key: str
    number: int | float | None = None
    name: Name | None = None


@dataclass(frozen=True, kw_only=True)
class ServicePromise:
    """What a tier is promised, and of it what is counted. Stored in messages."""

    terms: tuple[ServiceTerm, ...]
    counted: tuple[ServiceTerm, ...] = ()


def promise_of(tier: Tier) -> ServicePromise | None:
    """What a tier is promised; None for a tier without a promise."""
    service = tier.service
    if service is None:
        return None
    counted, others = (
        tuple(
            ServiceTerm(key=key, number=number)
            for key in keys
            if (number := getattr(service, key)) is not None
        )
        for keys in (COUNTED, _OTHERS)
    )
    delivery = [ServiceTerm(key=f"delivery_{service.delivery}")] if service.delivery else []
    people, extras = (
        [ServiceTerm(key="text", name=name) for name in names]
        for names in (service.dedicated, service.extras)
    )
    terms = (*people, *counted, *delivery, *others, *extras)
    return ServicePromise(terms=terms, counted=counted) if terms else None
