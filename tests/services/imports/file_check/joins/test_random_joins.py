"""Whatever is joined in whatever books: every row is kept, totals stay exact, and the undo leaves nothing behind."""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.services.imports.joins.pairs import follow_chains
from db.book.customers import Customer, Ownership
from db.book.trade.orders import Order
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.imports.conftest import Book
from tests.services.imports.file_check.joins.conftest import override, state, totals_are_exact, touch

CUSTOMERS = 12


def fill(session: Session, rng: random.Random) -> None:
    """Customers A to L, some with orders, contacts, facts, owners, parents, overrides and touches."""
    people = [factories.person(session, f"Person{number}") for number in range(3)]
    customers = [
        factories.customer(
            session,
            rng.choice(["Basalt GmbH", "Granit AG", "Kiesel"]),
            code=chr(ord("A") + number),
            record_type=rng.choice(["account", "account", "prospect"]),
            archived=rng.random() < 0.2,
        )
        for number in range(CUSTOMERS)
    ]
    for place, customer in enumerate(customers):
        for _ in range(rng.randint(0, 4)):
            day = date(2026, 1, 1) + timedelta(days=rng.randrange(100))
            factories.order(
                session, customer, day, rng.randint(-50, 200), currency=rng.choice(["EUR", "USD"])
            )
            factories.contact(session, customer, day)
        for field in ("quality", "service"):
            if rng.random() < 0.5:
                factories.fact(session, customer, field, rng.randint(1, 3))
        if rng.random() < 0.5:
            ends_on = rng.choice([None, date(2026, 2, 1)])
            session.add(
                Ownership(
                    customer_id=customer,
                    person_id=rng.choice(people),
                    starts_on=date(2025, 1, 1),
                    ends_on=ends_on,
                )
            )
        if place and rng.random() < 0.4:
            session.get_one(Customer, customer).parent_id = customers[rng.randrange(place)]
        if rng.random() < 0.4:
            last_day = rng.choice([None, date(2026, 1, 31)])
            session.add(override(customer, rng.choice("AB"), expires_on=last_day))
        if rng.random() < 0.5:
            session.add(touch(customer, "revisit", rng.choice(["planned", "reminded", "done"])))


def pairs(rng: random.Random) -> str:
    rows = [rng.sample("ABCDEFGHIJKL", 2) for _ in range(rng.randint(1, 8))]
    return "customer,into\n" + "\n".join(map(",".join, rows)) + "\n"


@all_on_postgresql
@pytest.mark.parametrize("seed", range(12))
def test_any_joins_keep_every_row_and_are_taken_back(book: Book, seed: int) -> None:
    rng = random.Random(seed)
    with book.database.write() as session:
        fill(session, rng)
    before = state(book)
    content, prefer = pairs(rng), rng.choice(["customer", "into"])
    done = book.bring("joins", content, kind_options={"prefer": prefer})
    assert totals_are_exact(book)
    after = state(book)
    joined = {row["id"] for row in after["customer"] if row["joined_into"] is not None}
    assert len(joined) == done.changed
    assert {row["joined_into"] for row in after["customer"]} & joined == set()
    for table in ("customer_order", "activity", "fact", "ownership"):
        assert len(after[table]) == len(before[table])
        assert {row["customer_id"] for row in after[table]} & joined == set()
    with book.database.read() as session:
        net = session.execute(select(func.sum(col(Order.amount)))).scalar_one()
    assert net == sum(row["amount"] for row in before["customer_order"])
    book.undo(done.batch_id)
    assert state(book) == before
    assert totals_are_exact(book)


def test_chains_of_random_pairs_end_at_customers_that_stay() -> None:
    rng = random.Random(1)
    for _ in range(200):
        named = [(line, rng.randrange(20), rng.randrange(20)) for line in range(2, 25)]
        once = {customer: (line, customer, into) for line, customer, into in named if customer != into}
        found, circles = follow_chains(sorted(once.values()))
        joined = {pair.from_id: pair.into_id for pair in found}
        assert len(found) + len(circles) == len(once)
        assert not joined.keys() & set(joined.values())
        for into in set(joined.values()):
            assert sorted(pair.place for pair in found if pair.into_id == into) == list(
                range(1, 1 + sum(pair.into_id == into for pair in found))
            )
