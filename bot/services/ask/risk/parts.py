"""What one customer puts at risk, for a line on a card or in a brief."""

from datetime import date

from sqlmodel import Session

from bot.wording.answers.risk import RiskPart
from db.graded import figures
from db.graded.figures import CustomerFigures

YEAR = 365.25  # days, as in grading.views.value_at_risk, which would load numpy for an answer


def risk_of(session: Session, customer_id: int, today: date) -> RiskPart | None:
    """What a customer puts at risk on a day; None when it does not, and without figures. The caller asks for rights."""
    found = figures.of_customers(session, [customer_id]).get(customer_id)
    return None if found is None else part_of(found, today)


def part_of(row: CustomerFigures, today: date) -> RiskPart | None:
    """The same of its figures."""
    silent = row.watch_from is not None and row.watch_from <= today
    amount = row.worth if silent else row.fall
    if amount <= 0 or row.last_order is None:
        return None
    state = "falling"
    if silent:
        state = "at_risk" if row.at_risk_from is not None and row.at_risk_from <= today else "watch"
    yearly = None
    if row.order_value is not None and row.usual_gap_days:
        yearly = YEAR / row.usual_gap_days * float(row.order_value)
    return RiskPart(
        state=state,
        amount=float(amount),
        currency=row.currency,
        basis=row.basis,
        silent_days=(today - row.last_order).days,
        usual_gap_days=row.usual_gap_days,
        order_value=None if row.order_value is None else float(row.order_value),
        revenue=None if row.revenue is None else float(row.revenue),
        revenue_before=None if row.revenue_before is None else float(row.revenue_before),
        as_of=row.as_of,
        better_year=silent and yearly is not None and yearly > float(amount) + 0.01,
    )
