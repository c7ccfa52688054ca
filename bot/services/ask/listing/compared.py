"""Two or three customers beside each other: what they have in common is shown once, and what differs most first."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.ask import lists, lookup
from bot.services.ask.graded import Graded, graded_of
from bot.services.ask.listing import state
from bot.services.ask.listing.selection import CONTACT_KINDS
from bot.services.ask.lookup import Match
from bot.services.ask.questions.query import Silence
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, tiers_of
from bot.wording.answers.listing import (
    BesideRow,
    ChoiceRow,
    CompareChoice,
    ComparedCustomer,
    ComparedPart,
    CustomersBeside,
)
from bot.wording.parts import Reason, Who
from db.book.customers import CustomerRow
from db.care import touches
from db.graded import figures
from db.graded.figures import CustomerFigures
from db.listed import said

FEWEST, MOST = 2, 3
MOST_HITS = 8
MOST_INDICATORS = 6
LEAST_SPREAD = 0.05  # points; less is shown as 0.0


def compared(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    names: Sequence[str | int],
    today: date,
) -> CustomersBeside | CompareChoice:
    """The customers beside each other, or a choice for the first name that is not clear; a number is a chosen customer.

    Raises BadInput for fewer than two and more than three, and for one customer that is named twice.
    """
    if not FEWEST <= len(names) <= MOST:
        raise BadInput(N_("Name two or three customers to compare, for example: compare ACME, Globex"))
    ids: list[int] = []
    for place, name in enumerate(names):
        if isinstance(name, int):
            ids.append(name)
            continue
        found = lookup.find_for(session, actor, name)
        if found.only is None:
            rest = [_decided(session, actor, one) for one in names[place + 1 :]]
            return _choice(session, scheme_cache, name, found, [*ids, name, *rest], place)
        ids.append(found.only)
    rows = [access.customer_for(session, actor, Act.SEE, one) for one in ids]
    if len({row.id for row in rows}) < len(rows):
        twice = next(row for place, row in enumerate(rows) if row.id in [one.id for one in rows[:place]])
        raise BadInput(N_("%(name)s is named twice. Name another customer."), name=twice.name)
    return _beside(session, scheme_cache, rules, rows, today)


def _decided(session: Session, actor: Actor, name: str | int) -> str | int:
    """The number of a customer whose name is clear, so that a button holds no code that is an address; else the name."""
    if isinstance(name, int):
        return name
    only = lookup.find_for(session, actor, name).only
    return name if only is None else only


def _choice(
    session: Session,
    scheme_cache: SchemeCache,
    name: str,
    found: lookup.Found,
    names: Sequence[str | int],
    place: int,
) -> CompareChoice:
    hits = lists.hits_of(session, scheme_cache.tier_names(session), found.ids[:MOST_HITS])
    return CompareChoice(
        name=name,
        near=found.match is Match.NEAR,
        more=max(len(found.ids) - MOST_HITS, 0),
        hits=tuple(
            ChoiceRow(
                customer_id=hit.customer_id,
                version=hit.version,
                name=hit.name,
                code=hit.code,
                tier=hit.tier,
                query=state.of_names([*names[:place], hit.customer_id, *names[place + 1 :]]),
            )
            for hit in hits
        ),
    )


def _beside(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    rows: Sequence[CustomerRow],
    today: date,
) -> CustomersBeside:
    ids = [row.id for row in rows]
    graded = [graded_of(session, scheme_cache, row) for row in rows]
    contacts = said.last_contacts(session, CONTACT_KINDS[Silence.CONTACT], today, ids)
    money = figures.of_customers(session, ids)
    rated = [one for one in graded if one is not None]
    several = len({one.assessment.scheme_version_id for one in rated}) > 1
    parts = [] if several or len(rated) < FEWEST else _parts(graded)
    return CustomersBeside(
        customers=tuple(
            _one(session, rules, row, found, contacts.get(row.id), money.get(row.id), today)
            for row, found in zip(rows, graded, strict=True)
        ),
        open=tuple(BesideRow(**access.about(row)) for row in rows),
        dimensions=tuple(parts),
        indicators=() if not parts else tuple(_indicators(graded)),
        several_schemes=several,
        as_of=max((one.run.as_of for one in rated), default=None),
    )


def _one(
    session: Session,
    rules: CareRules,
    row: CustomerRow,
    graded: Graded | None,
    contact: date | None,
    money: CustomerFigures | None,
    today: date,
) -> ComparedCustomer:
    step = touches.first_step(session, row.id)
    overdue = None
    if money is not None and money.overdue and money.oldest_due is not None and money.oldest_due < today:
        overdue = float(money.overdue)
    return ComparedCustomer(
        **access.about(row),
        tier=None if graded is None else tiers_of(graded.scheme).tier(graded.assessment.tier),
        score=None if graded is None else graded.assessment.score,
        scheme=None if graded is None else graded.scheme.name,
        owner=None
        if row.owner_name is None
        else Who(name=row.owner_name, slack_user_id=row.owner_slack_user_id),
        last_contact=contact,
        orders=None if money is None or money.revenue is None else float(money.revenue),
        orders_until=None if money is None else money.as_of,
        currency=None if money is None else money.currency,
        overdue=overdue,
        owed_currency=None if money is None else money.owed_currency,
        next_step=step and rules.plans.next_step(*step, today),
    )


def _parts(graded: Sequence[Graded | None]) -> list[ComparedPart]:
    """The dimensions in the order of the scheme, which is one for all."""
    each = [() if one is None else one.breakdown.dimensions for one in graded]
    first = next(dimensions for dimensions in each if dimensions)
    return [
        ComparedPart(
            names=dimension.names,
            points=points,
            spread=_spread(points),
        )
        for place, dimension in enumerate(first)
        for points in [
            tuple(
                None if not dimensions or dimensions[place].left_out else dimensions[place].points
                for dimensions in each
            )
        ]
    ]


def _indicators(graded: Sequence[Graded | None]) -> list[ComparedPart]:
    """The indicators whose points differ most."""
    each = [_reasons(one) for one in graded]
    first = next(reasons for reasons in each if reasons)
    found = []
    for place, reason in enumerate(first):
        own = [reasons[place] if reasons else None for reasons in each]
        points = tuple(None if one is None or one.score is None else one.points for one in own)
        if _spread(points) >= LEAST_SPREAD:
            found.append(
                ComparedPart(
                    names=reason.names,
                    points=points,
                    values=tuple(None if one is None else one.value for one in own),
                    unit=reason.unit,
                    spread=_spread(points),
                )
            )
    return sorted(found, key=lambda part: -part.spread)[:MOST_INDICATORS]


def _reasons(graded: Graded | None) -> list[Reason]:
    if graded is None:
        return []
    return [reason for dimension in graded.breakdown.dimensions for reason in dimension.reasons]


def _spread(points: Sequence[float | None]) -> float:
    known = [one for one in points if one is not None]
    return max(known) - min(known) if len(known) > 1 else 0.0
