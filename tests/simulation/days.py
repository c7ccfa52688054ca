"""Days on which schedulers tick, die and overtake each other, and the book changes: drawn as scripts."""

import random

from tests.simulation.schedule import CUSTOMERS, ZONES
from tests.simulation.scripts import Script

ENDS = 40  # of transactions in a pass, and some more
# What a scheduler may be in when another one passes.
OVERTAKEN = ("regrade", "care", "house", "house")


def draw(chance: random.Random) -> Script:
    """Days on which schedulers tick, die and overtake each other, and the book changes."""
    script: Script = []
    for _ in range(chance.randint(3, 6)):
        script += chance.choices(
            (_pass_days, _interleave, _overtake, _cut, _die, _change, _grade), (2, 3, 8, 4, 3, 4, 3)
        )[0](chance)
    return script


def _pass_days(chance: random.Random) -> Script:
    return [("wait", chance.choice((1, 3, 12, 24, 24, 72, -2, -24, 200))), ("tick", 0)]


def _interleave(chance: random.Random) -> Script:
    return [
        ("tick", 0, chance.randint(1, ENDS)),
        ("tick", 1, chance.choice((0, 0, 3, 6))),
        ("wait", chance.choice((0, 1, 24))),
        ("tick", 0),
        ("tick", 1),
    ]


def _overtake(chance: random.Random) -> Script:
    """A scheduler stands still between two transactions of a job while another one does a later pass."""
    return [
        *(_change(chance) if chance.random() < 0.5 else []),
        ("wait", chance.choice((0, 3, 24))),
        ("tick", 0, chance.choice((1, 1, 1, 2, 3)), False, chance.choice(OVERTAKEN)),
        ("wait", chance.choice((0, 1, 1, 24))),
        ("tick", 1),
        ("tick", 0),
    ]


def _cut(chance: random.Random) -> Script:
    """There is news, and a scheduler dies in the job that takes it up; another one comes soon."""
    customer = chance.randint(1, CUSTOMERS)
    news: Script = [
        ("fact", customer, chance.choice((0, 100))),
        ("fact", customer, chance.choice((0, 100))),
        ("contact", customer, chance.randint(0, 40)),
        ("new_plan", chance.randrange(2)),
    ]
    return [
        chance.choice(news),
        ("tick", 0, chance.choice((2, 3, 4, 4, 5, 6, 6)), True, chance.choice(("regrade", "care"))),
        ("tick", 0),
    ]


def _die(chance: random.Random) -> Script:
    """Early in a pass, and late, where it says what is due: in the morning, mostly."""
    return [
        ("wait", chance.choice((0, 3, 24, 24, 72))),
        ("tick", 0, chance.randint(1, ENDS), True),
        ("tick", 0),
    ]


def _change(chance: random.Random) -> Script:
    customer = chance.randint(1, CUSTOMERS)
    return [
        chance.choice(
            [
                ("fact", customer, chance.choice((0, 20, 50, 90, 100))),
                ("fact", customer, chance.choice((0, 100))),
                ("contact", customer, chance.randint(0, 40)),
                ("person", chance.randint(1, 2), chance.choice(ZONES), chance.random() < 0.7),
                ("give", customer, chance.randint(1, 2)),
                ("new_plan", chance.randrange(2)),
                ("catch_up",),
            ]
        )
    ]


def _grade(chance: random.Random) -> Script:
    fact = ("fact", chance.randint(1, CUSTOMERS), chance.choice((0, 100)))
    return [fact, ("wait", 24), ("grade",), ("tick", 0, chance.choice((0, 0, 2, 5)))]
