"""Slack refuses: 429, revoked tokens, missing channels and people, unreadable histories: F06 to F11."""

import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.clock import SystemClock
from bot.services.delivery.pace import Pace
from db.book.people import Person
from db.engine import Database
from tests import factories
from tests.faults.installation import Audit, Installation
from tests.faults.kills import finish
from tests.faults.processes import Fleet
from tests.faults.report import Outcome
from tests.faults.slack import CHANNELS
from tests.faults.worker import QUICK
from tests.faults.wrong_clocks import SharedClock

PACED = replace(QUICK, pace=Pace(workspace=600, least=120, recovers=600, place=60, burst=3))
SLACK_PACE = {"kind": "pacing", "per_second": 1.0, "burst": 3, "per_minute": 300}


def storm(installation: Installation, *, quick: bool) -> Outcome:
    """F07: three of ten calls get a 429; no call comes before Retry-After has passed."""
    installation.slack.switch(
        {"kind": "rate_limited", "probability": 0.3, "retry_after": "1"},
        SLACK_PACE,
    )
    installation.enqueue(8 if quick else 60, rooms=20)
    outcome = finish(installation, seconds=400, options=PACED)
    rates, struck = installation.slack.rates(), installation.slack.struck()
    used = max(row.attempt for row in installation.rows())
    outcome.figures |= {
        "429": struck["rate_limited"],
        "too early": rates["early"],
        "above the pace": rates["violations"],
        "goodput %": round(100 * installation.written / max(1, rates["calls"])),
        "attempts used": used,
    }
    outcome.require(struck["rate_limited"] > 0, "no 429")
    outcome.require(not rates["early"] and not rates["violations"], "the pace was not kept")
    outcome.require(used == 1, f"a 429 used up attempts: {used}")
    return outcome


def odd_waits(installation: Installation, *, quick: bool) -> Outcome:
    """F08: Retry-After missing, negative, a word, a day: waits between a second and a quarter of an hour."""
    waits: dict[str, float] = {}
    outcome = Outcome(figures={})
    for value in (None, "-1", "abc", "86400"):
        with installation.fresh(installation.seed) as here:
            here.slack.switch({"kind": "rate_limited", "count": 1, "retry_after": value})
            here.enqueue(1)
            fleet = Fleet(1, here.worker)
            fleet.run_until(partial(_pause, here), 15)
            paused = _pause(here)
            fleet.close()
            waits[str(value)] = paused
            outcome.require(0 < paused <= 900, f"Retry-After {value} became {paused:.0f} s")
            outcome.require(not fleet.deaths, f"a worker died of Retry-After {value}")
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    outcome.figures = {f"Retry-After {value}": f"{seconds:.0f} s" for value, seconds in waits.items()}
    return outcome


def _pause(installation: Installation) -> float:
    """Seconds from the last update of the workspace's token bucket until the end of its pause."""
    found = installation.query("SELECT counted_at, paused_until FROM lane WHERE paused_until IS NOT NULL")
    if not found:
        return 0.0
    counted, until = (
        value if isinstance(value, datetime) else datetime.fromisoformat(value) for value in found[0]
    )
    return (until - counted).total_seconds()


def revoked(installation: Installation, *, quick: bool) -> Outcome:
    """F09: the token is revoked in the middle of a run, and restored."""
    installation.enqueue(20 if quick else 100)
    fleet = Fleet(2, installation.worker)
    half = installation.written // 2
    fleet.run_until(lambda: installation.count("sent") >= half, 60, every=0.01)
    installation.slack.switch({"kind": "error", "code": "token_revoked", "methods": ["*"]})
    time.sleep(0.5)
    reached = installation.count("sent")
    installation.enqueue(20)
    time.sleep(2)
    opened = installation.query("SELECT reason FROM circuit")
    during = installation.count("sent") - reached
    fleet.close()
    installation.slack.switch()
    outcome = finish(installation)
    used = max(row.attempt for row in installation.rows())
    outcome.figures |= {"circuit": opened[0][0] if opened else "closed", "attempts used": used}
    outcome.require(bool(opened) and opened[0][0] == "token_revoked", "the circuit did not open")
    outcome.require(during == 0, f"{during} sent with a revoked token")
    # Killing the fleet above may have used up attempts; a refusal must not.
    used_up = sum(row.attempt > 1 for row in installation.rows())
    outcome.require(used_up <= 6, f"a revoked token used up attempts of {used_up} messages")
    return outcome


