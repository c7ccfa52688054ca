"""Imports every module with tables, so that the metadata is complete."""

from sqlmodel import SQLModel

from db import audit, connections, processes, usage  # noqa: F401
from db.book import (  # noqa: F401
    complaints,
    contact_people,
    customers,
    exchange_rates,
    facts,
    imports,
    invoices,
    order_lines,
    order_totals,
    orders,
    people,
    tombstones,
)
from db.care import acts, calendar_feeds, planning, plans, redraws, touches  # noqa: F401
from db.graded import changes, credit, first_orders, overrides, reviews, runs, schemes, shadows  # noqa: F401
from db.outbox import channels, messages, send_state  # noqa: F401

metadata = SQLModel.metadata
