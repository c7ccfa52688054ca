"""The open care steps of a person as entries of a calendar: the day on which each is due, and a title.

A title has the name of the step and of the customer, and nothing else: a calendar is read on many devices.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.access import Actor
from bot.services.care.digest import todo
from bot.services.care.schedule import CareRules
from bot.services.recipients import FirmDefaults
from bot.wording import catalogue
from db.book import customers
from db.care import calendar_feeds, due_touches
from db.care.calendar_feeds import EntryRow
from db.engine import Database
from grading.scheme.model import Name

AHEAD = timedelta(days=92)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A step in a calendar. `sequence` says how often its day or title has changed, the last time at `changed_at`."""

    day: date
    title: str
    uid: str
    sequence: int
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class CareCalendar:
    """The entries of a person, by day, and a tag that differs when they do."""

    name: str
    language: str
    entries: tuple[Entry, ...]

    @property
    def tag(self) -> str:
        known = repr((self.name, self.language, [(one.uid, one.sequence) for one in self.entries]))
        return hashlib.sha256(known.encode()).hexdigest()[:32]


def calendar_of(
    database: Database, rules: CareRules, actor: Actor, firm: FirmDefaults, now: datetime
) -> CareCalendar:
    """The open steps of /tier todo and of the next three months. What is new or changed is noted for the next time."""
    with database.read() as session:
        steps = _steps(session, rules, actor, firm, now)
        known = calendar_feeds.entries(session, actor.person_id, list(steps))
    shown = {touch_id: _shown(day, title) for touch_id, (day, title) in steps.items()}
    if any(touch_id not in known or known[touch_id].shown != shown[touch_id] for touch_id in steps):
        with database.write() as session:
            known = calendar_feeds.entries(session, actor.person_id, list(steps))
            changed = [
                _changed(touch_id, known.get(touch_id), to, now)
                for touch_id, to in shown.items()
                if touch_id not in known or known[touch_id].shown != to
            ]
            calendar_feeds.keep(session, actor.person_id, changed)
            known |= {row.touch_id: row for row in changed}
    words = catalogue.catalogue(actor.language)
    return CareCalendar(
        name=Phrase(N_("Customer care of %(name)s"), name=actor.name).text(words),
        language=actor.language,
        entries=tuple(
            Entry(
                day=day,
                title=title,
                uid=known[touch_id].uid,
                sequence=known[touch_id].sequence,
                changed_at=known[touch_id].changed_at,
            )
            for touch_id, (day, title) in sorted(steps.items(), key=lambda one: (one[1], one[0]))
        ),
    )


def _steps(
    session: Session, rules: CareRules, actor: Actor, firm: FirmDefaults, now: datetime
) -> dict[int, tuple[date, str]]:
    """Touch -> the day on which it is due, and its title."""
    found = todo.own_touches(session, actor, firm, now, due_by=actor.today(now) + AHEAD)
    touches = due_touches.load(session, sorted(touch.id for touch in found))
    named = customers.get_many(session, sorted({touch.customer_id for touch in touches}))
    words = catalogue.catalogue(actor.language)

    def title(step: Name, customer: str) -> str:
        name = step.zh if actor.language == "zh" else step.en
        return Phrase(N_("%(step)s: %(customer)s"), step=name, customer=customer).text(words)

    return {
        touch.id or 0: (
            touch.due_on,
            title(rules.plans.step_name(touch.plan, touch.tier, touch.step), named[touch.customer_id].name),
        )
        for touch in touches
        if touch.customer_id in named
    }


def _shown(day: date, title: str) -> str:
    return hashlib.sha256(f"{day} {title}".encode()).hexdigest()


def _changed(touch_id: int, before: EntryRow | None, shown: str, now: datetime) -> EntryRow:
    if before is None:
        uid = f"{secrets.token_hex(16)}@tierbot"
        return EntryRow(touch_id=touch_id, uid=uid, shown=shown, sequence=0, changed_at=now)
    return before._replace(shown=shown, sequence=before.sequence + 1, changed_at=now)
