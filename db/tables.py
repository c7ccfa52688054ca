"""Imports every module with tables, so that the metadata is complete."""

from sqlmodel import SQLModel

from db import audit, connections, processes, usage  # noqa: F401
from db.book import (  # noqa: F401
    contact_people,
    customers,
    facts,
    imports,
    notes,
    people,
    personal_settings,
    tombstones,
    traits,
)
from db.book.by_hand import handovers  # noqa: F401
from db.book.trade import (
    exchange_rates,  # noqa: F401
    invoices,  # noqa: F401
    order_lines,  # noqa: F401
    order_totals,  # noqa: F401
    orders,  # noqa: F401
)
from db.care import (  # noqa: F401
    acts,
    calendar_feeds,
    planning,
    plans,
    redraws,
    touches,
)
from db.care.records import (
    complaints,  # noqa: F401
    gifts,  # noqa: F401
    promises,  # noqa: F401
    proposals,  # noqa: F401
    surveys,  # noqa: F401
)
from db.care.weekly import reports  # noqa: F401
from db.graded import (  # noqa: F401
    changes,
    credit,
    figures,
    first_orders,
    overrides,
    reviews,
    runs,
    schemes,
    shadows,
)
from db.outbox import channels, messages, send_state  # noqa: F401

metadata = SQLModel.metadata
