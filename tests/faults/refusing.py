"""A Slack that refuses: 429, revoked tokens, places that are gone, histories that may not be read: F06 to F11."""

import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import SystemClock
from bot.services.delivery.pace import Pace
from db.engine import Database
from tests import factories
from tests.faults.clocks import SharedClock
from tests.faults.dying import calm
from tests.faults.ground import Audit, Ground
from tests.faults.processes import Fleet
from tests.faults.report import Outcome
from tests.faults.slack import CHANNELS
from tests.faults.worker import QUICK, Job

PACED = replace(QUICK, pace=Pace(workspace=600, least=120, recovers=600, place=60, burst=3))
SLACKS_PACE = {"kind": "pacing", "per_second": 1.0, "burst": 3, "per_minute": 300}


def job(ground: Ground, **values: Any) -> Job:
    return Job(url=ground.url, api_url=ground.slack.api_url, folder=ground.folder, seed=ground.seed, **values)


def _plain_job(ground: Ground, number: int) -> Job:
    return job(ground)


def _paced_job(ground: Ground, clock: SharedClock, number: int) -> Job:
    return job(ground, rules=PACED, clock=clock)


def storm(ground: Ground, *, quick: bool) -> Outcome:
    """F07: three of ten calls get a 429; nobody calls before Retry-After has passed."""
    ground.slack.switch(
        {"kind": "rate_limited", "probability": 0.3, "retry_after": "1"},
        SLACKS_PACE,
    )
    ground.feed(8 if quick else 60, rooms=20)
    outcome = calm(ground, seconds=400, rules=PACED)
    rates, struck = ground.slack.rates(), ground.slack.struck()
    used = max(row.attempt for row in ground.rows())
    outcome.figures |= {
        "429": struck["rate_limited"],
        "too early": rates["early"],
        "above the pace": rates["violations"],
        "goodput %": round(100 * ground.written / max(1, rates["calls"])),
        "attempts used": used,
    }
    outcome.require(struck["rate_limited"] > 0, "no 429")
    outcome.require(not rates["early"] and not rates["violations"], "the pace was not kept")
    outcome.require(used == 1, f"a 429 used up attempts: {used}")
    return outcome


def odd_waits(ground: Ground, *, quick: bool) -> Outcome:
    """F08: Retry-After missing, negative, a word, a day: kept between a second and a quarter of an hour."""
    waits: dict[str, float] = {}
    outcome = Outcome(figures={})
    for said in (None, "-1", "abc", "86400"):
        with ground.fresh(ground.seed) as here:
            here.slack.switch({"kind": "rate_limited", "count": 1, "retry_after": said})
            here.feed(1)
            fleet = Fleet(1, partial(_plain_job, here))
            until = time.monotonic() + 15
            # Until the wish is written down.
            while not (paused := _pause(here)) and time.monotonic() < until:
                fleet.tend()
                time.sleep(0.05)
            fleet.close()
            waits[str(said)] = paused
            outcome.require(0 < paused <= 900, f"Retry-After {said} became {paused:.0f} s")
            outcome.require(not fleet.deaths, f"a worker died of Retry-After {said}")
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    outcome.figures = {f"Retry-After {said}": f"{seconds:.0f} s" for said, seconds in waits.items()}
    return outcome


def _pause(ground: Ground) -> float:
    """Seconds from the counting of the workspace's bucket until the end of its pause."""
    found = ground.ask("SELECT counted_at, paused_until FROM lane WHERE paused_until IS NOT NULL")
    if not found:
        return 0.0
    counted, until = (
        value if isinstance(value, datetime) else datetime.fromisoformat(value) for value in found[0]
    )
    return (until - counted).total_seconds()


def revoked(ground: Ground, *, quick: bool) -> Outcome:
    """F09: the token is revoked in the middle of a run, and given back."""
    ground.feed(20 if quick else 100)
    fleet = Fleet(2, lambda number: job(ground))
    half = ground.written // 2
    until = time.monotonic() + 60
    while ground.count("sent") < half and time.monotonic() < until:
        fleet.tend()
        time.sleep(0.01)
    ground.slack.switch({"kind": "error", "code": "token_revoked", "methods": ["*"]})
    time.sleep(0.5)
    reached = ground.count("sent")
    ground.feed(20)
    time.sleep(2)
    opened = ground.ask("SELECT reason FROM circuit")
    during = ground.count("sent") - reached
    fleet.close()
    ground.slack.switch()
    outcome = calm(ground)
    used = max(row.attempt for row in ground.rows())
    outcome.figures |= {"circuit": opened[0][0] if opened else "closed", "attempts used": used}
    outcome.require(bool(opened) and opened[0][0] == "token_revoked", "the circuit did not open")
    outcome.require(during == 0, f"{during} sent with a revoked token")
    # Closing the fleet above may have cost a claim; a refusal must not.
    burnt = sum(row.attempt > 1 for row in ground.rows())
    outcome.require(burnt <= 6, f"a revoked token used up attempts of {burnt} messages")
    return outcome


