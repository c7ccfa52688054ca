"""Every table, imported so that the metadata is whole."""

from sqlmodel import SQLModel

from db import (
    care,
    changes,
    credit,
    customers,
    facts,
    grading,
    imports,
    lanes,
    order_totals,
    orders,
    outbox,
    overrides,
    people,
    prospects,
    reviews,
    schemes,
    shadows,
    system,
    trade,
)

metadata = SQLModel.metadata

__all__ = [
    "care",
    "changes",
    "credit",
    "customers",
    "facts",
    "grading",
    "imports",
    "lanes",
    "metadata",
    "order_totals",
    "orders",
    "outbox",
    "overrides",
    "people",
    "prospects",
    "reviews",
    "schemes",
    "shadows",
    "system",
    "trade",
]
