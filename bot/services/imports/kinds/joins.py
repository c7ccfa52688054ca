"""Pairs of customers that are one customer: the first is joined into the second, which stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import Connection, Integer, Select, and_, exists, func, select

from bot.errors import N_, Conflict, Phrase
from bot.services.imports.check.meaning.row_columns import RowColumns
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.joins.choices import ENDED_BY, Preference
from bot.services.imports.joins.pairs import BookReferences, Reference, fill_pairs, follow_chains, pair_table
from bot.services.imports.joins.questions import check_pairs, read_preference
from bot.services.imports.joins.transfer import Transfer
from bot.services.imports.kind import Counts, DatedTable, FileKind, KindOption, WrittenTable
from bot.services.imports.kinds.orders import OrderTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read.refusal import RefusedValue
from bot.services.name_keys import tokens
from db.book.contact_people import ContactPerson
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind, NameToken, Ownership
from db.book.facts import Activity, Fact
from db.book.imports import JOINS, ImportChange, changed_rows, table
from db.book.trade.invoices import Invoice
from db.book.trade.orders import Order
from db.book.traits import Trait
from db.care import marks, redraws
from db.care.records import surveys
from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.promises import Promise
from db.care.records.proposals import CustomerProposal
from db.care.records.surveys import SurveyScore
from db.care.touches import Touch
from db.graded.overrides import Override

_customer, _name, _token, _override = table(Customer), table(CustomerName), table(NameToken), table(Override)
_touch, _change, _score = table(Touch), table(ImportChange), table(SurveyScore)
_gift, _contact = table(Gift), table(ContactPerson)


def _stays(batch_id: int) -> Select[int]:
    """A SELECT of the customers that stay in an import's joins."""
    return select(_customer.c.joined_into).where(
        _customer.c.id.in_(changed_rows(batch_id, _customer)), _customer.c.joined_into.is_not(None)
    )