def gone(ground: Ground, *, quick: bool) -> Outcome:
    """F10: an archived channel, one without the bot, a person who has left; the others go on."""
    ground.slack.post("channel", channel=CHANNELS[0].id, is_archived=True)
    ground.slack.post("channel", channel=CHANNELS[1].id, members=["U0LINWEI"])
    ground.slack.post("user", user="U0ANNA", deleted=True)
    fallback = CHANNELS[99].id

    def add_person(database: Database) -> int:
        with database.write() as session:
            return factories.person(session, "Anna")

    person = ground.using(add_person)
    ground.feed(40, rooms=20)
    ground.feed(1, person_id=person)
    outcome = calm(ground, rules=replace(QUICK, fallback_channel=fallback))
    rows = ground.rows()
    dead = Counter(row.error_class for row in rows if row.state == "dead")
    diverted = sum(row.channel == fallback and row.state == "sent" for row in rows)
    outcome.figures |= {"dead": dict(dead), "in the fall-back channel": diverted}
    # Slack calls the direct messages of somebody who has left archived.
    outcome.require(dead == Counter(is_archived=3, not_in_channel=2), f"dead are {dict(dead)}")
    outcome.require(diverted == 4, f"{diverted} of 4 in the fall-back channel")
    return outcome


def unreadable(ground: Ground, *, quick: bool) -> Outcome:
    """F11: answers are lost and the history may not be read: said again with a mark, or not at all if once only."""
    ground.slack.switch(
        {"kind": "lost_closed", "probability": 0.3},
        {"kind": "history_unreadable", "code": "missing_scope"},
    )
    ground.feed(20 if quick else 100)
    outcome = calm(ground, seconds=300)
    lost_answers = ground.slack.struck()["lost_closed"]
    audit: Audit = ground.audit()
    outcome.figures |= {"lost answers": lost_answers, "marked repeats": audit.repeats}
    outcome.require(audit.repeats == lost_answers > 0, f"{audit.repeats} marked of {lost_answers}")
    before = ground.written
    ground.slack.switch(
        {"kind": "lost_closed", "count": 3},
        {"kind": "history_unreadable", "code": "missing_scope"},
    )
    ground.feed(10, once_only=True)
    fleet = Fleet(2, lambda number: job(ground))
    until = time.monotonic() + 30
    while ground.count("pending", "sending") and time.monotonic() < until:
        fleet.tend()
        time.sleep(0.05)
    time.sleep(QUICK.settle.total_seconds() + 1)
    fleet.close()
    kept = [row for row in ground.rows()[before:] if row.state == "unknown"]
    copies = Counter(post.id for post in ground.slack.arrived())
    again = sum(copies[row.id] > 1 for row in kept)
    outcome.figures |= {"once only, kept unknown": len(kept)}
    outcome.require(len(kept) == 3 and not again, f"{len(kept)} of 3 kept unknown, {again} sent again")
    return outcome


def down(ground: Ground, *, quick: bool) -> Outcome:
    """F06: Slack refuses connections for 2 and for 26 hours of the workers' clock."""
    outcome = Outcome(figures={})
    for hours in (2, 26):
        clock = SharedClock()
        with ground.fresh(ground.seed + hours, clock.now) as here:
            here.slack.switch(SLACKS_PACE)
            here.slack.post("refuse", seconds=6)
            here.feed(20 if quick else 40, rooms=8)
            here.feed(5, rooms=8, not_after=SystemClock().now() + timedelta(hours=1))
            fleet = Fleet(2, partial(_paced_job, here, clock))
            began = time.monotonic()
            opened = False
            while time.monotonic() - began < 5:
                fleet.tend()
                # The clock goes on in steps that are shorter than the circuit's own.
                clock.shift.value = hours * 3600 * (time.monotonic() - began) / 5
                opened = opened or here.ask("SELECT reason FROM circuit") == [("network",)]
                time.sleep(0.05)
            clock.shift.value = hours * 3600.0
            fleet.close()
            back = time.monotonic()
            done = calm(here, seconds=90, rules=PACED, clock=clock)
            rates = here.slack.rates()
            peak = max(rates["peak_per_second"].values(), default=0)
            dead = Counter(row.error_class for row in here.rows() if row.state == "dead")
            outcome.figures[f"{hours} h"] = (
                f"{done.figures['messages']} messages, lost {done.figures['lost']},"
                f" doubled {done.figures['doubled']}, too late {dead['late']}, drained in"
                f" {time.monotonic() - back:.0f} s, most in one channel and second {peak}, 429 {rates['violations']}"
            )
            outcome.broken += done.broken
            outcome.require(opened, f"{hours} h: the circuit never opened")
            outcome.require(
                dead == Counter(late=5), f"{hours} h: dead {dict(dead)} instead of 5 that were late"
            )
            # Three at once and one a second: a call that comes a little early gets a 429, and costs nothing.
            outcome.require(peak <= 4, f"{hours} h: a burst of {peak} in one channel")
    return outcome
