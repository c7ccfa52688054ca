"""Where customers that are joined say something different, so that a preference is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, Table, and_, cast, or_, select

from bot.errors import N_, Phrase
from bot.services.imports.joins.choices import in_force, members_of
from db.book.customers import Customer
from db.book.facts import Fact
from db.book.imports import table
from db.care.records.surveys import FACT_SOURCE
from db.graded.overrides import Override

_customer, _fact, _override = table(Customer), table(Fact), table(Override)
_ENDED = {True: Phrase(N_("has ended")), False: Phrase(N_("goes on"))}


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """What two joined customers say differently, the first of `count` of its kind."""

    what: str
    line: int
    customer: str  # the code of the one that is joined
    into: str
    says: str
    into_says: str
    count: int


def find_disagreements(connection: Connection, pairs: Table, now: datetime) -> Iterator[Disagreement]:
    """The first of each kind: record types, one has ended, overrides in force, facts of the same field and day."""
    two = _Two(pairs)
    for what, statement in (
        (Phrase(N_("record type")), two.record_types()),
        (Phrase(N_("end")), two.ends()),
        (Phrase(N_("override")), two.overrides(now)),
        (Phrase(N_("fact")), two.facts()),
    ):
        if rows := connection.execute(statement).all():
            line, customer, into, says, into_says = rows[0]
            yield Disagreement(
                what=what,
                line=line,
                customer=customer,
                into=into,
                says=_ENDED.get(says, says),
                into_says=_ENDED.get(into_says, into_says),
                count=len(rows),
            )


class _Two:
    """Statements about any two customers that are joined into the same one; `b` is nearer to it than `a`."""

    def __init__(self, pairs: Table) -> None:
        members = members_of(pairs)
        one, other = members.alias("one"), members.alias("other")
        self._line, self._place = pairs.c.line, other.c.place
        self._a, self._b = _customer.alias("a"), _customer.alias("b")
        self._rows = (
            pairs.join(one, one.c.customer_id == pairs.c.from_id)
            .join(other, and_(other.c.into_id == one.c.into_id, other.c.place < one.c.place))
            .join(self._a, self._a.c.id == one.c.customer_id)
            .join(self._b, self._b.c.id == other.c.customer_id)
        )

    def record_types(self) -> Any:
        says, into_says = self._a.c.record_type, self._b.c.record_type
        return self._select(self._rows, says, into_says).where(says != into_says)

    def ends(self) -> Any:
        says, into_says = self._a.c.archived.is_(True), self._b.c.archived.is_(True)
        return self._select(self._rows, says, into_says).where(says != into_says)

    def overrides(self, now: datetime) -> Any:
        mine, theirs = _override.alias("mine"), _override.alias("theirs")
        rows = self._rows.join(mine, mine.c.customer_id == self._a.c.id).join(
            theirs, and_(theirs.c.customer_id == self._b.c.id, theirs.c.purpose == mine.c.purpose)
        )
        both = in_force(mine, now), in_force(theirs, now)
        return self._select(rows, mine.c.tier, theirs.c.tier).where(*both)

    def facts(self) -> Any:
        mine, theirs = _fact.alias("mine"), _fact.alias("theirs")
        same = [theirs.c[name] == mine.c[name] for name in ("field", "measured_on")]
        rows = self._rows.join(mine, mine.c.customer_id == self._a.c.id).join(
            theirs, and_(theirs.c.customer_id == self._b.c.id, *same)
        )
        says = mine.c.field + " " + cast(mine.c.measured_on, String) + ": " + mine.c.value
        current = mine.c.superseded_at.is_(None), theirs.c.superseded_at.is_(None)
        # Scores of one day count with their mean: nothing is to be chosen.
        chosen = or_(*(one.c.source.is_distinct_from(FACT_SOURCE) for one in (mine, theirs)))
        return self._select(rows, says, theirs.c.value).where(
            mine.c.value != theirs.c.value, *current, chosen
        )

    def _select(self, rows: Any, says: Any, into_says: Any) -> Any:
        """(line, code of a, code of b, what a says, what b says), in the order of the file."""
        columns = self._line, self._a.c.code, self._b.c.code, says.label("says"), into_says.label("into_says")
        return select(*columns).select_from(rows).order_by(self._line, self._place, "says", "into_says")
