"""In any order of steps, crashes and faults no message is lost, and none is doubled."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation import scripts
from tests.simulation.histories import EVERY, Histories

SEED = 20260302


@pytest.fixture(scope="module")
def histories() -> Iterator[Histories]:
    scripts.silence_logs()
    histories = Histories()
    yield histories
    histories.close()
    structlog.reset_defaults()


@pytest.mark.parametrize("tens", range(0, 80, 10))
def test_histories_lose_and_double_nothing(histories: Histories, tens: int) -> None:
    for number in range(tens, tens + 10):
        histories.play(SEED, number)


def test_a_history_is_the_same_every_time(histories: Histories) -> None:
    for number in (3, EVERY - 1):
        assert histories.play(SEED, number) == histories.play(SEED, number)
