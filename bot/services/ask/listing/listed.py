"""A list of the customers that an asker may see: filtered, sorted, counted, a page at a time.

The number of queries does not depend on that of the customers. What a row says beside name, tier and score is the value
that a filter or the order is about.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlmodel import Session

from bot.services import access
from bot.services.access import Actor
from bot.services.ask.listing import selection, state, values
from bot.services.ask.listing.selection import ListSelection
from bot.services.ask.questions.query import Listing
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache, TierNames
from bot.wording.answers.listing import ON_PAGE, CustomerList, ListRow
from db.book import people
from db.listed import rows, said
from db.listed.rows import MOST_COUNTED, ListedRow


def listed(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    query: Listing,
    today: date,
    start: int = 0,
    asked: str = "",
) -> CustomerList:
    """A page of a list, from a place on. `asked`: what was understood, in the words of the asker."""
    book = scheme_cache.tier_names(session)
    chosen = selection.select(session, rules, book, actor, query, today)
    total = rows.count(session, chosen.runs, chosen.wanted)
    counted_out = total > MOST_COUNTED
    total = min(total, MOST_COUNTED)
    if query.limit is not None and (query.limit <= total or not counted_out):
        total, counted_out = min(total, query.limit), False
    start = min(start, max(total - 1, 0) // ON_PAGE * ON_PAGE) if not counted_out else start
    most = ON_PAGE if counted_out else min(ON_PAGE, total - start)
    found = page(session, chosen, start, most) if most > 0 else []
    of_list = state.of_list(query, start)
    shown = rows_of(session, rules, book, actor, query, found, today)
    return CustomerList(
        asked=asked,
        rows=tuple(replace(row, query=of_list) for row in shown),
        total=total,
        counted_out=counted_out,
        start=start,
        kinds=values.kinds_of(query),
        shows_owners=any(row.owner or row.unowned for row in shown),
        sees_all=chosen.wanted.owners is None,
        query=of_list,
        query_next=state.of_list(query, start + ON_PAGE),
        query_before=state.of_list(query, max(start - ON_PAGE, 0)),
    )


def page(session: Session, chosen: ListSelection, start: int, most: int) -> list[ListedRow]:
    """Customers of a list from a place on."""
    return rows.page(
        session,
        chosen.runs,
        chosen.wanted,
        chosen.order,
        reverse=chosen.reverse,
        contacts=chosen.contacts,
        start=start,
        most=most,
    )


def rows_of(
    session: Session,
    rules: CareRules,
    book: TierNames,
    actor: Actor,
    query: Listing,
    found: Sequence[ListedRow],
    today: date,
) -> list[ListRow]:
    """What a list says of these customers."""
    ids = [row.customer_id for row in found]
    names = said.named(session, ids)
    owners = people.get_many(session, sorted({row.owner_id for row in found if row.owner_id is not None}))
    telling = values.values_of(session, rules, book, query, found, names, today)
    return [
        ListRow(
            customer_id=row.customer_id,
            version=names[row.customer_id].version,
            name=names[row.customer_id].name,
            code=names[row.customer_id].code,
            tier=None if row.tier is None else book.tier(row.tier, row.scheme_version_id),
            score=row.score,
            capped=row.capped_by is not None,
            owner=None
            if row.owner_id == actor.person_id
            else access.mentioned(owners.get(row.owner_id or 0)),
            unowned=row.owner_id is None,
            said=telling.get(row.customer_id, ()),
        )
        for row in found
        if row.customer_id in names
    ]
