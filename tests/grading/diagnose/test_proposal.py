"""A proposed scheme: the preset's text with the firm's own numbers in it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from grading.diagnose.proposal import ENOUGH, ProposalError, propose, round_significant
from grading.scheme.model import Points, Scheme
from grading.scheme.presets import preset_text
from grading.scheme.problems import SchemeError
from grading.scheme.reader import parse_scheme

AS_OF = date(2026, 10, 31)
IDENTITY = ("own", 1)
ORDERS = preset_text("orders_only")


def book(revenue: list[float], orders: list[float] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "net_revenue_12m": revenue,
            "order_frequency_12m": orders or [4.0] * len(revenue),
            "avg_order_amount": [r / 4 for r in revenue],
            "gross_margin_rate": [0.2] * len(revenue),
        }
    )


def proposed(text: str, values: pd.DataFrame, currency: str = "GBP", **constants: float) -> Scheme:
    return parse_scheme(
        propose(text, values, currency=currency, as_of=AS_OF, identity=IDENTITY, constants=constants),
        source="p",
    )


def knots(scheme: Scheme, indicator: str) -> list[tuple[float, float]]:
    score = next(i.score for i in scheme.indicators if i.id == indicator)
    assert isinstance(score, Points)
    return list(score.knots)


def test_money_and_count_knots_are_the_firms_own_quantiles() -> None:
    # 1 to 101 thousand: the quantile q is 1000 + q x 100,000
    scheme = proposed(ORDERS, book([1000.0 * n for n in range(1, 102)], [float(n) for n in range(1, 102)]))
    assert knots(scheme, "net_revenue_12m") == [
        (0, 0),
        (21_000, 20),
        (51_000, 50),
        (81_000, 80),
        (100_000, 100),  # the 0.99 quantile
    ]
    assert knots(scheme, "order_frequency_12m") == [(0, 0), (41, 40), (81, 80), (100, 100)]
    assert knots(scheme, "gross_margin_rate") == [(0, 0), (0.1, 40), (0.2, 70), (0.35, 100)]
    assert (scheme.currency, scheme.indicators[0].unit) == ("GBP", "GBP")


def test_customers_without_a_value_do_not_count() -> None:
    some = [1000.0 * n for n in range(1, 102)]
    alone = knots(proposed(ORDERS, book(some)), "net_revenue_12m")
    with_others = book([*some, 0.0, -5.0, np.nan, np.inf], [4.0] * 105)
    assert knots(proposed(ORDERS, with_others), "net_revenue_12m") == alone


@pytest.mark.parametrize("revenue", [[30_000.0], [30_000.0] * 500, [10_000.0, 30_000.0, 90_000.0]])
def test_a_tiny_or_equal_book_stretches_the_presets_curve_to_its_median(revenue: list[float]) -> None:
    # 100,000 scores 50 in the preset, 30,000 is the median here
    factor = 30_000 / 100_000
    assert knots(proposed(ORDERS, book(revenue)), "net_revenue_12m") == [
        (0, 0),
        (20_000 * factor, 20),
        (100_000 * factor, 50),
        (400_000 * factor, 80),
        (1_500_000 * factor, 100),
    ]


def test_counts_stay_whole_and_rising_however_small() -> None:
    found = knots(proposed(ORDERS, book([1000.0] * 50, [1.0] * 50)), "order_frequency_12m")
    xs = [x for x, _ in found]
    assert xs == sorted(set(xs))
    assert all(x == int(x) for x in xs)


@pytest.mark.parametrize("seed", range(8))
def test_any_book_gives_a_valid_scheme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 3 * ENOUGH))
    revenue = np.round(rng.lognormal(rng.uniform(-6, 20), rng.uniform(0, 4), size), 3).tolist()
    values = book([max(r, 0.001) for r in revenue], rng.integers(1, 4, size).astype(float).tolist())
    for preset in ("orders_only", "b2b_accounts"):
        scheme = proposed(preset_text(preset), values, usual_gap_days=30.0, our_gross_margin_12m=5e5)
        for indicator in scheme.indicators:
            if indicator.id in ("net_revenue_12m", "avg_order_amount", "order_frequency_12m"):
                xs = [x for x, _ in knots(scheme, indicator.id)]
                assert xs[0] == 0
                assert all(x == round_significant(x) for x in xs)


def test_comments_and_everything_else_stay() -> None:
    text = propose(
        ORDERS, book([1000.0 * n for n in range(1, 102)]), currency="CNY", as_of=AS_OF, identity=IDENTITY
    )
    body = [line for line in text.splitlines() if not line.startswith("# ")]
    changed = [(a, b) for a, b in zip(ORDERS.splitlines(), body, strict=True) if a != b]
    assert [new for old, new in changed if "knots" not in old] == [
        "scheme: own",
        "version: 1",
        'name: {en: "Orders only (start here), own cut points", zh: "仅订单数据（入门），自有分界"}',
    ]
    assert len(changed) == 3 + 3
    assert "# missing where orders carry no cost" in text


def test_the_header_names_the_source_of_the_numbers() -> None:
    text = propose(
        preset_text("b2b_accounts"),
        book([1000.0 * n for n in range(1, 102)]),
        currency="GBP",
        as_of=AS_OF,
        identity=IDENTITY,
    )
    header = [line for line in text.splitlines() if line.startswith("# ")]
    assert "101 customers as of 2026-10-31" in header[0]
    assert "net_revenue_12m (101)" in header[1]
    assert "annual_sales" in header[3]
    assert "money in CNY" in header[3]


def test_constants_are_filled_in_where_something_uses_them() -> None:
    values = book([1000.0 * n for n in range(1, 102)])
    given = {"our_gross_margin_12m": 1_234_567.0, "usual_gap_days": 33.3, "revenue_growth_floor": 512.0}
    b2b = proposed(preset_text("b2b_accounts"), values, "GBP", **given)
    assert b2b.constants == {
        "our_gross_margin_12m": 1_235_000,
        "revenue_growth_floor": 510,
        "product_types_sold": None,
        "complaint_rate": 0.02,  # not in the book: as the preset has them
        "on_time_rate": 0.9,
        "rate_pseudo_count": 20,
    }
    given |= {"product_types_sold": 137.0, "complaint_rate": 0.0123, "on_time_rate": 0.876}
    filled = proposed(preset_text("b2b_accounts"), values, "GBP", **given).constants
    assert filled["product_types_sold"] == 137  # counted, not rounded
    assert (filled["complaint_rate"], filled["on_time_rate"]) == (0.012, 0.88)
    orders = proposed(ORDERS, values, "GBP", **given)
    assert orders.constants == {"usual_gap_days": 33, "revenue_growth_floor": 510}
    again = propose(ORDERS, values, currency="GBP", as_of=AS_OF, identity=IDENTITY, constants=given)
    assert proposed(again, values, "EUR", usual_gap_days=20.0).constants == {
        "usual_gap_days": 20,
        "revenue_growth_floor": 510,
    }
    flow = ORDERS.replace("window_months: 12", "constants: {usual_gap_days: null}\nwindow_months: 12")
    assert proposed(flow, values, "GBP", **given).constants == {
        "usual_gap_days": 33,
        "revenue_growth_floor": 510,
    }


def test_a_book_without_values_is_refused() -> None:
    for values in (book([]), book([0.0, -1.0], [0.0, 0.0]), pd.DataFrame()):
        with pytest.raises(ProposalError, match="import orders first"):
            propose(ORDERS, values, currency="CNY", as_of=AS_OF, identity=IDENTITY)


def test_a_broken_text_or_currency_is_refused() -> None:
    with pytest.raises(SchemeError):
        propose("version: 1", book([1.0]), currency="CNY", as_of=AS_OF, identity=IDENTITY)
    with pytest.raises(ProposalError, match='"yuan" is not a currency'):
        propose(ORDERS, book([1.0]), currency="yuan", as_of=AS_OF, identity=IDENTITY)
