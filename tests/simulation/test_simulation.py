"""Whatever happens in whatever order: nothing is lost, and nothing is doubled that does not say so."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation import scripts
from tests.simulation.stage import EACH, Stage

SEED = 20260302


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    scripts.be_silent()
    stage = Stage()
    yield stage
    stage.close()
    structlog.reset_defaults()


@pytest.mark.parametrize("tens", range(0, 80, 10))
def test_histories_lose_and_double_nothing(stage: Stage, tens: int) -> None:
    for number in range(tens, tens + 10):
        stage.play(SEED, number)


def test_a_history_is_the_same_every_time(stage: Stage) -> None:
    for number in (3, EACH - 1):
        assert stage.play(SEED, number) == stage.play(SEED, number)
