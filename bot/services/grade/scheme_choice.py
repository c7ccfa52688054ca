"""Schemes side by side: which of them grades which customer."""

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
    """A book by schemes, in the order in which they are asked, without those that get nobody.

    No ids stand for all customers that were asked for. `nobodys`: customers that no scheme applies to.
    """

    shares: tuple[tuple[SchemeInForce, Sequence[int] | None], ...]
    nobodys: list[int]


@dataclass(frozen=True, kw_only=True)
class Reassignment:
    """Whom another scheme would grade: by the scheme that does now, and how many none does."""

    found: tuple[tuple[Scheme, list[int] | None], ...]
    graded_first: int = 0


def allot(
    session: Session, rules: Sequence[SchemeInForce], customer_ids: Sequence[int] | None = None
) -> Allotment:
    """Give each customer (or these alone) to the first scheme that applies to it, as its columns are now."""
    if not rules[0].scheme.applies_to:
        return Allotment(shares=((rules[0], customer_ids),), nobodys=[])
    places = first_places(session, [rule.scheme for rule in rules], customer_ids)
    ids = {number: places.index[places == number].tolist() for number in range(-1, len(rules))}
    return Allotment(
        shares=tuple((rule, ids[number]) for number, rule in enumerate(rules) if ids[number]),
        nobodys=ids[-1],
    )


def first_places(
    session: Session, asked: Sequence[Scheme], customer_ids: Sequence[int] | None = None
) -> "pd.Series[int]":
    """Customer -> the place of the first of these schemes that applies to it, from 0; -1 where none does."""
    import pandas as pd

    from grading.engine.applicability import first_that_applies

    rows = customers.columns_of(session, asked[0].record_type, customer_ids)
    known = pd.DataFrame(rows, columns=["customer", *customers.COLUMNS], dtype=object).set_index("customer")
    return pd.Series(first_that_applies(known, asked), index=known.index.astype("int64"))


def scheme_of(session: Session, rules: Sequence[SchemeInForce], customer_id: int) -> Scheme | None:
    """The scheme in force that grades a customer; None where none applies to it."""
    shares = allot(session, rules, [customer_id]).shares
    return shares[0][0].scheme if shares else None


def of_all(session: Session, asked: Sequence[Scheme]) -> list[int] | None:
    """The customers that each of some schemes applies to; None for everybody."""
    if not any(scheme.applies_to for scheme in asked):
        return None
    fits = [first_places(session, [scheme]) == 0 for scheme in asked]
    return [customer for customer, *every in zip(fits[0].index.tolist(), *fits, strict=True) if all(every)]


def would_fall_to(session: Session, rules: Sequence[SchemeInForce], scheme: Scheme) -> Reassignment:
    """The customers that would fall to a scheme, were it in force beside or instead of these, by who grades them now."""
    if len(rules) == 1 and not rules[0].scheme.applies_to and not scheme.applies_to:
        return Reassignment(found=((rules[0].scheme, None),))
    after = [(rule.place, rule.scheme) for rule in rules if not store.replaces(scheme, rule.scheme)]
    after.append((store.next_place(scheme, rules), scheme))
    order = [one for _, one in sorted(after, key=lambda one: (one[0] is None, one[0] or 0, one[1].scheme))]
    then = first_places(session, order)
    theirs = first_places(session, [rule.scheme for rule in rules])[then == order.index(scheme)]
    return Reassignment(
        found=tuple(
            (rule.scheme, theirs.index[theirs == number].tolist())
            for number, rule in enumerate(rules)
            if (theirs == number).any()
        ),
        graded_first=int((theirs < 0).sum()),
    )
