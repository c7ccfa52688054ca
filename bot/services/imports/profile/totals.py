"""What a file comes to: sums over its staged rows."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import distinct, extract, func, null, select

from bot.services.imports.job import ImportJob
from bot.services.imports.kind import FileKind

_EXAMPLES = 5
UNKNOWN = "XXX"  # ISO's own code for no currency: amounts are read with it until a person says theirs


@dataclass(frozen=True, kw_only=True)
class YearTotal:
    """The rows of a year in one currency, None where the file does not name it; no year where a kind has no date, no amount where it has none."""

    year: int | None
    currency: str | None
    rows: int
    amount: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What would be stored."""

    by_year: tuple[YearTotal, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    customers: int | None = None  # that the rows name, where the kind can create customers
    unknown: int = 0  # of them, not in the book
    unknown_examples: tuple[str, ...] = ()


def add_up(job: ImportJob, kind: FileKind) -> Totals:
    """The totals of an import whose rows are staged."""
    stage, run = kind.stage.c, job.connection.execute
    day = next((stage[one.column] for one in kind.fields if one.name == "date" and one.column), None)
    year: Any = null() if day is None else extract("year", day)
    amount: Any = stage.amount if "amount" in stage else null()
    currency: Any = stage.currency if "currency" in stage and "amount" in stage else null()
    by_year = run(
        select(year, currency, func.count(), func.sum(amount))
        .group_by(year, currency)
        .order_by(year, currency)
    ).all()
    found: dict[str, Any] = {}
    if day is not None:
        found["first_day"], found["last_day"] = run(select(func.min(day), func.max(day))).one()
    if "customer_ref" in kind.filled:
        unknown = stage.customer_id.is_(None)
        found["customers"] = run(select(func.count(distinct(stage.customer_ref)))).scalar_one()
        found["unknown"] = run(select(func.count(distinct(stage.customer_ref))).where(unknown)).scalar_one()
        first = select(stage.customer_ref).where(unknown).group_by(stage.customer_ref)
        found["unknown_examples"] = tuple(
            job.connection.scalars(first.order_by(func.min(stage.line)).limit(_EXAMPLES))
        )
    rows = tuple(
        YearTotal(year=a, currency=None if b == UNKNOWN else b, rows=c, amount=d) for a, b, c, d in by_year
    )
    return Totals(by_year=rows, **found)
