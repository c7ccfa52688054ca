"""Propose a scheme from the firm's own customers."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.errors import N_, BadInput
from bot.services.grade import computed, scheme_choice
from bot.services.schemes import store
from db.book import order_totals, orders
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
        days, currencies = orders.first_and_last(session), order_totals.currencies(session)
        if days is None:
            raise BadInput(
                N_("There are no orders to go by. Bring them in first: tierbot import orders FILE")
            )
        if len(currencies) > 1:
            raise BadInput(
                N_("Orders are in several currencies (%(currencies)s); a scheme counts in one."),
                currencies=", ".join(currency for currency, _ in currencies),
            )
        day = as_of or min(days[1], today)
        # The proposal counts in the currency of the orders, not in the preset's; invoices must be in it too.
        rows = computed.load_rows(session, replace(file.scheme, currency=currencies[0][0]), day)
        types = product_types(session, as_of=day, start=window_start(day, 12))
        theirs = computed.select_rows(rows, scheme_choice.customers_of_all(session, [file.scheme]))
    constants = book_constants_of(rows, day)
    if types:
        constants["product_types_sold"] = float(types)
    try:
        return propose(
            file.text,
            computed_indicators(theirs, file.scheme, day),
            currency=currencies[0][0],
            as_of=day,
            constants=constants,
        )
    except ProposalError as error:
        raise BadInput(N_("%(reason)s"), reason=str(error)) from None
