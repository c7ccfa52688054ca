"""Propose a scheme from the firm's own customers."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.errors import N_, BadInput
from bot.services.grade import computed, scheme_choice
from bot.services.schemes import store
from bot.services.schemes.currency import common_currency
from db.book import orders
from db.book.order_lines import product_types
from db.engine import Database
from grading.indicators.orders import window_start


def propose_scheme(
    database: Database, preset: str, schemes_dir: Path | None, *, as_of: date | None, today: date
) -> str:
    """A preset's text with knots and constants from the firm's orders, in the currency of those orders.

    Knots come from the customers the scheme applies to, constants from all. Without `as_of`: the day of the last order.
    Raises BadInput without orders, or with orders in several currencies.
    """
    from bot.frames import book_constants_of, computed_indicators
    from grading.diagnose.proposal import ProposalError, propose

    file = store.find(preset, schemes_dir)
    with database.read() as session:
        currency = common_currency(session)
        days = orders.first_and_last(session)
        assert days is not None  # there is an order that has this currency
        day = as_of or min(days[1], today)
        # The proposal counts in the currency of the orders, not in the preset's; invoices must be in it too.
        rows = computed.load_rows(session, replace(file.scheme, currency=currency), day)
        types = product_types(session, as_of=day, start=window_start(day, 12))
        theirs = computed.select_rows(rows, scheme_choice.customers_of_all(session, [file.scheme]))
    constants = book_constants_of(rows, day)
    if types:
        constants["product_types_sold"] = float(types)
    try:
        return propose(
            file.text,
            computed_indicators(theirs, file.scheme, day),
            currency=currency,
            as_of=day,
            constants=constants,
        )
    except ProposalError as error:
        raise BadInput(N_("%(reason)s"), reason=str(error)) from None
