"""From a customer's invoices to how it pays.

| indicator | formula | missing when |
|---|---|---|
| on_time_payment_rate (ratio) | (n x share + m x r0) / (n + m); share of amount paid by the due day | nothing fell due, no constants.on_time_rate |
| avg_days_late (days) | sum(amount x days late) / sum(amount); early is 0, unpaid counts up to the day | nothing fell due |
| overdue_share (ratio) | open and past due / open | no invoice ever |
| overdue_90d_share (ratio) | open and past due by more than 90 days / open | no invoice ever |
| max_days_overdue (days) | days since the earliest due day of an open invoice | no invoice ever |

The first two look at invoices due in the 12 months up to the day, without credit notes, which nobody pays
late; n counts them. The others look at what is open on the day, net of credit notes; a customer that has
had invoices and owes nothing is at 0.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from grading.indicators.orders import days_since
from grading.indicators.shrinkage import shrunken
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

    In: the columns of INVOICE_AGGREGATES, amounts in one currency. Ratios are held within 0..1: credit notes may
    make the part larger than the whole.
    """
    number = {
        name: pd.to_numeric(aggregates[name]).to_numpy(dtype=np.float64, na_value=np.nan)
        for name in INVOICE_AGGREGATES
        if name != "oldest_due"
    }
    is_open, due = number["open_amount"], number["due_amount"]
    owed = np.where(is_open > 0, is_open, np.nan)
    settled = np.isfinite(is_open) & (is_open <= 0)
    share = number["on_time_amount"] / np.where(due > 0, due, np.nan)
    overdue_days = days_since(aggregates["oldest_due"], as_of)
    return pd.DataFrame(
        {
            "on_time_payment_rate": shrunken(
                share * number["due_invoices"],
                number["due_invoices"],
                scheme.constants.get("on_time_rate"),
                scheme,
            ),
            "avg_days_late": number["late_amount_days"] / np.where(due > 0, due, np.nan),
            "overdue_share": np.where(settled, 0.0, np.clip(number["overdue_amount"] / owed, 0, 1)),
            "overdue_90d_share": np.where(settled, 0.0, np.clip(number["overdue_90d_amount"] / owed, 0, 1)),
            "max_days_overdue": np.nan_to_num(overdue_days, nan=0.0),
        },
        index=aggregates.index,
    )
