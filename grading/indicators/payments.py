"""From a customer's invoices to how it pays.

| indicator | formula | missing when |
|---|---|---|
| on_time_payment_rate (ratio) | (n x share + m x r0) / (n + m); share of amount paid by the due day | nothing fell due, no constants.on_time_rate |
| avg_days_late (days) | sum(amount x days late) / sum(amount); early is 0, unpaid counts up to the day | nothing fell due |
| overdue_share (ratio) | open and past due / open | no invoice ever |
| overdue_90d_share (ratio) | open and past due by more than 90 days / open | no invoice ever |
| max_days_overdue (days) | days since the earliest due day of an open invoice | no invoice ever |

The first two are over invoices due in the 12 months up to the day, without credit notes; n counts them. The others are
over what is open on the day, net of credit notes; a customer that has had invoices and owes nothing is at 0.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from grading.engine.fields import floats_of, read_days
from grading.indicators.orders import days_since, shrink_rate
from grading.scheme.model import Scheme

INVOICE_AGGREGATES = (
    "open_amount",  # of invoices not paid by the end of the day, net of credit notes
    "overdue_amount",  # the part of it past due
    "overdue_90d_amount",  # the part past due by more than 90 days
    "oldest_due",  # earliest due day of an open invoice past due
    "due_invoices",  # how many fell due in the window and are paid or past due
    "due_amount",  # their amount
    "on_time_amount",  # what of it was paid by the due day
    "late_amount_days",  # sum of amount x days late
)


def payment_indicators(aggregates: pd.DataFrame, as_of: date, scheme: Scheme) -> pd.DataFrame:
    """How customers pay, on the index of `aggregates`: one row per customer with an invoice up to the day.

    In: the columns of INVOICE_AGGREGATES, amounts in one currency. Out: the indicators above; ratios are held within
    0..1, as credit notes may make the part larger than the whole.
    """
    number = {name: floats_of(aggregates[name]) for name in INVOICE_AGGREGATES if name != "oldest_due"}
    is_open, count = number["open_amount"], number["due_invoices"]
    due = np.where(number["due_amount"] > 0, number["due_amount"], np.nan)
    owed = np.where(is_open > 0, is_open, np.nan)
    nothing_open = np.isfinite(is_open) & (is_open <= 0)
    on_time = number["on_time_amount"] / due * count
    columns = {
        "on_time_payment_rate": shrink_rate(on_time, count, scheme.constants.get("on_time_rate"), scheme),
        "avg_days_late": number["late_amount_days"] / due,
        "overdue_share": np.where(nothing_open, 0.0, np.clip(number["overdue_amount"] / owed, 0, 1)),
        "overdue_90d_share": np.where(nothing_open, 0.0, np.clip(number["overdue_90d_amount"] / owed, 0, 1)),
        "max_days_overdue": np.nan_to_num(days_since(read_days(aggregates["oldest_due"]), as_of), nan=0.0),
    }
    return pd.DataFrame(columns, index=aggregates.index)
