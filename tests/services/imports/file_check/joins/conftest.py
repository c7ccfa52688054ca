"""Two systems' customers, and what the tests of joins do to them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.services.imports import JoinReport, join_customers
from db import tables
from db.book.trade import order_totals
from db.care.touches import Touch
from db.graded.overrides import Override
from tests import factories
from tests.services.imports.conftest import Book, Snapshots

ERP = "code,name,aliases,region\n10001,Basalt GmbH,OLD77,\n10002,Granit AG,,South\n"
CRM = "code,name,region,since\n001A,Basalt GmbH,North,2019-05-01\n10002,Kiesel KG,East,\n"
AT = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def two(book: Book, snapshots: Snapshots) -> Book:
    """Two systems' customers, with a little of everything."""

    def bring(book: Book) -> None:
        book.bring("people", "email,name\nmia@example.com,Mia\nlee@example.com,Lee\n")
        book.bring("customers", ERP, source="erp")
        book.bring("customers", CRM, source="crm")
        book.bring("orders", "order,customer,date,amount\n1,10001,2026-01-05,500\n", source="erp")
        book.bring(
            "orders",
            "order,customer,date,amount\nA,001A,2026-02-05,40\nB,001A,2026-02-06,2.5\n",
            source="crm",
        )
        book.bring("order-lines", "order,line,category,amount\nA,1,stone,40\n", source="crm", currency="EUR")
        book.bring(
            "invoices",
            "invoice,customer,date,due,paid,amount\nR1,001A,2026-02-05,2026-03-05,,40\n",
            source="crm",
            currency="EUR",
        )
        book.bring("activities", "customer,date,kind\n001A,2026-01-05,visit\n", source="crm")
        book.bring("facts", "customer,field,value,date\n001A,annual_sales,40,2026-01-31\n", source="crm")

    return snapshots.fetch("two systems", book, bring)


def join(book: Book, customer: str = "CRM:001A", into: str = "ERP:10001", **options: Any) -> JoinReport:
    return join_customers(
        book.database,
        customer,
        into,
        clock=book.clock,
        actor=factories.operator("mia@example.com"),
        **options,
    )


def state(book: Book) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, but the log of imports, and the counters by which old buttons are refused."""
    found = {}
    with book.database.reader.connect() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in ("import_batch", "audit_entry"):
                columns = [column for column in table.c if column.name != "version"]
                rows = connection.execute(table.select().with_only_columns(*columns)).mappings()
                found[table.name] = sorted(map(dict, rows), key=repr)
    return found


def owners(book: Book, table: str) -> list[tuple[Any, ...]]:
    """The codes of the customers of a table's rows."""
    return book.rows(
        f"SELECT customer.code FROM {table} AS t JOIN customer ON customer.id = t.customer_id ORDER BY t.id"  # noqa: S608 - constants
    )


def totals_are_exact(book: Book) -> bool:
    with book.database.read() as session:
        return order_totals.discrepancies(session) == []


def add(book: Book, *rows: Any) -> None:
    with book.database.write() as session:
        session.add_all(rows)


def customer_id(book: Book, code: str, name: str) -> int:
    ((found,),) = book.rows(f"SELECT id FROM customer WHERE code = '{code}' AND name = '{name}'")  # noqa: S608 - constants
    return int(found)


def override(customer: int, tier: str = "A", purpose: str = "account", **values: Any) -> Override:
    given = {"set_by": "Mia", "set_at": AT, "starts_on": date(2026, 1, 1), "reason": "key account", **values}
    return Override(customer_id=customer, purpose=purpose, tier=tier, **given)


def touch(customer: int, step: str, state: str = "planned") -> Touch:
    return Touch(
        dedupe_key=f"{customer}:{step}",
        customer_id=customer,
        step=step,
        kind="revisit",
        tier="A",
        due_on=AT.date(),
        remind_at=AT,
        state=state,
        created_at=AT,
    )
