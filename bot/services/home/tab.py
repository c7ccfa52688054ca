"""The whole Home tab of a person: its parts, in their order, by the rights that the person has now."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.services.access import Actor
from bot.services.care.answers import shown
from bot.services.care.schedule import CareRules
from bot.services.home import book, firm, personal, team
from bot.services.proposals.waiting import waiting
from bot.services.recipients import FirmDefaults
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.wording.ask.home import HomeTop
from bot.wording.care.digest import CareDigest
from bot.wording.message_base import Message

MOST_ROWS = 7  # of today; the rest is one press away
MOST_OF_A_KIND = 2  # complaints, and promises


def home(
    session: Session,
    scheme_cache: SchemeCache,
    rules: CareRules,
    actor: Actor,
    settings: Settings,
    now: datetime,
    answered: Collection[int] = (),
) -> tuple[Message, ...]:
    """What the actor sees. `answered` are care steps that they answered a moment ago, and may take back."""
    today, defaults = actor.today(now), FirmDefaults(admins=settings.admins)
    names = scheme_cache.tier_names(session)
    due = shown.todo_list(session, rules, names, actor, defaults, now, answered)
    parts: list[Message | None] = [
        HomeTop(name=actor.name, day=today, hits=book.asked_last(session, actor)),
        waiting(session, scheme_cache, actor, settings),
        shortened(due),
        *book.lists_of(session, scheme_cache, rules, actor, today),
        book.book_of(session, scheme_cache, rules, actor, today),
        team.team_of(session, actor, now),
        firm.firm_of(session, actor, settings, now),
        personal.settings_of(session, rules, actor, settings, now),
    ]
    return tuple(part for part in parts if part is not None)


def shortened(due: CareDigest) -> CareDigest:
    """The most pressing rows of a list, what was just answered among them; how many more there are is said."""
    complaints, promises = due.complaints[:MOST_OF_A_KIND], due.promises[:MOST_OF_A_KIND]
    room = MOST_ROWS - len(complaints) - len(promises)
    rows = due.rows[:room]
    kept = [row for row in due.rows[room:] if not row.is_open]
    left = len(due.rows) - len(rows)
    return replace(
        due,
        rows=(*rows, *kept[:room]),
        more=due.more + left,
        next_place=sum(row.is_open for row in rows) if left else due.next_place,
        complaints=complaints,
        complaints_more=due.complaints_more + len(due.complaints) - len(complaints),
        promises=promises,
        promises_more=due.promises_more + len(due.promises) - len(promises),
    )
