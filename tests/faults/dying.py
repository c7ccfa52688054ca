"""Workers that die, and answers that are lost: F01 to F03, F05."""

import random
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.services.delivery.worker import WorkerOptions
from tests.faults.ground import Ground, longest_recovery, p95
from tests.faults.processes import Fleet
from tests.faults.report import Outcome
from tests.faults.worker import EVERY_STEP, QUICK, Job

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


def killed(ground: Ground, *, quick: bool) -> Outcome:
    """F01: SIGKILL at every named step, three workers at a time."""
    wanted = 10 if quick else 1000
    rng = random.Random(ground.seed)
    order: list[str] = []

    def life(number: int) -> Job:
        if not order:
            order.extend(EVERY_STEP)
            rng.shuffle(order)
        return Job(
            url=ground.url,
            api_url=ground.slack.api_url,
            folder=ground.folder,
            seed=ground.seed * 1_000_003 + number,
            step=order.pop(),
            times=rng.choice((1, 1, 2, 3)),
        )

    ground.feed(30)
    fleet = Fleet(3, life)
    until, looked = time.monotonic() + (60 if quick else 1800), 0.0
    while fleet.killed < wanted and time.monotonic() < until:
        fleet.tend()
        if time.monotonic() - looked > 0.2:
            ground.look()
            looked = time.monotonic()
            if ground.count("pending") < 10:
                ground.feed(10)
        time.sleep(0.01)
    fleet.close()
    at_steps = ground.kills()
    # Those that settle are killed too: a message may need a second round of lease and settle.
    outcome = calm(ground, rounds=2)
    outcome.figures = {"kills": at_steps.total(), "at steps": len(at_steps), **outcome.figures}
    outcome.require(at_steps.total() >= wanted, f"only {at_steps.total()} kills")
    if not quick:
        unseen = set(EVERY_STEP) - set(at_steps)
        outcome.require(not unseen, f"never killed at {', '.join(sorted(unseen))}")
    return outcome


def unanswered(ground: Ground, *, quick: bool) -> Outcome:
    """F02: the answer is lost in every way there is, mostly after the message was stored."""
    ground.slack.switch(*({"probability": 0.05, **fault} for fault in LOST_ANSWERS))
    ground.feed(40 if quick else 600)
    outcome = calm(ground, seconds=240 if quick else 600)
    struck = ground.slack.struck()
    tallies = ground.tallies()
    outcome.figures = {
        "lost answers": struck.total(),
        "kinds": len(struck),
        **outcome.figures,
        "found in history": tallies.get("reconciled_found_total", 0),
        "sent again": tallies.get("reconciled_resent_total", 0),
    }
    settled = tallies.get("reconciled_found_total", 0) + tallies.get("reconciled_resent_total", 0)
    outcome.require(settled >= struck.total(), f"only {settled} of {struck.total()} went through unknown")
    outcome.require(bool(struck), "no answer was lost")
    if not quick:
        outcome.require(len(struck) == len(LOST_ANSWERS), "not every kind has struck")
    return outcome


def late(ground: Ground, *, quick: bool) -> Outcome:
    """F03: Slack stores the message after the caller has given up; with and without the settle time."""
    ground.slack.switch({"kind": "late_store", "seconds": 0.7, "probability": 0.25})
    many = 40 if quick else 150
    ground.feed(many)
    outcome = calm(ground, seconds=240)
    before = ground.audit()
    late_ones = ground.slack.struck()["late_store"]
    # The same again without waiting for what is still on its way inside Slack.
    ground.feed(many)
    hasty = calm(ground, seconds=240, rules=replace(QUICK, settle=timedelta()), rounds=9)
    doubled = ground.audit().doubled - before.doubled
    outcome.figures = {
        "stored late": late_ones,
        **before.figures(),
        "doubled with settle 0": doubled,
    }
    outcome.broken = before.broken() + [line for line in hasty.broken if "lost" in line or "settled" in line]
    outcome.require(late_ones > 0, "nothing was stored late")
    outcome.require(quick or doubled > 0, "settle 0 doubled nothing, so the settle time was not tried")
    return outcome


def heirs(ground: Ground, *, quick: bool) -> Outcome:
    """F05: workers die holding claims; others with the same host name and seed follow."""
    deaths = 5 if quick else 40
    ground.feed(deaths * 4)

    def life(number: int) -> Job:
        return Job(
            url=ground.url,
            api_url=ground.slack.api_url,
            folder=ground.folder,
            seed=number,
            step="claim.after",
        )

    fleet = Fleet(2, life)
    until = time.monotonic() + 60
    while fleet.killed < deaths and time.monotonic() < until:
        fleet.tend()
        ground.look()
        time.sleep(0.02)
    fleet.close()
    outcome = calm(ground)
    kills = ground.kills().total()
    recovered = ground.recoveries()
    outcome.figures = {
        "kills": kills,
        **outcome.figures,
        "slowest s": round(recovered[-1], 1) if recovered else 0,
    }
    outcome.require(kills >= deaths, f"only {kills} kills")
    outcome.require(len(recovered) >= kills, "not every claim was seen to be recovered")
    return outcome


def calm(
    ground: Ground,
    *,
    seconds: float = 240,
    rules: WorkerOptions = QUICK,
    rounds: int = 1,
    expect_failures: bool = False,
    **values: Any,
) -> Outcome:
    """Workers nobody kills, until all is settled; then the comparison."""
    fleet = Fleet(
        2,
        lambda number: Job(
            url=ground.url,
            api_url=ground.slack.api_url,
            folder=ground.folder,
            seed=ground.seed + 7000 + number,
            rules=rules,
            **values,
        ),
    )
    done = ground.settled(seconds, fleet.tend)
    fleet.close()
    audit = ground.audit()
    figures = audit.figures()
    outcome = Outcome(figures=figures, broken=audit.broken())
    recoveries = ground.recoveries()
    if recoveries:
        figures["recovered p95 s"] = round(p95(recoveries), 1)
        outcome.require(
            p95(recoveries) <= rounds * longest_recovery(rules),
            f"recovery took {p95(recoveries):.1f} s, more than lease + settle + sweep",
        )
    failures = ground.failures()
    if failures:
        figures["failed passes"] = failures.total()
    outcome.require(done, f"not settled after {seconds:.0f} s")
    outcome.require(expect_failures or not failures, f"passes failed, most often: {failures.most_common(1)}")
    return outcome
