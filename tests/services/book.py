"""A graded book under the care plan of the tests, and the moments the tests of care happen at."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select, update

from bot.clock import FixedClock, local_instant
from bot.services import access
from bot.services.access import Actor
from bot.services.care import answers, schedule
from bot.services.care.answers import redraws
from bot.services.care.digest import morning
from bot.services.care.digest.mailboxes import Sending
from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import load_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.actions import Pointer
from bot.wording.care.digest import CareDigest
from bot.wording.message_base import Message
from bot.wording.messages import load
from db.book import people
from db.care.touches import Touch
from db.engine import Database
from db.outbox.messages import OutboxMessage
from db.processes import InboundKey
from tests import factories
from tests.services.delivery.ledger import Ledger

MONDAY = date(2026, 3, 2)
SETTINGS = Settings(_env_file=None, TIERBOT_TIMEZONE="UTC", TIERBOT_LANGUAGE="en")
REVISIT_A, REVISIT_B, FOLLOW_UP = 30, 60, 7  # days, as care_plan.yaml has them


def rules(zone: str = "UTC", **plan: Any) -> CareRules:
    """The plan of the tests, reminding at nine; `plan` changes its top level."""
    return CareRules(
        plans=CarePlans((plan_of_tests().model_copy(update=plan),)), zone=ZoneInfo(zone), remind_at=time(9)
    )


@cache
def plan_of_tests() -> CarePlan:
    return load_plan(Path(__file__).with_name("care_plan.yaml"))


@dataclass
class Book:
    """What a test of care says and asks."""

    database: Database
    rules: CareRules = field(default_factory=rules)
    channel: str = ""
    delivers: bool = True
    scheme_cache: SchemeCache = field(default_factory=SchemeCache)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at(MONDAY, 8)))
    presses: Iterator[int] = field(default_factory=count)

    def grade(self, tiers: Mapping[int, str], *, as_of: date = MONDAY, purpose: str = "account") -> None:
        with self.database.write() as session:
            factories.graded(session, tiers, as_of=as_of, purpose=purpose)

    def plan(self) -> int:
        return schedule.plan_all(self.database, self.rules, self.clock.now())

    def remind(self) -> int:
        return morning.send_due(self.sending())

    def sending(self) -> Sending:
        """What the job that writes digests is given."""
        with self.database.read() as session:
            book = self.scheme_cache.tier_names(session)
        return Sending(
            database=self.database,
            rules=self.rules,
            book=book,
            time=FirmTime(zone=self.rules.zone, remind_at=self.rules.remind_at),
            firm=FirmDefaults(channel=self.channel, language="en"),
            now=self.clock.now(),
        )

    def go(self, day: date, hour: int = 9, minute: int = 0, zone: str = "UTC") -> None:
        """Let time pass until a local time; plan before and after, remind and deliver, as the jobs do."""
        self.plan()
        self.clock.advance(local_instant(day, hour, minute, ZoneInfo(zone)) - self.clock.now())
        self.plan()
        self.remind()
        if self.delivers:
            with self.database.write() as session:
                session.exec(update(OutboxMessage).values(state="sent"))

    def touches(self, customer_id: int, step: str = "revisit") -> list[Touch]:
        with self.database.read() as session:
            return list(
                session.exec(
                    select(Touch)
                    .where(Touch.customer_id == customer_id, Touch.step == step)
                    .order_by(col(Touch.due_on), col(Touch.id))
                )
            )

    def touch(self, customer_id: int, step: str = "revisit") -> Touch:
        (only,) = self.touches(customer_id, step)
        return only

    def states(self, customer_id: int, step: str = "revisit") -> list[tuple[str, date]]:
        return [(touch.state, touch.due_on) for touch in self.touches(customer_id, step)]

    def sent(self) -> Sequence[tuple[str, Message]]:
        """(address, message) of everything in the outbox, in order."""
        import json

        with self.database.read() as session:
            rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
            return [(row.address, load(json.loads(row.body_json))) for row in rows]

    def stand(self) -> None:
        """What is sent stands in Slack, at a place of its own."""
        with self.database.write() as session:
            for row in session.exec(select(OutboxMessage).where(col(OutboxMessage.slack_ts).is_(None))):
                row.state, row.slack_channel, row.slack_ts = "sent", f"D{row.recipient}", f"{row.id}.0"

    def places(self) -> list[tuple[str, str]]:
        """Where messages stand in Slack: their channels and times."""
        with self.database.read() as session:
            rows = session.exec(select(OutboxMessage.slack_channel, OutboxMessage.slack_ts))
            return [(channel, ts) for channel, ts in rows if channel and ts]

    def redrawn(self, after: timedelta = timedelta()) -> list[Message]:
        """What a worker updates now, as it says then; the newest message first."""
        self.clock.advance(after)
        slack = Ledger(self.clock.now)
        worker = Worker(
            database=self.database,
            slack=slack,
            clock=self.clock,
            rng=random.Random(1),
            options=WorkerOptions(pace=None),
        )
        redraws.redraw(worker, lambda: self.rules)
        return [message for _, _, message in slack.updates]

    def digests(self) -> list[tuple[str, CareDigest]]:
        """(address, digest) of every one in the outbox, in order."""
        return [(address, message) for address, message in self.sent() if isinstance(message, CareDigest)]

    def reminded_of(self) -> list[tuple[str, str]]:
        """(address, customer's name) of every step that a digest asks for, in order."""
        return [
            (address, row.name)
            for address, message in self.digests()
            for row in message.rows
            if row.section != "soon"
        ]

    def button(self) -> Pointer:
        """What the buttons of the first row of the newest digest point at."""
        message = self.sent()[-1][1]
        assert isinstance(message, CareDigest)
        return message.rows[0].target

    def done(self, actor: Actor, button: Pointer | None = None, kind: str | None = None) -> Any:
        pointer = replace(button or self.button(), choice=kind)
        return answers.finish(self.database, actor, pointer, **self.pressed()).closed

    def snooze(self, actor: Actor, button: Pointer | None = None, until: date | int = 3) -> Any:
        return answers.snooze(
            self.database, actor, button or self.button(), until=until, **self.pressed()
        ).closed

    def skip(self, actor: Actor, button: Pointer | None = None, reason: str = "They are away") -> Any:
        return answers.skip(
            self.database, actor, button or self.button(), reason=reason, **self.pressed()
        ).closed

    def reassign(self, actor: Actor, to: str, button: Pointer | None = None) -> Any:
        return answers.reassign(
            self.database, actor, button or self.button(), to=to, settings=SETTINGS, **self.pressed()
        ).closed

    def undo(self, actor: Actor, button: Pointer) -> Any:
        return answers.undo(self.database, actor, button, **self.pressed()).closed

    def pressed(self) -> dict[str, Any]:
        """What every answer to a step takes besides: the rules, the time, and a press that never came before."""
        return {"rules": self.rules, "now": self.clock.now(), "request": self.press()}

    def press(self) -> InboundKey:
        """The key of a press that never came before."""
        return InboundKey(team_id="T1", kind="block_actions", key=str(next(self.presses)))

    def log(
        self,
        actor: Actor,
        customer_id: int,
        day: date,
        kind: str = "visit",
        form_id: str = "1",
        note: str | None = None,
        **how: Any,
    ) -> Any:
        return answers.log_contact(
            self.database,
            actor,
            meant=customer_id,
            kind=kind,
            happened_on=day,
            note=note,
            form_id=form_id,
            rules=self.rules,
            now=self.clock.now(),
            **how,
        )

    def actor(self, slack_user_id: str) -> Actor:
        with self.database.read() as session:
            person = people.by_slack_id(session, slack_user_id, self.clock.now())
        assert person is not None
        return access.actor_of(person, SETTINGS)

    def with_rules(self, **changes: Any) -> "Book":
        return replace(self, rules=rules(**changes))


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
