"""The people of a simulated year: the prompt answer at once, the slow some days later or not, others never."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from bot.errors import BotError
from bot.services import access
from bot.services.access import Actor
from bot.services.care import answers
from bot.services.care.schedule import CareRules
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.care.greetings import Greetings
from bot.wording.message_base import Message
from db.book import people
from db.care import touches
from db.engine import Database
from db.processes import InboundKey

KINDS = ("prompt", "slow", "never")
MOST_DAYS = 10  # that a slow person takes
AT_ONCE = timedelta(minutes=5)
Answer = Callable[[datetime], None]


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A person who gets messages; `kind` is one of KINDS."""

    person_id: int
    slack_user_id: str
    zone: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message as it arrived: where, when, and the row of the outbox that it is of."""

    where: str
    message: Message
    outbox_id: int
    at: datetime


class Presses:
    """Presses buttons as a person does: with what the message in Slack points at by then."""

    def __init__(self, database: Database, rules: CareRules, settings: Settings) -> None:
        self.database = database
        self.rules = rules
        self.settings = settings
        self.refused: list[str] = []
        self._presses = count(1)

    def actor(self, colleague: Colleague, now: datetime) -> Actor:
        with self.database.read() as session:
            person = people.by_slack_id(session, colleague.slack_user_id, now)
        assert person is not None
        return access.actor_of(person, self.settings)

    def pressed(self, now: datetime) -> dict[str, object]:
        key = InboundKey(team_id="T1", kind="block_actions", key=str(next(self._presses)))
        return {"rules": self.rules, "now": now, "request": key}

    def press(self, work: Callable[[], object]) -> bool:
        """Do it, unless the product says in a sentence why not; whether it was done."""
        try:
            work()
        except BotError as error:
            self.refused.append(error.text())
            return False
        return True

    def pointer(self, touch_id: int) -> Pointer | None:
        """What the buttons of an open step point at; None when it is closed."""
        with self.database.read() as session:
            touch = touches.get(session, touch_id)
        if touch is None or touch.state not in touches.OPEN:
            return None
        return Pointer(id=touch_id, version=touch.version)


def answers_to(
    presses: Presses, colleague: Colleague, received: Received, rng: random.Random
) -> Iterator[tuple[datetime, Answer]]:
    """What a person does about a message, and when."""
    message = received.message
    if colleague.kind == "never" or not isinstance(message, CareDigest | Greetings):
        return
    soon = received.at + AT_ONCE
    if isinstance(message, Greetings):
        at = soon if colleague.kind == "prompt" else soon + timedelta(days=rng.randrange(1, MOST_DAYS))
        pointer = Pointer(id=message.touch_id, version=message.touch_version)
        yield at, lambda now: _greet_all(presses, colleague, pointer, now)
        return
    for row in message.rows:
        if row.section == "soon" or not row.is_open:
            continue
        if colleague.kind == "prompt":
            yield soon, _answer(_done, presses, colleague, row)
            continue
        drawn = rng.random()
        at = soon + timedelta(days=rng.randrange(1, MOST_DAYS + 1))
        if drawn < 0.6:
            yield at, _answer(_done, presses, colleague, row)
        elif drawn < 0.8:
            yield soon, _answer(_snooze, presses, colleague, row, rng.choice((1, 3, 7)))
        elif drawn < 0.9:
            yield at, _answer(_skip, presses, colleague, row)


def _answer(work: Callable[..., None], *given: object) -> Answer:
    return lambda now: work(*given, now)


def _done(presses: Presses, colleague: Colleague, row: CareRow, now: datetime) -> None:
    pointer = presses.pointer(row.touch_id)
    if pointer is None:
        return
    chosen = replace(pointer, choice=row.what or next(iter(row.kinds), None))
    presses.press(
        lambda: answers.finish(
            presses.database, presses.actor(colleague, now), chosen, **presses.pressed(now)
        )  # type: ignore[arg-type]
    )


def _snooze(presses: Presses, colleague: Colleague, row: CareRow, days: int, now: datetime) -> None:
    pointer = presses.pointer(row.touch_id)
    if pointer is not None:
        presses.press(
            lambda: answers.snooze(
                presses.database,
                presses.actor(colleague, now),
                pointer,
                until=days,
                **presses.pressed(now),  # type: ignore[arg-type]
            )
        )


def _skip(presses: Presses, colleague: Colleague, row: CareRow, now: datetime) -> None:
    pointer = presses.pointer(row.touch_id)
    if pointer is not None:
        presses.press(
            lambda: answers.skip(
                presses.database,
                presses.actor(colleague, now),
                pointer,
                reason="They are away",
                **presses.pressed(now),  # type: ignore[arg-type]
            )
        )


def _greet_all(presses: Presses, colleague: Colleague, pointer: Pointer, now: datetime) -> None:
    presses.press(
        lambda: answers.greet_all(
            presses.database, presses.actor(colleague, now), pointer, **presses.pressed(now)
        )  # type: ignore[arg-type]
    )
