"""Exchange rates from other currencies to the firm's."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlmodel import col

from db.types import ImportedRow


class ExchangeRate(ImportedRow, table=True):
    """What one unit of a currency was worth in the firm's, from a day on."""

    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("firm_currency", "currency", "day"),)
    firm_currency: str
    currency: str
    day: date
    rate: str  # a decimal number as text: exact on every database


def rates_to(connection: Any, firm_currency: str) -> Sequence[tuple[str, date, str]]:
    """(currency, day, rate) of every rate to a currency, oldest first."""
    statement = (
        select(col(ExchangeRate.currency), col(ExchangeRate.day), col(ExchangeRate.rate))
        .where(col(ExchangeRate.firm_currency) == firm_currency)
        .order_by(col(ExchangeRate.day))
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(statement)]
