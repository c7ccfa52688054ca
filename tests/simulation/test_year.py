"""A short year of a small book: every step that was due is accounted for, and nothing was silent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlmodel import col, select

from db.outbox.messages import OutboxMessage
from tests.simulation.care_account import Account, account_of
from tests.simulation.care_year import Plot, Year
from tests.simulation.parts import PARTS
from tests.simulation.sandbox import Sandbox

PLOT = Plot(plan="manufacturing", customers=15, days=20, zones=("Europe/Berlin",), busy=5)


@contextmanager
def played(plot: Plot) -> Iterator[Year]:
    sandbox = Sandbox()
    try:
        year = Year(plot, sandbox.database)
        year.play()
        yield year
    finally:
        sandbox.close()


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with played(PLOT) as year:
        yield account_of(year)


def test_nothing_is_silent_and_every_step_is_in_one_class(account: Account) -> None:
    assert account.wrong == []
    assert account.adds_up


def test_people_of_every_kind_left_their_mark(account: Account) -> None:
    count = account.count
    assert min(count["done"], count["open"]) > 0
    assert min(count[name] for name in ("care_digest", "to manager", "to group")) > 0


def test_every_part_of_the_year_left_its_mark(account: Account) -> None:
    happened = {part.__name__: account.count[next(iter(part.columns.values()))] for part in PARTS}
    assert min(happened.values()) > 0, happened


def test_a_year_is_the_same_whenever_it_is_played_with_the_same_seed() -> None:
    written = []
    for _ in range(2):
        with played(replace(PLOT, days=3)) as year, year.database.read() as session:
            columns = (OutboxMessage.address, OutboxMessage.created_at, OutboxMessage.body_json)
            written.append(session.exec(select(*columns).order_by(col(OutboxMessage.id))).all())
    assert written[0]
    assert written[0] == written[1]
