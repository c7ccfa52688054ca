"""L02: a thousand questions and clicks of many people, with repeated deliveries, failing calls and broken connections."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from random import Random
from statistics import median
from typing import Any
from urllib.error import HTTPError

from bot.wording.actions import Action
from db.engine import Database
from tests import factories
from tests.faults.crowd import PATIENCE
from tests.faults.installation import Installation
from tests.faults.presses import ROOM, WAYS, answering
from tests.faults.report import Outcome
from tests.faults.slack import CROWD, Slack

MOST = 1.0  # seconds until 99 of 100 acknowledgements, in a full run
ASKING = 20  # people
PAUSE = 3.0  # seconds at most between two acts of a person, in a full run; so it lasts for two resets
CUSTOMERS = 12  # of a person
QUESTIONS = (
    *("{code}", "{name}", "{code} why", "{code} history", "list A", "list B sort by score", "华东 A 类客户"),
    *("compare {code} {other}", "team", "todo", "at-risk", "help", "", "which customers have I not visited for 30 days"),
    *("Acmee {number}", "no such customer", "{code} brief", "30 天没联系的客户"),
)  # fmt: skip
CLICKED = tuple(map(str, (Action.OPEN, Action.WHY)))  # that only read


def questions(installation: Installation, *, quick: bool) -> Outcome:
    """L02: each question and click is acknowledged in time, over Socket Mode and over HTTP."""
    outcome, acts = Outcome(figures={}), 60 if quick else 1_000
    for way in WAYS:
        with installation.fresh(installation.seed) as here, answering(here, way, fill=_fill):
            here.slack.switch(
                {"kind": "deliver_twice", "probability": 0.05},
                {"kind": "server_error", "probability": 0.02, "methods": ["*"]},
                *([{"kind": "socket_reset", "seconds": 5.0 if quick else 30.0}] if way == "socket" else ()),
            )
            taken, lost = _ask(here.slack, here.seed, acts // ASKING, 0.5 if quick else PAUSE)
            struck = here.slack.struck()
        taken.sort()
        p99 = taken[int(len(taken) * 0.99)]
        outcome.figures |= {
            f"{way}: questions and clicks": len(taken),
            f"{way}: delivered twice": struck["deliver_twice"],
            f"{way}: connections reset": struck["socket_reset"],
            f"{way}: p50 s": round(median(taken), 3),
            f"{way}: p99 s": round(p99, 3),
            f"{way}: not acknowledged": lost,
        }
        outcome.require(struck["deliver_twice"] > 0, f"{way}: nothing was delivered twice")
        outcome.require(
            quick or way == "http" or struck["socket_reset"] > 0, f"{way}: no connection was reset"
        )
        most = PATIENCE if quick else MOST
        outcome.require(p99 < most, f"{way}: of 100 acknowledgements one took {p99:.1f} s")
    return outcome


def _ask(slack: Slack, seed: int, acts: int, pause: float) -> tuple[list[float], int]:
    """Many people ask and click; (the seconds until each acknowledgement, how many never came)."""

    def person(number: int) -> list[float]:
        rng, taken = Random(f"{seed} {number}"), list[float]()
        while len(taken) < acts:
            time.sleep(rng.uniform(0, pause))
            taken.append(_act(slack, rng, number))
        return taken

    with ThreadPoolExecutor(ASKING) as pool:
        found = [one for taken in pool.map(person, range(ASKING)) for one in taken]
    return found, sum(one >= PATIENCE for one in found)


def _act(slack: Slack, rng: Random, number: int) -> float:
    """One question, or a click on one of the newest answers; the seconds until it is acknowledged."""
    user = CROWD[number].id
    click = _button(slack, rng, user) if rng.random() < 0.4 else None
    began = time.monotonic()
    if click:
        try:
            answer = slack.post("click", user=user, channel=ROOM, **click)
        except HTTPError:  # the answer was replaced meanwhile
            return time.monotonic() - began
    else:
        answer = slack.post("command", user=user, channel=ROOM, name="/tier", text=_question(rng, number))
    return max(time.monotonic() - began, 0.0 if answer["ok"] else PATIENCE)


def _question(rng: Random, number: int) -> str:
    one, other = (number * CUSTOMERS + rng.randrange(CUSTOMERS) for _ in range(2))
    given = {"code": f"K{one:04}", "name": f"Acme {one}", "other": f"K{other:04}", "number": one}
    return rng.choice(QUESTIONS).format(**given)


def _button(slack: Slack, rng: Random, user: str) -> dict[str, Any] | None:
    """A button that only reads, of one of the last answers that a person sees."""
    shown = slack.get(f"messages?channel={ROOM}&viewer={user}")["messages"][-3:]
    found = [
        {"ts": message["ts"], "action_id": element["action_id"], "block_id": block.get("block_id")}
        for message in shown
        for block in message.get("blocks") or ()
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if str(element.get("action_id", "")).partition(":")[0] in CLICKED
    ]
    return rng.choice(found) if found else None


def _fill(database: Database) -> str:
    """People who each have customers of every tier; the code of the first."""
    with database.write() as session:
        graded = {}
        for number, user in enumerate(CROWD[:ASKING]):
            owner = factories.person(session, user.id.removeprefix("U0"))
            for one in range(number * CUSTOMERS, (number + 1) * CUSTOMERS):
                customer = factories.customer(session, f"Acme {one}", owner_id=owner, code=f"K{one:04}")
                graded[customer] = "ABC"[one % 3]
        factories.graded(session, graded, as_of=date(2026, 2, 28))
    return "K0000"
