"""Customers on their way in: their rows, keys, and the names they will be found by."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, and_, exists, literal, select

from bot.services.imports.kind import ImportJob, stage_table
from bot.services.name_keys import findable
from db.book.customers import Customer, CustomerKey, CustomerName, NameToken
from db.book.imports import add_missing, affected, fill, table

_customer, _key = table(Customer), table(CustomerKey)
_name, _token = table(CustomerName), table(NameToken)


class StagedNames:
    """What staged customers are found by, computed while the file is read so that publishing stays short."""

    def __init__(self, metadata: MetaData) -> None:
        self.names = Table(
            "staged_name",
            metadata,
            Column("key", String, primary_key=True),
            Column("kind", String, primary_key=True),
            Column("name_key", String, primary_key=True),
            Column("name", String),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
        )
        self.tokens = Table(
            "staged_token",
            metadata,
            Column("key", String, primary_key=True),
            Column("token", String, primary_key=True),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
        )

    def add(self, connection: Connection, customers: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        """Stage the names of (key, name, aliases)."""
        names: list[tuple[Any, ...]] = []
        tokens: list[tuple[Any, ...]] = []
        for key, name, aliases in customers:
            rows, pieces = findable(key, name, aliases)
            names += [(key, kind, compared, written) for kind, written, compared in rows]
            tokens += [(key, piece) for piece in pieces]
        fill(connection, self.names, ("key", "kind", "name_key", "name"), names)
        fill(connection, self.tokens, ("key", "token"), tokens)

    def forget(self, connection: Connection, key: str) -> None:
        for staged in (self.names, self.tokens):
            connection.execute(staged.delete().where(staged.c.key == key))

    def publish(self, job: ImportJob, batch_id: int) -> None:
        """Add the names that are not there yet; the customers' keys must be."""
        staged = self.names.c
        there = exists(
            select(1).where(
                _name.c.customer_id == _key.c.customer_id,
                _name.c.kind == staged.kind,
                _name.c.key == staged.name_key,
            )
        )
        job.connection.execute(
            _name.insert().from_select(
                ["customer_id", "kind", "name", "key", "batch_id"],
                select(_key.c.customer_id, staged.kind, staged.name, staged.name_key, literal(batch_id))
                .select_from(self.names.join(_key, _of(staged.key, job)))
                .where(~there),
            )
        )
        # Not "where there is none yet" as above: a PostgreSQL that has only seen the table empty looks a common token
        # up among all customers, again for each of them.
        add_missing(
            job.connection,
            _token,
            ["token", "customer_id"],
            select(self.tokens.c.token, _key.c.customer_id)
            .select_from(self.tokens.join(_key, _of(self.tokens.c.key, job)))
            .where(self.tokens.c.token.is_not(None)),
        )

    def new_alias(self, customer_id: Any, key: Any) -> Any:
        """Whether a staged customer brings an alias that an existing one does not have."""
        staged = self.names.c
        return exists(
            select(1).where(
                staged.key == key,
                staged.kind == "alias",
                ~exists(
                    select(1).where(
                        _name.c.customer_id == customer_id,
                        _name.c.kind == "alias",
                        _name.c.key == staged.name_key,
                    )
                ),
            )
        )


class Newcomers:
    """Customers that orders name and nobody knows yet; named by their code until a customer file says more."""

    def __init__(self, connection: Connection) -> None:
        metadata = MetaData()
        self._connection = connection
        self._stage = stage_table(metadata, "staged_newcomer")
        self._names = StagedNames(metadata)
        self._next = 1
        metadata.create_all(connection)

    def add(self, codes: Sequence[str]) -> None:
        rows = [(self._next + number, code) for number, code in enumerate(codes)]
        self._next += len(rows)
        fill(self._connection, self._stage, ("line", "key"), rows)
        self._names.add(self._connection, [(code, code, ()) for code in codes])

    def publish(self, job: ImportJob, batch_id: int) -> int:
        """Create them; how many."""
        stage = self._stage.c
        created = publish_customers(job, batch_id, self._stage, {"name": stage.key})
        self._names.publish(job, batch_id)
        return created


def publish_customers(job: ImportJob, batch_id: int, stage: Table, columns: dict[str, Any]) -> int:
    """Create the staged customers whose key this source does not have, and their keys; how many."""
    defaults = {
        "record_type": literal("account"),
        "archived": literal(False),
        "version": literal(1),
        "created_at": literal(job.now, _customer.c.created_at.type),
        "batch_id": literal(batch_id),
    }
    values = {**defaults, "code": stage.c.key, **columns}
    known = exists(select(1).where(_of(stage.c.key, job)).select_from(_key))
    created = affected(
        job.connection,
        _customer.insert().from_select(
            list(values),
            select(*(value.label(name) for name, value in values.items()))
            .select_from(stage)
            .where(~known)
            .order_by(stage.c.line),
        ),
    )
    job.connection.execute(
        _key.insert().from_select(
            ["customer_id", "source", "external_id", "batch_id"],
            select(_customer.c.id, literal(job.source), stage.c.key, literal(batch_id)).select_from(
                stage.join(_customer, and_(_customer.c.code == stage.c.key, _customer.c.batch_id == batch_id))
            ),
        )
    )
    return created


def _of(key: Any, job: ImportJob) -> Any:
    return and_(_key.c.source == job.source, _key.c.external_id == key)
