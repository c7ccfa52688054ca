"""Random scripts of days on which schedulers tick, are killed and overtake each other, and the book changes."""

import random

from tests.simulation.schedule import CUSTOMERS, ZONES
from tests.simulation.scripts import Script

ENDS = 40  # more than a pass has transactions
# Jobs in which a scheduler is paused while another one passes.
OVERTAKEN = ("regrade", "care", "house", "house")


def draw(rng: random.Random) -> Script:
    """A random script of some days."""
    script: Script = []
    for _ in range(rng.randint(3, 6)):
        script += rng.choices(
            (_pass_days, _interleave, _overtake, _cut, _kill, _change, _grade, _answer),
            (2, 3, 8, 4, 3, 4, 3, 6),
        )[0](rng)
    return script


def _pass_days(rng: random.Random) -> Script:
    return [("wait", rng.choice((1, 3, 12, 24, 24, 72, -2, -24, 200))), ("tick", 0)]


def _interleave(rng: random.Random) -> Script:
    return [
        ("tick", 0, rng.randint(1, ENDS)),
        ("tick", 1, rng.choice((0, 0, 3, 6))),
        ("wait", rng.choice((0, 1, 24))),
        ("tick", 0),
        ("tick", 1),
    ]


def _overtake(rng: random.Random) -> Script:
    """A scheduler is paused between two transactions of a job while another one does a later pass."""
    return [
        *(_change(rng) if rng.random() < 0.5 else []),
        ("wait", rng.choice((0, 3, 24))),
        ("tick", 0, rng.choice((1, 1, 1, 2, 3)), False, rng.choice(OVERTAKEN)),
        ("wait", rng.choice((0, 1, 1, 24))),
        ("tick", 1),
        ("tick", 0),
    ]


def _cut(rng: random.Random) -> Script:
    """Something changes, and a scheduler is killed in the job that handles it; another one follows."""
    customer = rng.randint(1, CUSTOMERS)
    changes: Script = [
        ("fact", customer, rng.choice((0, 100))),
        ("fact", customer, rng.choice((0, 100))),
        ("contact", customer, rng.randint(0, 40)),
        ("new_plan", rng.randrange(2)),
    ]
    return [
        rng.choice(changes),
        ("tick", 0, rng.choice((2, 3, 4, 4, 5, 6, 6)), True, rng.choice(("regrade", "care"))),
        ("tick", 0),
    ]


def _kill(rng: random.Random) -> Script:
    """A scheduler is killed early in a pass, or late, where reminders are written."""
    return [
        ("wait", rng.choice((0, 3, 24, 24, 72))),
        ("tick", 0, rng.randint(1, ENDS), True),
        ("tick", 0),
    ]


def _change(rng: random.Random) -> Script:
    customer = rng.randint(1, CUSTOMERS)
    return [
        rng.choice(
            [
                ("fact", customer, rng.choice((0, 20, 50, 90, 100))),
                ("fact", customer, rng.choice((0, 100))),
                ("contact", customer, rng.randint(0, 40)),
                ("person", rng.randint(1, 2), rng.choice(ZONES), rng.random() < 0.7),
                ("give", customer, rng.randint(1, 2)),
                ("new_plan", rng.randrange(2)),
                ("catch_up",),
            ]
        )
    ]


def _answer(rng: random.Random) -> Script:
    """A person answers what is due, perhaps takes it back, and perhaps a scheduler is paused meanwhile."""
    paused: Script = [("tick", 0, rng.choice((1, 2, 3)), False, rng.choice(("care", "remind", "escalate")))]
    return [
        ("wait", rng.choice((24, 24, 72))),
        ("tick", 1),
        *(paused if rng.random() < 0.5 else []),
        ("press", rng.randrange(CUSTOMERS), rng.choice(("done", "done", "snooze", "skip", "reassign"))),
        *([("press", rng.randrange(CUSTOMERS), "undo")] if rng.random() < 0.5 else []),
        ("tick", 0),
    ]


def _grade(rng: random.Random) -> Script:
    fact = ("fact", rng.randint(1, CUSTOMERS), rng.choice((0, 100)))
    return [fact, ("wait", 24), ("grade",), ("tick", 0, rng.choice((0, 0, 2, 5)))]
