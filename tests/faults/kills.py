"""Killed workers and lost answers: F01 to F03, F05."""

import random
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.services.delivery.worker import Step, WorkerOptions
from db.outbox.messages import MessageState
from tests.faults.installation import Installation, p95
from tests.faults.processes import Fleet
from tests.faults.report import Outcome
from tests.faults.worker import EVERY_STEP, QUICK, WorkerRun

LOST_ANSWERS = (
    {"kind": "lost_closed"},
    {"kind": "lost_reset"},
    {"kind": "slow", "seconds": 1.0},
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "name": "stored_500", "status": 503, "stored": True},
    {"kind": "bad_json"},
    {"kind": "empty"},
    {"kind": "error", "code": "internal_error", "name": "stored_internal", "stored": True},
)


def killed(installation: Installation, *, quick: bool) -> Outcome:
    """F01: SIGKILL at every named step, three workers at a time."""
    wanted = 10 if quick else 1000
    rng = random.Random(installation.seed)
    order: list[str] = []

    def life(number: int) -> WorkerRun:
        if not order:
            order.extend(EVERY_STEP)
            rng.shuffle(order)
        return installation.worker(
            installation.seed * 1_000_002 + number, step=order.pop(), times=rng.choice((1, 1, 2, 3))
        )

    installation.enqueue(30)
    fleet = Fleet(3, life)
    watched = 0.0

    def watch() -> None:
        nonlocal watched
        if time.monotonic() - watched > 0.2:
            installation.watch()
            watched = time.monotonic()
            if installation.count(MessageState.PENDING) < 10:
                installation.enqueue(10)

    fleet.run_until(lambda: fleet.killed >= wanted, 60 if quick else 1800, watch, 0.01)
    fleet.close()
    at_steps = installation.kills()
    # Workers that settle are killed too, so that a message may need a second round of lease and settle time.
    outcome = finish(installation, rounds=2)
    outcome.figures = {"kills": at_steps.total(), "at steps": len(at_steps), **outcome.figures}
    outcome.require(at_steps.total() >= wanted, f"only {at_steps.total()} kills")
    if not quick:
        unseen = set(EVERY_STEP) - set(at_steps)
        outcome.require(not unseen, f"never killed at {', '.join(sorted(unseen))}")
    return outcome


def lost_answers(installation: Installation, *, quick: bool) -> Outcome:
    """F02: the answer is lost in every possible way, mostly after the message was stored."""
    installation.slack.switch(*({"probability": 0.05, **fault} for fault in LOST_ANSWERS))
    installation.enqueue(40 if quick else 600)
    outcome = finish(installation, seconds=240 if quick else 600)
    struck = installation.slack.struck()
    tallies = installation.tallies()
    outcome.figures = {
        "lost answers": struck.total(),
        "kinds": len(struck),
        **outcome.figures,
        "found in history": tallies.get("reconciled_found_total", 0),
        "sent again": tallies.get("reconciled_resent_total", 0),
    }
    settled = installation.settled()
    outcome.require(settled >= struck.total(), f"only {settled} of {struck.total()} went through unknown")
    outcome.require(bool(struck), "no answer was lost")
    if not quick:
        outcome.require(len(struck) == len(LOST_ANSWERS), "not every kind has occurred")
    return outcome


def stored_late(installation: Installation, *, quick: bool) -> Outcome:
    """F03: Slack stores the message after the caller has given up; with and without the settle time."""
    installation.slack.switch({"kind": "late_store", "seconds": 0.7, "probability": 0.25})
    many = 40 if quick else 150
    installation.enqueue(many)
    outcome = finish(installation, seconds=240)
    before = installation.audit()
    late_ones = installation.slack.struck()["late_store"]
    # Again, without waiting for late posts.
    installation.enqueue(many)
    without_wait = finish(installation, seconds=240, options=replace(QUICK, settle=timedelta()), rounds=9)
    doubled = installation.audit().doubled - before.doubled
    outcome.figures = {
        "stored late": late_ones,
        **before.figures(),
        "doubled with settle 0": doubled,
    }
    outcome.broken = before.broken() + [
        line for line in without_wait.broken if "lost" in line or "finished" in line
    ]
    outcome.require(late_ones > 0, "nothing was stored late")
    outcome.require(quick or doubled > 0, "settle 0 doubled nothing, so the settle time was not tested")
    return outcome


def inherited(installation: Installation, *, quick: bool) -> Outcome:
    """F05: workers are killed while holding claims; others with the same host name and seed follow."""
    deaths = 5 if quick else 40
    installation.enqueue(deaths * 4)

    fleet = Fleet(
        2, lambda number: installation.worker(number - installation.seed, step=Step.CLAIM_AFTER.value)
    )
    fleet.run_until(lambda: fleet.killed >= deaths, 60, installation.watch, 0.02)
    fleet.close()
    outcome = finish(installation)
    kills = installation.kills().total()
    recovered = installation.recoveries()
    outcome.figures = {
        "kills": kills,
        **outcome.figures,
        "slowest s": round(recovered[-1], 1) if recovered else 0,
    }
    outcome.require(kills >= deaths, f"only {kills} kills")
    # The workers' own count: on a busy machine a message may be unknown for less time than between two looks.
    settled = installation.settled()
    outcome.require(settled >= kills, f"only {settled} claims of {kills} dead workers were recovered")
    return outcome


def finish(
    installation: Installation,
    *,
    seconds: float = 240,
    options: WorkerOptions = QUICK,
    rounds: int = 1,
    expect_failures: bool = False,
    **values: Any,
) -> Outcome:
    """Run workers without kills until every message is finished, and compare rows with posts."""
    fleet = Fleet(2, lambda number: installation.worker(7000 + number, options=options, **values))
    done = installation.finished(seconds, fleet.tend)
    fleet.close()
    audit = installation.audit()
    figures = audit.figures()
    outcome = Outcome(figures=figures, broken=audit.broken())
    recoveries = installation.recoveries()
    if recoveries:
        allowed = rounds * installation.longest_recovery(options)
        figures["recovered p95 s"] = f"{p95(recoveries):.1f} of {allowed:.1f}"
        outcome.require(
            p95(recoveries) <= allowed,
            f"recovery took {p95(recoveries):.1f} s, more than the {allowed:.1f} of lease + settle + sweep",
        )
    failures = installation.failures()
    if failures:
        figures["failed passes"] = failures.total()
    outcome.require(done, f"not finished after {seconds:.0f} s")
    outcome.require(expect_failures or not failures, f"passes failed, most often: {failures.most_common(1)}")
    return outcome
