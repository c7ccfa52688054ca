"""What the customer that stays keeps where several joined customers have one of a kind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import CTE, Connection, Table, and_, bindparam, exists, literal, or_, select, true, union
from sqlalchemy.sql.elements import ColumnElement

from bot.services.imports.publication import store_previous
from db.book.customers import COLUMNS, Customer, Ownership, present_owner
from db.book.facts import Fact
from db.book.imports import table
from db.book.traits import Trait
from db.graded.overrides import Override

_customer, _ownership, _fact, _override = table(Customer), table(Ownership), table(Fact), table(Override)
_trait = table(Trait)

ENDED_BY = "join"  # who ended an override that does not hold for the customer that stays
ASKED = ("record_type", "archived")  # columns in which joined customers agree, or a preference is needed
FILLED = (
    *COLUMNS,
    "since",
    "language",
    "parent_id",
)  # columns that are filled where the one that stays has none
Rows = Sequence[Mapping[str, Any]]


class Preference(StrEnum):
    """Whose word holds where joined customers say something different."""

    CUSTOMER = "customer"  # that of the customer that is joined
    INTO = "into"  # that of the customer that stays


def members_of(pairs: Table) -> CTE:
    """Every customer of every pair (customer_id), which one stays (into_id), and its place, 0 for the one that stays."""
    joined = select(pairs.c.into_id, pairs.c.from_id.label("customer_id"), pairs.c.place)
    stays = select(pairs.c.into_id, pairs.c.into_id.label("customer_id"), literal(0).label("place"))
    return union(joined, stays).cte("member")


def in_force(override: Any, now: datetime) -> ColumnElement[bool]:
    """Whether nobody has ended an override and its last day is not over."""
    last_day = override.c.expires_on
    return and_(override.c.ended_at.is_(None), or_(last_day.is_(None), last_day >= now.date()))


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Chooses for all customers of an import's joins, and stores the previous values of what it changes."""

    connection: Connection
    pairs: Table
    batch_id: int
    now: datetime
    prefer: Preference

    def apply(self) -> None:
        """Choose; what is not chosen ends or is superseded, so that everything else can move."""
        self._owners()
        self._overrides(self._columns())
        self._facts()
        self._traits()

    def _columns(self) -> dict[int, str]:
        """Set the columns of the customers that stay; the record type of each."""
        rows = self._members(_customer, "id", *(_customer.c[name] for name in ("id", *ASKED, *FILLED)))
        into_of = {row["id"]: row["into_id"] for row in rows}
        changes, previous = [], []
        for group in _by(rows, "into_id"):
            stays, said = group[0], self._preferred(group)[0]
            new = {name: said[name] for name in ASKED}
            for name in FILLED:
                found = [row[name] for row in group]
                if name == "parent_id":
                    parents = [into_of.get(parent, parent) for parent in found]
                    found = [None if parent == stays["id"] else parent for parent in parents]
                new[name] = next((value for value in found if value is not None), None)
            changes.append({"id_": stays["id"], **{f"new_{name}": value for name, value in new.items()}})
            # Also where nothing changes: who undoes an earlier import of the customer must undo the join first.
            before = {name: stays[name] for name, value in new.items() if stays[name] != value}
            previous.append((stays["id"], before))
        store_previous(self.connection, self.batch_id, _customer.name, previous)
        values = {name: bindparam(f"new_{name}", type_=_customer.c[name].type) for name in (*ASKED, *FILLED)}
        update = _customer.update().where(_customer.c.id == bindparam("id_"))
        self.connection.execute(update.values(**values, version=_customer.c.version + 1), changes)
        return {change["id_"]: change["new_record_type"] for change in changes}

    def _owners(self) -> None:
        """The present owner of the customer that stays, or of the nearest that has one; the time of others ends."""
        present = present_owner(_ownership.c.customer_id)
        rows = self._members(_ownership, "customer_id", _ownership.c.id, where=present)
        over = [row["id"] for group in _by(rows, "into_id") for row in group[1:]]
        self._change(_ownership, over, {"ends_on": None}, {"ends_on": self.now.date()})

    def _overrides(self, record_types: Mapping[int, str]) -> None:
        """One override in force moves to the customer that stays; the others end."""
        columns = [_override.c[name] for name in ("id", "customer_id", "purpose")]
        holds = in_force(_override, self.now).label("holds")
        not_ended = _override.c.ended_at.is_(None)
        rows = self._members(_override, "customer_id", *columns, holds, where=not_ended)
        over: list[int] = []
        kept: list[Mapping[str, Any]] = []
        for group in _by(rows, "into_id"):
            record_type = record_types[group[0]["into_id"]]
            valid = [row for row in group if row["holds"] and row["purpose"] == record_type]
            first = self._preferred(valid)[:1]
            over += [row["id"] for row in group if row not in first]
            kept += first
        ended = {"ended_at": self.now, "ended_by": ENDED_BY, "end_reason": "joined with another customer"}
        self._change(_override, over, dict.fromkeys(ended), ended)
        for row in kept:
            if row["place"]:
                before = {"customer_id": row["customer_id"]}
                self._change(_override, [row["id"]], before, {"customer_id": row["into_id"]})

    def _facts(self) -> None:
        """Of the facts of a field and day those of one customer hold, and those of others that say the same."""
        other, rival = self._member.alias("other"), _fact.alias("rival")
        rivals = (
            select(1)
            .select_from(other.join(rival, rival.c.customer_id == other.c.customer_id))
            .where(
                other.c.into_id == self._member.c.into_id,
                other.c.customer_id != self._member.c.customer_id,
                *(rival.c[name] == _fact.c[name] for name in ("field", "measured_on")),
                rival.c.superseded_at.is_(None),
            )
        )
        columns = [_fact.c[name] for name in ("id", "field", "measured_on", "value", "source")]
        current = and_(_fact.c.superseded_at.is_(None), exists(rivals))
        rows = self._members(_fact, "customer_id", *columns, where=current)
        over = []
        for group in _by(rows, "into_id", "field", "measured_on"):
            place = self._preferred(group)[0]["place"]
            holding = [row for row in group if row["place"] == place]
            values, sources = ({row[name] for row in holding} for name in ("value", "source"))
            for row in group:
                if row["place"] == place:
                    continue
                if row["value"] in values and row["source"] not in sources:
                    sources.add(row["source"])
                else:
                    over.append({"id_": row["id"]})
        self._supersede(_fact, over)

    def _traits(self) -> None:
        """Of a field of the profile the values of the customer with the newest one; of the same day, whose word holds."""
        columns = [_trait.c[name] for name in ("id", "field", "as_of")]
        rows = self._members(_trait, "customer_id", *columns, where=_trait.c.superseded_at.is_(None))
        over = []
        for group in _by(rows, "into_id", "field"):
            newest = max(self._preferred(group), key=itemgetter("as_of"))  # the first of several
            over += [{"id_": row["id"]} for row in group if row["place"] != newest["place"]]
        self._supersede(_trait, over)

    def _supersede(self, dated: Table, rows: Sequence[Mapping[str, int]]) -> None:
        if rows:
            superseded = dated.update().where(dated.c.id == bindparam("id_"))
            values_now = {"superseded_at": self.now, "superseded_by_batch": self.batch_id}
            self.connection.execute(superseded.values(**values_now), rows)

    @cached_property
    def _member(self) -> CTE:
        return members_of(self.pairs)

    def _members(self, of: Table, key: str, *columns: Any, where: ColumnElement[bool] | None = None) -> Rows:
        """Rows of a table of all joined customers and of those that stay, with `into_id` and `place`."""
        member = self._member
        statement = (
            select(member.c.into_id, member.c.place, *columns)
            .select_from(member.join(of, of.c[key] == member.c.customer_id))
            .where(true() if where is None else where)
            .order_by(member.c.into_id, member.c.place, of.c.id)
        )
        return list(map(dict, self.connection.execute(statement).mappings()))

    def _preferred(self, rows: Rows) -> Rows:
        """Rows of one customer that stays, those whose word holds first."""
        return rows if self.prefer is Preference.INTO else rows[::-1]

    def _change(
        self, changed: Table, ids: Sequence[int], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Give rows the same values, and store their previous ones."""
        if ids:
            store_previous(self.connection, self.batch_id, changed.name, [(row, before) for row in ids])
            update = changed.update().where(changed.c.id == bindparam("id_")).values(**after)
            self.connection.execute(update, [{"id_": row} for row in ids])


def _by(rows: Rows, *names: str) -> Iterator[Rows]:
    """Rows that have the same values in some columns."""
    key = itemgetter(*names)
    for _, group in groupby(sorted(rows, key=key), key=key):
        yield list(group)
