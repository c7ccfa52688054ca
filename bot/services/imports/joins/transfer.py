"""Gives what belongs to joined customers to the one that stays; previous values are stored for the undo."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, String, Table, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from bot.services.imports.joins.choices import Choices, Preference
from bot.services.imports.publication import store_previous
from bot.services.name_keys import derive_keys
from db.book.contact_people import ContactPerson
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind, NameToken, Ownership
from db.book.facts import Activity, Fact
from db.book.imports import ImportChange, changed_rows, table
from db.book.trade import order_totals
from db.book.trade.invoices import Invoice
from db.book.trade.orders import Order
from db.book.traits import Trait
from db.care import redraws
from db.care.records import surveys
from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.promises import Promise
from db.care.records.proposals import CustomerProposal, ProposalState
from db.care.records.surveys import SurveyScore
from db.care.touches import OPEN, Touch, TouchState
from db.engine import insert

_customer, _key, _name, _token = table(Customer), table(CustomerKey), table(CustomerName), table(NameToken)
_order, _touch, _change, _proposal = table(Order), table(Touch), table(ImportChange), table(CustomerProposal)
# Everything of a joined customer that counts. Its assessments, tier changes and messages stay as its history.
MOVED = (
    *(_key, table(Ownership), _order, table(Invoice), table(Activity), table(Complaint), table(Fact)),
    *(table(Promise), table(ContactPerson), table(SurveyScore), table(Gift), table(Trait)),
)
_WRITTEN = (NameKind.CODE, NameKind.NAME, NameKind.ALIAS)


def count_rows(connection: Connection, pairs: Table) -> dict[str, int]:
    """Table -> how many of its rows the joins would move."""
    counts = {}
    for moved in MOVED:
        of_joined = moved.c.customer_id.in_(select(pairs.c.from_id))
        counts[moved.name] = connection.execute(
            select(func.count()).select_from(moved).where(of_joined)
        ).scalar_one()
    return counts


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The joins of one import, in its transaction."""

    connection: Connection
    pairs: Table  # `pairs.pair_table`
    batch_id: int
    now: datetime
    prefer: Preference

    def run(self) -> None:
        """Join all pairs."""
        self._lock()
        self._add_names()
        self._move_children()
        Choices(
            connection=self.connection,
            pairs=self.pairs,
            batch_id=self.batch_id,
            now=self.now,
            prefer=self.prefer,
        ).apply()
        self._cancel_touches()
        self._end_proposals()
        for moved in MOVED:
            self._move(moved)
        self._count_scores()
        self._retire()

    def _lock(self) -> None:
        """Lock the customers, so that nobody logs a contact with one of them meanwhile."""
        both = or_(*(_customer.c.id.in_(select(self.pairs.c[name])) for name in ("from_id", "into_id")))
        self.connection.execute(select(_customer.c.id).where(both).order_by(_customer.c.id).with_for_update())

    def _add_names(self) -> None:
        """Make the customers that stay findable by the codes and names of those that are joined."""
        pairs, written = self.pairs.c, _name.c.kind.in_(_WRITTEN)
        stays = _name.c.customer_id.in_(select(pairs.into_id))
        known = set(
            map(
                tuple, self.connection.execute(select(_name.c.customer_id, _name.c.key).where(stays, written))
            )
        )
        found = (
            select(pairs.into_id, _name.c.name, _name.c.key)
            .join(_name, _name.c.customer_id == pairs.from_id)
            .where(written)
            .order_by(pairs.into_id, pairs.place, _name.c.id)
        )
        names: list[dict[str, Any]] = []
        tokens: list[dict[str, Any]] = []
        for customer, name, key in self.connection.execute(found):
            if (customer, key) in known:
                continue
            known.add((customer, key))
            rows, pieces = derive_keys("", "", [name])
            names += [
                {"customer_id": customer, "kind": kind, "name": name, "key": other, "batch_id": self.batch_id}
                for kind, _, other in rows
            ]
            tokens += [{"token": piece, "customer_id": customer} for piece in pieces]
        for target, rows_of in ((_name, names), (_token, tokens)):
            if rows_of:
                self.connection.execute(insert(self.connection, target).on_conflict_do_nothing(), rows_of)

    def _move_children(self) -> None:
        """Give the children of joined customers to the ones that stay."""
        pairs, child = self.pairs.c, _customer.c
        of_joined = child.parent_id.in_(select(pairs.from_id)), child.id.not_in(select(pairs.from_id))
        self._store(_customer, _number("parent_id", child.parent_id), *of_joined)
        parent = select(pairs.into_id).where(pairs.from_id == child.parent_id).scalar_subquery()
        # A customer that its own parent is joined into has no parent any more.
        values = {"parent_id": func.nullif(parent, child.id), "version": child.version + 1}
        self.connection.execute(_customer.update().where(*of_joined).values(values))

    def _cancel_touches(self) -> None:
        of_joined = _touch.c.customer_id.in_(select(self.pairs.c.from_id)), _touch.c.state.in_(OPEN)
        columns = select(_touch.c.id, _touch.c.state, _touch.c.reason, _touch.c.closed_at).where(*of_joined)
        rows = self.connection.execute(columns).all()
        previous = [(row.id, {"state": row.state, "reason": row.reason, "closed_at": None}) for row in rows]
        store_previous(self.connection, self.batch_id, _touch.name, previous)
        redraws.mark_touches(self.connection, changed_rows(self.batch_id, _touch))
        self.connection.execute(
            _touch.update()
            .where(*of_joined)
            .values(
                state=TouchState.CANCELLED,
                reason="customer joined",
                closed_at=self.now,
                version=_touch.c.version + 1,
            )
        )

    def _end_proposals(self) -> None:
        """Withdraw what was proposed for customers that are joined: it was proposed by their figures.

        That it has no time of its end yet says that nobody has been told (`bot.services.proposals.upkeep`).
        """
        waits = _proposal.c.state == ProposalState.WAITING
        of_joined = _proposal.c.customer_id.in_(select(self.pairs.c.from_id)), waits
        rows = self.connection.execute(select(_proposal.c.id).where(*of_joined)).all()
        before = {"state": ProposalState.WAITING, "decided_at": None}
        store_previous(self.connection, self.batch_id, _proposal.name, [(row.id, before) for row in rows])
        values = {"state": ProposalState.WITHDRAWN, "version": _proposal.c.version + 1}
        self.connection.execute(_proposal.update().where(*of_joined).values(values))

    def _move(self, moved: Table) -> None:
        """Give a table's rows to the customers that stay."""
        pairs = self.pairs.c
        of_joined = moved.c.customer_id.in_(select(pairs.from_id))
        self._store(moved, _number("customer_id", moved.c.customer_id), of_joined)
        into = select(pairs.into_id).where(pairs.from_id == moved.c.customer_id).scalar_subquery()
        totals = order_totals.adjusted(self.connection, _order.c.id.in_(changed_rows(self.batch_id, _order)))
        with totals if moved is _order else nullcontext():
            self.connection.execute(moved.update().where(of_joined).values(customer_id=into))

    def _count_scores(self) -> None:
        """Let the scores of a day that both customers have count with their mean, as those of one customer do."""
        score, other = table(SurveyScore), table(SurveyScore).alias()
        is_moved = score.c.id.in_(changed_rows(self.batch_id, score))
        same_day = and_(*(other.c[name] == score.c[name] for name in ("customer_id", "answered_on")))
        stayed = exists().where(same_day, other.c.id.not_in(changed_rows(self.batch_id, score)))
        days = surveys.days_of(self.connection, and_(is_moved, stayed))
        surveys.write_facts(self.connection, days, self.now, self.batch_id)

    def _retire(self) -> None:
        """Archive the joined customers, and let those that were joined into them before follow."""
        pairs, own = self.pairs.c, _customer.c
        followers, joined = own.joined_into.in_(select(pairs.from_id)), own.id.in_(select(pairs.from_id))
        self._store(_customer, _number("joined_into", own.joined_into), followers)
        into = select(pairs.into_id).where(pairs.from_id == own.joined_into).scalar_subquery()
        self.connection.execute(_customer.update().where(followers).values(joined_into=into))
        archived = case((own.archived.is_(True), literal("true")), else_=literal("false"))
        before = literal('{"archived": ') + archived + literal(', "joined_into": null}')
        self._store(_customer, before, joined)
        into = select(pairs.into_id).where(pairs.from_id == own.id).scalar_subquery()
        values = {"archived": True, "joined_into": into, "version": own.version + 1}
        self.connection.execute(_customer.update().where(joined).values(values))

    def _store(self, changed: Table, before: ColumnElement[str], *where: ColumnElement[bool]) -> None:
        """Store the previous values, as JSON, of the rows that meet a condition."""
        rows = select(literal(self.batch_id), literal(changed.name), changed.c.id, before).where(*where)
        columns = ["batch_id", "table_name", "row_id", "before"]
        self.connection.execute(_change.insert().from_select(columns, rows.order_by(changed.c.id)))


def _number(name: str, column: Any) -> ColumnElement[str]:
    """A JSON object of one number."""
    return literal(f'{{"{name}": ') + cast(column, String) + literal("}")
