"""What a list says of each customer beside its tier: the values that its filters and its order are about."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from bot.services.ask.listing.selection import CONTACT_KINDS, move_limits
from bot.services.ask.questions.query import Direction, Listing, Risk, Silence, Sort
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import TierNames
from bot.services.traits.views import shown_value
from bot.wording.answers.listing import ListValue
from bot.wording.parts import TierPart
from db.graded import figures
from db.graded.figures import CustomerFigures
from db.listed import said
from db.listed.rows import ListedRow
from db.listed.said import Named

BOUNDARY, MOVED, PROFILE = "boundary", "moved", "profile"
_OF_SORT = {
    Sort.LAST_CONTACT: Silence.CONTACT,
    Sort.LAST_VISIT: Silence.VISIT,
    Sort.LAST_CALL: Silence.CALL,
    Sort.LAST_ORDER: Silence.ORDER,
    Sort.BOUNDARY: BOUNDARY,
    Sort.VALUE_AT_RISK: Sort.VALUE_AT_RISK,
    Sort.REVENUE: Sort.REVENUE,
    Sort.OVERDUE_INVOICE: Risk.OVERDUE_INVOICE,
    Sort.OVERDUE_STEP: Risk.OVERDUE_STEP,
    Sort.OVER_LIMIT: Risk.OVER_LIMIT,
}
_OF_RISK = {
    Risk.ANY: Sort.VALUE_AT_RISK,
    Risk.SILENT: Silence.ORDER,
    Risk.FALLING: Sort.VALUE_AT_RISK,
    Risk.OVERDUE_STEP: Risk.OVERDUE_STEP,
    Risk.OVERDUE_INVOICE: Risk.OVERDUE_INVOICE,
    Risk.OVER_LIMIT: Risk.OVER_LIMIT,
    Risk.COMPLAINT: Risk.COMPLAINT,
}


def kinds_of(query: Listing) -> tuple[str, ...]:
    """The kinds of values that a list is about, that of its order first."""
    filters = query.filters
    found = [
        _OF_SORT.get(query.sort),
        *(one.what for one in filters.silent_for),
        BOUNDARY if filters.near else None,
        MOVED if filters.moved else None,
        *(_OF_RISK.get(risk) for risk in filters.risks),
        Risk.COMPLAINT if filters.complained_since else None,
        PROFILE if filters.profile else None,
    ]
    return tuple(dict.fromkeys(str(kind) for kind in found if kind is not None))


def values_of(
    session: Session,
    rules: CareRules,
    book: TierNames,
    query: Listing,
    found: Sequence[ListedRow],
    names: Mapping[int, Named],
    today: date,
) -> dict[int, tuple[ListValue, ...]]:
    """Customer -> its values, in the order of `kinds_of`."""
    ids = [row.customer_id for row in found]
    by_kind = {
        kind: _values(session, rules, book, query, kind, found, names, today) for kind in kinds_of(query)
    }
    return {
        customer_id: tuple(values[customer_id] for values in by_kind.values() if customer_id in values)
        for customer_id in ids
    }


def _values(
    session: Session,
    rules: CareRules,
    book: TierNames,
    query: Listing,
    kind: str,
    found: Sequence[ListedRow],
    names: Mapping[int, Named],
    today: date,
) -> dict[int, ListValue]:
    ids = [row.customer_id for row in found]
    match kind:
        case Silence.CONTACT | Silence.VISIT | Silence.CALL:
            days = said.last_contacts(session, CONTACT_KINDS[Silence(kind)], today, ids)
            return {one: _ago(kind, days.get(one), today) for one in ids}
        case Silence.ORDER:
            days = said.last_orders(session, today, ids)
            return {one: _ago(kind, days.get(one), today) for one in ids}
        case Risk.OVERDUE_STEP:
            days = said.overdue_since(session, today, ids)
            return {one: _ago(kind, day, today) for one, day in days.items()}
        case Sort.VALUE_AT_RISK | Sort.REVENUE | Risk.OVERDUE_INVOICE | Risk.OVER_LIMIT:
            return {one: _money(kind, row, today) for one, row in figures.of_customers(session, ids).items()}
        case Risk.COMPLAINT:
            counts = said.open_complaints(session, ids)
            return {one: ListValue(kind=kind, number=count) for one, count in counts.items()}
    if kind == BOUNDARY:
        return {row.customer_id: _to_boundary(book, query, row) for row in found}
    if kind == MOVED and query.filters.moved is not None:
        before = said.tiers_before(session, query.filters.moved.since, ids, query.filters.moved.until)
        return {
            row.customer_id: ListValue(kind=kind, tier=book.tier(was[0], row.scheme_version_id), day=was[1])
            for row in found
            if (was := before.get((row.customer_id, names[row.customer_id].record_type))) is not None
        }
    if kind == PROFILE:
        name = query.filters.profile[0][0]
        field = rules.traits.require(name)
        stored = said.trait_values(session, field.id, ids)
        return {
            one: ListValue(
                kind=kind, field=field.name, names=tuple(shown_value(field, value) for value in texts)
            )
            for one, texts in stored.items()
        }
    return {}


def _ago(kind: str, day: date | None, today: date) -> ListValue:
    return ListValue(kind=kind, day=day, days=None if day is None else (today - day).days)


def _money(kind: str, row: CustomerFigures, today: date) -> ListValue:
    amount, currency = row.revenue, row.currency
    match kind:
        case Sort.VALUE_AT_RISK:
            silent = row.watch_from is not None and row.watch_from <= today
            amount = row.worth if silent else row.fall
        case Risk.OVERDUE_INVOICE:
            amount, currency = row.overdue, row.owed_currency
        case Risk.OVER_LIMIT:  # what it owes: by how much that is over the limit would say the limit
            amount, currency = row.exposure if row.is_over_limit else None, row.owed_currency
    return ListValue(kind=kind, amount=None if amount is None else float(amount), currency=currency)


def _to_boundary(book: TierNames, query: Listing, row: ListedRow) -> ListValue:
    """How far a customer is from its next move, and to which tier."""
    if row.points is None:
        return ListValue(kind=BOUNDARY)
    scheme = book.schemes.get(row.scheme_version_id or 0)
    points = round(row.points, scheme.display_decimals if scheme else 1)
    return ListValue(kind=BOUNDARY, points=points, tier=_next_tier(book, query.filters.near, row))


def _next_tier(book: TierNames, near: Direction | None, row: ListedRow) -> TierPart | None:
    limit = next(
        (
            one
            for one in move_limits(book)
            if (one.version_id, one.tier, one.standing) == (row.scheme_version_id, row.tier, row.standing)
        ),
        None,
    )
    scheme = book.schemes.get(row.scheme_version_id or 0)
    if limit is None or scheme is None or row.score is None:
        return None
    up, down = (
        None if limit.rises_at is None or near == Direction.DOWN else limit.rises_at - row.score,
        None if limit.falls_below is None or near == Direction.UP else row.score - limit.falls_below,
    )
    here = [tier.id for tier in scheme.tiers].index(limit.tier)
    rises = up is not None and (down is None or up <= down)
    return book.tier(scheme.tiers[here - 1 if rises else here + 1].id, row.scheme_version_id)
