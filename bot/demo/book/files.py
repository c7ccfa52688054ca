"""The demo's book of customers as CSV files, for the product's own import to read.

Every company, person and number in it is invented; a likeness to a real company is accidental. A seed and a
day decide all of it: the same two give the same bytes.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.demo.book import contact_people, customer_profiles
from bot.demo.book.contacts import DemoActivity, draw_activities
from bot.demo.book.knowledge import draw_facts
from bot.demo.book.orders import draw_orders
from bot.demo.book.profiles import draw_profiles
from bot.demo.staff import ANNA, STAFF, TEAMS

SEED = 7
ORDER_COLUMNS = "order_no customer date amount cost currency"
#: Nothing refers to what comes after it.
_IMPORT_ORDER = (
    *("people", "teams", "customers", "orders"),
    *("activities", "complaints", "facts", "contact-persons", "customer-profiles"),
)


@dataclass(frozen=True, kw_only=True)
class DemoBook:
    """The files of a book, and the number of data rows in each, by the file's stem."""

    folder: Path
    rows: dict[str, int]

    def file(self, stem: str) -> Path:
        """The file of one kind."""
        return self.folder / f"{stem}.csv"

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that have rows, in the order in which they are imported."""
        return tuple(self.file(stem) for stem in _IMPORT_ORDER if self.rows[stem])


def write_rows(path: Path, columns: str, rows: Iterable[Sequence[object]]) -> int:
    """Write a CSV file with these columns; the number of data rows."""
    written = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split())
        for row in rows:
            writer.writerow(row)
            written += 1
    return written


def write_book(folder: Path, *, today: date, seed: int = SEED, customers: int = 240) -> DemoBook:
    """Write the files of an invented book into `folder`, with everything dated before `today`.

    The same `today`, `seed` and `customers` give the same bytes; the customers depend on the last two only.
    """
    profiles = draw_profiles(seed=seed, customers=customers)
    orders = draw_orders(profiles, today=today, seed=seed)
    facts = draw_facts(profiles, orders, today=today, seed=seed)
    activities = draw_activities(profiles, facts, today=today, seed=seed)
    complaint = _open_complaint(activities)
    customer_rows = [
        (
            profile.code,
            profile.company.name,
            ";".join(profile.company.aliases),
            "account",
            profile.company.industry,
            profile.customer_type,
            profile.company.region,
            profile.company.country,
            today - timedelta(days=int(profile.years * 365.25)),
            profile.owner.email,
        )
        for profile in profiles
    ]
    tables: dict[str, tuple[str, Sequence[Sequence[object]]]] = {
        "teams": ("name lead channel language", TEAMS),
        "people": ("email name role team language timezone", STAFF),
        "customers": (
            "code name aliases record_type industry customer_type region country since owner",
            customer_rows,
        ),
        "orders": (ORDER_COLUMNS, orders),
        "activities": ("customer date kind person note", [one for one in activities if one != complaint]),
        "complaints": (
            "id customer date kind what deadline",
            [
                ("R-1", one.customer, one.day, "delivery", one.note, today + timedelta(days=4))
                for one in [complaint]
                if one is not None
            ],
        ),
        "facts": ("customer field value date author evidence", facts),
        "contact-persons": (contact_people.COLUMNS, contact_people.draw_contact_people(profiles, seed=seed)),
        "customer-profiles": (
            customer_profiles.COLUMNS,
            customer_profiles.draw_customer_profiles(profiles, today=today, seed=seed),
        ),
    }
    rows = {stem: write_rows(folder / f"{stem}.csv", *table) for stem, table in tables.items()}
    return DemoBook(folder=folder, rows=rows)


def _open_complaint(activities: Sequence[DemoActivity]) -> DemoActivity | None:
    """The complaint that is still open: the newest one that Anna heard of."""
    heard = (one for one in activities if one.kind == "complaint" and one.person == ANNA.email)
    return max(heard, key=lambda one: one.day, default=None)
