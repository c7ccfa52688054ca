"""What must be decided, or mended, before customers can be joined."""

from datetime import datetime

from sqlalchemy import Connection, Table, select

from bot.errors import N_, BadInput, Phrase, one_of
from bot.services.imports.check.findings import FileFindings, FindingType, Level
from bot.services.imports.customer_rows import find_circle
from bot.services.imports.joins.choices import Preference
from bot.services.imports.joins.disagreements import find_disagreements
from db.book.customers import Customer
from db.book.imports import table

_customer = table(Customer)

JOINED_DIFFER = FindingType(
    name="joined-differ",
    level=Level.QUESTION,
    sentence=N_(
        "%(customer)s and %(into)s differ in their %(what)s (line %(line)d: %(says)s / %(into_says)s)%(more)s."
    ),
    answer=N_("Say whose holds: --prefer into takes %(into_says)s, --prefer customer takes %(says)s."),
)
JOINED_PARENTS = FindingType(
    name="joined-parents",
    level=Level.REFUSAL,
    sentence=N_("After these joins, following the parents of %(code)s would lead back to it."),
    answer=N_("Change the column parent of the customers first."),
)


def read_preference(given: str | None) -> Preference | None:
    """The option --prefer."""
    try:
        return None if given is None else Preference(given)
    except ValueError:
        raise BadInput(
            N_("--prefer %(given)s is not known; use %(allowed)s."),
            given=given,
            allowed=one_of(Preference),
        ) from None


def check_pairs(
    connection: Connection, pairs: Table, prefer: Preference | None, now: datetime, findings: FileFindings
) -> None:
    """Add what the joins leave open."""
    circle = _parent_circle(connection, pairs)
    if circle is not None:
        code = connection.execute(select(_customer.c.code).where(_customer.c.id == circle)).scalar_one()
        findings.add(JOINED_PARENTS, code=code)
    if prefer is None:
        for one in find_disagreements(connection, pairs, now):
            findings.add(
                JOINED_DIFFER,
                line=one.line,
                customer=one.customer,
                into=one.into,
                what=one.what,
                says=one.says,
                into_says=one.into_says,
                more=Phrase(N_(", and %(count)s more"), count=f"{one.count - 1:,}") if one.count > 1 else "",
            )


def _parent_circle(connection: Connection, pairs: Table) -> int | None:
    """A customer whose parents would lead back to it after the joins."""
    into: dict[int, int] = {}
    own: dict[int, int] = {}
    for customer, other in connection.execute(
        select(pairs.c.from_id, pairs.c.into_id).order_by(pairs.c.place)
    ):
        into[customer] = other
    if not into:
        return None
    with_parent = select(_customer.c.id, _customer.c.parent_id).where(_customer.c.parent_id.is_not(None))
    parents = {row[0]: row[1] for row in connection.execute(with_parent)}
    for customer in [*(one for one in parents if one not in into), *into]:  # the nearest come first
        parent = parents.get(customer)
        stays = into.get(customer, customer)
        parent = None if parent is None else into.get(parent, parent)
        if parent is not None and parent != stays:
            own.setdefault(stays, parent)
    return find_circle(own)