class _JoinedCustomers(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Have care planned again for the customers that are separate again: what moved with them moves back."""
        marks.mark_planned(connection, connection.scalars(changed_rows(batch_id, _customer)).all())
        yield


class _JoinedTable(WrittenTable):
    """A table whose rows moved. What later imports brought for the customer may be meant for the one that is joined."""

    def newest_dependent(self, connection: Connection, batch_id: int) -> int | None:
        rows = self.table.c
        theirs = rows.customer_id.in_(_stays(batch_id))
        created = select(func.max(rows.batch_id)).where(theirs, rows.batch_id > batch_id)
        changed = (
            select(func.max(_change.c.batch_id))
            .join(self.table, rows.id == _change.c.row_id)
            .where(theirs, _change.c.table_name == self.table.name, _change.c.batch_id > batch_id)
        )
        found = [connection.execute(statement).scalar() for statement in (created, changed)]
        return max((one for one in found if one is not None), default=None)


class _JoinedContactPeople(_JoinedTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Empty whom gifts and scores name that stay with one customer, while their contact person goes to the other."""
        customers = connection.scalars(_stays(batch_id)).all()
        yield
        for named in (_gift, _score):
            whose = select(_contact.c.customer_id).where(_contact.c.id == named.c.contact_person_id)
            of_others = named.c.customer_id != whose.scalar_subquery()
            theirs = named.update().where(named.c.customer_id.in_(customers), of_others)
            connection.execute(theirs.values(contact_person_id=None))


class _JoinedOrders(_JoinedTable, OrderTable):
    """Orders that moved."""


class _JoinedValues(_JoinedTable, DatedTable):
    """Dated values that moved."""


class _JoinedNames(_JoinedTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Delete the tokens of the names that the join gave."""
        customers = connection.scalars(_stays(batch_id)).all()
        yield
        found = select(_name.c.customer_id, _name.c.name).where(
            _name.c.customer_id.in_(customers), _name.c.kind.in_((NameKind.NAME, NameKind.ALIAS))
        )
        rows = {(customer, piece) for customer, name in connection.execute(found) for piece in tokens(name)}
        connection.execute(_token.delete().where(_token.c.customer_id.in_(customers)))
        if rows:
            connection.execute(
                _token.insert(), [{"customer_id": customer, "token": piece} for customer, piece in rows]
            )


class _JoinedTouches(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Have the messages drawn again whose steps are open again."""
        redraws.mark_touches(connection, changed_rows(batch_id, _touch))
        yield


class _JoinedOverrides(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Refuse while somebody has set an override since: the one that ended with the join would hold beside it."""
        ended, since = _override.alias(), _override.alias()
        mine = ended.c.id.in_(changed_rows(batch_id, _override)), ended.c.ended_by == ENDED_BY
        again = and_(since.c.customer_id == ended.c.customer_id, since.c.purpose == ended.c.purpose)
        not_moved = since.c.id.not_in(changed_rows(batch_id, _override))
        rival = exists(select(1).where(again, since.c.ended_at.is_(None), not_moved))
        held = select(_customer.c.code).join(ended, ended.c.customer_id == _customer.c.id).where(*mine, rival)
        if (code := connection.execute(held.limit(1)).scalar()) is not None:
            raise Conflict(
                N_(
                    "Import %(batch)d cannot be undone: an override was set since. End it first: tierbot override end"
                    " %(code)s"
                ),
                batch=batch_id,
                code=code,
            )
        yield


class _JoinedScores(_JoinedTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Bring the facts of both customers in line with the scores that each has again."""
        moved = _score.c.id.in_(changed_rows(batch_id, _score))
        days = set(surveys.days_of(connection, moved))
        yield
        days.update(surveys.days_of(connection, moved))
        surveys.restore_facts(connection, days, batch_id)


class JoinKind(FileKind):
    """Known by the customer that is joined."""

    name = JOINS
    key_field = "customer"
    repeats = False  # a row is a decision, however often it names a customer
    fields = (
        FileField(
            name="customer",
            synonyms="duplicate, from, customer code, code, 客户, 客户编号, 重复客户, 被合并客户",
            required=True,
            unique=True,
        ),
        FileField(name="customer_source", synonyms="from source, duplicate source, 客户来源, 重复客户来源"),
        FileField(
            name="into",
            synonyms="master, keep, into customer, main customer, 合并到, 主客户, 保留客户",
            required=True,
            unique=True,
        ),
        FileField(name="into_source", synonyms="master source, keep source, 主客户来源, 保留客户来源"),
    )
    staged: ClassVar = {"from_id": Integer, "into_id": Integer}
    writes = (
        _JoinedCustomers(table=_customer, called=N_("customers")),
        _JoinedTable(table=table(CustomerKey), counted=False),
        _JoinedNames(table=_name, counted=False),
        _JoinedTable(table=table(Ownership), counted=False),
        _JoinedContactPeople(table=_contact, called=N_("contact people"), counted=False),
        _JoinedOrders(table=table(Order), called=N_("orders"), counted=False),
        _JoinedTable(table=table(Invoice), counted=False),
        _JoinedTable(table=table(Activity), called=N_("activities"), counted=False),
        _JoinedTable(table=table(Complaint), called=N_("complaints"), counted=False),
        _JoinedTable(table=_gift, called=N_("gifts"), counted=False),
        WrittenTable(table=table(Promise), called=N_("promises"), counted=False),
        _JoinedScores(table=_score, called=N_("survey scores"), counted=False),
        _JoinedValues(table=table(Fact), derived=surveys.FACT_SOURCE, counted=False),
        _JoinedValues(table=table(Trait), counted=False),
        _JoinedOverrides(table=_override, counted=False),
        _JoinedTouches(table=_touch, counted=False),
        WrittenTable(table=table(CustomerProposal), counted=False),
    )
    options = (
        KindOption(
            name="prefer",
            help="Joins: whose word holds where the two customers say something different.",
            type=str | None,
            default=None,
            metavar="customer|into",
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._pairs = pair_table(self.stage.metadata)

    def prepare(self, job: ImportJob) -> None:
        self._references = BookReferences(job.connection)
        self._prefer = read_preference(job.options.kind_options.get("prefer"))
        self._row_columns = RowColumns(job, self.name)
        self._cells: dict[int, list[str]] = {}
        self._repeats: dict[str, list[int]] = {}

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        values = chunk.values
        self._row_columns.count(chunk)
        for name, staged in (("customer", "from_id"), ("into", "into_id")):
            given = [
                self._reference(code, source)
                for code, source in zip(values[name], values[f"{name}_source"], strict=True)
            ]
            found = self._references.find(one for one in given if one is not None)
            chunk.set_column(staged, [None if one is None else found[one] for one in given], name)
            values[f"{name}_reference"] = given
        keys = []
        for row, (customer, into) in enumerate(zip(values["from_id"], values["into_id"], strict=True)):
            given, other = values["customer_reference"][row], values["into_reference"][row]
            if given is not None and given == other:
                chunk.refuse(row, "into", Phrase(N_("is the same customer")))
            # Customers that are one already: such a row changes nothing.
            keys.append(str(customer) if customer != into else f"{given} = {other}")
        values["key"] = keys

    def _reference(self, code: Any, source: Any) -> Reference | None:
        if not isinstance(code, str) or isinstance(source, RefusedValue):
            return None
        references = self._references
        return references.split(code) if source is None else (references.of_source(source), code)

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._cells |= {chunk.lines[row]: chunk.cells[row] for row in rows}

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        for row in rows:
            self._repeats.setdefault(chunk.values["key"][row], []).append(chunk.lines[row])

    def refuse_at_end(self, job: ImportJob) -> tuple[int, int]:
        """Follow the chains to the customers that stay; refuse rows that close a circle."""
        stage = self.stage.c
        named = select(stage.line, stage.from_id, stage.into_id).where(stage.from_id != stage.into_id)
        rows = [tuple(row) for row in job.connection.execute(named.order_by(stage.line))]
        pairs, circles = follow_chains(rows)
        fill_pairs(job.connection, self._pairs, pairs)
        refused = repeated = 0
        for line, customer, _ in rows:
            if line in circles:
                again = self._repeats.get(str(customer), [])
                for place in (line, *again):
                    reason = Phrase(
                        N_("leads back to the customer: it is joined into this one by an earlier line")
                    )
                    job.refuse(line=place, name="into", reason=reason, cells=self._cells[line])
                job.connection.execute(self.stage.delete().where(stage.line == line))
                refused, repeated = refused + 1, repeated + len(again)
        return refused, repeated

    def check(self, job: ImportJob) -> None:
        self._row_columns.check(job)
        check_pairs(job.connection, self._pairs, self._prefer, job.now, job.findings)

    def count(self, job: ImportJob) -> Counts:
        pairs = job.connection.execute(select(func.count()).select_from(self._pairs)).scalar_one()
        return Counts(created=0, changed=pairs)

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        counts = self.count(job)
        if counts.changed:
            Transfer(
                connection=job.connection,
                pairs=self._pairs,
                batch_id=batch_id,
                now=job.now,
                prefer=self._prefer or Preference.INTO,
            ).run()
        return counts
