"""Whatever happens in whatever order: nothing is lost, and nothing is doubled that does not say so."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation import machine


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    machine.close()
    structlog.reset_defaults()


def test_histories_of_faults_lose_and_double_nothing() -> None:
    run_state_machine_as_test(
        machine.Delivery,
        settings=settings(
            max_examples=40,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
