"""The demo's book of customers as CSV files, for the product's own import to read.

Every company, person and number in it is invented; a seed (7 unless told otherwise) and a day decide all of it, so
that the same two give the same bytes. A likeness to a real company is chance.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.demo.book.contacts import draw_activities
from bot.demo.book.knowledge import draw_facts
from bot.demo.book.orders import draw_orders
from bot.demo.book.profiles import PEOPLE, TEAMS, DemoPerson, draw_profiles
from bot.demo.book.stories import write_new_orders

__all__ = ["DemoBook", "write_book", "write_new_orders"]

SEED = 7


@dataclass(frozen=True, kw_only=True)
class DemoBook:
    """What was written: the files in the order in which they are imported, and what is in them."""

    teams: Path
    people: Path
    customers: Path
    orders: Path
    activities: Path
    facts: Path
    today: date
    seed: int
    rows: dict[str, int]  # data rows per file, by the file's stem
    staff: tuple[DemoPerson, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files in import order: nothing refers to what comes after it."""
        return (self.people, self.teams, self.customers, self.orders, self.activities, self.facts)


def write_book(folder: Path, *, today: date, seed: int = SEED, customers: int = 240) -> DemoBook:
    """Write the six files of an invented book into `folder`, with everything dated before `today`.

    The same `today`, `seed` and `customers` give the same bytes; who is in the book depends on the last two alone.
    """
    profiles = draw_profiles(seed=seed, customers=customers)
    orders = draw_orders(profiles, today=today, seed=seed)
    facts = draw_facts(profiles, orders, today=today, seed=seed)
    activities = draw_activities(profiles, facts, today=today, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}

    def write(stem: str, header: str, lines: Iterable[Sequence[object]]) -> Path:
        path = folder / f"{stem}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split())
            rows[stem] = 0
            for line in lines:
                writer.writerow(line)
                rows[stem] += 1
        return path

    return DemoBook(
        teams=write(
            "teams",
            "name lead channel language",
            ((team.name, team.lead, team.channel, team.language) for team in TEAMS),
        ),
        people=write(
            "people",
            "email name role team language timezone",
            ((who.email, who.name, who.role, who.team, who.language, who.timezone) for who in PEOPLE),
        ),
        customers=write(
            "customers",
            "code name aliases record_type industry customer_type region country since owner",
            (
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
            ),
        ),
        orders=write(
            "orders",
            "order_no customer date amount cost currency",
            ((o.order_no, o.customer, o.day, o.amount, o.cost, "CNY") for o in orders),
        ),
        activities=write(
            "activities",
            "customer date kind person note",
            ((a.customer, a.day, a.kind, a.person, a.note) for a in activities),
        ),
        facts=write(
            "facts",
            "customer field value date author evidence",
            ((f.customer, f.field, f.value, f.day, f.author, f.evidence) for f in facts),
        ),
        today=today,
        seed=seed,
        rows=rows,
        staff=PEOPLE,
    )
