"""Answers of account managers to steps, in histories of the schedule."""

from datetime import datetime
from functools import partial

from bot.errors import BotError
from bot.services import access
from bot.services.care import answers
from bot.services.care.schedule import CareRules
from bot.settings import Settings
from bot.wording.actions import Pointer
from db.book import people
from db.book.customers import Ownership
from db.book.people import Person
from db.care import touches
from db.care.touches import StepKind
from db.engine import Database
from db.processes import InboundKey

# What a person may press -> the states of the steps that they find to press it on.
ACTS = {
    "done": ("reminded", "snoozed", "planned"),
    "snooze": ("reminded", "snoozed"),
    "skip": ("reminded", "snoozed"),
    "reassign": ("reminded", "snoozed"),
    "undo": ("done", "skipped", "snoozed"),
}


def answer(
    database: Database,
    settings: Settings,
    rules: CareRules,
    touch_id: int,
    act: str,
    number: int,
    now: datetime,
) -> bool:
    """The account manager of a step's customer presses a button of it; whether the product did it."""
    with database.read() as session:
        touch = touches.get(session, touch_id)
        assert touch is not None
        person = session.get_one(Person, session.get_one(Ownership, touch.customer_id).person_id)
        other = session.get_one(Person, 3 - (person.id or 0))
        row = people.by_slack_id(session, person.slack_user_id or "", now)
    if row is None:
        return False
    kind = "greeting" if touch.kind == StepKind.GREETING else "call"
    pointer = Pointer(id=touch_id, version=touch.version, choice=kind if act == "done" else None)
    press = {
        "done": answers.finish,
        "snooze": partial(answers.snooze, until=3),
        "skip": partial(answers.skip, reason="They are away"),
        "reassign": partial(answers.reassign, to=other.slack_user_id or "", settings=settings),
        "undo": answers.undo,
    }[act]
    key = InboundKey(team_id="T1", kind="block_actions", key=str(number))
    try:
        actor = access.actor_of(row, settings)
        press(database, actor, pointer, rules=rules, now=now, request=key)  # type: ignore[operator]
    except BotError:
        return False
    return True
