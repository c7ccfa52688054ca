"""New orders for the demo's book that change tiers when they are imported and graded."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from bot.demo.book.files import ORDER_COLUMNS, SEED, write_rows
from bot.demo.book.orders import DemoOrder, money
from bot.demo.book.profiles import ACME, FALLING, draw_profiles

# (days before today, amount, cost) of each order; the amounts fit the two scripted customers' profiles.
_ACME_WINS = (
    (6, "268000.00", "195600.00"),
    (4, "312500.00", "226800.00"),
    (3, "184900.00", "133900.00"),
    (1, "395000.00", "284400.00"),
)
# The goods came back as scrap, so the credit notes have no cost; the repair orders were sold far below cost.
_BIG_RETURN = (
    (5, "-186400.00", "0.00"),
    (4, "-152700.00", "0.00"),
    (3, "218000.00", "331500.00"),
    (2, "164500.00", "262800.00"),
    (1, "-97300.00", "0.00"),
)
_RUSHING = 45  # customers in "quarter_rush"
STORIES = {
    "acme_wins": "ACME places big orders and reaches the next tier",
    "big_return": "goods come back from a good customer, whose margin turns negative",
    "quarter_rush": "many customers order before the quarter ends, and several change tier",
}


def write_new_orders(
    folder: Path, *, today: date, seed: int, story: str, book_seed: int = SEED, customers: int = 240
) -> Path:
    """Write one CSV of orders dated in the last days before `today`, for one of STORIES.

    Order numbers contain the day, story and seed: different calls never share one, the same call repeats them.
    `book_seed` and `customers` are those of the book.
    """
    if story == "acme_wins":
        lines = [(ACME, *line) for line in _ACME_WINS]
    elif story == "big_return":
        lines = [(FALLING, *line) for line in _BIG_RETURN]
    elif story == "quarter_rush":
        lines = _rush(np.random.default_rng([seed, 5, today.toordinal()]), book_seed, customers)
    else:
        raise ValueError(f"There is no story '{story}'; the stories are {', '.join(STORIES)}.")
    mark = "".join(word[0] for word in story.split("_")).upper()
    rows = []
    for number, (customer, back, amount, cost) in enumerate(lines, start=1):
        kind = "CN" if Decimal(amount) < 0 else "SO"
        order_no = f"{kind}-{today:%y%m%d}-{mark}{seed}-{number:03d}"
        day = today - timedelta(days=back)
        rows.append(DemoOrder(order_no, customer, day, Decimal(amount), Decimal(cost)))
    path = folder / f"orders-{story}-{today:%Y%m%d}-{seed}.csv"
    write_rows(path, ORDER_COLUMNS, rows)
    return path


def _rush(rng: np.random.Generator, book_seed: int, customers: int) -> list[tuple[str, int, str, str]]:
    """Two or three big orders each from old customers of ordinary size."""
    ordinary = [
        profile
        for profile in draw_profiles(seed=book_seed, customers=customers)
        if profile.shape in ("steady", "growing", "declining")
        and -1.0 < profile.size < 1.6
        and profile.margin > 0
    ]
    chosen = rng.permutation(len(ordinary))[:_RUSHING]
    found = []
    for index in sorted(int(i) for i in chosen):
        profile = ordinary[index]
        for _ in range(int(rng.integers(2, 4))):
            amount = profile.annual * float(rng.uniform(0.16, 0.3))
            cost = amount * (1 - min(profile.margin + 0.04, 0.4))
            found.append((profile.code, int(rng.integers(1, 8)), str(money(amount)), str(money(cost))))
    return found
