"""What every part of a simulated year does: it lives, people answer its messages, and it gives an account of itself."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from sqlmodel import Session

from tests.simulation.care_people import Answer, Colleague, Received

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading
    from tests.simulation.care_year import Year


class Part:
    """A part of a simulated year, with chances of its own: a new part does not change what happens to the others."""

    columns: ClassVar[Mapping[str, str]] = {}  # heading of a column -> what it counts

    def __init__(self, year: "Year") -> None:
        self.year = year
        self.rng = random.Random(f"{year.plot.seed}:{year.plot.plan}:{type(self).__name__}")

    def begin(self, session: Session) -> None:
        """The people of the firm are there, and no customer yet."""

    def join(self, session: Session, customer: int) -> None:
        """A customer has come."""

    def live(self, today: date) -> None:
        """What happens on a day of the firm."""

    def answers(self, colleague: Colleague, received: Received) -> Iterator[tuple[datetime, Answer]]:
        """What a person does about a message, and when."""
        yield from ()

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        """Count what became of everything; what is wrong with it."""
        yield from ()

    def some_customers(self, to_one: int) -> list[int]:
        """A random one for each so many customers, or more in a busy firm."""
        customers = sorted(self.year.customers)
        to_one = max(1, to_one // self.year.plot.busy)
        number, rest = divmod(len(customers), to_one)
        return self.rng.sample(customers, number + (self.rng.randrange(to_one) < rest))

    def lead_sometimes(self, customer: int) -> Colleague | None:
        """In one of ten cases the lead of the account manager's team does something in their place."""
        return self.year.lead_of(customer) if self.rng.random() < 0.1 else None

    def mornings_without(
        self, customer: int, reader: int, first: date, until: date, reading: "Reading"
    ) -> Iterator[date]:
        """The reader's working days from a first to before a last without a digest; none of a customer that was handed over."""
        working = reading.working_of(reader)
        while customer not in self.year.changed_hands and first < until:
            if working.is_working_day(first) and not reading.mornings[reader, first]:
                yield first
            first += timedelta(days=1)
