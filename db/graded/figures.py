"""Figures of each account: rhythm, money of two years, value at risk, what it owes. Lists, briefs and sums read them.

`bot/services/grade/figures.py` writes them after each grading of the whole book, and of customers about whom something is
new. Whether a customer is silent depends on the day: `silent` and the like are conditions with the day in them.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Date,
    Index,
    Table,
    and_,
    bindparam,
    case,
    literal,
    literal_column,
    or_,
    true,
)
from sqlalchemy import select as sa_select
from sqlalchemy.sql.expression import ColumnElement
from sqlmodel import Field, Session, SQLModel, col

from db.book.customers import Customer, of_list, of_type
from db.book.imports import ImportChange, table
from db.book.trade.invoices import Invoice
from db.engine import insert
from db.graded.runs import Purpose
from db.processes import Cursor
from db.types import Money, partial_index, units

CURSOR = (
    "figures"  # RUN@DAY: after which run of accounts the whole book was written, for which day; or due:RUN
)
SOURCES = ("customer_order", "order_line", "invoice")  # tables of imports from which figures are computed


class Basis(StrEnum):
    """Of what the value of a customer is counted."""

    MARGIN = "margin"
    REVENUE = "revenue"  # where costs are unknown


class CustomerFigures(SQLModel, table=True):
    """One account as of a day. There is no row for prospects, archived customers, and accounts that no grading knows."""

    __tablename__ = "customer_figures"
    __table_args__ = (
        Index("ix_customer_figures_worth", "worth", "watch_from"),
        Index("ix_customer_figures_last_order", "last_order"),
        Index("ix_customer_figures_revenue", "revenue"),
        # For sums over the whole book; the others are for its sorted lists.
        partial_index(
            "ix_customer_figures_silent", "watch_from", "currency", "basis", "worth", where="worth > 0"
        ),
        partial_index("ix_customer_figures_fall", "fall", "watch_from", where="fall > 0"),
        partial_index(
            "ix_customer_figures_no_rhythm", "order_days", "usual_gap_days", where="watch_from IS NULL"
        ),
        partial_index("ix_customer_figures_stale", "customer_id", where="stale"),
    )
    customer_id: int = Field(
        primary_key=True,
        foreign_key="customer.id",
        ondelete="CASCADE",
        sa_column_kwargs={"autoincrement": False},
    )
    as_of: date  # the day they were computed for; a later grading leaves rows as they are in which nothing else differs
    last_order: date | None = None
    usual_gap_days: float | None = None
    order_days: int = 0  # days with an order, ever
    order_days_24m: int = 0
    watch_from: date | None = None  # from this day on it is silent, k > 2, unless it orders
    at_risk_from: date | None = None  # the same, k > 3
    currency: str | None = None  # of its orders; None without any, and with several
    revenue: Decimal | None = Field(default=None, sa_type=Money)  # of 12 months; None where currencies differ
    revenue_before: Decimal | None = Field(default=None, sa_type=Money)  # of the 12 months before
    margin: Decimal | None = Field(default=None, sa_type=Money)  # None where it is unknown
    margin_before: Decimal | None = Field(default=None, sa_type=Money)
    basis: str = Basis.REVENUE  # Basis
    order_value: Decimal | None = Field(
        default=None, sa_type=Money
    )  # of an order day of 24 months, of the basis
    worth: Decimal = Field(default=Decimal(0), sa_type=Money)  # at risk while it is silent
    fall: Decimal = Field(default=Decimal(0), sa_type=Money)  # at risk while it is not silent
    owed_currency: str | None = None  # of its invoices; None without any, and with several
    exposure: Decimal | None = Field(
        default=None, sa_type=Money
    )  # open invoices; None where currencies differ
    overdue: Decimal | None = Field(default=None, sa_type=Money)  # the part past due on `as_of`
    oldest_due: date | None = None  # the earliest due day of an open invoice, whether it is over or not
    approved_limit: Decimal | None = Field(default=None, sa_type=Money)
    limit_currency: str | None = None
    stale: bool = (
        False  # something it is computed from was taken back or joined: it is written again within seconds
    )

    @property
    def is_over_limit(self) -> bool:
        """The same as `over_limit` has it as a condition."""
        if self.exposure is None or self.approved_limit is None:
            return False
        return self.exposure > self.approved_limit and self.limit_currency in (None, self.owed_currency)


FIGURES = cast(Table, CustomerFigures.__table__)  # type: ignore[attr-defined]
COLUMNS = tuple(column.name for column in FIGURES.columns)
_DAYS = {column.name for column in FIGURES.columns if isinstance(column.type, Date)}


def silent(today: date) -> ColumnElement[bool]:
    """Condition: silent by its own rhythm on a day, k > 2; as `grading.views.rhythm.measure_rhythm` has it."""
    return col(CustomerFigures.watch_from) <= today


def at_risk(today: date) -> ColumnElement[bool]:
    """Condition: silent for more than three of its usual gaps."""
    return col(CustomerFigures.at_risk_from) <= today


def falling(today: date) -> ColumnElement[bool]:
    """Condition: buys less than the year before, by the definition of docs/value-at-risk.md, and is not silent."""
    return and_(units(CustomerFigures.fall) > 0, _not_silent(today))


def overdue(today: date) -> ColumnElement[bool]:
    """Condition: an open invoice is past due on a day."""
    return col(CustomerFigures.oldest_due) < today


def over_limit() -> ColumnElement[bool]:
    """Condition: owes more than its approved credit limit, where both are in one currency."""
    same = or_(
        col(CustomerFigures.limit_currency).is_(None),
        col(CustomerFigures.limit_currency) == col(CustomerFigures.owed_currency),
    )
    return and_(units(CustomerFigures.exposure) > units(CustomerFigures.approved_limit), same)


def value_at_risk(today: date) -> ColumnElement[Any]:
    """What is at risk on a day, in ten-thousandths: `worth` of a silent customer, `fall` of another."""
    return case((silent(today), units(CustomerFigures.worth)), else_=units(CustomerFigures.fall))


def has_value_at_risk(today: date) -> ColumnElement[bool]:
    """Condition: something is at risk on a day."""
    return or_(and_(silent(today), units(CustomerFigures.worth) > 0), falling(today))


def _not_silent(today: date) -> ColumnElement[bool]:
    begins = col(CustomerFigures.watch_from)
    return or_(begins.is_(None), begins > today)


def of_customers(session: Session, customer_ids: Collection[int]) -> dict[int, CustomerFigures]:
    """Customer -> its figures, of those that have some; up to 5,000 customers."""
    rows = session.connection().execute(_OF_CUSTOMERS, {"customers": list(customer_ids)})
    return {row.customer_id: CustomerFigures(**row._mapping) for row in rows}


_AMONG = FIGURES.c.customer_id.in_(bindparam("customers", expanding=True))
_OF_CUSTOMERS = sa_select(FIGURES).where(_AMONG)
_ACCOUNTS = (
    sa_select(col(Customer.id))
    .where(col(Customer.id).in_(bindparam("customers", expanding=True)), of_type(Purpose.ACCOUNT))
    .order_by(col(Customer.id))
)


def accounts(session: Session, customer_ids: Sequence[int]) -> list[int]:
    """Those of these customers that are unarchived accounts, by id."""
    return list(session.connection().scalars(_ACCOUNTS, {"customers": list(customer_ids)}))


def with_joined(session: Session, customer_ids: Sequence[int]) -> list[int]:
    """These customers, and those that were joined into them."""
    into = sa_select(col(Customer.id)).where(col(Customer.joined_into).in_(customer_ids))
    return sorted({*customer_ids, *session.connection().scalars(into)})


def write(
    session: Session,
    columns: Mapping[str, list[Any]],
    customer_ids: Sequence[int],
    as_of: date,
    *,
    redated: bool,
) -> int:
    """Make these the figures of these customers: insert and change what differs, delete what is none; how many.

    `columns` are those of `CustomerFigures` but for `as_of`, by customer, money in ten-thousandths. Without `redated`, a row
    in which only the day would differ stays: it is true of both days. Values are compared and written as the driver has them:
    SQLAlchemy's handling of each took most of the time.
    """
    connection = session.connection()
    columns = {**columns, "as_of": [as_of] * len(columns["customer_id"])}
    rows = list(zip(*(_as_stored(connection, name, columns[name]) for name in _WRITTEN), strict=True))
    end = None if redated else -1  # the day is last
    stored = {row[0]: row[:end] for row in connection.execute(*_raw(customer_ids)).all()}
    differing = [row for row in rows if stored.pop(row[0], None) != row[:end]]
    if stored:
        gone = FIGURES.delete().where(of_list(FIGURES.c.customer_id))
        connection.execute(gone, {"customers": list(stored)})
    if differing:
        _upsert(connection, differing)
    return len(differing) + len(stored)


def _raw(customer_ids: Sequence[int]) -> tuple[Any, dict[str, Any]]:
    """The statement and parameters that read the rows of customers, or of a range of ids, without converting values."""
    if isinstance(customer_ids, range):
        return _RAW_RANGE, {"first": customer_ids.start, "stop": customer_ids.stop}
    return _RAW_LIST, {"customers": customer_ids}


_WRITTEN = (*(name for name in COLUMNS if name != "as_of"), "as_of")
_RAW: Any = sa_select(*map(literal_column, _WRITTEN)).select_from(FIGURES)
_RAW_LIST = _RAW.where(of_list(FIGURES.c.customer_id))
_RAW_RANGE = _RAW.where(
    FIGURES.c.customer_id >= bindparam("first"), FIGURES.c.customer_id < bindparam("stop")
)


def _as_stored(connection: Connection, name: str, values: list[Any]) -> list[Any]:
    """Days as SQLite's driver returns them: as text."""
    if name not in _DAYS or connection.dialect.name != "sqlite":
        return values
    texts = {day: day and day.isoformat() for day in set(values)}
    return [texts[day] for day in values]


