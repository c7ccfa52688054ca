"""When people work and when they are away, as they record it themselves, or the lead of their team for them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.clock import local_date, local_instant, zone_named
from bot.errors import N_, BadInput, NotFound
from bot.services import access, staff
from bot.services.access import Act, Actor
from bot.settings import Settings
from bot.working_days import checks
from bot.working_days.week import working_hours
from db.audit import AuditAction, ObjectKind
from db.book import deputies
from db.book.people import Person
from db.engine import Database

LONGEST = timedelta(days=731)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Away:
    """Days off that were recorded, with the deputy who was named for them."""

    person: str
    first_day: date
    last_day: date
    deputy: str | None


@dataclass(frozen=True, kw_only=True)
class Back:
    """The day from which a person works again, and the days off as they were recorded before."""

    person: str
    back: date
    first_day: date
    last_day: date


def go_away(
    database: Database,
    actor: Actor,
    email: str,
    *,
    first: date | None,
    last: date,
    deputy: str | None,
    settings: Settings,
    now: datetime,
) -> Away:
    """Record days off of a person, from today on without `first`, and let a deputy (an address) act for them.

    Days off that overlap others become one with them. Raises BadInput for days that are over or more than two years.
    """
    with database.write(lock=staff.LOCK) as session:
        acting, person = _changed_by(session, actor, email, settings, now)
        zone = zone_named(person.timezone, settings.zone)
        today = local_date(now, zone)
        first = first or today
        if last < max(first, today):
            raise BadInput(N_("The last day off must not be before the first one, and not be over."))
        if last - first > LONGEST:
            raise BadInput(
                N_(
                    "Days off end after two years at most. Whoever is away for longer is switched off: import people with"
                    " the column active."
                )
            )
        found = deputies.add_absence(session, person.id or 0, first, last)
        days = {"from": found.first_day, "until": found.last_day}
        _record(session, acting, person, after=days)
        named = None
        if deputy is not None:
            begins, ends = local_instant(first, 0, 0, zone), local_instant(last + ONE_DAY, 0, 0, zone)
            named = staff.put_deputy(session, acting, person, deputy, max(begins, now), ends, settings).deputy
        return Away(person=person.name, first_day=found.first_day, last_day=found.last_day, deputy=named)


def come_back(
    database: Database, actor: Actor, email: str, *, day: date | None, settings: Settings, now: datetime
) -> Back:
    """Let a person work again from a day on that is one of their days off, by default today; the days off there were.

    A deputy who was named for no longer than these days off acts until then. Raises NotFound.
    """
    with database.write(lock=staff.LOCK) as session:
        acting, person = _changed_by(session, actor, email, settings, now)
        zone = zone_named(person.timezone, settings.zone)
        day = day or local_date(now, zone)
        found = deputies.end_absence(session, person.id or 0, day)
        if found is None:
            raise NotFound(
                N_("%(name)s has no day off on %(day)s. See: tierbot person list"), name=person.name, day=day
            )
        days = {"from": found.first_day, "until": found.last_day}
        _record(session, acting, person, before=days, after={"from": found.first_day, "until": day - ONE_DAY})
        back, end = (local_instant(one, 0, 0, zone) for one in (day, found.last_day + ONE_DAY))
        if deputies.end(session, person.id or 0, max(back, now), until=end, ending_by=end):
            after = {"deputy": None, "from": max(back, now)}
            acting.record(session, AuditAction.DEPUTY_CHANGED, ObjectKind.PERSON, person.id, after=after)
        return Back(person=person.name, back=day, first_day=found.first_day, last_day=found.last_day)


def set_hours(
    database: Database, actor: Actor, email: str, given: dict[str, str], *, settings: Settings, now: datetime
) -> Person:
    """Store what is given of a person's working time (`checks.OF_PERSON`); an empty text takes the firm's again.

    Raises BadInput with what is wrong.
    """
    values = {name: _checked(name, text) if text else None for name, text in given.items()}
    with database.write(lock=staff.LOCK) as session:
        acting, person = _changed_by(session, actor, email, settings, now)
        before = {name: getattr(person, name) for name in values}
        person.sqlmodel_update(values)
        _check_hours(person, settings)
        session.add(person)
        if before != values:
            _record(session, acting, person, before=before, after=values)
        return person


def _changed_by(
    session: Session, actor: Actor, email: str, settings: Settings, now: datetime
) -> tuple[Actor, Person]:
    """The actor and the person as they are now. Raises NotAllowed, NotFound."""
    acting = staff.present_actor(session, actor, settings, now)
    person = staff.person_of(session, email)
    access.require(acting, Act.SET_WORKING_TIME, staff.as_owned(person, settings))
    return acting, person


def _check_hours(person: Person, settings: Settings) -> None:
    """Raise BadInput for hours of no length, and for those in which nobody is written to."""
    if person.works_from is not None and person.works_from == person.works_until:
        raise BadInput(N_("Working hours must not end when they begin."))
    hours = working_hours(person.works_from, person.works_until)
    if hours is not None and settings.quiet is not None and hours.is_within(settings.quiet):
        raise BadInput(
            N_(
                "The hours %(hours)s lie within the quiet hours %(quiet)s, in which nobody is written to. Give other hours,"
                " or change TIERBOT_QUIET_HOURS."
            ),
            hours=hours,
            quiet=settings.quiet,
        )


def _record(session: Session, acting: Actor, person: Person, **values: dict[str, Any]) -> None:
    acting.record(session, AuditAction.WORKING_TIME_CHANGED, ObjectKind.PERSON, person.id, **values)


def _checked(name: str, text: str) -> str:
    """A value of a person as it is stored. Raises BadInput."""
    try:
        return checks.OF_PERSON[name](text)
    except ValueError as error:
        option = name.removeprefix("working_").removeprefix("works_")
        raise BadInput(N_("--%(option)s: %(problem)s."), option=option, problem=error.args[0]) from None
