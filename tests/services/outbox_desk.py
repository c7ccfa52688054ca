"""An outbox with a clock and a sender that a test decides on."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, select

from bot.clock import FixedClock
from bot.messages import Message, Problem
from bot.services import outbox
from bot.services.outbox import Answer, Place
from db.engine import Database
from db.outbox import OutboxMessage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EAST, WEST = Place(channel="C0EAST"), Place(channel="C0WEST")


class Crash(BaseException):
    """The process is gone: nothing after it runs."""


class Desk:
    """An outbox with a clock, and a sender that answers what it is told to and remembers what it was asked."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(START)
        self.chance = random.Random(1)
        self.posts: list[tuple[str, str]] = []
        self.answers: Callable[[str, str], Answer] = lambda where, text: Answer(
            outcome="sent", ts="1", channel=where
        )

    def write(self, place: Place, text: str, **values: Any) -> int:
        values.setdefault("dedupe_key", f"{place.address}:{text}")
        with self.database.write() as session:
            return outbox.enqueue(
                session,
                kind="test",
                place=place,
                message=Problem(text=text),
                language="en",
                now=self.clock.now(),
                **values,
            )

    def send(self, where: str, message: Message, language: str | None, reference: dict[str, Any]) -> Answer:
        assert isinstance(message, Problem)
        self.posts.append((where, message.text))
        return self.answers(where, message.text)

    def deliver(
        self, after: timedelta = timedelta(), send: outbox.Send | None = None, most: int = 200
    ) -> int:
        self.clock.advance(after)
        return outbox.deliver(
            self.database, send=send or self.send, clock=self.clock, chance=self.chance, most=most
        )

    def row(self, outbox_id: int) -> OutboxMessage:
        with self.database.read() as session:
            return session.get_one(OutboxMessage, outbox_id)

    def states(self) -> list[str]:
        with self.database.read() as session:
            return list(session.exec(select(OutboxMessage.state).order_by(col(OutboxMessage.id))))
