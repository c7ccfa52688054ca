"""What is imported and what people record by hand raises no alarm of `tierbot verify`."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.services.imports.kinds import KINDS
from tests.cli.conftest import Program
from tests.cli.test_samples import ROOT

# In the order in which they refer to each other.
SAMPLES = (
    *(
        "people",
        "teams",
        "customers",
        "rates",
        "orders",
        "order-lines",
        "invoices",
        "activities",
        "complaints",
    ),
    *("surveys", "facts", "contact-persons", "gifts", "customer-profiles"),
)


@pytest.fixture
def firm(program: Program, file: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The samples, imported."""
    monkeypatch.setenv("TIERBOT_CURRENCY", "CNY")
    samples = ROOT / "samples" / "zh"
    for kind in SAMPLES:
        options = ("--covers", "complaint=2025-01-01..2025-12-31") if kind == "activities" else ()
        done = program(
            *("import", kind, str(samples / f"{kind}.csv"), "--source", "erp", "--encoding", "gb18030"),
            *options,
        )
        assert done.code == 0, done.out + done.err
    return program


def test_there_is_a_sample_of_every_kind_but_joins() -> None:
    assert sorted((*SAMPLES, "joins")) == sorted(KINDS)


def test_imports_of_every_kind_and_records_by_hand_raise_no_alarm(firm: Program) -> None:
    next_week = str((SystemClock().now() + timedelta(days=7)).date())
    for command in (
        ("complaint", "add", "K-1001", "--kind", "delivery", "--what", "Late"),
        ("survey", "add", "K-1001", "4", "--scale", "1-5"),
        ("gift", "add", "K-1001", "--what", "Tea", "--value", "20"),
        ("promise", "add", "K-1001", "--what", "Send the offer", "--by", next_week),
        ("contact-person", "add", "K-1001", "Petra Lang"),
        ("customer-profile", "set", "K-1001", "needs", "seals"),
    ):
        done = firm(*command)
        assert done.code == 0, (command, done.out, done.err)
    verified = firm("verify")
    assert "0 values are not what they should be" in verified.out, verified.out
    assert verified.code == 0
