"""Stand-ins in a temporary book for what the rows of a file refer to, so that they are read as they will be later."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot.services.imports.profile.guess import Guess
from bot.services.imports.profile.sample import Sample
from bot.services.imports.read.amounts import LIMIT
from bot.services.imports.read.records import Broken, open_table
from db.book.customers import Customer
from db.book.imports import table
from db.book.trade.orders import Order
from db.engine import Database


def fill_customers(book: Database, codes: list[str], now: datetime) -> None:
    """A customer for each code."""
    rows = [
        {
            "code": code,
            "name": code,
            "record_type": "account",
            "archived": False,
            "version": 1,
            "created_at": now,
        }
        for code in codes
    ]
    with book.writer.begin() as connection:
        connection.execute(table(Customer).insert(), rows)


def fill_orders(book: Database, numbers: list[str], *, source: str, currency: str, now: datetime) -> None:
    """An order for each number, all of one customer, and too large for lines to exceed."""
    fill_customers(book, ["stand-in"], now)
    with book.writer.begin() as connection:
        customer = connection.scalar(select(table(Customer).c.id))
        order = {
            "customer_id": customer,
            "source": source,
            "ordered_on": now.date(),
            "amount": Decimal(LIMIT),
            "currency": currency,
        }
        connection.execute(table(Order).insert(), [{**order, "external_id": number} for number in numbers])


def values_of(sample: Sample, guess: Guess, field: str) -> list[str]:
    """The different values of a field's column in the whole file."""
    place = guess.columns[field].place
    found: dict[str, None] = {}
    with open_table(sample.file, sample.delimiter) as opened:
        for record in opened.records:
            if not isinstance(record, Broken) and len(record[1]) > place:
                found[record[1][place].strip()] = None
    return [value for value in found if value]
