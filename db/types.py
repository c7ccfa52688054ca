"""Column types, the columns many tables have, and the naming convention of all tables."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Index, text, type_coerce
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

MONEY_UNITS = 10_000


class NumberedRow(SQLModel):
    """A row with a number of its own."""

    id: int | None = Field(default=None, primary_key=True)


class ImportedRow(NumberedRow):
    """A row that an import may have created."""

    batch_id: int | None = Field(default=None, index=True)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that meet a condition, on both databases."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values and returns aware UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants are stored with their offset")
        value = value.astimezone(UTC)
        # SQLite stores text without the offset: all of it in UTC, so that it sorts by time.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount, stored as whole ten-thousandths of a currency unit; the currency is another column."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else money_units(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / MONEY_UNITS


def money_units(amount: Decimal) -> int:
    """Ten-thousandths of a currency unit, half away from zero."""
    return int((amount * MONEY_UNITS).to_integral_value(rounding=ROUND_HALF_UP))


def units(column: Any) -> ColumnElement[Any]:
    """A money column as its stored integer, so that sums stay exact."""
    return type_coerce(column, BigInteger)


def in_currency(sum_of_units: Any) -> ColumnElement[Any]:
    """A sum of `units` in units of the currency, as a floating point number."""
    result: ColumnElement[Any] = sum_of_units / float(MONEY_UNITS)
    return result
