"""The brief in the evening before a planned visit, for people who want it.

A visit is planned for the day until which its step was snoozed; for one that nobody snoozed the due day counts. The evening
is that of the last working day before; each brief is written once, however many processes run, under a key of its step,
day and reader, and goes only to who may see the customer when it is sent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.clock import local_date, local_instant
from bot.errors import BotError
from bot.services import access, staff
from bot.services.access import Act, Actor
from bot.services.ask.brief.page import brief
from bot.services.care.plan import Doer, Revisit
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime, working_times
from bot.services.care.working_time import WorkingTime
from bot.services.delivery import outbox
from bot.services.delivery.kinds import BRIEF
from bot.services.recipients import FirmDefaults, Place, Recipients
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from db.audit import AuditAction, ObjectKind
from db.book import people
from db.care import planned_visits
from db.care.planned_visits import PlannedTouch
from db.care.touches import TouchState
from db.engine import Database
from db.outbox import messages

ONE_DAY = timedelta(days=1)
BEFORE_THE_END = timedelta(minutes=30)  # of somebody's hours, where the firm's time for briefs is later
MOST_VISITS = 10  # of one person and day
VISIT = "visit"

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """A planned visit, who is to be told of it, and for which day it is planned."""

    touch: PlannedTouch
    reader: int
    day: date
    ends: datetime  # from when on nobody needs the brief

    @property
    def key(self) -> str:
        return f"{BRIEF}:{self.touch.id}:{self.day}:{self.reader}"


def send_due(
    database: Database, scheme_cache: SchemeCache, rules: CareRules, settings: Settings, now: datetime
) -> int:
    """Write the briefs of the visits planned for the next working day of those whose evening it is; how many."""
    with database.read() as session:
        visits = _due(session, rules, settings, now)
        written = messages.existing_keys(session, [one.key for one in visits])
    count = 0
    for visit in visits:
        if visit.key not in written:
            work = partial(_write, database, scheme_cache, rules, settings, visit, now)
            try:
                count += database.retry(work)
            except IntegrityError:  # another process has written it
                continue
            except BotError as error:  # the customer is not theirs any more, say
                log.info("brief.refused", touch=visit.touch.id, error=type(error).__name__)
    return count


def want(
    database: Database, actor: Actor, email: str | None, is_wanted: bool, *, settings: Settings, now: datetime
) -> str:
    """Store whether a person wants briefs: the actor, or another one by address, as with working time; their name."""
    with database.write(lock=staff.LOCK) as session:
        acting = staff.present_actor(session, actor, settings, now)
        if email is None:
            person = people.get_many(session, [acting.person_id])[acting.person_id]
        else:
            person = staff.person_of(session, email)
        access.require(acting, Act.SET_WORKING_TIME, staff.as_owned(person, settings))
        if person.briefs != is_wanted:
            before, person.briefs = person.briefs, is_wanted
            session.add(person)
            acting.record(
                session,
                AuditAction.BRIEFS_CHANGED,
                ObjectKind.PERSON,
                person.id,
                before={"briefs": before},
                after={"briefs": is_wanted},
            )
        return person.name


def _due(session: Session, rules: CareRules, settings: Settings, now: datetime) -> list[_Visit]:
    """The planned visits of which somebody wants to be told now."""
    readers = people.wanting_briefs(session)
    if not readers:
        return []
    working = working_times(session, readers, FirmTime.of(settings), now)
    asked = [one for one in readers if one in working and _is_evening(working[one], settings, now)]
    if not asked:
        return []
    firm = FirmDefaults(channel=settings.alert_channel, language=settings.language, admins=settings.admins)
    everybody = Recipients.of(session, asked, firm, now)
    found: list[_Visit] = []
    for reader in asked:
        time_of = working[reader]
        today = local_date(now, time_of.zone)
        last = time_of.add_working_days(today, 1)
        led = [number for number, team in everybody.teams.items() if team.lead_id == reader]
        owners = {reader, *everybody.absent(reader), *(people.in_teams(session, led) if led else ())}
        there = planned_visits.between(
            session,
            owners,
            [reader, *everybody.absent(reader)],
            first=today + ONE_DAY,
            last=last,
            begin=local_instant(today + ONE_DAY, 0, 0, time_of.zone),
            end=local_instant(last + ONE_DAY, 0, 0, time_of.zone),
        )
        visits = [one for one in there if _is_visit(rules, one)]
        found += _of_reader(session, visits, reader, time_of, firm, now)[:MOST_VISITS]
    return found


def _of_reader(
    session: Session,
    visits: Collection[PlannedTouch],
    reader: int,
    working: WorkingTime,
    firm: FirmDefaults,
    now: datetime,
) -> list[_Visit]:
    """Those of the visits that this person makes, by day."""
    if not visits:
        return []
    ids = {one for touch in visits for one in (touch.owner_id, touch.assignee_id) if one is not None}
    recipients = Recipients.of(session, ids | {reader}, firm, now, {touch.who for touch in visits})
    found = []
    for touch in visits:
        owner = recipients.people.get(touch.owner_id or 0)
        doer = recipients.doer(touch.who or Doer.OWNER, touch.assignee_id, owner)
        if doer is None or doer.id != reader:
            continue
        day = _planned_for(touch, working)
        ends = local_instant(day + ONE_DAY, 0, 0, working.zone)
        found.append(_Visit(touch=touch, reader=reader, day=day, ends=ends))
    return sorted(found, key=lambda one: (one.day, one.touch.id))


def _planned_for(touch: PlannedTouch, working: WorkingTime) -> date:
    """The day of a visit: until when it was snoozed, else its due day."""
    if touch.state == TouchState.SNOOZED:
        return local_date(touch.remind_at, working.zone)
    return touch.due_on


def _is_visit(rules: CareRules, touch: PlannedTouch) -> bool:
    """Whether a step asks for a visit; a revisit that does not say what, where it counts visits first."""
    step = rules.plans.step(touch.plan, touch.tier, touch.step)
    if isinstance(step, Revisit) and step.what is None:
        return step.counts[0] == VISIT
    return step is not None and step.what == VISIT


def _is_evening(working: WorkingTime, settings: Settings, now: datetime) -> bool:
    """Whether the time for briefs has come on a working day of a person, and their hours are not over."""
    today = local_date(now, working.zone)
    if not working.is_working_day(today) or not working.within_hours(now):
        return False
    at = time.fromisoformat(settings.brief_at)
    ends = working.end_of_hours(now)
    return now >= min(local_instant(today, at.hour, at.minute, working.zone), ends - BEFORE_THE_END)


def _write(
    database: Database,
    scheme_cache: SchemeCache,
    rules: CareRules,
    settings: Settings,
    visit: _Visit,
    now: datetime,
) -> int:
    """Write one brief, with what its reader may see now. Raises IntegrityError where there is one already."""
    touch = visit.touch
    with database.write() as session:
        person = people.row_by_id(session, visit.reader, now)
        if person is None:
            return 0
        actor = access.actor_of(person, settings)
        today = actor.today(now)
        step = rules.plans.next_step(
            touch.plan, touch.tier, touch.step, visit.day, max(visit.day, touch.latest_on or visit.day), today
        )
        page = brief(session, scheme_cache, rules, actor, touch.customer_id, today, visit=step)
        outbox.enqueue(
            session,
            kind=BRIEF,
            place=Place(person_id=visit.reader),
            message=page,
            language=actor.language,
            dedupe_key=visit.key,
            now=now,
            not_after=visit.ends,
        )
        return 1
