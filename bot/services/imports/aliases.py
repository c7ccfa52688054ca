"""A customer that gets a new name keeps the old one as an alias; taking an import back builds the names anew."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from bot.services.name_keys import findable, fold
from db.book.customers import Customer, CustomerName, NameToken
from db.book.imports import table

_customer, _name, _token = table(Customer), table(CustomerName), table(NameToken)


def keep_old_names(connection: Connection, batch_id: int, renamed: Sequence[tuple[int, str]]) -> None:
    """The old names of (customer, old name) become aliases."""
    if not renamed:
        return
    ids = [customer for customer, _ in renamed]
    aliases = {
        (row[0], row[1])
        for row in connection.execute(
            select(_name.c.customer_id, _name.c.key).where(
                _name.c.customer_id.in_(ids), _name.c.kind == "alias"
            )
        )
    }
    connection.execute(_name.delete().where(_name.c.customer_id.in_(ids), _name.c.kind == "name"))
    rows = [
        {"customer_id": customer, "kind": "alias", "name": old, "key": key, "batch_id": batch_id}
        for customer, old in renamed
        if (key := fold(old)) and (customer, key) not in aliases
    ]
    if rows:
        connection.execute(_name.insert(), rows)


def rebuild(connection: Connection, customer_ids: Sequence[int], without_batch: int) -> None:
    """Make customers findable by their present code and name and the aliases other imports gave them."""
    if not customer_ids:
        return
    aliases: dict[int, dict[str, tuple[str, int | None]]] = {customer: {} for customer in customer_ids}
    for row in connection.execute(
        select(_name.c.customer_id, _name.c.key, _name.c.name, _name.c.batch_id).where(
            _name.c.customer_id.in_(customer_ids),
            _name.c.kind == "alias",
            _name.c.batch_id.is_distinct_from(without_batch),
        )
    ):
        aliases[row[0]][row[1]] = (row[2], row[3])
    customers = connection.execute(
        select(_customer.c.id, _customer.c.code, _customer.c.name, _customer.c.batch_id).where(
            _customer.c.id.in_(customer_ids)
        )
    ).all()
    names, tokens = [], []
    for customer, code, name, batch in customers:
        own = aliases[customer]
        rows, pieces = findable(code, name, [alias for alias, _ in own.values()])
        given = {(kind, key): written for kind, written, key in rows}
        names += [
            {
                "customer_id": customer,
                "kind": kind,
                "name": written,
                "key": key,
                "batch_id": own[key][1] if kind == "alias" else batch,
            }
            for (kind, key), written in given.items()
        ]
        tokens += [{"customer_id": customer, "token": piece} for piece in pieces]
    connection.execute(_name.delete().where(_name.c.customer_id.in_(customer_ids)))
    connection.execute(_token.delete().where(_token.c.customer_id.in_(customer_ids)))
    if names:
        connection.execute(_name.insert(), names)
    if tokens:
        connection.execute(_token.insert(), tokens)
