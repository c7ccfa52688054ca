"""Coexisting schemes: which of them grades which customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.services.schemes import store
from bot.services.schemes.store import SchemeInForce
from db.book import customers
from grading.scheme.model import Scheme

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Allotment:
    """A book by schemes, in their order, without those that grade no customer.

    None in place of ids: all customers that were asked for. `without_scheme`: customers that no scheme applies to.
    """

    shares: tuple[tuple[SchemeInForce, Sequence[int] | None], ...]
    without_scheme: list[int]


def allot(
    session: Session, rules: Sequence[SchemeInForce], customer_ids: Sequence[int] | None = None
) -> Allotment:
    """Give each customer (or only these) to the first scheme that applies to it, by its columns of now."""
    if not rules[0].scheme.applies_to:
        return Allotment(shares=((rules[0], customer_ids),), without_scheme=[])
    places = first_places(session, [rule.scheme for rule in rules], customer_ids)
    ids = {number: places.index[places == number].tolist() for number in range(-1, len(rules))}
    return Allotment(
        shares=tuple((rule, ids[number]) for number, rule in enumerate(rules) if ids[number]),
        without_scheme=ids[-1],
    )


def first_places(
    session: Session, ordered: Sequence[Scheme], customer_ids: Sequence[int] | None = None
) -> "pd.Series[int]":
    """Customer -> the place of the first of these schemes that applies to it, from 0; -1 where none does."""
    import pandas as pd

    from grading.engine.applicability import first_that_applies

    rows = customers.columns_of(session, ordered[0].record_type, customer_ids)
    known = pd.DataFrame(rows, columns=["customer", *customers.COLUMNS], dtype=object).set_index("customer")
    return pd.Series(first_that_applies(known, ordered), index=known.index.astype("int64"))


def scheme_of(session: Session, rules: Sequence[SchemeInForce], customer_id: int) -> Scheme | None:
    """The scheme in force that grades a customer; None where none applies to it."""
    shares = allot(session, rules, [customer_id]).shares
    return shares[0][0].scheme if shares else None


def customers_of_all(session: Session, schemes: Sequence[Scheme]) -> list[int] | None:
    """The customers that each of some schemes applies to; None for all customers."""
    if not any(scheme.applies_to for scheme in schemes):
        return None
    fits = [first_places(session, [scheme]) == 0 for scheme in schemes]
    return [customer for customer, *every in zip(fits[0].index.tolist(), *fits, strict=True) if all(every)]


def find_reassigned(
    session: Session, rules: Sequence[SchemeInForce], scheme: Scheme
) -> list[tuple[Scheme, list[int] | None]]:
    """The customers that a scheme would grade if it were in force too, by the scheme that grades them now.

    None in place of ids: all customers.
    """
    if len(rules) == 1 and not rules[0].scheme.applies_to and not scheme.applies_to:
        return [(rules[0].scheme, None)]
    after = [(rule.place, rule.scheme) for rule in rules if not store.replaces(scheme, rule.scheme)]
    after.append((store.next_place(scheme, rules), scheme))
    order = [one for _, one in sorted(after, key=lambda one: (one[0] is None, one[0] or 0, one[1].scheme))]
    then = first_places(session, order)
    theirs = first_places(session, [rule.scheme for rule in rules])[then == order.index(scheme)]
    return [
        (rule.scheme, theirs.index[theirs == number].tolist())
        for number, rule in enumerate(rules)
        if (theirs == number).any()
    ]
