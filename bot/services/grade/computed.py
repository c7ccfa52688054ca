"""The facts that a scheme grades: sums that the database computes per customer, and recorded facts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.errors import N_, BadInput
from bot.services.schemes.currency import check_currency
from db.book import facts
from db.book.trade import invoices, order_lines, orders
from db.graded import credit
from grading.indicators.sources import COMPUTED, CREDIT_GRADE, EDITION
from grading.scheme.credit import VALID_DAYS
from grading.scheme.model import WORDS_FOR_NO_TIER, Scheme

if TYPE_CHECKING:
    from bot.frames import FactColumns, SourceRows

MOST_NAMED = 5_000  # customers that a query names; for more the whole book is read


def load_book(
    session: Session, scheme: Scheme, as_of: date, customer_ids: Sequence[int] | None = None
) -> "FactColumns":
    """`load_facts`; raises BadInput when orders are in another currency."""
    check_currency(session, scheme)
    return load_facts(session, scheme, as_of, customer_ids)


def load_facts(
    session: Session,
    scheme: Scheme,
    as_of: date,
    customer_ids: Sequence[int] | None = None,
    *,
    edition: int = EDITION,
) -> "FactColumns":
    """The values of all fields of a scheme, as known now with a date up to a day, of all customers or of some.

    `edition`: the rules by which fields are computed; a run of the past has its own.
    """
    from bot.frames import book_of

    few = customer_ids if customer_ids is None or len(customer_ids) <= MOST_NAMED else None
    found = facts.facts_by_day(session, fields=list(scheme.fields), as_of=as_of, customer_ids=few)
    grades = credit_grades(session, scheme, as_of, few)
    rows = load_rows(session, scheme, as_of, few, edition=edition)
    rows = rows if few is customer_ids else select_rows(rows, customer_ids)
    return book_of(rows, found, grades, scheme, as_of, edition)


def load_rows(
    session: Session,
    scheme: Scheme,
    as_of: date,
    customer_ids: Sequence[int] | None = None,
    *,
    edition: int = EDITION,
) -> "SourceRows":
    """Sums of orders, and of whatever else the scheme has fields for. Raises BadInput for invoices in another currency."""
    from bot.frames import SourceRows  # pandas, and below numpy: only when something is graded
    from grading.indicators.events import FADING, WINDOWS, fading_weights
    from grading.indicators.orders import window_start

    def start(months: int) -> date:
        return window_start(as_of, months, edition)

    wanted = {COMPUTED[name].source for name in scheme.fields if name in COMPUTED}
    year = start(12)
    rows = SourceRows(
        orders=orders.order_aggregates(
            session,
            as_of=as_of,
            quarters=[start(months) for months in (12, 9, 6, 3)] + [as_of],
            previous_start=start(24),
            record_type=scheme.record_type,
            customer_ids=customer_ids,
            usual_gaps="silence_ratio" in scheme.fields,
        )
    )
    # The costs of lines count towards margins of orders that have none.
    if wanted & {"orders", "order lines"}:
        lines = order_lines.line_aggregates(session, as_of=as_of, start=year, customer_ids=customer_ids)
        rows = replace(rows, lines=lines)
    if "invoices" in wanted:
        _refuse_foreign_invoices(session, scheme, customer_ids)
        owed = invoices.invoice_aggregates(session, as_of=as_of, start=year, customer_ids=customer_ids)
        rows = replace(rows, invoices=owed)
    if "activities" in wanted:
        windows = {kind: start(months) for kind, months in WINDOWS.items()}
        weights = fading_weights(as_of, scheme, edition)
        rows = replace(
            rows,
            activities=facts.activity_counts(
                session, as_of=as_of, windows=windows, customer_ids=customer_ids
            ),
            faded={
                name: facts.faded_activities(session, kinds=kinds, weights=weights, customer_ids=customer_ids)
                for name, kinds in FADING.items()
                if name in scheme.fields and weights
            },
            periods=facts.activity_periods(session),
        )
    return rows


def select_rows(rows: "SourceRows", customer_ids: Sequence[int] | None) -> "SourceRows":
    """The rows of some customers: those with a row in `orders`, even an empty one."""
    if customer_ids is None:
        return rows
    wanted = set(customer_ids)
    return replace(rows, orders=[row for row in rows.orders if row[0] in wanted])


def credit_grades(
    session: Session, scheme: Scheme, as_of: date, customer_ids: Sequence[int] | None = None
) -> dict[int, tuple[str, date]]:
    """Customer -> (grade, day) of the newest credit assessment of 120 days, where the scheme reads `credit_grade`.

    A recorded grade of a later day replaces it, and so it does where there is no assessment or one without a grade.
    """
    if CREDIT_GRADE not in scheme.fields or scheme.credit_limit is not None:
        return {}
    oldest = as_of - timedelta(days=VALID_DAYS)
    found = credit.grades(session, oldest=oldest, as_of=as_of, customer_ids=customer_ids)
    return {who: (tier, day) for who, (tier, day) in found.items() if tier not in WORDS_FOR_NO_TIER}


def _refuse_foreign_invoices(session: Session, scheme: Scheme, customer_ids: Sequence[int] | None) -> None:
    found = invoices.invoice_currencies(session, customer_ids)
    foreign = [one for one in found if scheme.currency not in (None, one)]
    if foreign:
        raise BadInput(
            N_(
                "The scheme %(scheme)s counts in %(wanted)s, but there are invoices in %(found)s. Set"
                " TIERBOT_CURRENCY=%(wanted)s, import rates, and import those invoices again."
            ),
            scheme=scheme.scheme,
            wanted=scheme.currency,
            found=", ".join(foreign),
        )