def missing_places(installation: Installation, *, quick: bool) -> Outcome:
    """F10: an archived channel, one without the bot, a person who has left; other messages arrive."""
    installation.slack.post("channel", channel=CHANNELS[0].id, is_archived=True)
    installation.slack.post("channel", channel=CHANNELS[1].id, members=["U0LINWEI"])
    installation.slack.post("user", user="U0ANNA", deleted=True)
    fallback = CHANNELS[99].id

    def add_person(database: Database) -> int:
        with database.write() as session:
            person = factories.person(session, "Anna")
            session.get_one(Person, person).slack_checked_at = SystemClock().now() - timedelta(hours=2)
            return person

    person = installation.using(add_person)
    installation.enqueue(40, rooms=20)
    installation.enqueue(1, person_id=person)
    outcome = finish(installation, options=replace(QUICK, fallback_channel=fallback))
    rows = installation.rows()
    dead = Counter(row.error_class for row in rows if row.state == "dead")
    diverted = sum(row.channel == fallback and row.state == "sent" for row in rows)
    outcome.figures |= {"dead": dict(dead), "in the fall-back channel": diverted}
    # Slack takes a post to a person who has left; the bot asks first.
    outcome.require(dead == Counter(is_archived=2, not_in_channel=2, left=1), f"dead are {dict(dead)}")
    outcome.require(diverted == 4, f"{diverted} of 4 in the fall-back channel")
    return outcome


def unreadable(installation: Installation, *, quick: bool) -> Outcome:
    """F11: answers are lost and the history is not readable: sent again with a mark, or not at all if once only."""
    installation.slack.switch(
        {"kind": "lost_closed", "probability": 0.3},
        {"kind": "history_unreadable", "code": "missing_scope"},
    )
    installation.enqueue(20 if quick else 100)
    outcome = finish(installation, seconds=300)
    lost_answers = installation.slack.struck()["lost_closed"]
    audit: Audit = installation.audit()
    outcome.figures |= {"lost answers": lost_answers, "marked repeats": audit.repeats}
    outcome.require(audit.repeats == lost_answers > 0, f"{audit.repeats} marked of {lost_answers}")
    before = installation.written
    installation.slack.switch(
        {"kind": "lost_closed", "count": 3},
        {"kind": "history_unreadable", "code": "missing_scope"},
    )
    installation.enqueue(10, once_only=True)
    fleet = Fleet(2, installation.worker)
    fleet.run_until(lambda: not installation.count("pending", "sending"), 30)
    time.sleep(QUICK.settle.total_seconds() + 1)
    fleet.close()
    kept = [row for row in installation.rows()[before:] if row.state == "unknown"]
    copies = Counter(post.id for post in installation.slack.arrived())
    again = sum(copies[row.id] > 1 for row in kept)
    outcome.figures |= {"once only, kept unknown": len(kept)}
    outcome.require(len(kept) == 3 and not again, f"{len(kept)} of 3 kept unknown, {again} sent again")
    return outcome


def down(installation: Installation, *, quick: bool) -> Outcome:
    """F06: Slack refuses connections for 2 and for 26 hours of the workers' clock."""
    outcome = Outcome(figures={})
    for hours in (2, 26):
        clock = SharedClock()
        with installation.fresh(installation.seed + hours, clock.now) as here:
            here.slack.switch(SLACK_PACE)
            here.slack.post("refuse", seconds=6)
            here.enqueue(20 if quick else 40, rooms=8)
            here.enqueue(5, rooms=8, not_after=SystemClock().now() + timedelta(hours=1))
            fleet = Fleet(2, partial(here.worker, options=PACED, clock=clock))
            began = time.monotonic()
            opened = False
            while time.monotonic() - began < 5:
                fleet.tend()
                # In steps shorter than the interval of the circuit's probes.
                clock.shift.value = hours * 3600 * (time.monotonic() - began) / 5
                opened = opened or here.query("SELECT reason FROM circuit") == [("network",)]
                time.sleep(0.05)
            clock.shift.value = hours * 3600.0
            fleet.close()
            back = time.monotonic()
            done = finish(here, seconds=90, options=PACED, clock=clock)
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
            # Three at once and one a second; a call that comes a little early gets a 429 and uses up nothing.
            outcome.require(peak <= 4, f"{hours} h: a burst of {peak} in one channel")
    return outcome
