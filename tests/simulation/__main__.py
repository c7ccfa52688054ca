"""`make simulate`: thousands of histories from a fixed seed, and what came of them."""

import argparse
import time

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation import machine


def main() -> None:
    options = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    options.add_argument("--histories", type=int, default=2000)
    options.add_argument("--steps", type=int, default=30)
    options.add_argument("--seed", type=int, default=20260302)
    given = options.parse_args()
    began = time.monotonic()
    try:
        run_state_machine_as_test(
            hypothesis.seed(given.seed)(machine.Delivery),
            settings=settings(
                max_examples=given.histories,
                stateful_step_count=given.steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        machine.close()
    told = machine.totals
    print(
        f"seed {given.seed}: {told['histories']:,} histories in {time.monotonic() - began:.0f} s;"
        f" {told['messages']:,} messages, {told['sent']:,} sent, {told['dead']:,} dead and told why,"
        f" {told['kills']:,} kills; lost 0, doubled without a word 0, marked as possible repeats {told['marked']:,}."
    )
    print("Interrupted at: " + ", ".join(f"{step} {told[f'at {step}']:,}" for step in machine.STEPS))


if __name__ == "__main__":
    main()