def _upsert(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(_WRITTEN)
    changed = ", ".join(f"{name} = excluded.{name}" for name in _WRITTEN[1:])
    conflict = f"ON CONFLICT (customer_id) DO UPDATE SET {changed}"
    into = f"INSERT INTO {FIGURES.name} ({names})"
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(_WRITTEN))
        connection.exec_driver_sql(f"{into} VALUES ({places}) {conflict}", rows)
        return
    # COPY has no ON CONFLICT.
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE landing (LIKE {FIGURES.name}) ON COMMIT DROP")
    cursor = cast(Any, connection.connection.dbapi_connection).cursor()
    with cursor, cursor.copy(f"COPY landing ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(f"{into} SELECT {names} FROM landing {conflict}")  # noqa: S608 - names of columns
    connection.exec_driver_sql("DROP TABLE landing")


def moved_from(session: Session | Connection, after: int, *, until: int = 2**31 - 1) -> list[int]:
    """Ids of the customers to whom orders and invoices belonged before imports in (after, until] moved them."""
    changed = table(ImportChange)
    found = session.scalars(
        sa_select(changed.c.before).where(
            changed.c.batch_id.between(after + 1, until),
            changed.c.table_name.in_(SOURCES),
            changed.c.before.contains('"customer_id"'),
        )
    )
    return sorted({json.loads(before)["customer_id"] for before in found})


def mark(connection: Connection, customer_ids: Iterable[int], today: date) -> None:
    """Have the figures of these customers written again soon, in the transaction of what changed them.

    Nothing before the first grading, and customers that are gone are left out.
    """
    written = sa_select(1).where(col(Cursor.name) == CURSOR).exists()
    wanted = sorted(set(customer_ids))
    for start in range(0, len(wanted), 5_000):  # databases limit a statement's parameters
        some = col(Customer.id).in_(wanted[start : start + 5_000])
        statement = insert(connection, FIGURES).from_select(
            ["customer_id", "as_of", "stale"],
            sa_select(col(Customer.id), literal(today, Date), true()).where(some, written),
        )
        connection.execute(
            statement.on_conflict_do_update(index_elements=["customer_id"], set_={"stale": True})
        )


def mark_newly_overdue(session: Session, today: date) -> None:
    """Have the figures written again of customers with an invoice that became overdue after the day of their figures."""
    became = sa_select(col(Invoice.customer_id)).where(
        col(Invoice.customer_id) == FIGURES.c.customer_id,
        col(Invoice.due_on) >= FIGURES.c.as_of,
        col(Invoice.due_on) < today,
        or_(col(Invoice.paid_on).is_(None), col(Invoice.paid_on) > today),
    )
    found = FIGURES.update().where(FIGURES.c.as_of < today, became.exists()).values(stale=True)
    session.connection().execute(found)


def stale(session: Session, limit: int) -> list[int]:
    """Some customers whose figures are marked, by id."""
    found = sa_select(FIGURES.c.customer_id).where(FIGURES.c.stale).order_by(FIGURES.c.customer_id)
    return list(session.connection().scalars(found.limit(limit)))


def set_limit(session: Session, customer_id: int, limit: Decimal, currency: str | None) -> None:
    """Store a credit limit in the transaction that approves it, where there are figures."""
    mine = FIGURES.c.customer_id == customer_id
    session.connection().execute(
        FIGURES.update().where(mine).values(approved_limit=limit, limit_currency=currency)
    )


def delete_foreign(session: Session, after: int) -> None:
    """Delete the figures of customers with higher ids than one that are no unarchived accounts any more."""
    present = sa_select(1).where(col(Customer.id) == FIGURES.c.customer_id, of_type(Purpose.ACCOUNT))
    session.connection().execute(FIGURES.delete().where(FIGURES.c.customer_id > after, ~present.exists()))
