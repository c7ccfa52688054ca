"""Every table, imported so that the metadata is whole."""

from sqlmodel import SQLModel

from db import system
from db.book import customers, facts, imports, order_totals, orders, people, trade
from db.care import touches
from db.graded import changes, credit, first_orders, overrides, reviews, runs, schemes, shadows
from db.outbox import messages, throttle

metadata = SQLModel.metadata

__all__ = [
    "changes",
    "credit",
    "customers",
    "facts",
    "first_orders",
    "imports",
    "messages",
    "metadata",
    "order_totals",
    "orders",
    "overrides",
    "people",
    "reviews",
    "runs",
    "schemes",
    "shadows",
    "system",
    "throttle",
    "touches",
    "trade",
]
