"""Wrong clocks: F17 and F21."""

import json
import os
import time
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

from bot.clock import SystemClock
from bot.services.delivery import time_jump
from db import processes
from db.engine import Database
from tests.faults.installation import Installation
from tests.faults.kills import finish
from tests.faults.processes import Fleet, wait_until
from tests.faults.report import Outcome
from tests.faults.restarts import START_SECONDS, TierbotProcess, all_sent
from tests.faults.worker import EVERY_STEP, UNWATCHED

HOUR, YEAR = 3600.0, 365 * 86400.0
ERROR = timedelta(minutes=5)
MOST_CPU = 5.0  # per cent of one processor
MOST_MEMORY = 400  # MB: more than twice what the process has without jumps


class WrongClock(SystemClock):
    """A machine's clock that is set wrong."""

    def __init__(self, error: timedelta) -> None:
        self._error = error

    def now(self) -> datetime:
        return super().now() + self._error


class SharedClock:
    """The machine's clock plus a shift in memory that all processes share."""

    def __init__(self) -> None:
        self.shift: Any = get_context("fork").RawValue("d", 0.0)
        self._base = SystemClock()

    def now(self) -> datetime:
        return self._base.now() + timedelta(seconds=self.shift.value)


def jumping(installation: Installation, *, quick: bool) -> Outcome:
    """F17: the workers' clock jumps by an hour and by a year, forwards and back, while Slack's does not; then a hold."""
    clock = SharedClock()
    fleet = Fleet(2, partial(installation.worker, clock=clock))
    for shift in (0.0, HOUR, 0.0, -HOUR, 0.0, YEAR, 0.0, -YEAR, 0.0):
        clock.shift.value = shift
        installation.enqueue(3 if quick else 15)
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            fleet.tend()
            time.sleep(0.05)
    fleet.close()
    clock.shift.value = 0.0
    outcome = finish(installation, rounds=2, clock=clock)
    outcome.figures |= {"jumps": 8}
    _hold(installation, outcome)
    return outcome


def _hold(installation: Installation, outcome: Outcome) -> None:
    """The product's process eight days after the last noted time; then its clock jumps while it is idle."""
    installation.using(_sleep_for_eight_days)
    before = installation.count("sent")
    installation.enqueue(5)
    process = TierbotProcess(installation, "real-shifted")
    outcome.require(wait_until(partial(_healthy, process), START_SECONDS), "the process did not start")
    time.sleep(4)
    sent = installation.count("sent") - before
    shown = json.loads(installation.tierbot("catch-up", "--json"))
    installation.tierbot("catch-up", "--apply")
    released = wait_until(partial(all_sent, installation, installation.written), 30)
    used, began = _cpu_seconds(process.running.pid), time.monotonic()
    for shift in (0.0, YEAR, HOUR, -HOUR, 0.0):
        process.broken.write_text(str(shift))
        time.sleep(3)
    share = 100 * (_cpu_seconds(process.running.pid) - used) / (time.monotonic() - began)
    memory = _most_memory(process.running.pid)
    installation.enqueue(1)
    resumed = wait_until(partial(all_sent, installation, installation.written), 20)
    ended = process.end()
    process.broken.unlink()
    outcome.figures |= {
        "held": shown["messages"],
        "sent while held": sent,
        "CPU %": round(share, 1),
        "memory MB": memory,
    }
    outcome.require(shown["held"] and not sent, "eight days of silence did not hold the messages")
    outcome.require(released, "catch-up --apply did not release them")
    outcome.require(share < MOST_CPU, f"{share:.0f} % CPU while clocks jump")
    outcome.require(memory < MOST_MEMORY, f"{memory} MB of memory while clocks jump")
    outcome.require(resumed, "nothing was sent after the clock was set back")
    outcome.require(ended == 0, f"the process ended with {ended}")


def _sleep_for_eight_days(database: Database) -> None:
    at = SystemClock().now() - timedelta(days=8)
    with database.write() as session:
        processes.set_cursor(session, time_jump.CURSOR, at.isoformat())


def _healthy(process: TierbotProcess) -> bool:
    return process.page("readyz")[0] == 200


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _most_memory(pid: int) -> int:
    """The most memory that a process has had, in MB."""
    with open(f"/proc/{pid}/status") as file:
        (peak,) = (line.split()[1] for line in file if line.startswith("VmHWM:"))
    return int(peak) // 1024


def different_clocks(installation: Installation, *, quick: bool) -> Outcome:
    """F21: half the workers' machines are five minutes fast, half slow; the database and Slack have the right time."""
    many, kills = (12, 3) if quick else (90, 40)
    due: dict[int, datetime] = {}
    for number in range(many):
        at = SystemClock().now() + timedelta(seconds=0.1 * (number + 10))
        installation.enqueue(1, now=at)
        due[installation.written] = at  # the first row's id is 1

    def life(number: int, mortal: bool) -> Any:
        return installation.worker(
            number,
            clock=WrongClock(ERROR if number % 2 else -ERROR),
            options=UNWATCHED,  # else the clock itself would stop them
            step=EVERY_STEP[number % len(EVERY_STEP)] if mortal else "",
        )

    fleets = [Fleet(2, partial(life, mortal=mortal)) for mortal in (True, False)]
    end = time.monotonic() + 120
    while (fleets[0].killed < kills or installation.count("pending")) and time.monotonic() < end:
        for fleet in fleets:
            fleet.tend()
        installation.watch()
        time.sleep(0.05)
    for fleet in fleets:
        fleet.close()
    outcome = finish(installation, rounds=2)
    early = sum(float(post.ts) < due[post.id].timestamp() - 0.01 for post in installation.slack.arrived())
    outcome.figures |= {"early sends": early, "kills": installation.kills().total()}
    outcome.require(not early, f"{early} were sent early")
    outcome.require(installation.kills().total() >= kills, "too few kills")
    # The same machines, comparing their clocks with Slack's: this third clock stops them.
    installation.enqueue(6)
    fleet = Fleet(
        2, lambda number: installation.worker(number, clock=WrongClock(ERROR), probe=timedelta(hours=1))
    )
    stopped = wait_until(partial(_stopped_by_the_clock, installation), 20)
    fleet.close()
    outcome.require(stopped, "a clock five minutes wrong did not stop the sending")
    finished = finish(installation, rounds=2)
    outcome.figures |= {"then stopped by the third clock": stopped, **finished.figures}
    outcome.broken += finished.broken
    return outcome


def _stopped_by_the_clock(installation: Installation) -> bool:
    return bool(installation.query("SELECT reason FROM circuit") == [("clock",)])
