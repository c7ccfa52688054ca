"""Customers in the tables of the book: their rows, keys, and the names and tokens that find them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    String,
    Table,
    and_,
    distinct,
    exists,
    func,
    literal,
    select,
)

from bot.services.imports.check.codes import ask_about_collective, ask_about_names, ask_about_similar
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import KindOption, WrittenTable, stage_table
from bot.services.imports.publication import insert_staged
from bot.services.imports.references import CustomerReferences
from bot.services.name_keys import derive_keys, fold
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind, NameToken
from db.book.imports import add_missing, changed_rows, fill, table

_customer, _key = table(Customer), table(CustomerKey)
_name, _token = table(CustomerName), table(NameToken)
_WRITTEN = (NameKind.CODE, NameKind.NAME, NameKind.ALIAS)  # as somebody wrote them


class _CustomerTable(WrittenTable):
    @contextmanager
    def around_undo(self, connection: Connection, batch_id: int) -> Iterator[None]:
        """Rebuild the names of restored customers; delete the tokens of those that the import created."""
        yield
        changed = sorted(connection.scalars(changed_rows(batch_id, _customer)))
        for start in range(0, len(changed), AT_ONCE):
            _rebuild_names(connection, changed[start : start + AT_ONCE], batch_id)
        created = select(_customer.c.id).where(_customer.c.batch_id == batch_id)
        connection.execute(_token.delete().where(_token.c.customer_id.in_(created)))


CUSTOMER_TABLES = (
    _CustomerTable(table=_customer, called="customers"),
    WrittenTable(table=_key, counted=False),
    WrittenTable(table=_name, counted=False),
)
CREATE_CUSTOMERS = KindOption(
    name="create_customers", help="Orders, invoices: make a customer of each unknown code."
)


class StagedNames:
    """The names and tokens of staged customers, computed while the file is read so that publishing stays short."""

    def __init__(self, metadata: MetaData) -> None:
        self.names = _names_table(metadata, "staged_name", ("key", "kind", "name_key"), "name")
        self.tokens = _names_table(metadata, "staged_token", ("key", "token"))

    def add(self, connection: Connection, customers: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        """Stage the names of (key, name, aliases)."""
        names: list[tuple[Any, ...]] = []
        tokens: list[tuple[Any, ...]] = []
        for key, name, aliases in customers:
            rows, pieces = derive_keys(key, name, aliases)
            names += [(key, kind, compared, written) for kind, written, compared in rows]
            tokens += [(key, piece) for piece in pieces]
        fill(connection, self.names, ("key", "kind", "name_key", "name"), names)
        fill(connection, self.tokens, ("key", "token"), tokens)

    def remove(self, connection: Connection, key: str) -> None:
        """Remove a customer that is refused after all."""
        for staged in (self.names, self.tokens):
            connection.execute(staged.delete().where(staged.c.key == key))

    def become_aliases(self, job: ImportJob, keys: Select[str]) -> None:
        """Make aliases of the codes and names of some staged customers, unless the customer in the book has them."""
        staged, other = self.names, self.names.alias().c
        of_keys = staged.c.key.in_(keys)
        has = select(1).where(
            key_of(job, staged.c.key),
            _name.c.customer_id == _key.c.customer_id,
            _name.c.kind.in_(_WRITTEN),
            _name.c.key == staged.c.name_key,
        )
        job.connection.execute(staged.delete().where(of_keys, staged.c.kind.in_(_WRITTEN), exists(has)))
        for number, kind in enumerate(_WRITTEN):
            same = select(1).where(
                other.key == staged.c.key,
                other.name_key == staged.c.name_key,
                other.kind.in_(_WRITTEN[number + 1 :]),
            )
            job.connection.execute(staged.delete().where(of_keys, staged.c.kind == kind, exists(same)))
        written = staged.update().where(of_keys, staged.c.kind.in_(_WRITTEN))
        job.connection.execute(written.values(kind=NameKind.ALIAS))

    def publish(self, job: ImportJob, batch_id: int) -> None:
        """Insert the names that are missing; the customers' keys must be published."""
        staged = self.names.c
        there = exists(
            select(1).where(
                _name.c.customer_id == _key.c.customer_id,
                _name.c.kind == staged.kind,
                _name.c.key == staged.name_key,
            )
        )
        # Several codes of one customer may bring the same name.
        add_missing(
            job.connection,
            _name,
            ["customer_id", "kind", "name", "key", "batch_id"],
            select(_key.c.customer_id, staged.kind, staged.name, staged.name_key, literal(batch_id))
            .select_from(self.names.join(_key, key_of(job, staged.key)))
            .where(~there),
        )
        # Not by NOT EXISTS as above: a PostgreSQL that has only seen the table empty plans to search all customers of
        # a common token, again for each of them.
        add_missing(
            job.connection,
            _token,
            ["token", "customer_id"],
            select(self.tokens.c.token, _key.c.customer_id)
            .select_from(self.tokens.join(_key, key_of(job, self.tokens.c.key)))
            .where(self.tokens.c.token.is_not(None)),
        )

    def new_alias(self, customer_id: Any, key: Any) -> ColumnElement[bool]:
        """Whether a staged customer has an alias that is new to the existing one."""
        staged = self.names.c
        known = exists(
            select(1).where(
                _name.c.customer_id == customer_id,
                _name.c.kind == NameKind.ALIAS,
                _name.c.key == staged.name_key,
            )
        )
        return exists(select(1).where(staged.key == key, staged.kind == NameKind.ALIAS, ~known))


