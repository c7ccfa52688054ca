"""By which traits care plans may choose steps that only orders tell: lifecycle, quadrant and RFM class.

Computed for every account once a day, in chunks, and only while a plan in force asks for one of them. The numbers that
customers are compared with are learned from the whole book once a year, so that nobody's class changes because another
customer bought.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from bot.errors import BotError
from db import processes
from db.book import customers
from db.care import marks
from db.engine import Database

TRAITS = frozenset(marks.TRAITS)
CURSOR, NUMBERS = "care:traits", "care:numbers"
CHUNK = 5_000
MOST = 100_000  # customers of one pass: the rest waits for the next, so that a pass ends
LEARNED = timedelta(days=365)
NEW_YEARS = 0.25  # how long a customer that began to buy is new

log = structlog.get_logger()


def refresh(database: Database, conditions: Collection[str], today: date) -> int:
    """Compute the traits of the day before, once; how many customers have other ones. Care is planned for these anew."""
    if TRAITS.isdisjoint(conditions):
        return 0
    as_of, changed = today - timedelta(days=1), 0
    with database.read() as session:
        day, _, after = (processes.cursor(session, CURSOR) or "").partition(" ")
    if day == str(as_of) and after == "done":
        return 0
    place = int(after) if day == str(as_of) else 0
    numbers = _numbers(database, as_of)
    for _ in range(0, MOST, CHUNK):
        with database.read() as session:
            ids = customers.ids_after(session, "account", place, CHUNK)
            found = _traits(session, ids, numbers, as_of) if ids else {}
        place = ids[-1] if ids else place
        with database.write() as session:
            changed += marks.set_traits(session, found)
            processes.set_cursor(session, CURSOR, f"{as_of} {place if ids else 'done'}")
        if not ids:
            break
    return changed


def _numbers(database: Database, as_of: date) -> Any:
    """The numbers of the whole book: those of the last year, or new ones; None of a book that gives none."""
    from bot.services.reports import calibration, value  # pandas, which the start does not need

    with database.read() as session:
        known = _stored(session)
        if known is not None and known.as_of + LEARNED > as_of:
            return known
        try:
            learned = value.learn(session, as_of)
        except BotError as error:
            log.warning("care.no_numbers", sentence=error.text())
            return None
    with database.write() as session:
        processes.set_cursor(session, NUMBERS, calibration.text_of(learned))
    return learned


def _stored(session: Session) -> Any:
    from bot.services.reports import calibration

    try:
        return calibration.parse(processes.cursor(session, NUMBERS) or "")
    except (ValueError, KeyError, TypeError, AttributeError):  # of an earlier version
        return None


def _traits(
    session: Session, customer_ids: Sequence[int], numbers: Any, as_of: date
) -> dict[int, tuple[str | None, ...]]:
    """Customer -> its values of `marks.TRAITS`; none of one that never bought."""
    from bot.services.reports import value

    frame = value.classes(session, customer_ids, numbers, as_of)
    found: dict[int, tuple[str | None, ...]] = dict.fromkeys(customer_ids, (None, None, None))
    for customer, state, days, years in frame[["state", "order_days_24m", "relationship"]].itertuples(
        name=None
    ):
        found[customer] = _lifecycle(state, days, years), None, None
    if numbers is not None:
        for customer, cell, row, segment in frame[["cell", "class8", "segment"]].itertuples(name=None):
            rfm = f"{row},{segment}" if row else None
            found[customer] = found[customer][0], cell or None, rfm
    return found


def _lifecycle(state: str, order_days_24m: float, years: float) -> str:
    """Lost without an order for 24 months, else silent by its own rhythm, else new for three months, else active."""
    from grading.views.rhythm import SILENT

    if not order_days_24m:
        return "lost"
    if state in SILENT:
        return "silent"
    return "new" if years <= NEW_YEARS else "active"
