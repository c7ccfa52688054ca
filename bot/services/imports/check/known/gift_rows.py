"""Staged gifts that would exceed a limit with those of the book and those above them in the file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, and_, select
from sqlmodel import Session

from bot.errors import Phrase
from bot.services.exchange_rates import Converter
from bot.services.gift_rules.limits import NO_RATE, Budget, WantedGift, ledger
from bot.services.gift_rules.rules import GiftRules, facts_of
from bot.services.imports.job import AT_ONCE, ImportJob
from db.book import customers, people
from db.book.customers import Customer
from db.book.imports import table
from db.care.gifts import Gift
from db.graded import tier_rows
from db.types import money_units

_gift = table(Gift)


@dataclass(frozen=True, kw_only=True)
class RowOverLimit:
    """A staged gift that is over a limit, and why."""

    line: int
    sentence: Phrase


@dataclass(frozen=True, kw_only=True)
class _LimitFacts:
    """What the limits of customers depend on, read once for a file."""

    customers: dict[int, Customer]
    tiers: dict[int, str]
    owners: dict[int, int]
    budgets: dict[int, Budget]  # by account manager


def over_limits(job: ImportJob, stage: Table, rules: GiftRules) -> Iterator[RowOverLimit]:
    """The staged gifts that are over a limit, in the order of the file; one with a reason counts, others do not.

    Raises BadInput where the rate of a gift of the book is not known.
    """
    columns = ("line", "customer_id", "contact_person_id", "happened_on", "value", "currency", "giver_id")
    staged = job.connection.execute(
        select(*(stage.c[name] for name in columns), stage.c.contact_person, stage.c.reason).order_by(
            stage.c.line
        )
    ).all()
    if not staged:
        return
    again = select(_gift.c.id).join(
        stage, and_(_gift.c.source == job.source, _gift.c.external_id == stage.c.key)
    )
    with Session(bind=job.connection) as session:
        known = _known(session, sorted({row.customer_id for row in staged}))
        convert = Converter(job.connection, rules.currency, job.options.firm_currency)
        given = ledger(
            session,
            rules,
            convert,
            {row.happened_on.year for row in staged},
            customer_ids=None,
            without=list(job.connection.scalars(again)),
        )
    for row in staged:
        worth = convert.units(money_units(row.value), row.currency, row.happened_on)
        if isinstance(worth, Phrase):
            yield RowOverLimit(line=row.line, sentence=Phrase(NO_RATE, reason=worth))
            continue
        customer = known.customers[row.customer_id]
        owner = known.owners.get(row.customer_id, row.giver_id)
        wanted = WantedGift(
            customer_id=row.customer_id,
            customer=facts_of(customer, known.tiers.get(row.customer_id)),
            name=customer.name,
            given_on=row.happened_on,
            worth=worth,
            contact_person_id=row.contact_person_id,
            contact_person=row.contact_person or "",
            budget=known.budgets.get(owner or 0, Budget(owner_id=owner)),
        )
        over = given.excess(wanted)
        if over is not None and row.reason is None:
            yield RowOverLimit(line=row.line, sentence=over.sentence)
            continue
        if over is not None:
            job.connection.execute(stage.update().where(stage.c.line == row.line).values(is_over=1))
        given.add(wanted)


def _known(session: Session, customer_ids: Sequence[int]) -> _LimitFacts:
    found: dict[int, Customer] = {}
    tiers: dict[int, str] = {}
    for start in range(0, len(customer_ids), AT_ONCE):
        some = customer_ids[start : start + AT_ONCE]
        found |= customers.get_many(session, some)
        tiers |= tier_rows.present_tiers(session, some)
    there, teams = people.everybody(session), people.teams(session)
    budgets = {
        number: Budget(
            owner_id=number,
            owner=one.name,
            team_id=one.team_id,
            team=teams[one.team_id].name if one.team_id in teams else "",
        )
        for number, one in there.items()
    }
    owners = customers.owner_ids(session, customer_ids)
    return _LimitFacts(customers=found, tiers=tiers, owners=owners, budgets=budgets)
