"""A short year of a small book: every step that was due is accounted for, and nothing was silent."""

from collections.abc import Iterator

import pytest

from tests.simulation.care_account import Account, account_of
from tests.simulation.care_year import Plot, Year
from tests.simulation.parts import PARTS
from tests.simulation.sandbox import Sandbox


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    sandbox = Sandbox()
    plot = Plot(plan="manufacturing", customers=15, days=20, zones=("Europe/Berlin",), busy=5)
    year = Year(plot, sandbox.database)
    year.play()
    yield account_of(year)
    sandbox.close()


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
