"""`make simulate`: thousands of histories from a fixed seed, and how they ended."""

import argparse
import gc
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pprint import pformat

from bot.services.delivery.worker import Step
from tests.simulation import delivery, histories, scripts
from tests.simulation.histories import EVERY, Histories


def run(seed: int, numbers: range) -> tuple[Counter[str], int | None]:
    """Play these histories; what happened in them, and the number of the first that failed."""
    gc.disable()  # collected for many histories at once
    scripts.silence_logs()
    played_in = Histories()
    count: Counter[str] = Counter()
    try:
        for played, number in enumerate(numbers):
            try:
                count += played_in.play(seed, number)
            except Exception:
                return count, number
            if played % 100 == 99:
                gc.collect()
    finally:
        played_in.close()
    return count, None


def explain(seed: int, number: int) -> None:
    """Print the failure and the shortest script that has one."""
    scripts.silence_logs()
    played_in = Histories()
    begin = played_in.begin(number)
    script = scripts.shorten(begin, histories.script(seed, number))
    print(
        f"History {number} of seed {seed}: {scripts.failure_of(begin, script)}. The script, to be kept as a test:"
    )
    print(pformat(script, width=110))
    played_in.close()


def main() -> int:
    options = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    options.add_argument("--histories", type=int, default=2000)
    options.add_argument("--seed", type=int, default=20260302)
    options.add_argument("--schedule", action="store_true", help="only histories of the schedule")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    began = time.monotonic()
    count: Counter[str] = Counter()
    wrong: list[int] = []
    numbers = range(given.histories)
    if given.schedule:
        numbers = range(EVERY - 1, EVERY * given.histories, EVERY)
    parts = [numbers[part :: given.processes] for part in range(given.processes)]
    with ProcessPoolExecutor(given.processes, mp_context=get_context("fork")) as pool:
        for counted, number in pool.map(partial(run, given.seed), parts):
            count += counted
            wrong += [] if number is None else [number]
    took = time.monotonic() - began
    print(
        f"seed {given.seed}: {count['histories']:,} histories in {took:.0f} s; {count['messages']:,} messages,"
        f" {count['sent']:,} sent, {count['dead']:,} dead with a reason, {count['kills']:,} kills;"
        f" marked as possible repeats {count['marked']:,}, doubled where nobody could prevent it"
        f" {count['unremovable']:,}; {count['changes']:,} changes of tier in {count['gradings']:,} gradings,"
        f" {count['reminders']:,} reminders."
    )
    print(
        "Faults: " + ", ".join(f"{fault} {count[f'fault {fault}']:,}" for fault in delivery.FAULTS if fault)
    )
    print("Paused or killed at: " + ", ".join(f"{step} {count[f'at {step}']:,}" for step in Step))
    if not wrong:
        print("Lost 0, doubled 0.")
        return 0
    explain(given.seed, min(wrong))
    return 1


if __name__ == "__main__":
    sys.exit(main())