class RowCustomers:
    """The customers that the rows of a file name: those of the book and, with --create-customers, new ones.

    The staging table has the columns `customer_id` and `customer_ref`. A new customer is named by its code until a
    customer file says more.
    """

    def __init__(self, job: ImportJob, stage: Table) -> None:
        self._known = CustomerReferences(job.connection, job.source)
        self._stage = stage
        self._create = bool(job.options.kind_options.get(CREATE_CUSTOMERS.name))
        if self._create:
            metadata = MetaData()
            self._new = stage_table("staged_new_customer", metadata)
            self._names = StagedNames(metadata)
            self._next = 1
            metadata.create_all(job.connection)

    def filled(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The staged columns without the reference, when no customers are created."""
        return columns if self._create else tuple(name for name in columns if name != "customer_ref")

    def resolve(self, chunk: Chunk) -> None:
        """Set `customer_id` and, when customers are created, `customer_ref`."""
        self._known.resolve(chunk, refuse_unknown=not self._create)
        if self._create:
            chunk.values["customer_ref"] = chunk.values["customer"]

    def add(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        """Stage the unknown customers of these rows, which are now staged."""
        if not self._create:
            return
        ids, references = chunk.values["customer_id"], chunk.values["customer"]
        first: dict[str, int] = {}
        for row in rows:
            if ids[row] is None:
                first.setdefault(references[row], chunk.lines[row])
        self._add(job, [(line, code) for code, line in first.items()])

    def add_staged(self, job: ImportJob) -> None:
        """Stage the unknown customers of all staged rows."""
        if self._create:
            stage = self._stage.c
            unknown = (
                select(func.min(stage.line), stage.customer_ref)
                .where(stage.customer_id.is_(None))
                .group_by(stage.customer_ref)
            )
            self._add(job, [(line, code) for line, code in job.connection.execute(unknown)])

    def _add(self, job: ImportJob, lines: Sequence[tuple[int, str]]) -> None:
        """Stage customers by (line, code)."""
        ask_about_collective(job.findings, lines)
        ask_about_similar(job.connection, job.findings, known=_key, source=job.source, codes=lines)
        ask_about_names(job.connection, job.findings, lines)
        codes = [code for _, code in lines]
        new = [(self._next + number, code) for number, code in enumerate(codes)]
        self._next += len(new)
        fill(job.connection, self._new, ("line", "key"), new)
        self._names.add(job.connection, [(code, code, ()) for code in codes])

    def count(self, job: ImportJob) -> int:
        """How many customers would be created."""
        stage = self._stage.c
        unknown = select(func.count(distinct(stage.customer_ref))).where(stage.customer_id.is_(None))
        return job.connection.execute(unknown).scalar_one() if self._create else 0

    def publish(self, job: ImportJob, batch_id: int) -> int:
        """Create the new customers and set their ids in the staged rows; how many."""
        if not self._create:
            return 0
        created = create_customers(job, batch_id, self._new, {"name": self._new.c.key})
        self._names.publish(job, batch_id)
        stage = self._stage
        ids = select(_key.c.customer_id).where(key_of(job, stage.c.customer_ref)).scalar_subquery()
        job.connection.execute(stage.update().where(stage.c.customer_id.is_(None)).values(customer_id=ids))
        return created


def create_customers(job: ImportJob, batch_id: int, stage: Table, columns: Mapping[str, Any]) -> int:
    """Create the staged customers whose key this source does not have, and their keys; how many."""
    values = {
        "record_type": "account",
        "archived": False,
        "version": 1,
        "created_at": job.now,
        "batch_id": batch_id,
        "code": stage.c.key,
        **columns,
    }
    known = exists(select(1).where(key_of(job, stage.c.key)).select_from(_key))
    created = insert_staged(job.connection, _customer, stage, values, ~known)
    job.connection.execute(
        _key.insert().from_select(
            ["customer_id", "source", "external_id", "batch_id"],
            select(_customer.c.id, literal(job.source), stage.c.key, literal(batch_id)).select_from(
                stage.join(_customer, and_(_customer.c.code == stage.c.key, _customer.c.batch_id == batch_id))
            ),
        )
    )
    return created


def key_of(job: ImportJob, external_id: Any) -> ColumnElement[bool]:
    """Whether a customer key is the one of this import's source."""
    return and_(_key.c.source == job.source, _key.c.external_id == external_id)


def keep_old_names(connection: Connection, batch_id: int, renamed: Sequence[tuple[int, str]]) -> None:
    """Turn the old names of (customer, old name) into aliases."""
    if not renamed:
        return
    ids = [customer for customer, _ in renamed]
    of_them = _name.c.customer_id.in_(ids)
    found = select(_name.c.customer_id, _name.c.key).where(of_them, _name.c.kind == NameKind.ALIAS)
    aliases = set(map(tuple, connection.execute(found)))
    connection.execute(_name.delete().where(of_them, _name.c.kind == "name"))
    rows = [
        {"customer_id": customer, "kind": NameKind.ALIAS, "name": old, "key": key, "batch_id": batch_id}
        for customer, old in renamed
        if (key := fold(old)) and (customer, key) not in aliases
    ]
    if rows:
        connection.execute(_name.insert(), rows)


def find_circle(parents: Mapping[int, int]) -> int | None:
    """A customer whose parents lead back to it."""
    safe: set[int] = set()
    for start in parents:
        path: dict[int, None] = {}
        node: int | None = start
        while node is not None and node not in safe:
            if node in path:
                return node
            path[node] = None
            node = parents.get(node)
        safe.update(path)
    return None


def _rebuild_names(connection: Connection, ids: Sequence[int], without_batch: int) -> None:
    """Make customers findable by their current code and name, and by the aliases that other imports gave them."""
    aliases: dict[int, dict[str, tuple[str, int | None]]] = {customer: {} for customer in ids}
    for customer, key, name, batch in connection.execute(
        select(_name.c.customer_id, _name.c.key, _name.c.name, _name.c.batch_id).where(
            _name.c.customer_id.in_(ids),
            _name.c.kind == NameKind.ALIAS,
            _name.c.batch_id.is_distinct_from(without_batch),
        )
    ):
        aliases[customer][key] = (name, batch)
    customers = connection.execute(
        select(_customer.c.id, _customer.c.code, _customer.c.name, _customer.c.batch_id).where(
            _customer.c.id.in_(ids)
        )
    ).all()
    names, tokens = [], []
    for customer, code, name, batch in customers:
        own = aliases[customer]
        rows, pieces = derive_keys(code, name, [alias for alias, _ in own.values()])
        names += [
            {
                "customer_id": customer,
                "kind": kind,
                "name": written,
                "key": key,
                "batch_id": own[key][1] if kind == NameKind.ALIAS else batch,
            }
            for (kind, key), written in {(kind, key): written for kind, written, key in rows}.items()
        ]
        tokens += [{"customer_id": customer, "token": piece} for piece in pieces]
    for rebuilt, inserts in ((_name, names), (_token, tokens)):
        connection.execute(rebuilt.delete().where(rebuilt.c.customer_id.in_(ids)))
        if inserts:
            connection.execute(rebuilt.insert(), inserts)


def _names_table(metadata: MetaData, name: str, key: Sequence[str], *others: str) -> Table:
    return Table(
        name,
        metadata,
        *(Column(column, String, primary_key=True) for column in key),
        *(Column(column, String) for column in others),
        prefixes=["TEMPORARY"],
        sqlite_with_rowid=False,
    )
