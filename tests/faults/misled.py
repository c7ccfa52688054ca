"""Clocks that are wrong: F17 and F21."""

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import SystemClock
from bot.services.delivery import time_jump
from db import processes
from db.engine import Database
from tests.faults.clocks import SharedClock, WrongClock
from tests.faults.dying import calm
from tests.faults.ground import Ground, sender
from tests.faults.processes import Fleet
from tests.faults.report import Outcome
from tests.faults.restarting import START_SECONDS, Process, all_sent, until
from tests.faults.worker import EVERY_STEP, UNWATCHED

HOUR, YEAR = 3600.0, 365 * 86400.0
APART = timedelta(minutes=5)
MOST_CPU = 5.0  # per cent of one processor


def jumping(ground: Ground, *, quick: bool) -> Outcome:
    """F17: the workers' clock jumps by an hour and by a year, forwards and back, while Slack's does not; then a hold."""
    clock = SharedClock()
    fleet = Fleet(2, partial(sender, ground, clock=clock))
    for shift in (0.0, HOUR, 0.0, -HOUR, 0.0, YEAR, 0.0, -YEAR, 0.0):
        clock.shift.value = shift
        ground.feed(3 if quick else 15)
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            fleet.tend()
            time.sleep(0.05)
    fleet.close()
    clock.shift.value = 0.0
    outcome = calm(ground, rounds=2, clock=clock)
    outcome.figures |= {"jumps": 8}
    _hold(ground, outcome)
    return outcome


def _hold(ground: Ground, outcome: Outcome) -> None:
    """The product's own process after eight days without a sign of life; then its clock jumps while it idles."""
    ground.using(_sleep_for_eight_days)
    before = ground.count("sent")
    ground.feed(5)
    process = Process(ground, "real-shifted")
    outcome.require(until(START_SECONDS, partial(_healthy, process)), "the process did not start")
    time.sleep(4)
    said = ground.count("sent") - before
    shown = json.loads(_tierbot(ground, "catch-up", "--json"))
    _tierbot(ground, "catch-up", "--apply")
    released = until(30, partial(all_sent, ground, ground.written))
    used, began = _cpu_seconds(process.running.pid), time.monotonic()
    for shift in (0.0, HOUR, -HOUR, YEAR, 0.0):
        process.broken.write_text(str(shift))
        time.sleep(3)
    share = 100 * (_cpu_seconds(process.running.pid) - used) / (time.monotonic() - began)
    ended = process.end()
    process.broken.unlink()
    outcome.figures |= {"held": shown["messages"], "sent while held": said, "CPU %": round(share, 1)}
    outcome.require(shown["held"] and not said, "eight days of silence did not hold the messages")
    outcome.require(released, "catch-up --apply did not release them")
    outcome.require(share < MOST_CPU, f"{share:.0f} % CPU while clocks jump")
    outcome.require(ended == 0, f"the process ended with {ended}")


def _sleep_for_eight_days(database: Database) -> None:
    at = SystemClock().now() - timedelta(days=8)
    with database.write() as session:
        processes.set_cursor(session, time_jump.CURSOR, at.isoformat())


def _healthy(process: Process) -> bool:
    return process.page("readyz")[0] == 200


def _tierbot(ground: Ground, *arguments: str) -> str:
    command = [sys.executable, "-m", "bot", *arguments]
    done = subprocess.run(command, env=ground.environment(), capture_output=True, text=True, check=True)
    return done.stdout


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def apart(ground: Ground, *, quick: bool) -> Outcome:
    """F21: half the workers' machines are five minutes fast, half slow; the database and Slack have the right time."""
    many, kills = (12, 3) if quick else (90, 40)
    due: dict[int, datetime] = {}
    for number in range(many):
        at = SystemClock().now() + timedelta(seconds=0.1 * (number + 10))
        ground.feed(1, now=at)
        due[ground.written] = at  # the first row's id is 1

    def life(number: int, mortal: bool) -> Any:
        return sender(
            ground,
            number,
            clock=WrongClock(APART if number % 2 else -APART),
            rules=UNWATCHED,  # the clock alone would stop them
            step=EVERY_STEP[number % len(EVERY_STEP)] if mortal else "",
        )

    fleets = [Fleet(2, partial(life, mortal=mortal)) for mortal in (True, False)]
    end = time.monotonic() + 120
    while (fleets[0].killed < kills or ground.count("pending")) and time.monotonic() < end:
        for fleet in fleets:
            fleet.tend()
        ground.look()
        time.sleep(0.05)
    for fleet in fleets:
        fleet.close()
    outcome = calm(ground, rounds=2)
    early = sum(float(post.ts) < due[post.id].timestamp() - 0.01 for post in ground.slack.arrived())
    outcome.figures |= {"early sends": early, "kills": ground.kills().total()}
    outcome.require(not early, f"{early} were sent early")
    outcome.require(ground.kills().total() >= kills, "too few kills")
    # The same machines with their eyes open: the third clock stops the sending.
    ground.feed(6)
    fleet = Fleet(2, lambda number: sender(ground, number, clock=WrongClock(APART), probe=timedelta(hours=1)))
    stopped = until(20, partial(_stopped_by_the_clock, ground))
    fleet.close()
    outcome.require(stopped, "a clock five minutes wrong did not stop the sending")
    settled = calm(ground, rounds=2)
    outcome.figures |= {"then stopped by the third clock": stopped, **settled.figures}
    outcome.broken += settled.broken
    return outcome


def _stopped_by_the_clock(ground: Ground) -> bool:
    return bool(ground.ask("SELECT reason FROM circuit") == [("clock",)])
