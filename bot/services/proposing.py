"""Proposing a scheme from the firm's own customers."""

from datetime import date
from pathlib import Path

from bot.errors import N_, BadInput
from bot.services import schemes
from db import facts as db_facts
from db.engine import Database


def propose_scheme(
    database: Database, preset: str, schemes_dir: Path | None, *, as_of: date | None, today: date
) -> str:
    """A preset's text with knots and constants from the firm's orders, in the currency of those orders.

    Without `as_of`: the day of the last order. Raises BadInput when there is nothing to go by.
    """
    from bot.frames import aggregates_frame
    from grading.indicators import book_constants, order_indicators, window_start
    from grading.proposal import ProposalError, propose

    file = schemes.find(preset, schemes_dir)
    with database.read() as session:
        first, last, currencies = db_facts.order_range(session)
        if first is None or last is None:
            raise BadInput(
                N_("There are no orders to go by. Bring them in first: tierbot import orders FILE")
            )
        if len(currencies) > 1:
            raise BadInput(
                N_("Orders are in several currencies (%(currencies)s); a scheme counts in one."),
                currencies=", ".join(currency for currency, _ in currencies),
            )
        day = as_of or min(last, today)
        rows = db_facts.order_aggregates(
            session,
            as_of=day,
            quarters=[window_start(day, months) for months in (12, 9, 6, 3)] + [day],
            previous_start=window_start(day, 24),
            record_type=file.scheme.record_type,
        )
    aggregates = aggregates_frame(rows)
    try:
        return propose(
            file.text,
            order_indicators(aggregates, day, file.scheme),
            currency=currencies[0][0],
            as_of=day,
            constants=book_constants(aggregates),
        )
    except ProposalError as error:
        raise BadInput(N_("%(reason)s"), reason=str(error)) from None
